"""Which folders are environments: those of usual names, those of Terragrunt's units, and those that stand side by side and are
alike.

Terragrunt's layouts (https://terragrunt.gruntwork.io/docs/features/units/): `live/prod/vpc`, `<account>/<region>/<env>/<unit>`,
`accounts/<name>-<env>/<unit>`. `rag.terraform.lookup` asks.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import PurePosixPath

from rag.environments import CANONICAL
from rag.terraform.environments import USUAL

SIDE_BY_SIDE = 3  # folders that call one module before they are environments
_ALIKE = 0.5  # of what a folder defines, that most of those beside it define too
OFTEN_ELSE = frozenset({"test", "testing", "demo", "stage", "live", "development", "dev"})
"""Words of environments that other things are called by too."""
_WORDS = re.compile(r"[-_.]")


def usual(folders: Iterable[str]) -> dict[str, set[str]]:
    """Folders by their usual name; a `live` above other environments is where all of them lie."""
    found: dict[str, set[str]] = {}
    for folder in folders:
        steps = [at for at in (PurePosixPath(folder), *PurePosixPath(folder).parents) if at.name in USUAL]
        for at in steps:
            if not (at.name == "live" and at != steps[0]):
                found.setdefault(at.name, set()).add(str(at))
    return found


def of_units(units: Collection[str]) -> dict[str, set[str]]:
    """Folders above Terragrunt's units, or theirs, by the environment of which the name speaks: `accounts/shop-prod`."""
    found: dict[str, set[str]] = {}
    beside = _beside(units)
    for unit in units:
        for at in (PurePosixPath(unit), *PurePosixPath(unit).parents):
            if at.name not in USUAL and (name := spoken_of(at.name, beside[str(at.parent)])):
                found.setdefault(name, set()).add(str(at))
    return found


def spoken_of(name: str, beside: Collection[str]) -> str:
    """The environment of which a folder's name speaks: by its last word (`shop-prod`), or its first (`prod-eu`) where others
    beside it differ in that alone; "" for none (`dev-desktops`, `load-test`)."""
    words = _WORDS.split(name.lower())
    if len(words) == 1:
        return words[0] if words[0] in USUAL else ""
    for at, rest in ((-1, words[:-1]), (0, words[1:])):
        word = words[at]
        sure = at == -1 and word not in OFTEN_ELSE
        if word in USUAL and (sure or any(_differs(other, at, word, rest) for other in beside)):
            return word
    return ""


def _differs(other: str, at: int, word: str, rest: list[str]) -> bool:
    words = _WORDS.split(other.lower())
    theirs = words[:-1] if at else words[1:]
    return len(words) > 1 and theirs == rest and words[at] in USUAL and CANONICAL.get(words[at]) != CANONICAL.get(word)


def _beside(folders: Collection[str]) -> Mapping[str, set[str]]:
    """The names of the folders in each folder that is one of these or above one."""
    found: dict[str, set[str]] = {}
    for folder in folders:
        for at in (PurePosixPath(folder), *PurePosixPath(folder).parents):
            found.setdefault(str(at.parent), set()).add(at.name)
    return found


def side_by_side(
    callers: Iterable[Collection[str]], children: Collection[str], defined: Callable[[str], frozenset[str]]
) -> dict[str, set[str]]:
    """Folders by name that call one module each, stand side by side and define mostly the same; `callers` are those of one
    module in one folder. A folder that is itself called (`children`) is a module, and stacks that share a module are no
    environments."""
    found: dict[str, set[str]] = {}
    for several in callers:
        folders = [one for one in several if one and one not in children]
        if len(folders) < SIDE_BY_SIDE:
            continue
        own = {one: defined(one) for one in folders}
        often = Counter(address for addresses in own.values() for address in addresses)
        shared = {address for address, times in often.items() if 2 * times > len(folders)}
        alike = [one for one in folders if own[one] and len(own[one] & shared) >= _ALIKE * len(own[one])]
        for folder in alike if len(alike) >= SIDE_BY_SIDE else ():
            found.setdefault(posixpath.basename(folder), set()).add(folder)
    return found
