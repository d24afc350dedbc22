"""A secret that one place gives away is taken out wherever it stands in the text; a word is not."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from ingest.redaction import redact

KEY = "wJalrXUtnFEMIK7MDENGbPxRfiCYz9Qq12Zx84Tn"


def test_a_secret_is_taken_out_of_the_whole_text() -> None:
    text = f"Run it with {KEY} first.\n\nAWS_SECRET_ACCESS_KEY={KEY}\nTwice `{KEY}` and '{KEY}'.\n"
    redacted, found = redact(text, "page.md")
    assert KEY not in redacted
    assert redacted.count("\n") == text.count("\n")
    assert {finding.line for finding in found} == {1, 3, 4}
    assert {finding.rule for finding in found} == {"aws-secret-access-key"}


def test_a_word_that_serves_as_a_password_stays_a_word() -> None:
    redacted, _ = redact('password = "kitchens"\n\nThe kitchens are closed.\n', "page.md")
    assert "The kitchens are closed." in redacted
    assert '"kitchens"' not in redacted


def test_what_only_holds_it_stays() -> None:
    redacted, _ = redact(f"AWS_SECRET_ACCESS_KEY={KEY}\nx{KEY}y\n", "page.md")
    assert f"x{KEY}y" in redacted


def test_a_host_that_a_secret_names_stays() -> None:
    host = "db-7f3k9q2m.c9x2v7b1n4.eu-west-2.rds.amazonaws.com"
    text = f"kind: Secret\nstringData:\n  host: {host}\n---\nIt runs at {host} today.\n"
    assert f"It runs at {host} today." in redact(text, "a.yaml")[0]


@given(st.lists(st.text(string.ascii_letters + " =:'\"\n", max_size=30), min_size=2, max_size=6))
def test_it_is_in_no_part_of_any_text(parts: list[str]) -> None:
    text = f"AWS_SECRET_ACCESS_KEY={KEY}\n" + f" {KEY} ".join(parts)
    redacted, _ = redact(text, "page.md")
    assert KEY not in redacted
    assert redacted.count("\n") == text.count("\n")
