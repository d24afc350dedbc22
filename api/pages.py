"""Pages for people, made on the server: no scripts, and nothing is loaded from elsewhere (the API's description at /docs)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

TEMPLATES = Path(__file__).parent / "templates"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def render(template: str, **values: Any) -> str:
    """A template's text, everything that is put into it escaped."""
    from jinja2 import Environment, FileSystemLoader

    pages = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return pages.get_template(template).render(**values)


def add_pages(app: FastAPI) -> None:
    """`/docs` from the application's own OpenAPI description."""

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        spec = app.openapi()
        page = render("api.html", spec=spec, examples=_examples(spec))
        return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"})


def _examples(spec: dict[str, Any]) -> dict[str, list[str]]:
    """A request body for each operation that takes one, from the examples of its schema."""
    found: dict[str, list[str]] = {}
    for methods in spec["paths"].values():
        for operation in methods.values():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            name = content.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
            properties = spec.get("components", {}).get("schemas", {}).get(name, {}).get("properties", {})
            body = {key: value["examples"][0] for key, value in properties.items() if value.get("examples")}
            if body:
                found[operation["operationId"]] = [json.dumps(body, indent=2)]
    return found
