"""Stacks that look alike, such as the same module called in ten environments: the one that the question names comes first, and
the others do not fill the results. `rag.search` calls this on what was ranked.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rag.indexes.tokens import content_words, distinct_words
from rag.ranking import Ranked
from rag.records import Passage, Standing
from rag.terraform.environments import also_called

_LOOKED_AT = 60  # passages among which stacks are told apart
_ALIKE = 0.5  # share of common words from which on two blocks of one name look alike
_KEPT = 3  # blocks that look alike and keep their place
_BEFORE = 10  # other passages that the rest of them stand behind
_CODE = ("terraform", "config")

Family = list[Ranked]


def stacks_apart(
    question: str, ranked: Sequence[Ranked], passages: Mapping[str, Passage], standings: Mapping[str, Standing]
) -> list[Ranked]:
    """The same passages. Blocks of one name in files of one name that look alike take their places with those first whose path
    the question names; all but the first few of them stand behind the
    first ten others. `standings` are those of documents, by id."""
    order = list(ranked)
    places = {row.id: at for at, row in enumerate(ranked)}
    late: list[Ranked] = []
    for family in _families(ranked[:_LOOKED_AT], passages, standings):
        named = _named(question, [standings[passages[row.id].document_id].path for row in family])
        wanted = sorted(family, key=lambda row: not named[family.index(row)])
        for place, row in zip(family, wanted, strict=True):
            order[places[place.id]] = replace(row, score=place.score)
        late += wanted[_KEPT:]
    behind = {row.id for row in late}
    first = [row for row in order if row.id not in behind]
    before, after = first[:_BEFORE], first[_BEFORE:]
    lowered = [replace(row, score=min(row.score, before[-1].score)) for row in order if row.id in behind]
    return [*before, *lowered, *after]


def _families(
    ranked: Sequence[Ranked], passages: Mapping[str, Passage], standings: Mapping[str, Standing]
) -> list[Family]:
    """Blocks that look alike, each in another folder, two at the least; each family in the order of its ranks."""
    families: dict[tuple[str, ...], list[tuple[frozenset[str], Family, set[str]]]] = {}
    for row in ranked:
        passage = passages[row.id]
        standing = standings.get(passage.document_id)
        if standing is None or standing.kind not in _CODE:
            continue
        words = distinct_words(passage.text)
        folder, name = posixpath.split(standing.path)
        known = families.setdefault((name, *passage.heading_path), [])
        for others, family, folders in known:
            if folder not in folders and len(words & others) >= _ALIKE * len(words | others):
                family.append(row)
                folders.add(folder)
                break
        else:
            known.append((words, [row], {folder}))
    return [family for known in families.values() for _, family, _ in known if len(family) > 1]


def _named(question: str, paths: Sequence[str]) -> list[bool]:
    """Of each path whether the question names a part that not all of them have."""
    parts = [set(re.split(r"[/.]", path.lower())) for path in paths]
    telling = set.union(*parts) - set.intersection(*parts)
    said = also_called(set(re.findall(r"[\w-]+", question.lower())) | set(content_words(question)))
    return [bool(said & telling & own) for own in parts]
