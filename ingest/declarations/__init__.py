"""What a document says of itself, in whatever form: who may read it, whose it is, its title, when it is to be reviewed.

`declared` is the one reader of that, of a text's leading front matter (`front_matter`) and of the fields of its header
(`headers`). `ingest.parsers` calls it before the format's own parser, so that no parser reads any of it; renderers, whose
files have places of their own for it, write it as front matter at the top of the rendering (`Declared.front`).

The rule: who may read a document is either clear, or it is shown to nobody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from ingest.declarations.front_matter import Form, find
from ingest.declarations.headers import fields_of
from ingest.declarations.names import Pair, is_audience, normal, refuse_unclear
from ingest.declarations.review import is_of_review
from rag.errors import AudienceError

__all__ = ["FIELDS", "Declared", "Form", "Pair", "declared", "known"]

NO_AUDIENCE = "its `audience` is no group and no list of groups; mend it, so that it is clear who may read it"
_TWICE = "it names its `audience` more than once, and not the same; leave one, so that it is clear who may read it"
_OWNERS = ("owner", "owners", "owner_slack", "team")
FIELDS = frozenset(
    (*_OWNERS, "audience", "status", "deprecated", "archived", "superseded_by", "replaced_by", "moved_to")
)  # fmt: skip
_SEPARATORS = re.compile(r"[,;\n]")
_PLAIN = (str, int, float, date)  # and datetime, which is one
_SIMPLE = re.compile(r"[a-z_]\w*")


@dataclass(frozen=True)
class Declared:
    """What was declared. `pairs` have names as `names.normal` writes them, in the order in which they count: the first of a
    name does. lines[start:end], 0-based, are front matter with its marks; start == end: there is none."""

    pairs: tuple[Pair, ...] = ()
    start: int = 0
    end: int = 0
    notes: tuple[str, ...] = ()

    @cached_property
    def fields(self) -> Mapping[str, Any]:
        return dict(reversed(self.pairs))

    @cached_property
    def audience(self) -> tuple[str, ...] | None:
        """The groups that the document is for, None where it names none. Raises: AudienceError when that is unclear."""
        named = [_groups(value) for name, value in self.pairs if name == "audience"]
        if len({frozenset(groups) for groups in named}) > 1:
            raise AudienceError(_TWICE)
        return named[0] if named else None

    @property
    def title(self) -> str:
        return _text(self.fields.get("title"))

    @property
    def owner(self) -> str:
        return next((said for name in _OWNERS if (said := _text(self.fields.get(name)))), "")

    def body(self, text: str) -> str:
        """The text with blank lines for its front matter, so that lines keep their numbers."""
        if not self.end:
            return text
        lines = text.split("\n")
        lines[self.start : self.end] = [""] * (self.end - self.start)
        return "\n".join(lines)

    def rest(self, text: str) -> str:
        """What is left to show of a text beside `front`: its body, or all of it where its front matter says nothing."""
        return self.body(text) if self.pairs else text

    def also(self, pairs: Iterable[Pair]) -> Declared:
        """With what is declared elsewhere in the document. Raises: AudienceError when its audience is unclear then."""
        return _checked(Declared((*self.pairs, *_normal(pairs)), self.start, self.end, self.notes))

    def front(self) -> list[str]:
        """Lines of front matter that say the same, for the top of a rendering; none where nothing was declared."""
        if not self.pairs:
            return []
        fields = {**self.fields, **({} if self.audience is None else {"audience": self.audience})}
        told = [f"{_key(name)}: {_json(value)}" for name, value in reversed(fields.items()) if _is_flat(value)]
        return ["---", *told, "---"]


def declared(text: str, form: Form, more: Iterable[Pair] = ()) -> Declared:
    """What a text declares, and `more` that was found in it.

    Raises: AudienceError when it seems to name its audience in a way that can't be read.
    """
    found = find(text, form)
    start, end = (found.start, found.end) if found else (0, 0)
    header = fields_of(text, end) if form in (Form.PAGE, Form.TEXT) else []
    notes = (found.problem,) if found and found.problem else ()
    return _checked(Declared(_normal([*(found.pairs if found else ()), *header, *more]), start, end, notes))


def known(pairs: Iterable[Pair]) -> list[Pair]:
    """Those of many properties that say something which Waypost reads, or nearly do; not those of a vocabulary of others, as
    `dcterms.audience`."""
    return [
        (name, value)
        for name, value in pairs
        if not re.search("[.:/]", name) and (normal(name) in FIELDS or is_of_review(name) or is_audience(name))
    ]


def _checked(said: Declared) -> Declared:
    refuse_unclear(said.pairs)
    _ = said.audience
    return said


def _normal(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    return tuple((normal(name), value) for name, value in pairs)


def _groups(value: Any) -> tuple[str, ...]:
    """The groups of an audience, separated by commas, semicolons or lines. Raises: AudienceError when there is none."""
    named = [value] if isinstance(value, str) else value
    if not isinstance(named, list | tuple) or not all(isinstance(one, str) and one.strip() for one in named):
        raise AudienceError(NO_AUDIENCE)
    groups = [_plain(part) for one in named for part in _SEPARATORS.split(_unwrapped(one))]
    found = tuple(dict.fromkeys(filter(None, groups)))
    if not found:
        raise AudienceError(NO_AUDIENCE)
    return found


def _unwrapped(text: str) -> str:
    text = text.strip()
    return text[1:-1] if text[:1] == "[" and text[-1:] == "]" else text


def _plain(group: str) -> str:
    """A group without the quotes and marks of a list that a header's line writes around it."""
    return re.sub(r"^[-*]\s+", "", group.strip()).strip().strip("\"'`").strip()


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, map(_text, value)))
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _is_flat(value: Any) -> bool:
    return all(isinstance(one, _PLAIN) for one in (value if isinstance(value, list | tuple) else [value]))


def _key(name: str) -> str:
    return name if _SIMPLE.fullmatch(name) else _json(name)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
