"""What a question wants found letter by letter: identifiers, versions, paths, flags, quoted phrases, error messages.

The lexical index finds words and parts of identifiers, also where only most of them stand; this tells the passages that hold the
very thing from those that hold its like (`v1.9` from `v1.7`). `rag.search` calls it on the passages that were found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_QUOTED = re.compile(r"\"([^\"\n]{2,200})\"|`([^`\n]{2,200})`|(?<!\w)'([^'\n]{2,200})'(?!\w)")
_MARKED = re.compile(r"[A-Za-z0-9][._/:@+=-]+[A-Za-z0-9]|[A-Za-z]\d|\d[A-Za-z]|[a-z][A-Z]|^--?[A-Za-z]|^[/.~]\w|\d{3,}")
_PROSE = re.compile(r"^[A-Za-z]?[a-z]+(?:[-/'’][A-Za-z]?[a-z]+)?$")  # re-run, and/or, don't: words, not names
_ADDRESS = re.compile(r"(?<![\w.-])(?:(?P<data>data)\.)?(?P<kind>[a-z][a-z0-9_]*)\.(?P<name>[A-Za-z_][\w-]*)")
_BLOCKS = {"module": "module", "var": "variable", "output": "output"}
_BARE = 3.5  # what a piece counts on top that is the whole question
_WHOLE = 12  # words up to which the whole question may stand in a document as it is


def literals(question: str) -> dict[str, float]:
    """The pieces of a question that may be wanted letter by letter, in lower case, the whole of a short one among them.

    Each with what it counts: 1, and the more the more of the question it is, so that a bare identifier is all that matters.
    """
    found = [next(filter(None, match.groups())) for match in _QUOTED.finditer(question)]
    for word in question.split():
        bare = word.strip("\"'`()[]{}<>,;!?").rstrip(".:")
        if _MARKED.search(bare) and not _PROSE.match(bare):
            found.append(bare)
    whole = len(_plain(question))
    counts = {piece: 1 + _BARE * min(1.0, len(piece) / whole) for piece in map(_plain, found) if piece}
    words = question.strip("\"'`?!. ").split()
    if 2 <= len(words) <= _WHOLE:  # plain words that stand so in a page may be said in passing: they count once
        counts.setdefault(_plain(" ".join(words)), 1 + _BARE if found else 1.0)
    return counts


def defining_headings(question: str) -> frozenset[str]:
    """The headings of the blocks that define the Terraform addresses in a question: `resource aws_vpc.main` of aws_vpc.main."""
    found = set()
    for match in _ADDRESS.finditer(question):
        kind, name = match["kind"], match["name"]
        if kind in _BLOCKS:
            found.add(f"{_BLOCKS[kind]} {name}")
        elif "_" in kind:
            found.add(f"{match['data'] or 'resource'} {kind}.{name}")
    return frozenset(found)


def exactness(wanted: Mapping[str, float], texts: Mapping[str, str]) -> dict[str, float]:
    """For each text that holds some of the wanted pieces: what they count, each the more the fewer of the texts hold it."""
    lower = {name: text.lower() for name, text in texts.items()}
    found: dict[str, float] = {}
    for piece, counts in wanted.items():
        words = sorted(
            piece.split(), key=len, reverse=True
        )  # few texts hold the longest one: only those are looked at closely
        holding = ((name, text) for name, text in lower.items() if all(word in text for word in words))
        plain = {name: " ".join(text.split()) if words[1:] else text for name, text in holding}
        before = r"(?<!\w)(?<!\w[.-])" if piece[0].isalnum() else ""
        pattern = re.compile(before + re.escape(piece) + r"(?![\w-]|\.\w)")
        holders = [name for name, text in plain.items() if piece in text and pattern.search(text)]
        for name in holders:
            found[name] = found.get(name, 0.0) + counts * (1.0 - len(holders) / len(texts))
    return found


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
