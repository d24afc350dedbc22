"""What is told of sources: to whoever runs Waypost, and to askers, who learn nothing of what they may not read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient

from api.http import make_app
from api.owner import open_owner
from api.settings import Settings
from tests.api.conftest import LOOPBACK, Run, loaded
from tests.conftest import configure, write

PAGE = {"unlock.md": "# Unlock\n\nRun force-unlock.\n", "logo.png": b"\x89PNG\0\0"}


def folder(tmp_path: Path, name: str, files: dict[str, str | bytes], **more: object) -> dict[str, object]:
    return {"name": name, "type": "folder", "path": str(write(tmp_path / name, files)), **more}


def test_each_source_is_told_of_synced_or_not(settings: Settings, tmp_path: Path) -> None:
    broken = {"name": "broken", "type": "folder", "path": str(tmp_path / "none")}
    wiki = folder(tmp_path, "wiki", {**PAGE, "bad.md": "---\naudience: [ops\n---\n# X\n"}, schedule="never")
    configure(settings, wiki, broken)
    with open_owner(settings, "serve") as owner:
        owner.sync([], lambda step: None, lambda: False)
        configure(
            settings, wiki, broken, folder(tmp_path, "later", PAGE), folder(tmp_path, "ours", PAGE, audience=["sre"])
        )
        client = TestClient(make_app(settings, owner.reader()), base_url="http://localhost", client=LOOPBACK)
        told = {one["name"]: one for one in client.get("/v1/sources").json()["sources"]}
    assert {name: one["state"] for name, one in told.items()} == {
        "broken": "never synced", "later": "never synced", "wiki": "ok",
    }  # fmt: skip
    assert "there is no folder" in told["broken"]["message"]
    assert told["later"]["next_sync"] > "2026"
    assert (told["wiki"]["schedule"], told["wiki"]["next_sync"]) == ("never", "")
    assert told["wiki"]["counts"] == {"indexed": 1, "skipped": 1, "quarantined": 1}
    assert told["wiki"]["last_run"]["counts"] == {"listed": 3, "indexed": 1, "skipped": 1, "quarantined": 1, "gone": 0}
    assert [(one["outcome"], one["count"]) for one in told["wiki"]["reasons"]] == [("quarantined", 1), ("skipped", 1)]
    assert "logo" not in json.dumps(told["wiki"])
    assert {one["counts_hidden"] for one in told.values()} == {""}


def test_who_may_not_read_everything_is_told_in_words_that_counts_are_hidden(
    settings: Settings, tmp_path: Path
) -> None:
    pages: dict[str, str | bytes] = {f"{n}.md": f"---\naudience: sre\n---\n# S {n}\n" for n in range(30)}
    wiki = folder(tmp_path, "wiki", {**PAGE, **pages})
    configure(settings, wiki)
    with open_owner(settings, "serve") as owner:
        owner.sync([], lambda step: None, lambda: False)
        for name in pages:
            (tmp_path / "wiki" / name).unlink()
        owner.sync([], lambda step: None, lambda: False)
        client = TestClient(make_app(settings, owner.reader()), base_url="http://localhost", client=LOOPBACK)
        (source,) = client.get("/v1/sources").json()["sources"]
        run = client.get("/v1/runs").json()["runs"][0]
        everything = settings.model_copy(update={"groups": "sre"})
        client = TestClient(make_app(everything, owner.reader()), base_url="http://localhost", client=LOOPBACK)
        (whole,) = client.get("/v1/sources").json()["sources"]
    for told in (source, run, source["last_run"]):
        assert told["counts"] == {}
        assert not re.search("30|31", told["message"])
    assert (source["state"], source["documents"], source["reasons"]) == ("held", 1, [])
    assert "may not read everything" in source["counts_hidden"]
    assert "may not read everything" in run["counts_hidden"]
    assert (whole["counts"], whole["counts_hidden"]) == ({"indexed": 31, "held": 30, "skipped": 1}, "")
    assert "30 of its 31 documents" in whole["message"]


def told_to_everyone(settings: Settings, tmp_path: Path, *sources: dict[str, object]) -> Any:
    """All that an asker without groups is told, without times and what is named after when it happened."""
    configure(settings, *sources)
    with open_owner(settings, "serve") as owner:
        owner.sync([], lambda step: None, lambda: False)
        client = TestClient(make_app(settings, owner.reader()), base_url="http://localhost", client=LOOPBACK)
        replies = [
            client.get("/v1/sources"), client.get("/v1/runs", params={"limit": 1}), client.get("/readyz"),
            client.get("/v1/search", params={"q": "force-unlock"}),
            client.get("/v1/search", params={"q": "force-unlock", "source": "secret"}),
            client.get("/v1/runs", params={"source": "secret"}), client.get("/v1/drift"),
            client.post("/v1/ask", json={"question": "How do I force-unlock?"}),
            client.post("/v1/ask", json={"question": "where are the payouts made?"}),
        ]  # fmt: skip
    text = json.dumps([reply.json() for reply in replies])
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", "TIME", text)
    text = re.sub(r'"(thread|request_id)": "[^"]+"', r'"\1": "RANDOM"', text)
    return json.loads(re.sub(r'"(took_ms|score)": [\d.]+', r'"\1": 0', text))


@pytest.mark.parametrize("first", [True, False])
def test_nothing_tells_of_a_source_that_is_hidden(tmp_path: Path, *, first: bool) -> None:
    def home(name: str) -> Settings:
        return Settings(home=tmp_path / name, config=tmp_path / f"{name}.yaml", embedder="hashing")

    wiki = folder(tmp_path, "wiki", PAGE)
    secret = folder(tmp_path, "secret", {"pay.md": "# Payouts\n\nThe payouts are made at 04:10.\n"}, audience=["sre"])
    both = (secret, wiki) if first else (wiki, secret)
    assert told_to_everyone(home("with"), tmp_path, *both) == told_to_everyone(home("without"), tmp_path, wiki)


def test_a_source_that_is_no_longer_named_counts_while_something_of_it_is_stored(run: Run, tmp_path: Path) -> None:
    def named(*sources: dict[str, object]) -> None:
        (tmp_path / "waypost.yaml").write_text(yaml.safe_dump({"sources": list(sources)}))

    wiki, old = folder(tmp_path, "wiki", PAGE), folder(tmp_path, "old", {"old.md": "# Old\n"})
    broken: dict[str, object] = {"name": "broken", "type": "folder", "path": "none"}
    named(wiki, old, broken)
    assert run("sync")[0] == 3
    assert "broken (folder) never synced\n" in run("status")[1]
    named(wiki, old)
    assert run("sync")[0] == 0  # nothing of it is stored
    assert [one["name"] for one in loaded(run("status", "--json"))["sources"]] == ["old", "wiki"]
    named(wiki)
    code, text, _ = run("sync")
    assert (code, "old is no longer in waypost.yaml but still answered from" in text.replace("\n", " ")) == (3, True)
    assert "waypost forget old" in run("status")[1]


@pytest.mark.parametrize("names", [("wiki", "rb", "wiki"), ("rb", "rb", "wiki", "rb")])
def test_a_source_that_is_named_twice_is_synced_once(run: Run, tmp_path: Path, names: tuple[str, ...]) -> None:
    sources = [folder(tmp_path, "wiki", PAGE), folder(tmp_path, "rb", PAGE)]
    (tmp_path / "waypost.yaml").write_text(yaml.safe_dump({"sources": sources}))
    told = [source["name"] for source in loaded(run("sync", *names, "--json"))["sources"]]
    assert told == list(dict.fromkeys(names))


def test_status_says_when_each_source_was_and_will_be_synced(run: Run, tmp_path: Path) -> None:
    sources = [folder(tmp_path, "wiki", PAGE, schedule="never"), folder(tmp_path, "later", PAGE)]
    (tmp_path / "waypost.yaml").write_text(yaml.safe_dump({"sources": sources}))
    run("sync", "wiki")
    text = run("status")[1].replace("\n", " ")
    assert "later (folder) never synced" in text
    assert re.search(r"last complete sync 20[\dTZ:-]+; last run 20[\dTZ:-]+ done \(2 listed, ", text)
    assert "next, by `waypost serve`, never" in text
    assert re.search(r"next, by `waypost serve`, 20\d\d-", text)
