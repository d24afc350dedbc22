"""Who a Slack user is to Waypost: a YAML file (WAYPOST_SLACK_USERS) maps user ids or e-mail addresses to groups.

It is read anew when it changes, so that a group taken away is gone with the next question. Whoever it doesn't name sees what
`everyone` may see.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import yaml

from rag.errors import SettingsError
from rag.records import Viewer

_MOST_BYTES = 5_000_000


class People:
    """The users of a workspace; `email_of` asks Slack, and is asked only where the file names addresses."""

    def __init__(self, file: Path | None, email_of: Callable[[str], str]) -> None:
        self._file = file
        self._email_of = email_of
        self._reading = threading.Lock()
        self._read: tuple[tuple[int, int], dict[str, tuple[str, ...]]] | None = None
        if file:
            groups_in(file)  # what is wrong with it is said at the start

    def viewer(self, user: str) -> Viewer:
        """What a user may read."""
        groups = self._groups()
        own = groups.get(user.lower())
        if own is None and any("@" in name for name in groups):
            own = groups.get(self._email_of(user).lower())
        return Viewer.of(own or ())

    def _groups(self) -> dict[str, tuple[str, ...]]:
        """The file as it is now; nothing where it can't be read: whoever it named sees less, not more."""
        if self._file is None:
            return {}
        try:
            with self._reading:
                told = self._file.stat()
                key = (told.st_mtime_ns, told.st_size)
                if self._read is None or self._read[0] != key:
                    self._read = (key, groups_in(self._file))
                return self._read[1]
        except (OSError, SettingsError) as error:
            logging.getLogger(__name__).warning(
                "WAYPOST_SLACK_USERS can't be read; everybody sees what everyone may: %s", error
            )
            return {}


def groups_in(file: Path) -> dict[str, tuple[str, ...]]:
    """The groups by user, in lower case. Raises: SettingsError, saying what to change."""
    where = f"WAYPOST_SLACK_USERS={file}"
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise SettingsError(f"{where}: the file is too large")
        loaded = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{where} can't be read: {error}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SettingsError(
            f"{where} is not valid YAML: {getattr(error, 'problem', None) or type(error).__name__}"
        ) from error
    if not isinstance(loaded, dict):
        raise SettingsError(f"{where} must be a mapping from user ids or e-mail addresses to lists of groups")
    found: dict[str, tuple[str, ...]] = {}
    for name, groups in loaded.items():
        listed = [groups] if isinstance(groups, str) else groups
        if not isinstance(name, str) or not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise SettingsError(f"{where}: {str(name)[:80]!r} must have a list of names of groups")
        found[name.lower()] = tuple(listed)
    return found
