"""Who may read what in a wiki, as clauses of groups: a user is the group `user:ID` (Cloud: account id; Data Center: user name).

A page without restrictions of its own has those above it, so that an empty list is no clause: it never means nobody. What exists
and can't be read is a clause without groups, which nobody meets. They are read at every sync: a change of them makes no version.
https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-content-restrictions/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from ingest.sources.confluence.wiki import Found, Wiki

Clause = tuple[str, ...]
_LIMIT = 200
_MOST = 500  # answers of one list
_NOBODY: Clause = ()


class Restrictions:
    """Those of one wiki. A clause that holds one of `everyone` admits all. `of_spaces`: who may see a space counts, too."""

    def __init__(self, wiki: Wiki, everyone: Sequence[str], of_spaces: bool) -> None:
        self._wiki, self._everyone, self._counts_spaces = wiki, frozenset(everyone), of_spaces
        self._known: dict[str, list[Clause]] = {}
        self._spaces: dict[str, list[Clause]] = {}
        self._groups: dict[str, str] = {}

    def take(self, number: str, told: Any) -> None:
        """Takes over what a listing tells of a page, where it tells all of it."""
        lists = _lists((told or {}).get("read") if isinstance(told, dict) else None)
        if lists is not None and not any(_goes_on(one) for one in lists):
            self._known[number] = self._clause([one for part in lists for one in part["results"]])

    def of(self, number: str) -> list[Clause]:
        """The clauses of a page's own restrictions: none, or one."""
        if number not in self._known:
            self._known[number] = self._asked(number)
        return self._known[number]

    def of_space(self, number: str) -> list[Clause]:
        if not self._counts_spaces:
            return []
        if number not in self._spaces:
            self._spaces[number] = self._asked_of_space(number)
        return self._spaces[number]

    @property
    def readers_of_spaces(self) -> list[str] | None:
        """The groups and users that may see spaces which not everyone may see; None where there are no such spaces."""
        clauses = [clause for found in self._spaces.values() for clause in found]
        return sorted({name for clause in clauses for name in clause}) if clauses else None

    def _asked(self, number: str) -> list[Clause]:
        found: list[Found] = []
        start = 0
        for _ in range(_MOST):
            params: dict[str, str | int] = {
                "expand": "restrictions.user,restrictions.group",
                "start": start,
                "limit": _LIMIT,
            }
            told = self._wiki.hidden(f"content/{quote(number)}/restriction/byOperation/read", params=params)
            lists = _lists(told)
            if lists is None:
                return [_NOBODY]
            found += [one for part in lists for one in part["results"]]
            if not any(_goes_on(one) for one in lists):
                return self._clause(found)
            start += max(1, min(one["limit"] if isinstance(one.get("limit"), int) else _LIMIT for one in lists))
        return [_NOBODY]

    def _clause(self, found: Sequence[Any]) -> list[Clause]:
        if not found:
            return []
        names = {self._name(one) for one in found if isinstance(one, dict)} - {""}
        return [] if names & self._everyone else [tuple(sorted(names))]

    def _name(self, told: Found) -> str:
        if told.get("type") == "group" or ("name" in told and "displayName" not in told):
            return str(told.get("name") or "")
        user = told.get("accountId") if self._wiki.cloud else told.get("username") or told.get("userKey")
        return f"user:{user}" if user else ""

    def _asked_of_space(self, number: str) -> list[Clause]:
        if self._wiki.hidden(f"spaces/{quote(number)}/permissions", v2=True, params={"limit": 1}) is None:
            return [_NOBODY]
        names: set[str] = set()
        for told in self._wiki.walk_v2(f"spaces/{quote(number)}/permissions", {"limit": 250}):
            operation, principal = told.get("operation") or {}, told.get("principal") or {}
            if operation.get("key") == "read" and operation.get("targetType") == "space":
                kind, of = str(principal.get("type")), str(principal.get("id") or "")
                names.add(self._group(of) if kind == "group" else f"{kind}:{of}")
        names.discard("")
        return [] if names & self._everyone else [tuple(sorted(names))]

    def _group(self, number: str) -> str:
        if number not in self._groups:
            told = self._wiki.hidden("group/by-id", params={"id": number})
            self._groups[number] = str((told or {}).get("name") or "")
        return self._groups[number]


def _lists(told: Any) -> list[dict[str, Any]] | None:
    """The lists of users and groups of an operation; None where they are not told."""
    within = told.get("restrictions") if isinstance(told, dict) else None
    lists = [within.get("user"), within.get("group")] if isinstance(within, dict) else []
    whole = [one for one in lists if isinstance(one, dict) and isinstance(one.get("results"), list)]
    if len(whole) != 2 or any(one.get("size", len(one["results"])) != len(one["results"]) for one in whole):
        return None
    return whole


def _goes_on(told: dict[str, Any]) -> bool:
    """Whether there may be more in a list than it holds."""
    limit = told.get("limit")
    return bool((told.get("_links") or {}).get("next")) or (
        isinstance(limit, int) and 0 < limit <= len(told["results"])
    )
