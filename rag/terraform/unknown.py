"""What can't be told before apply: the reason, raised where a value is needed, or standing in for a part of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DIFFERS = "name an environment"  # ends a reason that an environment would take away


class CannotTellError(Exception):
    """Why a value is not known before apply."""


class AbsentError(CannotTellError):
    """There is no such element or attribute in a value that is known: what `try` and `can` catch."""


@dataclass(frozen=True)
class Unknown:
    """A part of a value (an element of a list, a member of an object) that can't be told."""

    why: str


def known(value: Any) -> Any:
    """The value, when all of it is known. Raises: CannotTellError with the reason of the first part that isn't."""
    if isinstance(value, Unknown):
        raise CannotTellError(value.why)
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        known(part)
    return value
