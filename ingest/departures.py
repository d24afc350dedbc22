"""When a path or a Terraform address went from a repository, as its history tells. `waypost drift` asks through `api.compose`."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from ingest.git import GitRepository
from rag.errors import SourceError

_HEADER = re.compile(r"^(resource|data|module)\s+\"([\w-]+)\"(?:\s+\"([\w-]+)\")?\s*\{")


def departures(repository: GitRepository, head: str, paths: Sequence[str], names: Iterable[str]) -> dict[str, str]:
    """Of paths (files and folders) and addresses (`module.x`, `aws_vpc.main`): the day and commit in which the last of each was
    taken out. What never was there has none."""
    found: dict[str, str] = {}
    wanted = {path.strip("/") for path in paths}
    for commit, seconds, gone in repository.removals(head):
        for path in gone:
            at = path
            while at:
                if at in wanted:
                    found.setdefault(at, _told(commit, seconds))
                at = at.rpartition("/")[0]
    asked = set(names)
    with contextlib.suppress(SourceError):  # a clone without old texts can't tell of names
        for commit, seconds, line in repository.removed_lines(head, ".tf") if asked else ():
            match = _HEADER.match(line)
            address = _address(match) if match else ""
            if address in asked:
                found.setdefault(address, _told(commit, seconds))
    return found


def _address(match: re.Match[str]) -> str:
    kind, first, second = match.groups()
    return f"module.{first}" if kind == "module" else f"{'data.' if kind == 'data' else ''}{first}.{second}"


def _told(commit: str, seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}, commit {commit[:12]}"
