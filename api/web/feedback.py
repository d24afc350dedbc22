"""What readers thought of answers: the one place where the page hands it on."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass

from api.access.caller import Caller
from api.compose import Reader
from api.settings import Settings


@dataclass(frozen=True)
class Verdict:
    """Whether a turn (from 1) of a thread helped, and in which words."""

    thread: str
    turn: int
    helped: bool
    note: str


def keep_feedback(settings: Settings, reader: Reader, caller: Caller, said: Verdict) -> None:
    """Keeps a reader's verdict; until the store of `/v1/feedback` is there, in the log."""
    del settings, reader
    logging.getLogger(__name__).info("feedback of %s: %s", caller.name, json.dumps(asdict(said)))
