"""What bears on a value that settles a question: what speaks of the same setting of the same thing. The rest is padding.

`rag.answers.extractive.extract` keeps no other pieces behind such a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rag.answers.judging.wording import EVERYDAY, Wording
from rag.answers.values.asked import AskedFor
from rag.answers.values.instances import KEY
from rag.indexes.tokens import tokenise

Bears = Callable[[str, str], bool]

_BESIDES = re.compile(
    r"\b(?:why|how (?:do|can|could|should|would|to|did)|who|what happens|and (?:what|where|when|who|is|are|does|do|can|will))\b",
    re.I,
)
_SAYS_NOTHING = frozenset("this main default value local var module data resource production staging for each".split())


def bearing(question: str, asked: AskedFor) -> Bears | None:
    """Tells of a text, and of what stands above it, whether it bears on the values that were asked for; None where these don't
    settle the question, since it asks for more."""
    if not asked.values or _BESIDES.search(question):
        return None
    subjects = []
    for one in asked.values:
        instances = (one.value.instance, *one.value.calls)
        subjects.append((things(one.block.symbol.address, instances), _names(one.attribute), _keys(instances)))
    return lambda text, above: any(
        _bears(things, settings, text, above) and _says(keys, text) for things, settings, keys in subjects
    )


def things(address: str, instances: Sequence[str]) -> set[str]:
    """The words that name a thing: of one among several, `module.database["ledger"]`, its own key alone."""
    return _names(" ".join(_keys(instances))) or _names(" ".join((address, *instances)))


def _keys(instances: Sequence[str]) -> list[str]:
    return KEY.findall(" ".join(instances))


def _says(keys: Sequence[str], text: str) -> bool:
    """Whether a text says one of these keys, where there are any: all its parts, for `desk-eu-1` is not `desk-eu-2`."""
    own, parts = Wording(text), set(re.findall(r"[a-z0-9]+", text.lower()))
    wanted = [re.findall(r"[a-z0-9]+", key.lower()) for key in keys]
    return not keys or any(all(part in parts or own.holds(part) for part in one) for one in wanted)


def _bears(things: set[str], settings: set[str], text: str, above: str) -> bool:
    """Whether a text names the thing and the setting; the setting may be named above it."""
    own, around = Wording(text), Wording(f"{above} {text}")
    if not settings or not things:
        every = things | settings
        return sum(own.holds(word) for word in every) >= min(2, len(every))
    return any(own.holds(word) for word in things) and any(around.holds(word) for word in settings)


def _names(text: str) -> set[str]:
    """The words of names that tell one from another."""
    words = {word for word in tokenise(text.replace("_", " ")).words if len(word) > 1 and not word.isdigit()}
    return words - _SAYS_NOTHING - EVERYDAY or words
