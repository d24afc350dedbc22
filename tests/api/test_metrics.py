"""`/metrics`: what Prometheus is told, under few labels, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from fastapi.testclient import TestClient
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from api.http import make_app
from api.observability.metrics import Metrics
from api.observability.seen import seen_by
from api.observability.watch import Served
from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from tests.api.conftest import LOOPBACK
from tests.conftest import configure, write

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def client(owner: Owner, sync: Callable[..., SyncReport], tmp_path: Path, settings: Settings) -> Iterator[TestClient]:
    write(tmp_path / "wiki", {"unlock.md": "# Unlock\n\nRun `terraform force-unlock` with the lock id.\n"})
    configure(
        settings, {"name": "wiki", "type": "folder", "path": str(tmp_path / "wiki")},
        {"name": "gone", "type": "folder", "path": str(tmp_path / "nowhere")},
    )  # fmt: skip
    sync()
    with TestClient(make_app(settings, owner.reader()), base_url="http://127.0.0.1:8765", client=LOOPBACK) as opened:
        yield opened


def told(client: TestClient) -> dict[str, float]:
    """Every sample, by its name with its labels."""
    text = client.get("/metrics").text
    return {
        sample.name + "".join(f",{k}={v}" for k, v in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_by_the_template_of_their_route(client: TestClient) -> None:
    for path in ("/v1/documents/one", "/v1/documents/two", "/nowhere/1", "/nowhere/2", "/v1/search?q=x"):
        client.get(path)
    client.request("BREW", "/v1/search")
    found = told(client)
    documents = ",method=GET,route=/v1/documents/{document_id}"
    assert found[f"waypost_http_requests_total{documents},status=404"] == 2
    assert found[f"waypost_http_request_duration_seconds_count{documents}"] == 2
    assert found["waypost_http_requests_total,method=GET,route=unmatched,status=404"] == 2
    assert found["waypost_http_requests_total,method=GET,route=/v1/search,status=200"] == 1
    assert [name for name in found if "method=other" in name]
    assert not [name for name in found if "nowhere/" in name or "/one" in name or "BREW" in name]
    assert found["waypost_http_requests_in_progress"] == 1  # this one


def test_answers_and_their_steps(client: TestClient) -> None:
    client.post("/v1/ask", json={"question": "How do I force-unlock terraform?"})
    client.post("/v1/ask", json={"question": "Who feeds the office llama?"})
    found = told(client)
    answers = {name: value for name, value in found.items() if name.startswith("waypost_answers_total")}
    assert sum(answers.values()) == 2
    assert answers["waypost_answers_total,degraded=no,face=http,model=extractive,verdict=answered"] == 1
    assert found["waypost_step_duration_seconds_count,step=retrieve"] == 2
    assert found["waypost_step_duration_seconds_count,step=verify"] >= 1
    assert found["waypost_shown_total,action=ask,face=http"] == 2


def test_tokens_and_models_are_counted_under_few_names() -> None:
    metrics = Metrics()
    for n in range(50):
        metrics.shown(
            "ask", "http", "", {"verdict": "x" * n, "model": f"m{n}", "usage": {"input_tokens": 3, "requests": 1}}
        )
    models = {s.labels["model"] for f in metrics.registry.collect() for s in f.samples if "model" in s.labels}
    assert (len(models), "other" in models) == (21, True)
    value = metrics.registry.get_sample_value
    assert value("waypost_model_tokens_total", {"model": "m3", "kind": "input"}) == 3
    assert value("waypost_model_tokens_total", {"model": "m3", "kind": "requests"}) is None
    verdicts = {s.labels["verdict"] for f in metrics.registry.collect() for s in f.samples if "verdict" in s.labels}
    assert verdicts == {"other"}


def test_syncs_sources_and_indexes(client: TestClient) -> None:
    found = told(client)
    assert found["waypost_documents,source=wiki"] == 1
    assert found["waypost_sync_runs_total,outcome=done,source=wiki"] == 1
    assert found["waypost_sync_runs_total,outcome=failed,source=gone"] == 1
    assert 0 <= found["waypost_source_age_seconds,source=wiki"] < 3600
    assert "waypost_source_age_seconds,source=gone" not in found
    assert (found["waypost_source_never_synced,source=gone"], found["waypost_source_never_synced,source=wiki"]) == (
        1,
        0,
    )
    assert found["waypost_source_state,source=wiki,state=ok"] == 1
    assert found["waypost_held_deletions,source=wiki"] == found["waypost_quarantined_documents,source=wiki"] == 0
    for index in ("lexical", "documents", "vectors"):
        assert found[f"waypost_index_lag_changes,index={index}"] == 0
    assert (found["waypost_passages"], found["waypost_passages_without_vector"], found["waypost_catalog_up"]) == (
        1,
        0,
        1,
    )
    assert found["waypost_queue_length,queue=audit"] >= 0
    assert [name for name in found if name.startswith("waypost_build_info")]


def test_an_index_that_lags_is_told(client: TestClient, owner: Owner, tmp_path: Path) -> None:
    with owner.catalog.write() as writer:
        writer.remove_source("wiki")  # and no index follows
    assert told(client)["waypost_index_lag_changes,index=lexical"] > 0


def test_open_metrics_too(client: TestClient) -> None:
    reply = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert reply.headers["content-type"].startswith("application/openmetrics-text")
    assert "waypost_http_requests" in {family.name for family in open_metrics(reply.text)}


def test_two_applications_count_for_themselves(client: TestClient, owner: Owner, settings: Settings) -> None:
    other = TestClient(make_app(settings, owner.reader()), base_url="http://127.0.0.1:8765", client=LOOPBACK)
    client.get("/livez")
    assert "waypost_http_requests_total,method=GET,route=/livez,status=200" in told(client)
    assert "waypost_http_requests_total,method=GET,route=/livez,status=200" not in told(other)


def test_every_metric_of_the_alerts_is_there_and_each_alert_has_a_runbook(client: TestClient) -> None:
    client.post("/v1/ask", json={"question": "How do I force-unlock terraform?"})
    named = {name.partition(",")[0] for name in told(client)}
    rules = yaml.safe_load((ROOT / "docs/waypost-alerts.yaml").read_text())
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    text = (ROOT / "docs/operating.md").read_text() + (ROOT / "docs/observability.md").read_text()
    import re

    for alert in alerts:
        for metric in re.findall(r"waypost_\w+", alert["expr"]):
            assert metric in named or metric.endswith("_bucket"), (alert["alert"], metric)
        anchor = alert["annotations"]["runbook_url"].partition("#")[2]
        headings = {
            re.sub(r"[^\w -]", "", h).strip().lower().replace(" ", "-") for h in re.findall(r"^#+ (.+)$", text, re.M)
        }
        assert anchor in headings, alert["alert"]


def test_what_is_seen_costs_less_than_a_millisecond(owner: Owner, settings: Settings) -> None:
    seen = seen_by(settings, owner.reader())
    view = {
        "results": [{"document_id": f"d{n}", "version": "v", "text": "x" * 500} for n in range(20)],
        "verdict": "answered",
    }
    from api.observability.audit import Asker

    began = time.process_time()
    for n in range(300):
        seen.metrics.begun()
        seen.audit.shown(Asker("ann", "key", "r"), "http", "search", f"word {n}", view)
        seen.served(Served("GET", "/v1/search", 200, 0.01, {"state": {}}))
    spent = (time.process_time() - began) / 300
    seen.close()
    assert (
        spent < 0.005
    )  # seconds of CPU, the writer's included, on a machine that is busy; docs/observability.md has figures
