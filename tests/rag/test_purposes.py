"""Which way a question goes, and that who seeks something back is not told how to destroy it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answers.extractive.purposes import seeks_return
from rag.records import ScoredPassage
from tests.rag.test_steps import answered, evidence


@pytest.mark.parametrize(
    "question",
    [
        "How do I restore a deleted tenant?",
        "someone deleted my tenant, how do I get it back",
        "we removed the flag and the table is empty, how do I recover the rows",
        "undo the delete of a tenant",
        "the tenant was deleted by mistake, what now",
        "I accidentally deleted the tenant",
        "How do we roll back the removal of a tenant?",
    ],
)
def test_who_seeks_something_back_is_known(question: str) -> None:
    assert seeks_return(question)


@pytest.mark.parametrize(
    "question",
    [
        "How do I delete a tenant?",
        "How do I delete a tenant that is to restore later?",
        "I restored a snapshot, can I remove the flag now",
        "after a restore, how do I delete the old tenant",
        "how do I get rid of a restored copy",
        "Who deleted the tenant, was it removed on purpose?",
        "How do I swap the broker?",
        "Why was the tenant deleted?",
    ],
)
def test_who_seeks_something_else_is_known_too(question: str) -> None:
    assert not seeks_return(question)


DELETE = (
    "# Delete a tenant\n\n## Deleting a tenant\n\nDelete the deleted tenant's rows, tenant by tenant:\n\n"
    "```\ntenantctl destroy\n```\n"
)
RESTORE = "# Disasters\n\n## Restore process\n\nA tenant comes from the last backup:\n\n```\ntenantctl import\n```\n"


def both(*pages: str) -> list[ScoredPassage]:
    """Evidence of several pages."""
    found = []
    for n, page in enumerate(pages):
        (one,) = evidence(page, (1, page.count("\n")))
        title = page.split("\n")[0].lstrip("# ")
        own = replace(one.document, id=f"d{n}", path=f"{n}.md", title=title)
        found.append(ScoredPassage(replace(one.passage, id=f"p{n}", document_id=f"d{n}"), own, 1.0))
    return found


@pytest.mark.parametrize(
    "question", ["How do I restore a deleted tenant?", "someone deleted a tenant, how to get it back"]
)
def test_what_restores_comes_before_what_destroys(question: str) -> None:
    text = answered(question, both(DELETE, RESTORE))
    assert "tenantctl import" in text
    assert "tenantctl destroy" not in text.split("tenantctl import")[0]
    assert "Nothing that was found" not in text


def test_that_nothing_restores_is_said_and_no_steps_that_destroy_are_told_whole() -> None:
    steps = DELETE + "".join(f"\n{n}. Destroy the tenant's part {n}. {'word ' * 20}\n" for n in range(1, 9))
    text = answered("How do I restore a deleted tenant?", both(steps))
    assert text.startswith("Nothing that was found tells how to get it back")
    assert len(text.split()) <= 110


def test_who_wants_to_delete_is_told_how() -> None:
    text = answered("How do I delete a tenant?", both(DELETE, RESTORE))
    assert "tenantctl destroy" in text
    assert "tenantctl destroy" in text.split("tenantctl import")[0]
