"""The audit of the command line: what is shown there is recorded under the name that the system knows its user by."""

from __future__ import annotations

import getpass
from typing import TypeVar

from rich.markup import escape

from api.compose import audit_of
from api.console import err
from api.observability.audit import Action, Asker
from api.settings import Settings
from rag.catalog import Catalog

View = TypeVar("View")


def shown_at_the_shell(settings: Settings, catalog: Catalog, action: Action, query: str, view: View) -> View:
    """Records what a command shows, and gives it back; it is written when this returns, or that it is not is said. Raises:
    StorageError when it can't be written, and is required."""
    audit = audit_of(settings, catalog)
    audit.shown(Asker(_user(), "shell"), "cli", action, query, view)
    if audit.recorder and not audit.recorder.flush(2.0):
        err.print(
            f"[yellow]{escape(str(audit.recorder.chain.file))} could not be written: this is not in the audit[/yellow]"
        )
    return view


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, in a container
        return ""
