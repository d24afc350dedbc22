"""`/terraform`: what code defines, and a block's page: its lines, what it rests on and what on it, drawn, and the pages that
mention it."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.access.caller import Seeing
from api.compose import Reader
from api.observability.audit import shown
from api.terraform_views import known_kind, mention_view, reference_view, symbol_view
from api.v1.cursors import cursor_of, place_of
from api.web.answers import place_link, query_of
from api.web.templating import is_part, respond
from rag.catalog.symbols import StoredReference, StoredSymbol, Wanted
from rag.terraform.lookup import TerraformLookup
from rag.terraform.pages import symbols_page
from rag.terraform.records import KINDS

_PAGE = 60
_BLOCKS = 10  # folders in which one address holds that are shown whole
Text = Annotated[str, Query(max_length=1000)]


def add_terraform_pages(router: APIRouter, reader: Reader) -> None:
    """Adds the route, over what each caller may read."""

    @router.get("/terraform")
    def terraform(
        request: Request, viewer: Seeing, address: Text = "", source: Text = "",
        folder: Annotated[str | None, Query(max_length=1000)] = None,
        kind: Text = "", cursor: Text = "",
    ) -> Response:  # fmt: skip
        """The blocks that define an address; without one, or with its beginning alone, a list."""
        lookup = reader.terraform(viewer)
        address = address.strip()
        found = lookup.defined(address, source, folder) if address else []
        if found and not (is_part(request) and len(found) > _BLOCKS):
            blocks = [_block(lookup, one) for one in found[:_BLOCKS]]
            shown(request, "terraform", address, blocks, face="web")
            return respond(
                request, "_terraform_blocks.html" if is_part(request) else "terraform_block.html", address=address,
                blocks=blocks, more=len(found) - len(blocks),
            )  # fmt: skip
        wanted: Wanted = {"kind": known_kind(kind), "source": source, "prefix": address}
        page = symbols_page(lookup, _PAGE, place_of(cursor), **wanted)
        onward = (
            query_of({"address": address, "kind": kind, "source": source, "cursor": cursor_of(page.onward)})
            if page.onward
            else ""
        )
        values: dict[str, Any] = {
            "address": address, "kind": kind, "kinds": KINDS, "total": lookup.count(**wanted), "onward": onward,
            "found": [(one, block_link(one)) for one in page.items],
        }  # fmt: skip
        shown(request, "terraform", address, [symbol_view(one) for one in page.items], face="web")
        return respond(request, "_symbols.html" if is_part(request) else "terraform.html", **values)


def block_link(one: StoredSymbol) -> str:
    """The page of a block."""
    return "/terraform?" + urlencode({"address": one.symbol.address, "source": one.source, "folder": one.folder})


def _block(lookup: TerraformLookup, one: StoredSymbol) -> dict[str, Any]:
    """All that the page shows of a block."""
    symbol = symbol_view(one)
    where = {"address": symbol["address"], "source": one.source, "folder": one.folder}
    return {
        **symbol,
        "drawing": "/v1/terraform/graph?" + urlencode({**where, "format": "svg", "depth": 1, "most": 30}),
        "wider": "/v1/terraform/graph?" + urlencode({**where, "format": "svg", "depth": 3}),
        "link": place_link(one.source, one.path, one.symbol.start, one.symbol.end),
        "attributes": [
            {**shown, "link": place_link(one.source, one.path, shown["start_line"], shown["end_line"])}
            for shown in symbol["attributes"]
        ],
        "references": [_reference(found, target=True) for found in lookup.references_of(one)],
        "referred_by": [_reference(found, target=False) for found in lookup.references_to(one)],
        "mentioned_in": [
            {**mention_view(found), "link": place_link(found.document.source, found.document.path, found.line)}
            for found in lookup.mentions(one)
        ],
    }


def _reference(found: StoredReference, *, target: bool) -> dict[str, Any]:
    """A reference with the line where it stands, and the page of what it names."""
    view = dict(reference_view(found))
    named = {"address": found.target, "source": found.source, "folder": found.folder}
    return {
        **view, "link": place_link(found.source, found.path, found.line),
        "page": "/terraform?" + urlencode(named) if target else "",
    }  # fmt: skip
