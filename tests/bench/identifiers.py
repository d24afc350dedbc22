"""Sixty identifiers: is the right passage first, and does no near-miss stand above it?

    python -m tests.bench.identifiers CORPUS=HOME…

CORPUS is `sample` or `moj` as in identifiers.jsonl (moj: the three repositories of ../shared/eval), HOME a data folder into
which it was synced. Each line of that table has a query, the places (`gold`) where exactly that stands, and places (`near`)
where something stands that merely looks alike.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from api.compose import open_reader
from api.settings import Settings
from rag.evaluation.questions import Span
from rag.records import ScoredPassage, Viewer

TABLE = Path(__file__).with_name("identifiers.jsonl")


def spans(places: Sequence[Mapping[str, Any]]) -> list[Span]:
    return [Span(place["repo"], place["path"], place["start_line"], place["end_line"]) for place in places]


def holds(found: ScoredPassage, wanted: Sequence[Span]) -> bool:
    return any(span.overlaps(found.document, found.passage) for span in wanted)


def main() -> None:
    homes = dict(argument.split("=", 1) for argument in sys.argv[1:])
    rows = [json.loads(line) for line in TABLE.read_text().splitlines()]
    first, near_above, asked = 0, 0, 0
    by_kind: Counter[str] = Counter()
    for corpus, home in homes.items():
        with open_reader(Settings(home=Path(home))) as reader:
            for row in (row for row in rows if row["corpus"] == corpus):
                asked += 1
                found = reader.retriever.search(row["query"], Viewer(), 20).passages
                gold, near = spans(row["gold"]), spans(row["near"])
                rank = next((at for at, one in enumerate(found, 1) if holds(one, gold)), 0)
                above = [one for one in found[: rank - 1 if rank else None] if holds(one, near)]
                first += rank == 1
                near_above += bool(above)
                by_kind[row["kind"]] += rank == 1
                if rank != 1 or above:
                    top = found[0]
                    print(
                        f"{row['id']} {row['kind']:<10} rank {rank}, {len(above)} near-misses above: {row['query']!r}; first: "
                        f"{top.document.source}/{top.document.path}:{top.passage.start_line}-{top.passage.end_line}"
                    )
    print(
        f"{first} of {asked} right first; {near_above} with a near-miss above the exact one; by kind: {dict(by_kind)}"
    )


if __name__ == "__main__":
    main()
