"""A disagreement between a document and code, with the lines of both."""

from __future__ import annotations

from dataclasses import dataclass

from rag.catalog import Catalog
from rag.drift.facts import Fact
from rag.records import Document


@dataclass(frozen=True)
class Place:
    """Lines of a document, with their words and their pinned link."""

    source: str
    path: str
    line: int
    quote: str
    url: str


@dataclass(frozen=True)
class Drift:
    """A document states what code contradicts (`kind` value), or names what code does not have (gone).

    `stated` is the document's value or name, `actual` the code's ("" for what is gone); `code` is None where there is none.
    `went` says when and in which commit it went, where history tells. `confidence` is from 0 to 1.
    """

    kind: str
    stated: str
    actual: str
    about: str
    document_id: str
    document: Place
    code: Place | None
    confidence: float
    went: str = ""

    @property
    def summary(self) -> str:
        """What disagrees, in a sentence."""
        if self.kind == "gone":
            return f"{self.stated} is not in {self.about or 'the code'}" + (
                f": it went on {self.went}" if self.went else ""
            )
        return f"{self.about}: the document says {self.stated}, the code {self.actual}"


class Places:
    """Makes places in documents and code, with links from the catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._code: dict[str, Document] = {}

    def of(self, document: Document, line: int) -> Place:
        return Place(
            document.source, document.path, line, document.lines(line, line).strip(), document.link(line, line)
        )

    def of_code(self, fact: Fact) -> Place:
        document_id = fact.symbol.document_id
        if document_id not in self._code:
            self._code.update(self._catalog.documents({document_id}))
        return self.of(self._code[document_id], fact.line)
