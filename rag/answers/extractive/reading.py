"""What to read next behind an answer that was made without a model: pages that the cited ones link to, then others
that were found for the question. Titles, dates and links come from the catalog; nothing is said of a page but where it was found.

`rag.ask` calls `read_next` where the persona asks for it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from rag.catalog import Catalog
from rag.records import Answer, Citation, Document, Viewer

READ_NEXT = "\n\n**Read next**\n\n"  # what stands above them
_NAMED = 3  # pages that are named at most
_LINK = re.compile(r"\[[^\]\n]*\]\(<?([^)\s>#?]+)[^)]*\)")
_READ = ("page", "runbook", "decision", "incident")  # kinds of document that are for reading
_ENDINGS = ("", ".md", "/README.md", "/index.md")
_MARKUP = re.compile(r"[\[\]()<>`*_|\\]")


def read_next(answer: Answer, catalog: Catalog, viewer: Viewer) -> str:
    """A list of pages in Markdown, with a line above it; "" where there is none to name, or nothing was found."""
    if not answer.citations:
        return ""
    cited = {citation.document_id for citation in answer.citations}
    lines: dict[str, str] = {}
    for document, why in (*_linked(answer, catalog, viewer), *_found_too(answer)):
        if document.id not in cited and document.kind in _READ and not document.outdated:
            lines.setdefault(document.id, _line(document, why))
    named = [*lines.values()][:_NAMED]
    return READ_NEXT + "\n".join(named) if named else ""


def _linked(answer: Answer, catalog: Catalog, viewer: Viewer) -> Iterator[tuple[Document, str]]:
    """What the cited lines link to, as far as it is in the catalog and the viewer may see it."""
    for citation in answer.citations:
        for target in _LINK.findall(citation.quote):
            document = _target(catalog, citation, target)
            if document and document.access.admits(viewer.groups):
                yield document, f"linked in [{citation.number}]"


def _target(catalog: Catalog, citation: Citation, target: str) -> Document | None:
    """The document that a relative link leads to: of the same source, or of one beside it with the folder's name."""
    if "://" in target or target.startswith("mailto:"):
        return None
    folder = "" if target.startswith("/") else posixpath.dirname(citation.path)
    path = posixpath.normpath(posixpath.join(folder, target.lstrip("/")))
    source = citation.source
    if path.startswith("../"):
        source, _, path = path.removeprefix("../").partition("/")
    return next((found for end in _ENDINGS if (found := catalog.document_at(source, path + end))), None)


def _found_too(answer: Answer) -> Iterator[tuple[Document, str]]:
    yield from ((found.document, "also found for this question") for found in answer.evidence)


def _line(document: Document, why: str) -> str:
    title = _MARKUP.sub(" ", document.title).strip() or document.path
    dated = f", {document.updated_at[:10]}" if document.updated_at else ""
    link = f": {document.link(1, 1)}" if document.url else ""
    return f"- {title} ({document.source}/{document.path}{dated}), {why}{link}"
