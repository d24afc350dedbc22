"""`/livez` and `/readyz`, for what watches over the process."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import FastAPI

from api.compose import Reader
from api.v1.problems import answers
from api.v1.shapes import HealthShape, ReadyShape
from rag.records import Viewer


def add_health(app: FastAPI, reader: Reader) -> None:
    """Adds the routes, which are open to everybody."""

    @app.get("/livez", responses=answers(HealthShape), tags=["health"])
    def livez() -> dict[str, str]:
        """The process runs."""
        return {"status": "ok"}

    @app.get("/readyz", responses=answers(ReadyShape), tags=["health"])
    def readyz() -> dict[str, Any]:
        """The catalog and the lexical index answer; says how far the indexes are."""
        coverage = reader.retriever.search("ready", Viewer(), 1).coverage
        return {"status": "ok", "coverage": asdict(coverage)}
