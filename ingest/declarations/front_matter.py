"""The front matter that a text may begin with: YAML between `---`, TOML between `+++`, JSON between `;;;` or in braces.

Blank lines and comments may stand before it. What begins like front matter and can't be read is passed over with a note, unless
it seems to name an audience. `ingest.declarations` calls `find`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import yaml

from ingest.declarations.names import Pair, is_audience, names_audience
from ingest.redaction.marks import MARK
from ingest.yaml_loader import Loader
from rag.errors import AudienceError


class Form(Enum):
    """What kind of text front matter is looked for in. PAGE: prose in a markup. TEXT: other prose, of which what can't be read
    is no front matter. CODE: code and settings, which have front matter only where it names an audience. YAML: the first document
    of a stream, which is front matter only where prose follows it. DATA: none. RENDERED: Markdown that a renderer wrote, with
    its front matter at its very beginning."""

    PAGE = auto()
    TEXT = auto()
    CODE = auto()
    YAML = auto()
    DATA = auto()
    RENDERED = auto()


@dataclass(frozen=True)
class FrontMatter:
    """lines[start:end], 0-based, with the marks around it; why it can't be read, or what it says, each name as often as it
    stands there."""

    start: int
    end: int
    pairs: tuple[Pair, ...] = ()
    problem: str = ""


_MOST = 1_000_000  # characters of front matter that is read
_MOST_TOML = 50_000  # whose parser is not in C
_MOST_ALIASES = 20  # in front matter: more can stand for more than memory holds
_MARKS = {"---": "yaml", "+++": "toml", ";;;": "json"}
_OPENING = re.compile(r"(---|\+\+\+|;;;)[ \t]*(?:([A-Za-z]\w{0,15})|#.*)?|(---)[ \t]+([!&{].*|[^-\s].*)")
_OBJECT = re.compile(r"\{\s*(?:[\"}]|$)")
_LANGUAGES = {"yaml": "yaml", "yml": "yaml", "toml": "toml", "json": "json"}
_COMMENTS = (("<!--", "-->"), ("{{", "}}"), ("{#", "#}"), ("{%", "%}"), ("<%", "%>"), ("<?", "?>"), ("/*", "*/"))
_COMMENT_LINES = ("//", "..", "%", "#!", "#+")
_BREAKS = re.compile("[\r\x0b\x0c\x85\u2028\u2029]")
_SPACE = " \t\r\f\v\ufeff\u200b\u2060\u00a0"
_INDENT = 3  # columns that a mark may stand in from the margin
_FORMATS = {"yaml": "YAML between two lines of ---", "toml": "TOML between two lines of +++", "json": "JSON"}
_FAILURES = (yaml.YAMLError, ValueError, RecursionError, KeyError, AttributeError, TypeError, IndexError)


def find(text: str, form: Form) -> FrontMatter | None:
    """A text's front matter. Raises: AudienceError where it can't be read, but seems to name an audience."""
    if form is Form.DATA:
        return None
    lines = text.split("\n")
    at, hash_lines = (0, False) if form is Form.RENDERED else _past_comments(lines)
    if at < len(lines) and _BREAKS.search(lines[at].strip(_SPACE)):  # ends of lines that git does not know
        found = find(_BREAKS.sub("\n", text), form)
        return found and FrontMatter(0, 0, found.pairs, found.problem)
    if at == len(lines) or len(lines[at]) - len(lines[at].lstrip(" ")) > _INDENT:
        return None
    if form in (Form.PAGE, Form.TEXT) and not hash_lines and _OBJECT.match(lines[at].strip(_SPACE)):
        return _object(lines, at)
    found = _marked(lines, at, form, sure=not hash_lines)
    return found if found and _is_meant(found, form, lines) else None


def _is_meant(found: FrontMatter, form: Form, lines: Sequence[str]) -> bool:
    """Whether what looks like front matter is some, in a text of this form."""
    if found.problem:
        return form in (Form.PAGE, Form.RENDERED) and not "".join(lines[: found.start]).strip(_SPACE)
    if form not in (Form.CODE, Form.YAML):
        return form is not Form.TEXT or bool(found.pairs)
    named = any(is_audience(name) for name, _ in found.pairs)
    return named and (form is Form.CODE or _is_prose("\n".join(lines[found.end :])))


def _past_comments(lines: Sequence[str]) -> tuple[int, bool]:
    """The first line that is neither blank nor a comment, and whether lines with `#` were passed, which may be headings."""
    at, hash_lines = 0, False
    while at < len(lines):
        line = lines[at].strip(_SPACE)
        closing = next((closing for opening, closing in _COMMENTS if line.startswith(opening)), "")
        if closing:
            end = next((n for n in range(at, len(lines)) if closing in lines[n]), None)
            if end is None or lines[end].rpartition(closing)[2].strip(_SPACE):
                return at, hash_lines  # it has no end, or text behind it
            at = end
        elif line.startswith("#") and not line.startswith("#!"):
            hash_lines = True
        elif line and not line.startswith(_COMMENT_LINES):
            return at, hash_lines
        at += 1
    return at, hash_lines


def _marked(lines: Sequence[str], at: int, form: Form, sure: bool) -> FrontMatter | None:
    """What stands between a mark in this line and the next one. Not `sure`: it may as well be a rule across the page."""
    opening = _OPENING.fullmatch(lines[at].strip(_SPACE))
    if not opening or not (sure or "".join(lines[at + 1 : at + 2]).strip()):
        return None
    sure = sure and form is not Form.YAML
    mark, beside = opening[1] or opening[3], [opening[4]] if opening[4] else []
    if beside and not beside[0].startswith(("!", "&", "{")) and not names_audience(beside):
        return None
    language = _LANGUAGES.get((opening[2] or _MARKS[mark]).lower(), "")
    closings = (mark, "...") if mark == "---" else (mark,)
    end = next((n for n in range(at + 1, len(lines)) if lines[n].strip(_SPACE) in closings), None)
    if end is None:
        return (
            _open([*beside, *lines[at + 1 :]], FrontMatter(at, at, (), _problem(language)))
            if sure and form is not Form.CODE
            else None
        )
    inside = [*beside, *lines[at + 1 : end]]
    pairs = _pairs(language, "\n".join(inside))
    if pairs is not None:
        return FrontMatter(at, end + 1, pairs)
    return _unreadable(inside, FrontMatter(at, end + 1, (), _problem(language))) if sure else None


def _open(inside: Sequence[str], found: FrontMatter) -> FrontMatter:
    """What has no second mark. A manifest, say, which is nothing but YAML, names audiences of another kind deep inside."""
    pairs = _pairs("yaml", "\n".join(inside))
    return _unreadable(inside if pairs is None else [f"{name}:" for name, _ in pairs], found)


def _unreadable(inside: Sequence[str], found: FrontMatter) -> FrontMatter:
    if names_audience(inside):
        raise AudienceError(found.problem.replace("can't be read", "names an audience and can't be read") + "; mend it")
    return found


def _problem(language: str) -> str:
    return f"its front matter can't be read: it is not valid {_FORMATS.get(language) or 'YAML, TOML or JSON'}"


def _object(lines: Sequence[str], at: int) -> FrontMatter | None:
    """An object of JSON that text follows. A file that is nothing but JSON is data."""
    rest = "\n".join(lines[at:])
    try:
        found, end = _DECODER.raw_decode(rest.lstrip(_SPACE))
    except (ValueError, RecursionError):
        end_line = next((n for n in range(at, len(lines)) if lines[n].startswith("}")), len(lines))
        unread = FrontMatter(at, at, (), _problem("json"))
        return _unreadable(lines[at:end_line], unread) and None
    end += len(rest) - len(rest.lstrip(_SPACE))
    line, _, after = rest[end:].partition("\n")
    if line.strip(_SPACE) or not after.strip() or after.strip()[0] in "{[" or not isinstance(found, _Object):
        return None
    return FrontMatter(at, at + rest.count("\n", 0, end) + 1, found.pairs)


def _is_prose(text: str) -> bool:
    """Whether what follows the first document of a stream of YAML is no mapping and no list, but text."""
    try:
        node = next(iter(yaml.compose_all(text, Loader=Loader)), None)
    except (yaml.YAMLError, ValueError, RecursionError):
        return True
    return isinstance(node, yaml.ScalarNode)


# -- languages ----------------------------------------------------------------------------------------------------------


def _pairs(language: str, text: str) -> tuple[Pair, ...] | None:
    """The entries of a mapping, each as often as it stands there; None for what is no mapping, or can't be read."""
    read = _READERS.get(language)
    if read is None or len(text) > (_MOST_TOML if language == "toml" else _MOST):
        return None
    for attempt in (text, MARK.sub("", text)) if MARK.search(text) else (text,):  # a redaction may have broken it
        try:
            return read(attempt)
        except _FAILURES:
            continue
    return None


