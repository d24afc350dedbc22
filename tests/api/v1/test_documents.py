"""`/v1/documents`, `/v1/passages` and `/v1/suggest`: lists in pages, tags, and nothing of what is hidden."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from api.owner import Owner
from api.v1.etags import is_known
from tests.api.v1.conftest import As

EVERYBODYS = ["infra/main.tf", "wiki/runbooks/long.md", "wiki/unlock.md", "wiki/vpc.md"]


def places(client: TestClient, **wanted: object) -> list[str]:
    reply = client.get("/v1/documents", params=wanted)
    assert reply.status_code == 200, reply.text
    found = reply.json()
    assert found["total"] >= len(found["documents"])
    return [f"{one['source']}/{one['path']}" for one in found["documents"]]


def test_documents_are_listed_for_whom_they_are(asking_as: As) -> None:
    assert places(asking_as("")) == EVERYBODYS
    assert asking_as("").get("/v1/documents").json()["total"] == 4
    theirs = asking_as("payments").get("/v1/documents", params={"source": "wiki"}).json()
    assert [one["path"] for one in theirs["documents"]] == ["pay.md", "runbooks/long.md", "unlock.md", "vpc.md"]
    assert asking_as("payments").get("/v1/documents", params={"path": "pay.md"}).json()["total"] == 1
    for hidden in ({"source": "private"}, {"path": "pay.md"}, {"source": "none"}):
        found = asking_as("").get("/v1/documents", params=hidden).json()
        assert found == {"documents": [], "next_cursor": None, "total": 0}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"kind": "terraform"}, EVERYBODYS[:1]),
        ({"owner": "sre"}, EVERYBODYS[1:]),
        ({"owner": "sre", "path": "runbooks/**"}, EVERYBODYS[1:2]),
        ({"path": "*.md"}, EVERYBODYS[1:]),
        ({"path": "un?ock.md"}, EVERYBODYS[2:3]),
        ({"path": "wiki/unlock.md"}, []),
        ({"path": "unlock.m"}, []),
        ({"path": "unlock[.]md"}, []),
    ],
)
def test_documents_by_what_they_are(client: TestClient, wanted: dict[str, str], found: list[str]) -> None:
    assert places(client, **wanted) == found


def test_pages_of_documents_make_the_whole(client: TestClient) -> None:
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get("/v1/documents", params={"limit": 1, "cursor": cursor}).json()
        seen += [f"{one['source']}/{one['path']}" for one in page["documents"]]
        assert (len(page["documents"]), page["total"]) == (1, 4)
        cursor = page["next_cursor"]
    assert seen == EVERYBODYS


@pytest.mark.parametrize(
    "wanted", [{"kind": "poem"}, {"path": "*a" * 9}, {"cursor": "x"}, {"limit": 0}, {"sauce": "x"}]
)
def test_what_can_not_be_listed_is_refused(client: TestClient, wanted: dict[str, str]) -> None:
    assert client.get("/v1/documents", params=wanted).status_code in (400, 422)


def test_a_passage_with_those_beside_it(client: TestClient) -> None:
    document = client.get("/v1/documents", params={"path": "long.md"}).json()["documents"][0]
    ids = [one["id"] for one in client.get(f"/v1/documents/{document['id']}").json()["passages"]]
    assert len(ids) > 4
    alone = client.get(f"/v1/passages/{ids[2]}").json()
    assert (alone["id"], alone["before"], alone["after"]) == (ids[2], [], [])
    assert (alone["path"], alone["title"], alone["owner"]) == ("runbooks/long.md", "Long", "sre")
    near = client.get(f"/v1/passages/{ids[1]}", params={"around": 2}).json()
    assert [one["id"] for one in near["before"]] == ids[:1]
    assert [one["id"] for one in near["after"]] == ids[2:4]


def test_a_passage_that_is_hidden_is_not_there(asking_as: As, organisation: Owner) -> None:
    found = asking_as("payments").get("/v1/search", params={"q": "payouts batch", "k": 1}).json()["results"][0]
    assert found["path"] == "pay.md"
    assert asking_as("payments").get(f"/v1/passages/{found['id']}").status_code == 200
    hidden, missing = (asking_as("").get(f"/v1/passages/{id_}") for id_ in (found["id"], "nope"))
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json()["detail"].replace(found["id"], "nope") == missing.json()["detail"]
    assert asking_as("").get(f"/v1/documents/{found['document_id']}", params={"version": "x"}).status_code == 404


@pytest.mark.parametrize("kind", ["documents", "passages"])
def test_what_somebody_has_is_not_sent_again(client: TestClient, kind: str) -> None:
    found = client.get("/v1/search", params={"q": "force-unlock", "k": 1}).json()["results"][0]
    path = f"/v1/{kind}/{found['document_id' if kind == 'documents' else 'id']}"
    first = client.get(path)
    tag = first.headers["etag"]
    assert tag.startswith('"')
    for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get(path, headers={"If-None-Match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["cache-control"] == "private, no-cache"
        assert again.headers["vary"] == "Authorization, Cookie"
    assert client.get(path, headers={"If-None-Match": '"other"'}).json() == first.json()
    other = client.get(path, params={"start": 1, "end": 1} if kind == "documents" else {"around": 1})
    assert other.headers["etag"] != tag


def test_a_tag_tells_viewers_apart_who_see_something_else(asking_as: As, organisation: Owner) -> None:
    """The mentions that a document has for one who may read the code are a part of what is tagged."""
    page = organisation.catalog.document_at("wiki", "vpc.md")
    assert page is not None
    first = asking_as("").get(f"/v1/documents/{page.id}")
    assert [one["address"] for one in first.json()["resources"]] == ["aws_vpc.main"]
    assert asking_as("staff").get(f"/v1/documents/{page.id}").headers["etag"] == first.headers["etag"]


def test_tags_are_compared_whole() -> None:
    assert is_known('"a"', '"a"')
    assert not is_known('"ab"', '"a"')
    assert not is_known("", '"a"')


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("unl", [("unlock.md", "")]),
        ("deploym", [("unlock.md", "Deployment windows")]),
        ("deployment win", [("unlock.md", "Deployment windows")]),
        ("UNLOCK", [("unlock.md", "")]),
        ("netw", [("vpc.md", "")]),
        ("step 3", [("runbooks/long.md", "Step 3")]),
        ("pay", []),
        ("payouts", []),
        ("", []),
        ("((", []),
        ("unlock ((", []),
        ("zzz", []),
    ],
)
def test_suggestions(client: TestClient, typed: str, found: list[tuple[str, str]]) -> None:
    told = client.get("/v1/suggest", params={"q": typed}).json()["suggestions"]
    assert [(one["path"], one["heading"]) for one in told] == found


def test_suggestions_of_what_one_may_read(asking_as: As) -> None:
    told = asking_as("payments").get("/v1/suggest", params={"q": "payo"}).json()["suggestions"]
    assert [one["title"] for one in told] == ["Payouts"]
