"""`BeirSource`: the corpus of a benchmark in BEIR layout, each entry a document. `waypost eval beir` syncs it.

Layout: https://github.com/beir-cellar/beir (corpus.jsonl, queries.jsonl, qrels/test.tsv).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from ingest.sources import Link, Listed, Listing, Previous
from rag.errors import SettingsError

SUFFIX = ".md"  # entries are read as Markdown; a document's path is its entry's id and this


class BeirSource:
    """The entries of DIR/corpus.jsonl. Raises: SettingsError naming the line that is wrong."""

    def __init__(self, folder: Path) -> None:
        self._texts: dict[str, str] = {}
        file = folder / "corpus.jsonl"
        try:
            lines = file.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{file} can't be read: {error}; name a folder in BEIR layout") from error
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    entry = json.loads(line)
                    self._texts[str(entry["_id"]) + SUFFIX] = _text(str(entry.get("title") or ""), str(entry["text"]))
                except (ValueError, KeyError, TypeError) as error:
                    raise SettingsError(f"{file}, line {number} is not an entry of a BEIR corpus: {error!r}") from error

    def listing(self, previous: Previous) -> Listing:
        items = [Listed(path, hashlib.sha256(text.encode()).hexdigest()) for path, text in self._texts.items()]
        return Listing(tuple(items), complete=True)

    def fetch(self, items: Sequence[Listed]) -> Iterator[tuple[Listed, bytes | Exception]]:
        for item in items:
            yield item, self._texts[item.path].encode("utf-8", "replace")

    def close(self) -> None:
        """Keeps nothing."""

    def link(self, item: Listed, version: str) -> Link:
        return Link(item.path, ":{start}-{end}")


def _text(title: str, text: str) -> str:
    """The entry as a page: its title as the heading, which many corpora repeat as the first line of the text."""
    body = text.lstrip()
    if title and body.startswith(title):
        body = body[len(title) :].lstrip()
    return f"# {title}\n\n{body}" if title else body