def _yaml(text: str) -> tuple[Pair, ...] | None:
    """Raises: ValueError for many aliases: few of them can be written out as more than memory holds."""
    if text.count("*") > _MOST_ALIASES:
        aliases = sum(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=Loader))
        if aliases > _MOST_ALIASES:
            raise ValueError(f"{aliases} aliases")
    loader = Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return ()
        if not isinstance(node, yaml.MappingNode):
            return None
        written = [(key.value, loader.construct_object(value, deep=True)) for key, value in node.value if _names(key)]
        fields = loader.construct_document(node)
    finally:
        loader.dispose()
    if not isinstance(fields, dict):
        return None
    spelt = {name for name, _ in written}
    return (*written, *((str(name), value) for name, value in fields.items() if name not in spelt))


def _names(key: yaml.Node) -> bool:
    return isinstance(key, yaml.ScalarNode) and is_audience(key.value)


def _toml(text: str) -> tuple[Pair, ...]:
    return tuple(tomllib.loads(text).items())


class _Object(dict[str, Any]):
    """An object of JSON that keeps names which stand in it twice."""

    pairs: tuple[Pair, ...]


def _kept(pairs: list[Pair]) -> _Object:
    found = _Object(pairs)
    found.pairs = tuple(pairs)
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_kept)


def _json(text: str) -> tuple[Pair, ...] | None:
    text = text.strip()
    found = _DECODER.decode(text if text.startswith("{") else f"{{{text}}}")
    return found.pairs if isinstance(found, _Object) else None


_READERS: dict[str, Callable[[str], tuple[Pair, ...] | None]] = {"yaml": _yaml, "toml": _toml, "json": _json}
