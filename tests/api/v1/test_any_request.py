"""Whatever is sent, of each operation by itself and of one after the other: no 5xx, and nothing that OpenAPI does not describe.

Some hundred requests by schemathesis; `make test-api` sends WAYPOST_TEST_CASES=20000.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as limits_of
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import Receive, Scope, Send

from api.http import make_app
from api.owner import Owner
from rag.gaps import FILE
from tests.api.v1.served import LOOPBACK

CASES = int(os.environ.get("WAYPOST_TEST_CASES", "0"))  # read before tests forget the environment
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
MODES = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]


def limits(cases: int, **more: Any) -> limits_of:
    return limits_of(
        max_examples=max(cases, 1), deadline=None, database=None, derandomize=not CASES, print_blob=False,
        suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate], **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def schema(organisation: Owner) -> Any:
    settings = organisation.settings.model_copy(update={"allowed_hosts": "testserver"})
    app = make_app(settings, organisation.reader(), lambda source: None)

    async def from_here(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "client": LOOPBACK}, receive, send)

    return schemathesis.openapi.from_asgi("/openapi.json", from_here)


@pytest.mark.timeout(90 + CASES)
@pytest.mark.parametrize("mode", MODES)
def test_each_operation(schema: Any, mode: schemathesis.GenerationMode) -> None:
    operations = [result.ok() for result in schema.get_all_operations()]
    share = CASES // 2 // (len(operations) * 2) if CASES else 4
    sent = 0
    for operation in operations:

        @limits(share)
        @given(case=operation.as_strategy(generation_mode=mode))
        def send(case: Any) -> None:
            nonlocal sent
            sent += 1
            case.call_and_validate(checks=CHECKS)

        try:
            send()
        except Exception as error:
            if "Unsatisfiable" not in type(error).__name__:  # an operation without parameters can't be asked wrongly
                raise
    assert sent >= len(operations)
    print(f"{sent} requests, {mode.value}")


@pytest.mark.timeout(90 + CASES)
def test_one_after_the_other(schema: Any, organisation: Owner) -> None:
    sent: list[str] = []

    class Checked(schema.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:  # each history begins with the same, or hypothesis calls the answers flaky
            (organisation.settings.home / FILE).unlink(missing_ok=True)

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            sent.append(case.operation.label)
            case.validate_response(response, checks=CHECKS)

    steps = 8
    Checked.run(settings=limits(max(CASES // 2 // steps, 10), stateful_step_count=steps))
    assert len(set(sent)) >= 6
    print(f"{len(sent)} requests of {len(set(sent))} operations")
