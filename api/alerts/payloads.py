"""What tells of alerts: Alertmanager's webhook, PagerDuty's, or a bare name with labels and annotations; all made into `Alert`s.

Forms: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config (version 4),
https://developer.pagerduty.com/docs/webhooks-overview (v3).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from rag.alerts.records import Alert

MOST_ALERTS = 100
Name = Annotated[str, Field(max_length=500)]
Key = Annotated[str, Field(max_length=200)]
Value = Annotated[str, Field(max_length=4000)]
Texts = Annotated[dict[Key, Value], Field(max_length=64)]
_LABELS = {"alertname": "KubePodCrashLooping", "namespace": "payments", "severity": "warning"}
_NOTES = {"summary": "Pod is crash looping.", "runbook_url": "https://runbooks.example.org/kubepodcrashlooping"}


class FiredAlert(BaseModel):
    """One alert of Alertmanager's; what else it says is passed over."""

    model_config = ConfigDict(extra="ignore")

    status: Literal["firing", "resolved"] = "firing"
    labels: Texts = Field(examples=[_LABELS])
    annotations: Texts = Field(default={}, examples=[_NOTES])


class AlertmanagerWebhook(BaseModel):
    """Alertmanager's notification, version 4. Set `max_alerts: 100` at the receiver, since more are refused."""

    model_config = ConfigDict(extra="ignore")

    version: Literal["4"]
    alerts: list[FiredAlert] = Field(max_length=MOST_ALERTS)

    def told(self) -> list[Alert]:
        return [
            Alert(one.labels.get("alertname", "")[:500], one.labels, one.annotations, one.status) for one in self.alerts
        ]


class PagerDutyReference(BaseModel):
    """Something that an incident names."""

    model_config = ConfigDict(extra="ignore")

    summary: Value | None = None


class PagerDutyIncident(BaseModel):
    """What an event is about; events about nothing that has a title (a ping) tell of no alert."""

    model_config = ConfigDict(extra="ignore")

    type: Key = ""
    title: Name | None = None
    urgency: Key | None = None
    service: PagerDutyReference | None = None


class PagerDutyEvent(BaseModel):
    """The event of a webhook."""

    model_config = ConfigDict(extra="ignore")

    event_type: Key = Field(examples=["incident.triggered"])
    data: PagerDutyIncident


class PagerDutyWebhook(BaseModel):
    """PagerDuty's webhook, version 3. The alert's name is looked for in the incident's title."""

    model_config = ConfigDict(extra="ignore")

    event: PagerDutyEvent

    def told(self) -> list[Alert]:
        event, incident = self.event, self.event.data
        if not incident.title:
            return []
        labels = {"service": incident.service.summary if incident.service else None, "urgency": incident.urgency}
        status = "resolved" if event.event_type == "incident.resolved" else "firing"
        given = {key: value for key, value in labels.items() if value}
        return [Alert(incident.title, given, {"summary": incident.title}, status)]


class BareAlert(BaseModel):
    """An alert by its name, from whatever else there is."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(min_length=1, examples=["KubePodCrashLooping"])
    labels: Texts = {}
    annotations: Texts = {}

    def told(self) -> list[Alert]:
        return [Alert(self.name, self.labels, self.annotations)]


def _form_of(body: Any) -> str | None:
    """Which of the forms a body means to have, so that what is wrong is said of that one alone."""
    told = set(body) if isinstance(body, dict) else set()
    whole = next((form for form, asked in _ASKED.items() if asked <= told), None)
    return whole or next((form for form, asked in _ASKED.items() if told & asked), None)


def _any_of(schema: dict[str, Any]) -> None:
    """What one form doesn't know it passes over, so a body may be of two of them."""
    schema["anyOf"] = schema.pop("oneOf")


_ASKED = {"alertmanager": {"version", "alerts"}, "pagerduty": {"event"}, "name": {"name"}}  # what each must have
_TAKEN = (
    "send Alertmanager's webhook (version 4), PagerDuty's (v3), or one alert by its name, such as "
    '{"name": "KubePodCrashLooping", "labels": {"namespace": "payments"}}'
)
Payload = Annotated[
    Annotated[AlertmanagerWebhook, Tag("alertmanager")]
    | Annotated[PagerDutyWebhook, Tag("pagerduty")]
    | Annotated[BareAlert, Tag("name")],
    Discriminator(_form_of, custom_error_type="alert", custom_error_message=_TAKEN),
    Field(json_schema_extra=_any_of),
]
EXAMPLES: dict[str, Any] = {
    "Alertmanager": {
        "value": {"version": "4", "alerts": [{"status": "firing", "labels": _LABELS, "annotations": _NOTES}]}
    },
    "PagerDuty": {
        "value": {
            "event": {
                "event_type": "incident.triggered",
                "data": {
                    "type": "incident",
                    "title": "[FIRING:1] KubePodCrashLooping payments",
                    "service": {"summary": "k8s"},
                },
            }
        }
    },
    "a name": {"value": {"name": "KubePodCrashLooping", "labels": {"namespace": "payments"}}},
}
