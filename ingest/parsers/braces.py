"""Settings and pipelines in braces: nginx and its like, Jenkinsfiles, Jsonnet. A block is named by what stands before its brace.

Braces in comments, texts and templates don't count. Braces that don't match cost names, never lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from ingest.parsers import Parsed, lines_of, plain_name
from ingest.parsers.spans import Span, cut, filled, with_comment

_DEEPEST = 12  # levels at which blocks are named
_HEADER = 300  # characters before a brace that may name its block
_BODY = 6000  # characters of a block that its name may be told from

_NGINX = re.compile(
    r"\#[^\n]*|\{\{.{0,300}?\}\}|\{%.{0,300}?%\}|\$\{[^}\n]*\}?|\"[^\"\\\n]*(?:\\.?[^\"\\\n]*)*\"?|'[^'\\\n]*(?:\\.?[^'\\\n]*)*'?|[{};]",
    re.S,
)
_GROOVY = re.compile(
    r"//[^\n]*|/\*.*?(?:\*/|\Z)|'''.*?(?:'''|\Z)|\"\"\".*?(?:\"\"\"|\Z)|\"[^\"\\\n]*(?:\\.?[^\"\\\n]*)*\"?|'[^'\\\n]*(?:\\.?[^'\\\n]*)*'?|[{}\n;]",
    re.S,
)
_JSONNET = re.compile(
    r"//[^\n]*|\#[^\n]*|/\*.*?(?:\*/|\Z)|\|\|\|.*?(?:\|\|\||\Z)|\"[^\"\\]*(?:\\.?[^\"\\]*)*\"?|'[^'\\]*(?:\\.?[^'\\]*)*'?|[{},]",
    re.S,
)

Name = tuple[str, bool]  # of a block, and whether it stands alone


@dataclass(frozen=True)
class Braces:
    """A language: its tokens (among them `{`, `}` and what ends a statement), how a block is named (by what stands before its
    brace, its own text, and all its text), and its comments' marks."""

    tokens: re.Pattern[str]
    name: Callable[[str, str, str], Name]
    marks: tuple[str, ...] = ("#",)


@dataclass
class _Block:
    row: int
    offset: int
    header: str
    end: int = 0
    close: int = 0
    blocks: list[_Block] = field(default_factory=list)


def parse(path: str, text: str) -> Parsed:
    """Passages by block."""
    lines = lines_of(text)
    name = plain_name(path)
    language = _JENKINS if "jenkinsfile" in name or name.endswith(".groovy") else _SETTINGS
    language = _JSON_NET if name.endswith((".jsonnet", ".libsonnet")) else language
    blocks = _read(text, language)
    span = Span(0, len(lines), (), False, True, partial(_spans, lines, 0, len(lines), blocks, text, language))
    return Parsed(path, tuple(cut(lines, span, "block")))


def is_braces(text: str) -> bool:
    """Whether settings look like nginx's: a line that opens a block."""
    return bool(_OPENS.search(text))


_OPENS = re.compile(r"^[ \t]*[a-z][\w-]*(?:[ \t]+[^\s{};#=]+){0,4}[ \t]*\{[ \t]*(?:#.*)?$", re.M)


def _read(text: str, language: Braces) -> list[_Block]:
    """The blocks of a text, each with the blocks in it; one that is never closed reaches to the end."""
    root = _Block(0, 0, "")
    open_blocks = [root]
    row = counted = 0  # the line of the character at `counted`
    before = statement = seen = 0  # where the statement began that the next brace may belong to
    for match in language.tokens.finditer(text):
        mark = match.group()
        if mark == "{":
            row, counted = row + text.count("\n", counted, match.start()), match.start()
            header = text[max(statement, match.start() - _HEADER) : match.start()].lstrip()
            if not header:  # the brace stands on a line below what it belongs to
                header = text[max(before, match.start() - _HEADER) : match.start()].lstrip()
            block = _Block(row - header.count("\n"), match.start(), header.rstrip())
            if len(open_blocks) <= _DEEPEST:
                open_blocks[-1].blocks.append(block)
            open_blocks.append(block)
        elif mark == "}":
            row, counted = row + text.count("\n", counted, match.start()), match.start()
            if len(open_blocks) > 1:
                closed = open_blocks.pop()
                closed.end, closed.close = row + 1, match.start()
        if mark != "\n" and len(mark) == 1:
            before = statement = seen = match.end()
        elif mark == "\n" and text[seen : match.start()].strip():
            before, statement, seen = statement, match.end(), match.end()
        elif mark == "\n":
            seen = match.end()
    row += text.count("\n", counted)
    for block in open_blocks[1:]:
        block.end, block.close = row + 1, len(text)
    return root.blocks


