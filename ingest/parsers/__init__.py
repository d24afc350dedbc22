"""From a file's text to passages with exact lines. `parse` picks the parser by the file's name and content.

Every parser keeps one promise: a passage's text is whole source lines, or, of an over-long line, a part of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ingest.declarations import Declared, Form, declared, known
from ingest.declarations.headers import metas
from rag.records import Document, PassageDraft
from rag.terraform.records import Symbol

if TYPE_CHECKING:
    from ingest.parsers.sections import Blocks


@dataclass(frozen=True)
class Parsed:
    """What a parser found. `owner`, `audience`, `outdated` and the days of its review are the file's own words, where it
    has any."""

    title: str
    drafts: tuple[PassageDraft, ...]
    owner: str = ""
    audience: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    outdated: str = ""
    reviewed_at: str = ""
    review_due: str = ""
    symbols: tuple[Symbol, ...] = ()


Parser = Callable[[str, str], Parsed]

SPLITTER = "4"  # a new number makes every document be split anew, in a generation of its own

TERRAFORM = frozenset({".tf", ".tofu", ".tfvars", ".hcl"})
TERRAFORM_JSON = (".tf.json", ".tofu.json", ".tfvars.json")
MARKDOWN = frozenset({".md", ".markdown", ".mdx"})
YAML = frozenset({".yaml", ".yml", ".json"})
RST = frozenset({".rst", ".rest"})
ASCIIDOC = frozenset({".adoc", ".asciidoc"})
UNREAD = frozenset({".mediawiki", ".wiki", ".org", ".textile", ".rdoc", ".creole"})  # markups that have no parser here
DIAGRAMS = frozenset({".puml", ".plantuml", ".iuml", ".pu", ".mmd", ".mermaid"})


_TEMPLATES = (".erb", ".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".gotmpl", ".ctmpl", ".template")
_COPIES = (".example", ".sample", ".dist", ".in", ".default")  # `.env.example`, `app.service.in`


def parse(path: str, text: str) -> Parsed:
    """The passages of a text, by the parser for its kind of file. Raises: DocumentError when it must not be shown as it is."""
    if blocks := _page_blocks(path):
        from ingest.parsers.sections import page

        return page(path, text, blocks, declared(text, Form.PAGE))
    parser = _parser(path, text)
    form = _form(path, text, parser)
    said = declared(text, form, known(metas(text)) if form is not Form.DATA else ())
    said = replace(said, start=0)  # the comments before front matter go with it
    return _with_declared(text, parser(path, said.body(text)), said)


def suffix(path: str) -> str:
    """The suffix that tells a file's language: of `page.html.md.erb` and `page.md.j2` it is `.md`."""
    name = PurePosixPath(path.lower())
    while name.suffix in _TEMPLATES and name.stem.count("."):
        name = name.with_suffix("")
    return name.suffix


def plain_name(path: str) -> str:
    """A file's name in small letters without what says that it is a template or an example: `nginx.conf` of `nginx.conf.j2`."""
    name = PurePosixPath(path).name.lower()
    while (cut := name.rpartition("."))[0].strip(".") and f".{cut[2]}" in (*_TEMPLATES, *_COPIES):
        if f".{cut[2]}" in (".tpl", ".tmpl", ".gotmpl") and "." not in cut[0]:
            break  # `_helpers.tpl` is a template and nothing else
        name = cut[0]
    return name


def is_terraform(path: str) -> bool:
    """Whether a file is Terraform, OpenTofu or Terragrunt, in either syntax."""
    return suffix(path) in TERRAFORM or path.lower().endswith(TERRAFORM_JSON)


def parse_document(document: Document) -> Parsed:
    """The passages of a document as it is stored. Raises: as `parse`."""
    return parse_rendered(document.path, document.text) if document.places else parse(document.path, document.text)


def parse_rendered(path: str, text: str, title: str = "") -> Parsed:
    """The passages of a rendering: it is Markdown, whatever its path. Raises: as `parse`."""
    from ingest.parsers import markdown
    from ingest.parsers.sections import page

    parsed = page(path, text, markdown.blocks, declared(text, Form.RENDERED))
    return replace(parsed, title=title) if title else parsed


def _page_blocks(path: str) -> Blocks | None:
    """What reads a file of one of the markups into blocks under headings; None for other files."""
    from ingest.parsers import asciidoc, markdown, rst

    ending = suffix(path)
    if ending in MARKDOWN:
        return markdown.blocks
    if ending in RST:
        return rst.blocks
    return asciidoc.blocks if ending in ASCIIDOC else None


def _parser(path: str, text: str) -> Parser:
    if is_terraform(path):
        from ingest.parsers import terraform

        return terraform.parse
    return text_parser(plain_name(path), text)


