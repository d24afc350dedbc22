"""Paths of a wiki's contents: SPACE/page/page below it.md. Titles stay as they are but for what a path can't hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby

from ingest.sources.confluence.contents import Content
from rag.steering import STEERING

_BLOG = "Blog"


def paths_of(contents: Iterable[Content], above: Callable[[Content], list[Content] | None]) -> dict[str, str]:
    """The path of each, by id. Those that would share one, in whatever case, all carry their ids."""
    paths = {one.id: _path(one, above) for one in contents}
    order = sorted(paths, key=lambda number: (paths[number].casefold(), number))
    for _, group in groupby(order, key=lambda number: paths[number].casefold()):
        same = list(group)
        for number in same if len(same) > 1 else ():
            stem, dot, ending = paths[number].rpartition(".")
            paths[number] = f"{stem} ({number}){dot}{ending}"
    return paths


def _path(one: Content, above: Callable[[Content], list[Content] | None]) -> str:
    if one.kind == "blogpost":
        parts = [one.space, _BLOG, f"{one.created_at[:10]} {_part(one.title)}".strip()]
    else:
        parts = [one.space, *(_part(each.title) for each in _seen_above(one, above)), _part(one.title)]
    if one.kind == "attachment":
        return "/".join(parts)
    return "/".join(parts) + ".md"


def _seen_above(one: Content, above: Callable[[Content], list[Content] | None]) -> list[Content]:
    return above(one) or []


def _part(title: str) -> str:
    """A title as a part of a path."""
    text = " ".join(STEERING.sub(" ", title).replace("/", "-").split())
    return text if text.strip(". ") else text.replace(".", "·") or "untitled"