def _spans(
    lines: Sequence[str], start: int, end: int, blocks: Sequence[_Block], text: str, language: Braces
) -> list[Span]:
    """Blocks of more than one line as spans, with the comments above them; statements between them are nameless."""
    found: list[Span] = []
    at = start
    for block in blocks:
        if block.end - block.row < 2 or block.row < at:
            continue
        first = with_comment(lines, block.row, at, language.marks)
        name, alone = language.name(
            block.header, _own_text(block, text), text[block.offset : min(block.close, block.offset + _BODY)]
        )
        inner = partial(_spans, lines, first, block.end, block.blocks, text, language)
        found.append(Span(first, block.end, (name,) if name else (), alone, bool(block.blocks), inner))
        at = block.end
    return filled(lines, start, end, found)


def _own_text(block: _Block, text: str) -> str:
    """The first of what stands in a block and not in a block within it."""
    own, at = "", block.offset + 1
    for inner in block.blocks:
        own += text[at : min(inner.offset, at + _BODY - len(own))]
        at = inner.close
    return own + text[at : min(block.close, at + _BODY - len(own))]


_SERVER_NAME = re.compile(r"^[ \t]*server_name\s+([^;]{1,120});", re.M)
_LISTEN = re.compile(r"^[ \t]*listen\s+([^;]{1,60});", re.M)
_RULE = re.compile(r"^[ \t]*['\"]?(alert|record)['\"]?:\s*['\"]?([^'\",\n]{1,120})", re.M)
_SEVERITY = re.compile(r"\bseverity['\"]?:\s*['\"](\w+)")


def _setting(header: str, own: str, body: str) -> Name:
    """`server example.org`, `location /metrics`, `upstream api`; `http` and the like give no name."""
    words = " ".join(line for line in header.splitlines() if not line.lstrip().startswith("#")).split()
    name = " ".join(words)[:120]
    if name == "server":
        told = _SERVER_NAME.search(own) or _LISTEN.search(own)
        return f"server {told[1].strip()}" if told else name, True
    return ("" if name in ("http", "events", "stream") else name), words[:1] == ["upstream"]


def _stage(header: str, own: str, body: str) -> Name:
    """`stage Build`, `def deploy`; `pipeline`, `stages` and `steps` give no name."""
    line = header.splitlines()[-1].strip() if header else ""
    if match := re.match(r"stage\s*\(\s*(?:name:\s*)?['\"]([^'\"]{1,100})", line):
        return f"stage {match[1]}", True
    if match := re.match(r"(?:def|void|private|static|String|class)\s[\w\s]*?(\w+)\s*(?:\(|$)", line):
        return f"def {match[1]}", False
    return (line if line in ("post", "environment", "options", "parameters", "agent", "triggers") else ""), False


def _object(header: str, own: str, body: str) -> Name:
    """`alert QueueStuck severity critical` for an object that says so in its own text, else the field's name."""
    if told := _RULE.search(own):
        severity = _SEVERITY.search(body) if told[1] == "alert" else None
        return f"{told[1]} {told[2].strip()}" + (f" severity {severity[1]}" if severity else ""), True
    line = header.splitlines()[-1].strip() if header else ""
    match = re.search(r"([\w'\".-]+)\s*(?:\([\w\s,=]*\))?\s*\+?:{1,3}(?:\s.*)?$", line)
    return (match[1].strip("'\"") if match else ""), False


_SETTINGS = Braces(_NGINX, _setting)
_JENKINS = Braces(_GROOVY, _stage, ("//", "*", "/*"))
_JSON_NET = Braces(_JSONNET, _object, ("//", "#"))
