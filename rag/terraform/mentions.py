"""Documents meet code: which pages mention a symbol, and which symbols a page mentions. `waypost terraform show` and the view
of a document call this.

A page mentions a symbol when it writes its address, or a name that the code gives it (`bucket = "tb-labels"`, a module's name),
whole and letter by letter. Names that many symbols bear say nothing and link nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rag.catalog.symbols import StoredSymbol
from rag.records import Document
from rag.terraform.records import Symbol

_WORD = re.compile(r"[A-Za-z0-9][\w./:@-]*[A-Za-z0-9]|\d[\d./]*\d")
_NAMING = re.compile(
    r"^(?:tags\.)?(Name|name|bucket|identifier|cluster_name|function_name|family|domain|domain_name|repository|topic|queue_name|alias|"
    r"cidr|cidr_block|cidr_blocks|instance_class|instance_type|engine_version|cluster_version|version|source|hostname|zone)$"
)
_MARKED = re.compile(r"[a-z0-9][-_./:]+[a-z0-9]", re.I)  # more than a word of prose
_SHORTEST = 4  # letters of a name that links
_MOST_BEARERS = 6  # symbols that may bear a name before it says nothing
_ABOUT = ("resource", "data", "module", "output", "local", "provider")  # a tutorial's `var.name` may be anybody's
_EVERYWHERE = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True)
class Mention:
    """On `line` of the document stands `name`, which the symbol bears."""

    document: Document
    line: int
    name: str
    symbol: StoredSymbol


class Mentions:
    """Symbols by the names that pages may use for them."""

    def __init__(self, symbols: Iterable[StoredSymbol]) -> None:
        self._bearers: dict[str, list[StoredSymbol]] = {}
        for symbol in symbols:
            for name in names_of(symbol.symbol):
                self._bearers.setdefault(name, []).append(symbol)

    def of(self, symbol: StoredSymbol, documents: Iterable[Document]) -> list[Mention]:
        """The pages that mention a symbol, each line once."""
        names = {name for name in names_of(symbol.symbol) if self._tells(name)}
        return [m for document in documents for m in self._in(document, names) if m.symbol.id == symbol.id]

    def in_document(self, document: Document) -> list[Mention]:
        """What a page mentions, in the order of its lines."""
        return list(self._in(document, None))

    def named(self, names: Iterable[str]) -> list[tuple[str, StoredSymbol]]:
        """The symbols that bear one of these names, each name once."""
        return [(name, found) for name in dict.fromkeys(names) if self._tells(name) for found in self._bearers[name]]

    def _in(self, document: Document, names: set[str] | None) -> Iterator[Mention]:
        if document.kind == "terraform" or (names is not None and not any(name in document.text for name in names)):
            return
        seen: set[tuple[str, str]] = set()
        for number, line in enumerate(document.text.split("\n"), start=1):
            for word in dict.fromkeys(_words(line)):
                if (names is None or word in names) and self._tells(word):
                    for symbol in self._bearers[word]:
                        if (symbol.id, word) not in seen:
                            seen.add((symbol.id, word))
                            yield Mention(document, number, word, symbol)

    def _tells(self, name: str) -> bool:
        return 0 < len(self._bearers.get(name, ())) <= _MOST_BEARERS


def names_of(symbol: Symbol) -> set[str]:
    """The address of what code defines, and the texts that name it to the outside."""
    if symbol.kind not in _ABOUT:
        return set()
    found = {symbol.address}
    for attribute in symbol.attributes:
        kind, *rest = attribute.expression
        texts = (
            rest[:1] if kind == "lit" else [item[1] for item in rest[0] if item[0] == "lit"] if kind == "list" else []
        )
        if _NAMING.search(attribute.path):
            found.update(str(text) for text in texts if isinstance(text, str) and _names_one(text))
    return found


def _names_one(text: str) -> bool:
    return len(text) >= _SHORTEST and bool(_MARKED.search(text)) and " " not in text and text not in _EVERYWHERE


def _words(line: str) -> Iterator[str]:
    """The words of a line, and of dotted ones the beginnings, for `aws_vpc.main.id` names `aws_vpc.main`."""
    for match in _WORD.finditer(line):
        word = match[0]
        yield word
        parts = word.split(".")
        for length in (2, 3):
            if len(parts) > length:
                yield ".".join(parts[:length])