def _form(path: str, text: str, parser: Parser) -> Form:
    """Which front matter a file that is in none of the markups may have."""
    from ingest.parsers import outline, sections, yaml

    if parser is sections.unread:
        return Form.TEXT
    if parser is yaml.parse:
        return Form.DATA if PurePosixPath(plain_name(path)).suffix == ".json" else Form.YAML
    prose = parser is outline.parse and outline.outline_of(path, text) is None
    return Form.TEXT if prose and document_kind(path, "auto") != "config" else Form.CODE


def _with_declared(text: str, parsed: Parsed, said: Declared) -> Parsed:
    """What a parser found in the body of a text, with its front matter, as passages before the others, and what it says."""
    from ingest.declarations.review import review
    from ingest.parsers.outdated import outdated
    from ingest.parsers.text import windows

    front = tuple(windows(lines_of(text), said.start, said.end, (), "window"))
    reviewed_at, review_due = review(said.fields)
    return replace(
        parsed, title=said.title or parsed.title, drafts=(*front, *parsed.drafts), owner=said.owner, audience=said.audience,
        notes=(*said.notes, *parsed.notes), outdated=outdated("", said.fields, ()), reviewed_at=reviewed_at,
        review_due=review_due,
    )  # fmt: skip


def text_parser(name: str, text: str) -> Parser:
    """The parser for a file in none of the markups that is not Terraform, by its plain name and, if need be, its text."""
    from ingest.parsers import braces, outline, rows, sections, yaml

    ending = PurePosixPath(name).suffix
    parsers: dict[str, Parser] = {
        **dict.fromkeys(YAML, yaml.parse),
        **dict.fromkeys(DIAGRAMS, rows.diagram), **dict.fromkeys((".csv", ".tsv"), rows.csv), ".sql": rows.sql,
        **dict.fromkeys((".jsonnet", ".libsonnet", ".groovy"), braces.parse), ".jenkinsfile": braces.parse,
        **dict.fromkeys(UNREAD, sections.unread),
    }  # fmt: skip
    if ending in parsers:
        return parsers[ending]
    if ending == ".rules" and _GROUPS.search(text):
        return yaml.parse
    if name.startswith("jenkinsfile"):
        return braces.parse
    if outline.outline_of(name, text) is None and ending in outline.SETTINGS and braces.is_braces(text):
        return braces.parse
    return outline.parse


_GROUPS = re.compile(r"^groups:", re.M)  # Prometheus' rules, not those of a firewall
_SETTINGS = (
    ".toml", ".ini", ".conf", ".cfg", ".cnf", ".config", ".xml", ".env", ".properties", ".service", ".timer", ".socket",
    ".mount", ".target", ".network", ".netdev", ".repo", ".vcl", ".rules",
)  # fmt: skip
_PAGES = frozenset({*MARKDOWN, *RST, *ASCIIDOC, *DIAGRAMS, *UNREAD, ".html", ".htm", ".txt", ".text", ".csv", ".tsv"})
_SETTINGS_NAMES = re.compile(
    r"\.env(?:rc|\b.*)?$|codeowners$|(?:[\w-]*requirements|constraints)[\w-]*(?:\.txt)?$|pipfile$|hosts$|inventory$|\.\w+(?:rc|ignore)$"
)
_PAGES_NAMES = re.compile(
    r"(?:readme|changelog|changes|license|licence|contributing|authors|maintainers|notice|todo|news)\b"
)


def document_kind(path: str, configured: str, rendered: bool = False) -> str:
    """The kind of a document: as configured, or by its path: terraform, runbook, decision, incident, config, code, page. One that
    was rendered is a page of some kind."""
    if configured != "auto":
        return configured
    if rendered:
        path += ".md"
    if is_terraform(path):
        return "terraform"
    name = plain_name(path)
    ending = suffix(path) if suffix(path) in MARKDOWN else PurePosixPath(name).suffix
    if ending in YAML or ending in _SETTINGS or _SETTINGS_NAMES.match(name):
        return "config"
    if ending in _PAGES or (not ending and _PAGES_NAMES.match(name)):
        lowered = f"/{path.lower()}"
        return next((kind for kind, words in _PAGE_KINDS if any(word in lowered for word in words)), "page")
    return "code" if ending or "." not in name else "page"


_PAGE_KINDS = (
    ("runbook", ("runbook", "playbook")),
    ("incident", ("/incident", "postmortem", "post-mortem")),
    ("decision", ("/adr", "/decision", "architecture-decision")),
)


def lines_of(text: str) -> list[str]:
    """The lines as git and editors count them: split at newline alone, no empty one after the last."""
    lines = text.split("\n")
    return lines[:-1] if lines and lines[-1] == "" else lines


def draft(lines: Sequence[str], start: int, end: int, heading_path: Sequence[str], kind: str) -> list[PassageDraft]:
    """The passage of lines[start:end] (0-based, end excluded) without blank lines around it; none if all are blank."""
    while start < end and not lines[start].strip():
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    if start >= end:
        return []
    return [PassageDraft(tuple(heading_path), "\n".join(lines[start:end]), start + 1, end, kind)]
