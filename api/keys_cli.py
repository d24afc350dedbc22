"""`waypost keys`: who may ask by HTTP, what they may read and do, and until when. Changes hold from the next request on."""

from __future__ import annotations

import difflib
import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from api.access.scopes import SCOPES
from api.console import ConfigOption, JsonOption, err, out, print_json, settings_from
from api.settings import parts_of
from rag.errors import SettingsError

if TYPE_CHECKING:
    from api.access.keys import Key, Keys

keys = typer.Typer(no_args_is_help=True, help="Keys by which tools and people ask over HTTP (docs/access.md).")

_UNITS = {"h": 1, "d": 24, "w": 24 * 7}
_NameArgument = Annotated[str, typer.Argument(metavar="NAME|ID", help="The key's name or id.")]
_GROUPS = "Comma-separated groups, whose documents it may read beside those for everyone."
_SCOPES = "What it may do, comma-separated: read, ask, write, metrics, admin."
_EXPIRES = "When it ends: 90d, 12h, 4w, a date such as 2027-01-31 (UTC), or never."
_REQUESTS = "Requests in a minute; 0: any number. Without it, WAYPOST_REQUESTS_PER_MINUTE."
_TOKENS = "The model's tokens in a day; 0: any number. Without it, WAYPOST_TOKENS_PER_DAY."


@keys.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Whose or what for it is, such as ci or ada@example.org.")],
    groups: Annotated[str, typer.Option(help=_GROUPS)] = "",
    scopes: Annotated[str, typer.Option(help=_SCOPES)] = "read,ask",
    expires: Annotated[str, typer.Option(help=_EXPIRES)] = "90d",
    requests_per_minute: Annotated[int | None, typer.Option(min=0, help=_REQUESTS)] = None,
    tokens_per_day: Annotated[int | None, typer.Option(min=0, help=_TOKENS)] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key, and print its token: once, for it is kept nowhere."""
    key, token = _keys(config).create(
        name, parts_of(groups), scopes_of(scopes), end_of(expires), requests_per_minute=requests_per_minute,
        tokens_per_day=tokens_per_day,
    )  # fmt: skip
    if as_json:
        print_json({"token": token, **_view(key)})
        return
    out.print(token)
    err.print(f"{escape(_told(key))}\nThe token is shown this once. Send it as `Authorization: Bearer …`.")


@keys.command("list")
def listed(
    everything: Annotated[bool, typer.Option("--all", help="Those that are revoked too.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the keys: their groups, scopes, end, and when each was last used."""
    found = _keys(config).listed(revoked=everything)
    if as_json:
        print_json({"keys": [_view(key) for key in found]})
        return
    for key in found:
        out.print(escape(_told(key)))
    if not found:
        out.print("there are no keys; `waypost keys create NAME` makes one")


@keys.command("edit")
def edit(
    name: _NameArgument,
    groups: Annotated[str | None, typer.Option(help=_GROUPS)] = None,
    scopes: Annotated[str | None, typer.Option(help=_SCOPES)] = None,
    expires: Annotated[str | None, typer.Option(help=_EXPIRES)] = None,
    requests_per_minute: Annotated[int | None, typer.Option(min=0, help=_REQUESTS)] = None,
    tokens_per_day: Annotated[int | None, typer.Option(min=0, help=_TOKENS)] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what a key may read or do, or when it ends; its token stays. What is not named stays too."""
    changes: dict[str, Any] = {
        "groups": None if groups is None else parts_of(groups),
        "scopes": None if scopes is None else scopes_of(scopes),
        "expires_at": None if expires is None else end_of(expires),
        "requests_per_minute": requests_per_minute,
        "tokens_per_day": tokens_per_day,
    }
    given = {column: value for column, value in changes.items() if value is not None}
    if not given:
        raise SettingsError(
            "say what to change: --groups, --scopes, --expires, --requests-per-minute, --tokens-per-day"
        )
    _show(_keys(config).change(name, **given), as_json)


@keys.command("revoke")
def revoke(name: _NameArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """End a key, and the sessions that were begun with it: the next request is refused."""
    _show(_keys(config).revoke(name), as_json)


def _keys(config: Any) -> Keys:
    from api.access.keys import FILE, Keys

    return Keys(settings_from(config, told=False).home / FILE)


def _show(key: Key, as_json: bool) -> None:
    if as_json:
        print_json(_view(key))
    else:
        out.print(escape(_told(key)))


def _view(key: Key) -> dict[str, Any]:
    return {**asdict(key), "state": key.state}


def _told(key: Key) -> str:
    ends = f"until {key.expires_at[:16].replace('T', ' ')}" if key.expires_at else "without an end"
    used = f"last used {key.last_used_at[:16].replace('T', ' ')}" if key.last_used_at else "never used"
    groups = ", ".join(key.groups) or "none"
    return f"{key.name}  {key.id}  {key.state}, {ends}, {used}\n   groups: {groups}; scopes: {', '.join(key.scopes)}"


def scopes_of(given: str) -> tuple[str, ...]:
    """The scopes of an option. Raises: SettingsError for one that there is not, or none."""
    found = parts_of(given)
    for scope in found:
        if scope not in SCOPES:
            near = difflib.get_close_matches(scope, SCOPES, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise SettingsError(f"there is no scope {scope!r}{hint} There are: {', '.join(sorted(SCOPES))}")
    if not found:
        raise SettingsError(f"a key needs a scope; there are: {', '.join(sorted(SCOPES))}")
    return found


def end_of(given: str) -> str:
    """When a key ends, in UTC, "" for never. Raises: SettingsError for what is no time to come."""
    if given == "never":
        return ""
    if found := re.fullmatch(r"(\d{1,5})([hdw])", given):
        at = datetime.now(UTC) + timedelta(hours=int(found[1]) * _UNITS[found[2]])
    else:
        try:
            at = datetime.fromisoformat(given)
        except ValueError:
            raise SettingsError(f"--expires {given}: write 90d, 12h, 4w, a date such as 2027-01-31, or never") from None
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    if at <= datetime.now(UTC):
        raise SettingsError(f"--expires {given} has passed already; a key that must end now is revoked")
    return at.isoformat(timespec="seconds")
