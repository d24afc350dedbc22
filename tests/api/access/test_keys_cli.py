"""`waypost keys`: making, listing, changing and ending keys."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from api.access.keys import FILE, TOKEN, Keys
from tests.api.conftest import Run, loaded


def test_a_token_is_shown_once_and_its_secret_kept_nowhere(run: Run, tmp_path: Path) -> None:
    code, token, told = run("keys", "create", "ci", "--groups", "sre, ops", "--expires", "90d")
    assert (code, bool(TOKEN.fullmatch(token.strip())), "shown this once" in told) == (0, True, True)
    file = tmp_path / "home" / FILE
    assert file.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(file) as database:
        assert token.strip().rpartition("_")[2] not in "\n".join(database.iterdump())
    database.close()
    (key,) = loaded(run("keys", "list", "--json"))["keys"]
    assert (key["name"], key["groups"], key["scopes"], key["state"]) == ("ci", ["ops", "sre"], ["ask", "read"], "live")
    assert "ci" in run("keys", "list")[1]
    assert "token" not in key


def test_changing_and_revoking_by_name_or_id(run: Run, tmp_path: Path) -> None:
    made = loaded(run("keys", "create", "ci", "--json"))
    options = (
        "--groups",
        "",
        "--scopes",
        "admin",
        "--expires",
        "never",
        "--requests-per-minute",
        "5",
        "--tokens-per-day",
        "0",
    )
    edited = loaded(run("keys", "edit", made["id"], *options, "--json"))
    told = [edited[name] for name in ("groups", "scopes", "expires_at", "requests_per_minute", "tokens_per_day")]
    assert told == [[], ["admin"], "", 5, 0]
    assert run("keys", "create", "ci")[0] == 2
    assert loaded(run("keys", "revoke", "ci", "--json"))["state"] == "revoked"
    assert loaded(run("keys", "list", "--json"))["keys"] == []
    assert len(loaded(run("keys", "list", "--all", "--json"))["keys"]) == 1
    assert run("keys", "revoke", "ci")[0] == 2
    keys = Keys(tmp_path / "home" / FILE)
    assert keys.checked(made["token"]).state == "revoked"  # type: ignore[union-attr]
    keys.close()
    assert run("keys", "create", "ci")[0] == 0  # the name is free again


@pytest.mark.parametrize(
    "options",
    [
        ("create", "ci", "--scopes", "reed"), ("create", "ci", "--scopes", " , "), ("create", "ci", "--expires", "soon"),
        ("create", "ci", "--expires", "2020-01-01"), ("create", ""), ("create", "a\nb"), ("revoke", "none"), ("edit", "ci"),
        ("create", "ci", "--requests-per-minute", "-1"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_exit_code_2(run: Run, options: tuple[str, ...]) -> None:
    code, _, told = run("keys", *options)
    assert code == 2
    assert told.startswith("waypost: ")


def test_tokens_that_are_none_are_no_keys(tmp_path: Path) -> None:
    keys = Keys(tmp_path / FILE)
    _, token = keys.create("ci", [], ["read"], "")
    _, other = keys.create("other", [], ["read"], "")
    mixed = token[:16] + other[16:]
    for wrong in ("", token[:-1], token + "a", token.upper(), mixed, f"{token}\n", f" {token}"):
        assert keys.checked(wrong) is None
    assert keys.checked(token) == keys.by_id(token.split("_")[1])
    (tmp_path / FILE).unlink()
    assert keys.checked(token) is None
    keys.close()
