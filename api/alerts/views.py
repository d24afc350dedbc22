"""Alerts, runbooks and rules as JSON."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from api.alerts.runbooks import AnsweredAlert, CheckedRule, Touched
from rag.alerts.records import Runbook
from rag.alerts.steps import Step


def alert_view(answered: AnsweredAlert, now: datetime | None = None) -> dict[str, Any]:
    """An alert with its runbook, what that says is to be done, and the Terraform that both name."""
    alert, runbook = answered.alert, answered.runbook
    return {
        "name": alert.name,
        "status": alert.status,
        "labels": dict(alert.labels),
        "count": answered.count,
        "found_by": runbook.found_by,
        "link": {"url": alert.link, "state": runbook.link},
        "runbook": runbook_view(runbook, now or datetime.now(UTC)),
        "steps": [_step_view(step) for step in answered.steps.steps],
        "steps_before": answered.steps.before,
        "steps_rest": answered.steps.rest,
        "terraform": [_touched_view(one) for one in answered.terraform],
    }


def runbook_view(runbook: Runbook, now: datetime) -> dict[str, Any] | None:
    """The document, at the lines that are for the alert; None where there is none."""
    document = runbook.document
    if document is None:
        return None
    total = document.text.count("\n") + (0 if document.text.endswith("\n") else 1)
    end = min(runbook.end or total, total)
    return {
        "id": document.id,
        "source": document.source,
        "path": document.path,
        "title": document.title,
        "heading": runbook.heading,
        "kind": document.kind,
        "version": document.version,
        "url": document.link(runbook.start, end) if runbook.heading else document.url,
        "start_line": runbook.start,
        "end_line": end,
        "updated_at": document.updated_at,
        "age_days": _days(document.updated_at, now),
        "owner": document.owner,
        "outdated": document.outdated,
        "reviewed_at": document.reviewed_at,
        "review_due": document.review_due,
        "review_overdue": bool(document.review_due) and document.review_due < now.date().isoformat(),
    }


def rule_view(checked: CheckedRule) -> dict[str, Any]:
    """A rule, where it stands, and the runbook that its alert would get."""
    rule, document, found = checked.stored.rule, checked.stored.document, checked.runbook.document
    return {
        "name": rule.alert.name,
        "source": document.source,
        "path": document.path,
        "line": rule.line,
        "url": document.link(rule.line, rule.line),
        "severity": rule.alert.labels.get("severity", ""),
        "templated": rule.templated,
        "link": {"url": rule.alert.link, "state": checked.runbook.link},
        "found_by": checked.runbook.found_by,
        "runbook": {"id": found.id, "source": found.source, "path": found.path, "title": found.title, "url": found.url}
        if found
        else None,
        "problem": checked.problem,
    }


def _step_view(step: Step) -> dict[str, Any]:
    citation = step.citation
    return {
        "quote": citation.quote,
        "heading": step.heading,
        "start_line": citation.start_line,
        "end_line": citation.end_line,
        "url": citation.url,
        "place": citation.place,
        "warns": step.warns,
        "destructive": [{"command": command, "effect": effect} for command, effect in step.destructive],
    }


def _touched_view(one: Touched) -> dict[str, Any]:
    symbol = one.symbol
    return {
        "address": symbol.symbol.address, "kind": symbol.symbol.kind, "source": symbol.source, "folder": symbol.folder,
        "path": symbol.path, "start_line": symbol.symbol.start, "line": one.line, "name": one.name,
    }  # fmt: skip


def _days(updated_at: str, now: datetime) -> int | None:
    try:
        return (now.date() - date.fromisoformat(updated_at[:10])).days
    except ValueError:
        return None
