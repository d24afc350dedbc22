"""What Terraform code defines, page by page. `/v1/terraform` calls this.

A page ends with the place behind which the next one begins, which holds while documents come and go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, Unpack

from rag.catalog.symbols import Place, StoredSymbol, Wanted
from rag.terraform.lookup import TerraformLookup

START: Place = ("", "", -1, "")  # before every place


class Placed(Protocol):
    """What has a place in the order of its list."""

    @property
    def place(self) -> Place: ...


Item = TypeVar("Item", bound=Placed)


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some of a list; `onward` is the place behind which the next page begins, None after the last."""

    items: tuple[Item, ...]
    onward: Place | None


def symbols_page(lookup: TerraformLookup, limit: int, behind: Place, **wanted: Unpack[Wanted]) -> Page[StoredSymbol]:
    """At most `limit` symbols, in the order of source, path and line: the catalog's query does the cutting."""
    return _cut(lookup.page(limit + 1, behind, **wanted), limit)


def page_of(items: Sequence[Item], limit: int, behind: Place) -> Page[Item]:
    """At most `limit` of a list that is in the order of its places."""
    return _cut([item for item in items if item.place > behind], limit)


def _cut(rest: Sequence[Item], limit: int) -> Page[Item]:
    items = tuple(rest[:limit])
    return Page(items, items[-1].place if len(rest) > limit else None)
