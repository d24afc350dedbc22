"""When a source is synced by itself: a schedule and the last time give the next. `api.settings` and `api.scheduler` call this.

A schedule is a span (`15m`, `2h`, `1d`), five cron fields in UTC (`0 */4 * * *`), or `never`; without one it is an hour.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from cronsim import CronSim, CronSimError

from rag.errors import SettingsError

DEFAULT = "1h"
_SPAN = re.compile(r"(\d{1,5})\s*([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def next_sync(schedule: str, last: datetime | None) -> datetime | None:
    """When a source is due that was synced last at `last` (UTC; None: never, so it is due now); None: it never is.

    Raises: SettingsError for a schedule that can't be understood.
    """
    schedule = schedule.strip() or DEFAULT
    if schedule == "never":
        return None
    match = _SPAN.fullmatch(schedule)
    span = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else timedelta()
    try:
        after = (last or _LONG_AGO) + span if span else next(CronSim(schedule, last or _LONG_AGO))
    except (CronSimError, StopIteration):
        raise SettingsError(
            f"schedule {schedule!r} is not understood: write a span such as 15m, 2h or 1d, five cron fields, or never"
        ) from None
    return after if last else _LONG_AGO
