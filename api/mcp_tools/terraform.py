"""`terraform_lookup`: what defines an address, what refers to it, and what a value is before apply."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from api.access.scopes import READ
from api.mcp_tools.tool import Arguments, Asking, Told, Tool
from api.terraform_views import SymbolView, ValueView, shown_view, used_view, values_view
from rag.errors import SettingsError

_FEW = 20  # symbols or values of one answer
_MANY = 50  # references or mentions of a symbol, attributes of it
_LONG = 2_000  # characters of an expression


class LookupArguments(Arguments):
    """What to look up, and where."""

    address: Annotated[
        str,
        Field(
            min_length=1,
            max_length=1000,
            description="An address such as aws_s3_bucket.logs, var.region or module.vpc.aws_vpc.main; for a value that of an "
            "attribute, such as aws_db_instance.main.instance_class, var.size, local.name or output.id.",
            examples=["aws_db_instance.main"],
        ),
    ]
    want: Annotated[
        Literal["definition", "references", "value"],
        Field(
            description="definition: what defines it, with attributes, lines and the pages that mention it; references: what "
            "refers to it, also across modules; value: what it is before apply, and through which lines it comes."
        ),
    ] = "definition"
    environment: Annotated[
        str,
        Field(
            max_length=1000,
            description="For a value: the environment (a folder, .tfvars file or workspace). Empty: all.",
        ),
    ] = ""
    source: Annotated[str, Field(max_length=64, description="Only this source. Empty: all.")] = ""
    folder: Annotated[
        str | None, Field(max_length=1000, description="Only this module folder; an empty text is a source's top.")
    ] = None


@with_config(ConfigDict(extra="allow"))
class LookupOut(TypedDict):
    """`symbols` of a definition (`references`, `mentioned_in`) or of what refers to it (`referred_by`), or `values`; `left_out`
    counts what was too much to tell: narrow it by source or folder."""

    symbols: NotRequired[list[SymbolOut]]
    values: NotRequired[list[ValueView]]
    note: NotRequired[str]
    left_out: int


@with_config(ConfigDict(extra="allow"))
class SymbolOut(SymbolView):
    """A symbol with what was asked of it; `left_out` counts what was too much to tell."""

    left_out: int


def _look_up(asking: Asking, arguments: LookupArguments) -> Told:
    lookup, address = asking.reader.terraform(asking.viewer), arguments.address
    where = arguments.source, arguments.folder
    if arguments.environment and arguments.want != "value":
        raise SettingsError('environment goes with want: "value" alone; set that, or leave environment out')
    if arguments.want == "value":
        found = values_view(lookup, address, arguments.environment, *where)
        few = _first(found["values"], _FEW)
        told: dict[str, Any] = {"values": few, "note": found["note"], "left_out": len(found["values"]) - len(few)}
    else:
        symbols: list[Any] = (
            list(shown_view(lookup, address, *where)["symbols"])
            if arguments.want == "definition"
            else list(
                used_view([(one, lookup.references_to(one)) for one in lookup.define(address, *where)])["symbols"]
            )
        )
        told = {"symbols": [_bounded(one) for one in symbols[:_FEW]], "left_out": max(len(symbols) - _FEW, 0)}
    return Told(told, json.dumps(told, ensure_ascii=False))


def _bounded(symbol: dict[str, Any]) -> dict[str, Any]:
    """A symbol whose lists and expressions are no longer than can be read."""
    short: dict[str, Any] = dict(symbol)
    left_out = 0
    for name, value in symbol.items():
        if isinstance(value, list):
            short[name] = _first(value, _MANY)
            left_out += len(value) - len(short[name])
    short["attributes"] = [
        {**one, "value": one["value"] if len(one["value"]) <= _LONG else one["value"][: _LONG - 1] + "…"}
        for one in short["attributes"]
    ]
    return {**short, "left_out": left_out}


def _first(found: list[Any], most: int) -> list[Any]:
    return found[:most]


TERRAFORM_LOOKUP = Tool(
    "terraform_lookup",
    "Look Terraform up",
    "Looks an address up in this organisation's Terraform code: what defines it, what refers to it, or what a value is in an "
    "environment before apply, with files and lines. It reads code, never state.",
    READ,
    LookupArguments,
    LookupOut,
    _look_up,
    action="terraform",
)
