"""`POST /v1/feedback`: what a reader thought of an answer."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from api.access.caller import Calling
from api.compose import Reader
from api.v1.problems import answers
from api.v1.shapes import NotedShape
from rag.feedback import LONGEST


class FeedbackRequest(BaseModel):
    """Whether an answer was of use, and why (not)."""

    model_config = ConfigDict(extra="forbid")

    thread: str = Field(max_length=64, pattern=r"^[\w-]+$", description="the answer's `thread`")
    turn: int | None = Field(
        default=None, ge=1, le=1_000_000, description="which answer of it, the first being 1; without it the last"
    )
    useful: bool
    comment: str = Field(default="", max_length=LONGEST, description="credentials in it are taken out")


def add_feedback(app: FastAPI, reader: Reader) -> None:
    """Adds the route; `waypost feedback` lists what comes in."""

    @app.post("/v1/feedback", status_code=201, responses=answers(NotedShape, 404, 507, status=201), tags=["questions"])
    def feedback(body: FeedbackRequest, caller: Calling) -> dict[str, Any]:
        """Keeps whether an answer of one's own thread was of use; said again, it replaces what was said before."""
        opinion = reader.feedback.note(caller.viewer, caller.name, body.thread, body.turn, body.useful, body.comment)
        return {"id": opinion.id}
