"""What a source lists under a name that holds a secret is refused, and is shown without it everywhere."""

from __future__ import annotations

from ingest.ledger import well_formed
from ingest.sources import Listed, Listing
from ingest.sources.hiding import hidden

KEY = "AKIAQ3TZ7MKWL5VN2RBX"


def listed(*paths: str) -> Listing:
    return Listing(tuple(Listed(path, "1") for path in paths), True)


def test_a_name_with_a_secret_is_refused_and_shown_without_it() -> None:
    plain, secret = well_formed(listed("keys/how-to.md", f"keys/{KEY}.md")).items
    assert (plain.path, plain.refusal) == ("keys/how-to.md", "")
    assert KEY not in secret.path
    assert secret.path.endswith(".md")
    assert "rename" in secret.refusal


def test_names_that_look_alike_without_their_secrets_are_told_apart() -> None:
    other = "AKIAZ7WLQ3TMKV5N2RBY"
    names = [item.path for item in well_formed(listed(f"{KEY}.md", f"{other}.md")).items]
    assert len(set(names)) == 2
    assert KEY not in "".join(names)
    assert other not in "".join(names)


def test_a_hidden_name_never_takes_that_of_another() -> None:
    items = hidden(listed("a", "b", "b (2)", "c").items, {"a": "b", "c": "b"}, "no")
    assert [item.path for item in items] == ["b (3)", "b", "b (2)", "b (4)"]
    assert [bool(item.refusal) for item in items] == [True, False, False, True]
