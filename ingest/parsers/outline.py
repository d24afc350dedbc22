"""Code and settings whose parts begin with a line that names them: functions, targets, stages, sections, statements.

An `Outline` says for one language what such a line looks like. This finds names, it does not parse: what can't be made out stays
in the lines around it. `parse` picks the outline by the file's name, and for `.conf` and the like by what stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from ingest.parsers import Parsed, lines_of, plain_name
from ingest.parsers.spans import Span, cut, filled, with_comment


@dataclass(frozen=True)
class Outline:
    """`begins` has a group `name`, perhaps `what` (the kind of thing; else `label`) and `of` (what more is told of it).

    `alt` is another group for the name. `ends`: the line that ends a part (else the next one does); `dedents`: one at the margin
    does. `marks`: what comments and decorators begin with. `inner`: parts of a part that is too long.
    """

    begins: re.Pattern[str]
    label: str = ""
    ends: re.Pattern[str] | None = None
    marks: tuple[str, ...] = ("#",)
    alone: bool = False
    inner: Outline | None = None
    dedents: bool = False


def parse(path: str, text: str) -> Parsed:
    """Passages by the file's own parts."""
    lines = lines_of(text)
    known = outline_of(path, text)
    return Parsed(path, tuple(cut(lines, span_of(lines, 0, len(lines), known), "block")))


def span_of(
    lines: Sequence[str], start: int, end: int, known: Outline | None, *names: str, alone: bool = False
) -> Span:
    """Lines with what an outline finds in them."""
    if known is None:
        return Span(start, end, names, alone)
    return Span(start, end, names, alone, known.alone, partial(_parts, lines, start, end, known))


def _parts(lines: Sequence[str], start: int, end: int, known: Outline) -> list[Span]:
    return filled(lines, start, end, list(_named(lines, start, end, known)))


def _named(lines: Sequence[str], start: int, end: int, known: Outline) -> Iterator[Span]:
    """Each named part: with its comment, to its end or to the next one."""
    begun: tuple[int, tuple[str, ...]] | None = None
    last = start
    for at in range(start, end):
        if match := known.begins.match(lines[at]):
            first = with_comment(lines, at, last, known.marks)
            if begun:
                yield _part(lines, begun, first, known)
            begun, last = (first, _names(match, known)), at + 1
            if not (known.ends and _is_whole(lines, at)):
                continue
        elif not (begun and _ends(lines[at], known)):
            continue
        past = at if known.dedents else at + 1
        if begun:
            yield _part(lines, begun, past, known)
        begun, last = None, past
    if begun:
        yield _part(lines, begun, end, known)


def _ends(line: str, known: Outline) -> bool:
    """Whether what was begun is over with this line, or, where the margin tells, before it."""
    if known.dedents:
        return line[:1].isalnum()
    return bool(known.ends and known.ends.match(line))


def _is_whole(lines: Sequence[str], at: int) -> bool:
    """Whether a line that begins a part is all of it: its brackets match, and the next line is not indented."""
    line = lines[at]
    below = lines[at + 1] if at + 1 < len(lines) else ""
    return not below.startswith((" ", "\t", "{")) and all(line.count(a) == line.count(b) for a, b in ("()", "{}", "[]"))


def _part(lines: Sequence[str], begun: tuple[int, tuple[str, ...]], end: int, known: Outline) -> Span:
    return span_of(lines, begun[0], end, known.inner, *begun[1], alone=known.alone)


def _names(match: re.Match[str], known: Outline) -> tuple[str, ...]:
    groups = match.groupdict()
    what = (groups.get("what") or known.label).strip()
    name = (groups.get("name") or groups.get("alt") or "").strip().strip("\"'`")
    more = (groups.get("of") or "").strip()
    return (" ".join(filter(None, (what, name, f"({more})" if more else ""))),)


_METHOD = Outline(re.compile(r"\s+(?P<what>(?:async )?def) (?P<name>\w+)"), marks=("#", "@"))
_SLASHES = ("//", "/*", "*", " *", "@", "#[")
_BRACE = re.compile(r"[}\])]+[;,]?\s*(?://.*)?$")

