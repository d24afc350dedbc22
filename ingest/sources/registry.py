"""The types of sources there are: ours by name, and others' by the entry points of `waypost.sources` that packages declare.

`api.settings` reads entries of waypost.yaml by them, and `api.compose` makes sources. How to add one: docs/sources.md.
"""

from __future__ import annotations

import difflib
import re
from functools import lru_cache
from importlib import import_module
from importlib.metadata import entry_points

from ingest.sources import SourceType
from rag.errors import SettingsError

GROUP = "waypost.sources"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")  # it names a folder, too
_OURS = {
    "confluence": "ingest.sources.confluence",
    "dokuwiki": "ingest.sources.dokuwiki",
    "folder": "ingest.sources.folder",
    "git": "ingest.sources.git",
    "llamahub": "ingest.sources.llamahub",
    "mediawiki": "ingest.sources.mediawiki",
    "notion": "ingest.sources.notion",
    "website": "ingest.sources.website",
}


def names() -> list[str]:
    """Of all types, ours first."""
    return [*_OURS, *sorted({point.name for point in entry_points(group=GROUP)} - set(_OURS))]


@lru_cache
def source_type(name: str) -> SourceType:
    """The type of that name. Raises: SettingsError when there is none, or its package can't be loaded."""
    if name in _OURS:
        found: SourceType = import_module(_OURS[name]).TYPE
        return found
    points = list(entry_points(group=GROUP, name=name))
    if not points:
        near = difflib.get_close_matches(name, names(), 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SettingsError(f"this Waypost knows: {', '.join(names())}{hint}")
    packages = sorted(point.dist.name if point.dist else point.value for point in points)
    if len(points) > 1:
        raise SettingsError(f"several packages call a type so: {', '.join(packages)}; uninstall all but one")
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"it is of the package {packages[0]}, but a type is named by small letters, digits, - and _"
        )
    try:
        loaded = points[0].load()
    except (Exception, SystemExit) as error:  # it is others' code
        raise SettingsError(f"it is of the package {packages[0]}, which can't be loaded: {error!r}") from error
    if not isinstance(loaded, SourceType):
        raise SettingsError(
            f"it is of the package {packages[0]}, but {points[0].value} is no ingest.sources.SourceType"
        )
    return loaded
