"""From a file's text to passages with exact lines. `parse` picks the parser by the file's name and content.

Every parser keeps one promise: a passage's text is whole source lines, or, of an over-long line, a part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from rag.records import Document, PassageDraft
from rag.terraform.records import Symbol


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

SPLITTER = "3"  # a new number makes every document be split anew, in a generation of its own

TERRAFORM = frozenset({".tf", ".tofu", ".tfvars", ".hcl"})
TERRAFORM_JSON = (".tf.json", ".tofu.json", ".tfvars.json")
MARKDOWN = frozenset({".md", ".markdown", ".mdx"})
YAML = frozenset({".yaml", ".yml", ".json"})


def parse(path: str, text: str) -> Parsed:
    """The passages of a text, by the parser for its kind of file. Raises: DocumentError when it must not be shown as it is."""
    return _parser(path)(path, text)


def suffix(path: str) -> str:
    """The suffix that tells a file's language: of `page.html.md.erb` and `page.md.j2` it is `.md`."""
    name = PurePosixPath(path.lower())
    while name.suffix in (".erb", ".j2", ".tmpl", ".tpl", ".template") and name.stem.count("."):
        name = name.with_suffix("")
    return name.suffix


def is_terraform(path: str) -> bool:
    """Whether a file is Terraform, OpenTofu or Terragrunt, in either syntax."""
    return suffix(path) in TERRAFORM or path.lower().endswith(TERRAFORM_JSON)


def parse_document(document: Document) -> Parsed:
    """The passages of a document as it is stored. Raises: as `parse`."""
    return parse_rendered(document.path, document.text) if document.places else parse(document.path, document.text)


def parse_rendered(path: str, text: str, title: str = "") -> Parsed:
    """The passages of a rendering: it is Markdown, whatever its path. Raises: as `parse`."""
    from ingest.parsers import markdown

    parsed = markdown.parse(path, text)
    return replace(parsed, title=title) if title else parsed


def _parser(path: str) -> Parser:
    from ingest.parsers import markdown, terraform, text, yaml

    ending = suffix(path)
    if ending in MARKDOWN:
        return markdown.parse
    if is_terraform(path):
        return terraform.parse
    if ending in YAML:
        return yaml.parse
    return text.parse


def document_kind(path: str, configured: str, rendered: bool = False) -> str:
    """The kind of a document: as configured, or by its path: terraform, runbook, decision, incident, config, code, page. One that
    was rendered is a page of some kind."""
    if configured != "auto":
        return configured
    if rendered:
        path += ".md"
    ending = suffix(path)
    lowered = f"/{path.lower()}"
    if is_terraform(path):
        return "terraform"
    if ending in YAML or ending in (".toml", ".ini", ".conf", ".cfg", ".xml", ".env"):
        return "config"
    if ending in MARKDOWN or ending in (".html", ".htm", ".rst", ".adoc", ".txt"):
        for kind, words in _PAGE_KINDS:
            if any(word in lowered for word in words):
                return kind
        return "page"
    return "code" if ending or "." not in PurePosixPath(path).name else "page"


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
