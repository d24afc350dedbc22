"""Requests in a minute, tokens in a day, and guesses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from api.access.budgets import Budgets
from api.access.caller import Caller
from api.access.keys import Keys
from api.access.limits import Buckets, Guesses
from api.access.metering import Metered
from api.access.refusal import Refusal
from rag.errors import ModelError
from rag.models.scripted import ScriptedModel
from rag.ports import ModelEvent, Prompt
from rag.records import Usage
from tests.api.access.conftest import ELSEWHERE, LOOPBACK, Door

Make = Callable[..., Door]
PROMPT = Prompt("", (), "?", 100)
CALLER = Caller(id="key:1")
DAY = datetime.now(UTC).date().isoformat()


def test_a_bucket_holds_a_minute_and_fills_steadily() -> None:
    now = [0.0]
    buckets = Buckets(lambda: now[0])
    assert [buckets.take("a", 3) for _ in range(4)] == [0, 0, 0, 20]
    assert buckets.take("b", 3) == 0
    now[0] = 20.1
    assert [buckets.take("a", 3) > 0 for _ in range(2)] == [False, True]


def test_one_request_too_many_is_told_when_to_come_again(door: Make, keys: Keys) -> None:
    asked = door(requests_per_minute=2)
    _, one = keys.create("one", [], ["read"], "")
    _, other = keys.create("other", [], ["read"], "", requests_per_minute=0)
    replies = [asked(token=one) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert 1 <= int(replies[-1].headers["Retry-After"]) <= 30
    assert {asked(token=other).status_code for _ in range(4)} == {200}
    assert {asked(peer=LOOPBACK).status_code for _ in range(4)} == {200}


def test_whoever_is_anonymous_is_counted_by_address(door: Make) -> None:
    asked = door(requests_per_minute=1, anonymous="everyone")
    assert [asked(peer=peer).status_code for peer in (ELSEWHERE, ELSEWHERE, ("203.0.113.8", 1))] == [200, 429, 200]


def test_wrong_tokens_are_told_to_stop_and_lock_nobody_out(door: Make, keys: Keys) -> None:
    asked = door()
    _, fresh = keys.create("fresh", [], ["read"], "")
    wrong = [*(f"guess{n}" for n in range(16)), *(f"wp_{n:012x}_{'a' * 43}" for n in range(16))]
    statuses = [asked(token=token).status_code for token in wrong]
    assert (statuses[:30], statuses[30:]) == ([401] * 30, [429] * 2)
    last = asked(token="guess")
    assert (last.headers["Retry-After"], "is not valid" in last.json()["detail"]) == ("2", True)
    assert asked(token=fresh).status_code == 200  # its first request from an address from which others guess
    assert asked("/v1/hooks/signin", method="POST", content=fresh).status_code == 200
    assert asked(token=fresh).status_code == 200
    assert asked(token="guess", peer=("203.0.113.9", 1)).status_code == 401


def test_a_token_that_is_too_long_is_not_read(door: Make) -> None:
    assert "16,384" in asked_detail(door(), "a" * 16_400)
    assert "16,384" not in asked_detail(door(), "a" * 16_000)


def asked_detail(asked: Door, token: str) -> str:
    return str(asked(token=token).json()["detail"])


def test_behind_a_trusted_proxy_they_are_counted_for_whom_it_serves(door: Make) -> None:
    asked = door(trusted_proxies=ELSEWHERE[0])
    for n in range(31):
        last = asked(token=f"guess{n}", headers={"X-Forwarded-For": "1.1.1.1, 198.51.100.1"}).status_code
    assert last == 429
    assert asked(token="guess", headers={"X-Forwarded-For": "198.51.100.2"}).status_code == 401


def test_a_guess_is_possible_again_after_a_while() -> None:
    now = [0.0]
    guesses = Guesses(lambda: now[0])
    for _ in range(30):
        guesses.failed("a")
    with pytest.raises(Refusal):
        guesses.failed("a")
    now[0] = 2.1
    guesses.failed("a")


# -- the model's tokens -----------------------------------------------------------------------------------------------------


def used(budgets: Budgets, model: Metered, *, stop_after: int = 99, caller: Caller = CALLER) -> None:
    """An answer that streams in threads, as routes do."""

    def read(events: Iterator[ModelEvent]) -> None:
        for number, _ in enumerate(events):
            if number == stop_after:
                return

    async def ask() -> None:
        async with budgets.asking(caller):
            await asyncio.to_thread(read, model.stream(PROMPT))

    asyncio.run(ask())


def replying(*events: ModelEvent | Exception) -> Metered:
    return Metered(ScriptedModel(events))


TOLD = ModelEvent(usage=Usage(10, 20, 5, 5, 1))


def test_what_the_model_tells_is_counted_once(keys: Keys) -> None:
    budgets = Budgets(keys, 1000, 100)
    used(budgets, replying(ModelEvent("a"), ModelEvent(usage=Usage(10, 0, 0, 0, 1)), ModelEvent("b"), TOLD))
    assert keys.spent("key:1", DAY) == 40
    with pytest.raises(ModelError):
        used(budgets, replying(ModelEvent("a"), TOLD, ModelError("cut off")))
    assert keys.spent("key:1", DAY) == 80
    used(budgets, replying())
    assert keys.spent("key:1", DAY) == 180  # begun, and nothing told


def test_an_answer_that_is_cut_off_costs_what_was_reserved(keys: Keys) -> None:
    used(Budgets(keys, 1000, 100), replying(ModelEvent("a"), ModelEvent("b"), TOLD), stop_after=0)
    assert keys.spent("key:1", DAY) == 100


def test_who_asks_in_a_thread_is_counted_too(keys: Keys) -> None:
    budgets = Budgets(keys, 40, 100)
    with budgets.answering(CALLER):
        list(replying(TOLD).stream(PROMPT))
    assert keys.spent("key:1", DAY) == 40
    with pytest.raises(Refusal), budgets.answering(CALLER):
        pass
    with pytest.raises(KeyError), budgets.answering(Caller(id="key:2")):
        raise KeyError
    assert keys.spent("key:2", DAY) == 0


def test_with_the_budget_used_the_answer_is_429_until_midnight(keys: Keys) -> None:
    budgets = Budgets(keys, 40, 100)
    used(budgets, replying(TOLD))
    with pytest.raises(Refusal) as refused:
        used(budgets, replying(TOLD))
    assert refused.value.status == 429
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 86_400
    used(budgets, replying(TOLD), caller=Caller(id="key:2", tokens_per_day=0))
    used(budgets, replying(TOLD), caller=Caller(id="key:3"))
    assert (keys.spent("key:1", DAY), keys.spent("key:2", DAY), keys.spent("key:3", DAY)) == (40, 0, 40)


def test_many_at_once_do_not_go_past_it(keys: Keys) -> None:
    budgets, model = Budgets(keys, 250, 100), replying(TOLD)

    async def ask() -> bool:
        try:
            async with budgets.asking(CALLER):
                await asyncio.sleep(0.05)
                await asyncio.to_thread(list, model.stream(PROMPT))
        except Refusal:
            return False
        return True

    async def together() -> list[bool]:
        return list(await asyncio.gather(*(ask() for _ in range(8))))

    assert sum(asyncio.run(together())) == 3


def test_the_gate_reserves_for_routes_that_ask(door: Make, keys: Keys) -> None:
    asked = door()
    _, token = keys.create("ci", [], ["read", "ask"], "", tokens_per_day=5)
    key = keys.named("ci")
    assert asked("/v1/ask", method="POST", token=token).text == "abc"
    assert keys.spent(f"key:{key.id}", DAY) == 0  # no model was asked
    keys.spend(f"key:{key.id}", DAY, 5)
    assert asked("/v1/ask", method="POST", token=token).status_code == 429
    assert asked(token=token).status_code == 200