PYTHON = Outline(
    re.compile(r"(?P<what>(?:async )?def|class) (?P<name>\w+)"), marks=("#", "@"), inner=_METHOD, dedents=True
)
RUBY = Outline(re.compile(r"\s{0,4}(?P<what>def|class|module|describe|context) (?P<name>[\w.:?!'\" ]+)"))
SHELL = Outline(
    re.compile(r"(?:function\s+(?P<name>[\w:.-]+)|(?P<alt>[\w:.-]+)\s*\(\))\s*(?:\(\)\s*)?[{(]?"), "function", _BRACE
)
GO = Outline(
    re.compile(r"(?P<what>func|type|var|const)\b(?P<name> (?:\([^)]{0,80}\) )?\w*)"), ends=_BRACE, marks=_SLASHES
)
SCRIPT = Outline(
    re.compile(
        r"(?:export )?(?:default )?(?:declare )?(?:abstract )?"
        r"(?P<what>(?:async )?function\*?|class|interface|type|enum|const|let|var|namespace) (?P<name>[\w$]+)"
    ),
    ends=_BRACE,
    marks=_SLASHES,
)
RUST = Outline(
    re.compile(r"(?:pub(?:\([\w ]+\))? )?(?:async )?(?:unsafe )?"
        r"(?P<what>fn|struct|enum|trait|impl|mod|type|macro_rules!)\b(?P<name>[^({;]{0,80})"),
    ends=_BRACE,
    marks=_SLASHES,
)  # fmt: skip
POWERSHELL = Outline(re.compile(r"(?P<what>function|filter|class) (?P<name>[\w:-]+)", re.I), ends=_BRACE)
MAKE = Outline(
    re.compile(r"(?:(?P<what>define) (?P<name>\S+)|(?P<alt>(?!\.PHONY|\.)[^\s#:=][^#:=]{0,200}?)\s*::?(?!=)(?:\s|$))"),
    "target",
)
DOCKER = Outline(re.compile(r"FROM\s+(?:--\S+\s+)*(?P<of>\S+)(?:\s+AS\s+(?P<name>\S+))?", re.I), "stage", alone=True)
INI = Outline(re.compile(r"\s{0,8}(?P<name>\[{1,2}[^\[\]]{1,160}\]{1,2})\s*(?:[#;].*)?$"), marks=("#", ";"))
HAPROXY = Outline(
    re.compile(
        r"(?P<what>global|defaults|frontend|backend|listen|peers|resolvers|userlist|cache|mailers|program|ring|http-errors"
        r"|crt-store|traces|log-forward|log-profile|fcgi-app)\b(?P<name>[ \t]+[^\s#]+)?"
    )
)
_APACHE = r"(?:VirtualHost|(?:Directory|Location|Files)(?:Match)?|IfModule|Proxy)"
APACHE = Outline(
    re.compile(rf"<(?P<what>{_APACHE})\s+(?P<name>[^>]{{1,120}})>", re.I), ends=re.compile(rf"</{_APACHE}>", re.I)
)
DEFINED = Outline(re.compile(r"\{\{-?\s*(?P<what>define|block)\s+(?P<name>\"[^\"]{1,120}\")"), marks=("{{/*", "*/"))
OWNERS = Outline(re.compile(r"\^?(?P<name>\[[^\[\]]{1,120}\])"), "owners")

_BY_SUFFIX = {
    ".py": PYTHON, ".rb": RUBY, ".sh": SHELL, ".bash": SHELL, ".zsh": SHELL, ".ksh": SHELL, ".bats": SHELL, ".go": GO,
    ".js": SCRIPT, ".mjs": SCRIPT, ".cjs": SCRIPT, ".ts": SCRIPT, ".tsx": SCRIPT, ".jsx": SCRIPT, ".rs": RUST,
    ".ps1": POWERSHELL, ".psm1": POWERSHELL, ".mk": MAKE, ".mak": MAKE, ".dockerfile": DOCKER, ".containerfile": DOCKER,
    ".ini": INI, ".toml": INI, ".service": INI, ".timer": INI, ".socket": INI, ".mount": INI, ".path": INI, ".target": INI,
    ".network": INI, ".netdev": INI, ".slice": INI, ".desktop": INI, ".repo": INI, ".container": INI, ".editorconfig": INI,
    ".tpl": DEFINED, ".tmpl": DEFINED, ".gotmpl": DEFINED,
}  # fmt: skip
_BY_NAME = (
    (re.compile(r"(?:.*\.)?(?:docker|container)file(?:[._-].*)?$", re.I), DOCKER),
    (re.compile(r"(?:gnu)?makefile(?:[._-].*)?$", re.I), MAKE),
    (re.compile(r"(?:gemfile|rakefile|vagrantfile|guardfile|podfile)$", re.I), RUBY),
    (re.compile(r"\.(?:bashrc|bash_profile|bash_aliases|profile|zshrc|envrc)$"), SHELL),
    (re.compile(r"(?:codeowners)$", re.I), OWNERS),
    (re.compile(r"\.(?:gitconfig|gitmodules|editorconfig|npmrc|pylintrc|flake8|coveragerc)$"), INI),
    (re.compile(r"pipfile$|(?:hosts|inventory)(?:\.ini)?$", re.I), INI),
)
_BY_CONTENT = (
    (re.compile(r"^(?:frontend|backend|listen)[ \t]+\S", re.M), HAPROXY),
    (re.compile(r"^<(?:VirtualHost|Directory|Location|IfModule)\b", re.M | re.I), APACHE),
    (re.compile(r"^[ \t]{0,4}\[[^\[\]\n]{1,120}\][ \t]*$", re.M), INI),
)
_SHEBANG = re.compile(r"#!\s*\S*/(?:env\s+(?:-\S+\s+)*)?(\w+)")
_INTERPRETERS = {"bash": SHELL, "sh": SHELL, "zsh": SHELL, "dash": SHELL, "ksh": SHELL, "ash": SHELL, "python": PYTHON,
                 "python3": PYTHON, "ruby": RUBY, "node": SCRIPT, "make": MAKE}  # fmt: skip
SETTINGS = (".conf", ".cfg", ".cnf", ".config")


def outline_of(path: str, text: str) -> Outline | None:
    """The outline for a file, by its name, its first line or, for settings, its content."""
    name = plain_name(path)
    ending = PurePosixPath(name).suffix
    found = _BY_SUFFIX.get(ending) or next((o for pattern, o in _BY_NAME if pattern.match(name)), None)
    if found is None and (match := _SHEBANG.match(text)):
        found = _INTERPRETERS.get(match[1])
    if found is None and (ending in SETTINGS or not ending):
        found = next((o for pattern, o in _BY_CONTENT if pattern.search(text)), None)
    return found
