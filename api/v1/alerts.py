"""`/v1/alerts`: from alerts to their runbooks, and which alert rules lack one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import Body, FastAPI, Query, Request

from api.access.caller import Calling, Seeing
from api.access.scopes import WRITE
from api.alerts.payloads import EXAMPLES, Payload
from api.alerts.views import alert_view, rule_view
from api.compose import Reader
from api.observability.audit import shown
from api.v1.cursors import Cursor, cursor_of, place_of
from api.v1.problems import PROBLEMS
from rag.alerts.records import Alert
from rag.terraform.pages import page_of


def add_alerts(app: FastAPI, reader: Reader, notify: Callable[[Sequence[Alert]], None]) -> None:
    """Adds the routes, over what each caller may read; `notify` is told of the alerts that come in, and does not wait."""

    @app.post("/v1/alerts", responses={k: PROBLEMS[k] for k in (400, 503)}, tags=["alerts"])
    def alerts(
        request: Request, body: Annotated[Payload, Body(openapi_examples=EXAMPLES)], caller: Calling
    ) -> dict[str, Any]:
        """The runbook of each alert of an Alertmanager webhook (version 4), of a PagerDuty event (v3), or of one alert by name.

        `found_by` says whether the rule's link led to it, its name or a search (""; there is none); `link.state` whether the link
        is resolved, dead (of a source of ours, and leads to nothing), outside (never asked), a template, or none. `steps` are
        quoted to the letter with their lines, warnings among them (`warns`), and commands that destroy something
        (`destructive`); `terraform` is what the runbook (`line`) or the labels (line 0) name.
        Alerts of one name and link are answered once."""
        began = time.perf_counter()
        told = body.told()
        found = reader.runbooks.answer(told, caller.viewer)
        if WRITE in caller.scopes:  # to look a runbook up tells nobody else
            notify(told)
        view = {
            "alerts": [alert_view(one) for one in found],
            "took_ms": round((time.perf_counter() - began) * 1000, 1),
        }
        return shown(request, "alert", ", ".join(one.alert.name for one in found), view)

    @app.get("/v1/alerts/rules", responses={k: PROBLEMS[k] for k in (400, 503)}, tags=["alerts"])
    def rules(
        request: Request,
        viewer: Seeing,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        cursor: Cursor = "",
        problems: Annotated[bool, Query(description="only rules with a `problem`")] = False,
    ) -> dict[str, Any]:
        """The alerting rules in synced repositories, by source, path and line, with the runbook that each alert would get.
        `problem`: no runbook, dead link, or runbook by search only."""
        found = [one for one in reader.runbooks.rules(viewer) if one.problem or not problems]
        page = page_of(found, limit, place_of(cursor))
        view = {
            "rules": [rule_view(one) for one in page.items],
            "total": len(found),
            "next_cursor": cursor_of(page.onward) if page.onward else None,
        }
        return shown(request, "alert", "", view)
