"""Pages that tell to remove what another says destroys something when it is removed."""

from __future__ import annotations

import pytest

from rag.answers.caveats.opposed import opposed
from rag.records import Citation


def cited(document: str, quote: str, number: int = 1) -> Citation:
    return Citation(
        number=number, document_id=document, passage_id="p", owner="", title=document, source="wiki", path=document,
        start_line=10, end_line=10 + quote.count("\n"), quote=quote, url="", version="v", updated_at="",
    )  # fmt: skip


HARM = "# Lost data\nIf the `restore_from` setting is removed from a database, the database is deleted and made anew."


@pytest.mark.parametrize(
    ("harm", "order", "found"),
    [
        (HARM, "1. Wait.\n2. Remove `restore_from` from the configuration.", True),
        (HARM, "**Tidy up**: the restore_from must be removed from your configuration.", True),
        ("When the `restore_fom` is deleted, all data is lost.", "- Delete the `restore_from` line.", True),
        ("If you remove `restore_from`, the volume is destroyed.", "Please remove `restore_from`.", True),
        (HARM, "Remove `other_setting` from the configuration.", False),
        (HARM, "Never forget that the restore_from was removed in March.", False),
        (HARM, "Do not remove `restore_from`.", False),
        ("If the `restore_from` setting is removed, the plan shows no change.", "Remove `restore_from`.", False),
    ],
)
def test_an_order_that_another_page_warns_of(harm: str, order: str, found: bool) -> None:
    told = list(opposed([cited("a.md", harm), cited("b.md", order, 2)]))
    assert bool(told) is found
    if told:
        assert (told[0].name, told[0].harm.document_id, told[0].order.document_id) == ("restore_from", "a.md", "b.md")
        assert told[0].harm_line == 10 + harm.count("\n")


def test_one_page_may_tell_both() -> None:
    assert not list(opposed([cited("a.md", HARM), cited("a.md", "Remove `restore_from`.", 2)]))
