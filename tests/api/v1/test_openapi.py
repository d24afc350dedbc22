"""The OpenAPI document: problems as they are sent, names that stay, and an example of each operation that is true to its schema.

A route of any room must have a file `api/v1/examples/OPERATION.json`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import jsonschema
import pytest
from fastapi.testclient import TestClient

from api.openapi import EXAMPLES, answer_of, example_of, operations_of
from api.problems import MEDIA_TYPE
from api.v1.shapes import AnswerShape, DocumentShape, PassageShape, SearchShape

NO_EXAMPLE_OF_AN_ANSWER = ("304",)
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def spec(asking_as: Any) -> dict[str, Any]:
    found: dict[str, Any] = asking_as("").get("/openapi.json").json()
    return found


def errors(spec: dict[str, Any], schema: dict[str, Any], value: object) -> list[str]:
    whole = {**schema, "components": spec["components"]}
    return [
        f"{error.json_path}: {error.message}" for error in jsonschema.Draft202012Validator(whole).iter_errors(value)
    ]


def wrong_examples(spec: dict[str, Any]) -> list[str]:
    """What is wrong with the examples of each operation."""
    wrong: list[str] = []
    for operation in operations_of(spec):
        name = operation["operationId"]
        example = example_of(name)
        parameters = {one["name"]: one for one in operation.get("parameters", [])}
        if not example and (parameters or operation.get("requestBody") or answer_of(operation)):
            wrong.append(f"{name}: write {EXAMPLES / name}.json with its parameters, body and response")
            continue
        for one in parameters.values():
            if one.get("required") and one["name"] not in example.get("parameters", {}):
                wrong.append(f"{name}: no example of its parameter {one['name']}")
        for key, value in example.get("parameters", {}).items():
            known = parameters.get(key)
            wrong += (
                [f"{name}: {key}: {e}" for e in errors(spec, known["schema"], value)] if known else [f"{name}: {key}?"]
            )
        for media in operation.get("requestBody", {}).get("content", {}).values():
            wrong += [f"{name}: body: {e}" for e in errors(spec, media["schema"], media.get("example"))]
        for media in answer_of(operation):
            wrong += [f"{name}: response: {e}" for e in errors(spec, media["schema"], media.get("example"))]
            wrong += [] if media["schema"] else [f"{name}: its answer has no schema"]
    return wrong


def test_every_operation_has_an_example_that_fits(spec: dict[str, Any]) -> None:
    assert not wrong_examples(spec)
    names = {operation["operationId"] for operation in operations_of(spec)}
    assert {file.stem for file in EXAMPLES.glob("*.json")} <= names


def test_an_example_that_does_not_fit_is_found(spec: dict[str, Any]) -> None:
    broken = {
        **spec,
        "paths": {"/x": {"get": {"operationId": "nothing", "responses": {}, "parameters": [{"name": "x"}]}}},
    }
    assert wrong_examples(broken)[0].startswith("nothing: write ")
    assert errors(spec, {"$ref": "#/components/schemas/SearchShape"}, {"results": []})


def test_every_failure_is_described_as_it_is_sent(spec: dict[str, Any]) -> None:
    for operation in operations_of(spec):
        for code, response in operation["responses"].items():
            if int(code) >= 400:
                schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
                assert response["content"] == {MEDIA_TYPE: schema}, (operation["operationId"], code)
                assert response["description"]
        assert {"400", "401", "403", "422", "429"} <= set(operation["responses"])
    assert "HTTPValidationError" not in spec["components"]["schemas"]


def test_names_of_operations_are_theirs_alone_and_stay(spec: dict[str, Any]) -> None:
    names = Counter(operation["operationId"] for operation in operations_of(spec))
    assert set(names.values()) == {1}
    assert {
        "search", "suggest", "ask", "feedback", "personas", "gaps", "mark_gap", "documents", "document", "passage", "drift",
        "sources", "sync", "runs", "hook", "livez", "readyz", "terraform_symbols", "terraform_show", "terraform_refs",
        "terraform_values", "terraform_modules", "terraform_providers", "terraform_settings", "terraform_environments",
        "terraform_graph",
    } <= set(names)  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "path"),
    [
        (SearchShape, "/v1/search?q=force-unlock"),
        (AnswerShape, "/v1/ask"),
        (DocumentShape, "/v1/documents/{document_id}"),
        (PassageShape, "/v1/passages/{id}?around=1"),
    ],
)
def test_what_is_sent_is_described_to_the_last_key(client: TestClient, shape: Any, path: str) -> None:
    found = client.get("/v1/search", params={"q": "force-unlock", "k": 1}).json()["results"][0]
    path = path.format(**found)
    reply = client.post(path, json={"question": "How?"}) if path == "/v1/ask" else client.get(path)
    assert set(reply.json()) == set(shape.__annotations__)
