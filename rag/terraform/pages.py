"""What Terraform code defines, page by page: the catalog's query does the cutting. `/v1/terraform` calls this.

A page ends with the place where the next one begins, which holds while documents come and go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar, Unpack

from rag.catalog.symbols import Place, StoredSymbol, Wanted
from rag.terraform.lookup import Provider, TerraformLookup, required_providers

Item = TypeVar("Item")
START: Place = ("", "", -1, "")  # before every place


@dataclass(frozen=True)
class Behind:
    """Behind this place, and behind `given` of what the next symbol holds."""

    place: Place = START
    given: int = 0


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some of a list; `onward` is where the next page begins, None after the last."""

    items: tuple[Item, ...]
    onward: Behind | None


def symbols_page(lookup: TerraformLookup, limit: int, behind: Behind, **wanted: Unpack[Wanted]) -> Page[StoredSymbol]:
    """At most `limit` symbols, in the order of source, path and line."""
    found = lookup.page(limit + 1, behind.place, **wanted)
    items = tuple(found[:limit])
    return Page(items, Behind(items[-1].place) if len(found) > limit else None)


def providers_page(lookup: TerraformLookup, limit: int, behind: Behind) -> Page[Provider]:
    """At most `limit` providers that module folders require, in the order of their lines."""
    found: list[Provider] = []
    place, given = behind.place, behind.given
    while blocks := lookup.page(limit, place, kind="terraform"):
        for block in blocks:
            fresh, room = required_providers(block)[given:], limit - len(found)
            found += fresh[:room]
            if len(fresh) > room:
                return Page(tuple(found), Behind(place, given + room))
            place, given = block.place, 0
    return Page(tuple(found), None)
