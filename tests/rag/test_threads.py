"""Threads: whose they are, what is kept of them, and what a model is told of earlier turns."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.ask import Asker
from rag.errors import NotFoundError, StorageError
from rag.models.scripted import ScriptedModel
from rag.ports import Claim, ModelEvent
from rag.records import Viewer
from rag.threads import FILE, Cited, Conversation, Threads, Turn
from tests.conftest import configure, write

SRE = Viewer.of(["sre"])


def turn(question: str = "q", answer: str = "a", days: int = 0) -> Turn:
    at = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    return Turn(question, question, "answered", answer, (("id", "wiki", "a.md"),), at)


def test_a_thread_is_its_viewers_alone(tmp_path: Path) -> None:
    threads = Threads(tmp_path / FILE, 30)
    name = threads.add("", SRE, turn("first"), "cli")
    assert threads.add(name, SRE, turn("second"), "cli") == name
    assert [one.question for one in threads.turns(name, SRE)] == ["first", "second"]
    for stranger in (Viewer(), Viewer.of(["sre", "dev"])):
        with pytest.raises(NotFoundError, match=r"other groups than you have now\. Ask again without it"):
            threads.turns(name, stranger)
        assert threads.add(name, stranger, turn(), "cli") != name
    assert len(threads.turns(name, SRE)) == 2
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_the_last_is_the_last_of_the_same_face(tmp_path: Path) -> None:
    threads = Threads(tmp_path / FILE, 30)
    with pytest.raises(NotFoundError, match=r"no earlier question to follow up \(a change of your groups"):
        threads.last(SRE, "cli")
    mine = threads.add("", SRE, turn(), "cli")
    threads.add("", SRE, turn(), "http")
    assert threads.last(SRE, "cli") == mine
    with pytest.raises(NotFoundError):
        threads.last(Viewer(), "cli")


def test_threads_are_bounded_and_grow_old(tmp_path: Path) -> None:
    threads = Threads(tmp_path / FILE, 30)
    old = threads.add("", SRE, turn(days=31))
    name = threads.add("", SRE, turn("q0", "x" * 50_000))
    for number in range(1, 25):
        threads.add(name, SRE, turn(f"q{number}"))
    kept = threads.turns(name, SRE)
    assert [kept[0].question, kept[-1].question, len(kept)] == ["q5", "q24", 20]
    with pytest.raises(NotFoundError):
        threads.turns(old, SRE)
    assert b"q0" not in (tmp_path / FILE).read_bytes()  # what goes is overwritten
    longest = threads.add("", SRE, turn("long", "x" * 50_000))
    assert len(threads.turns(longest, SRE)[0].answer) == 6_000
    kept_longer = Threads(tmp_path / FILE, 3650)
    older = kept_longer.add("", SRE, turn(days=31))
    assert kept_longer.turns(older, SRE)
    with pytest.raises(NotFoundError):
        threads.turns(older, SRE)
    assert Threads(tmp_path / "none.db", 0).add("", SRE, turn()) == ""
    assert not (tmp_path / "none.db").exists()


def test_what_is_kept_is_redacted_and_what_is_removed_is_gone_from_the_file(tmp_path: Path) -> None:
    threads = Threads(tmp_path / FILE, 30, lambda text: text.replace("hunter22", "[REDACTED:x]"))
    name = threads.add("", SRE, turn("is hunter22 right?", "hunter22 is"))
    assert b"hunter22" not in (tmp_path / FILE).read_bytes()
    threads.add(name, SRE, turn("about zebras", "zebras"))
    assert threads.remove(lambda one: "zebras" in one.answer) == 1
    assert b"zebras" not in (tmp_path / FILE).read_bytes()
    assert len(threads.turns(name, SRE)) == 1
    assert threads.remove(lambda one: True) == 1
    with pytest.raises(NotFoundError):
        threads.turns(name, SRE)


def test_a_damaged_file_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all, but long enough to be read as one" * 20)
    with pytest.raises(StorageError, match=FILE):
        Threads(tmp_path / FILE, 30).turns("x", SRE)


WIKI = {
    "locks.md": "# State locks\n\nA stuck state lock is cleared with `terraform force-unlock LOCK_ID`.\n",
    "undo.md": "---\naudience: [sre]\n---\n# Undo a cleared lock\n\nA cleared state lock is undone by running the plan anew.\n",
}


@pytest.fixture
def talk(owner: Owner, sync: Callable[..., SyncReport], tmp_path: Path, settings: Settings) -> Conversation:
    write(tmp_path / "wiki", WIKI)
    configure(settings, {"name": "wiki", "type": "folder", "path": str(tmp_path / "wiki")})
    sync()
    return Conversation(Threads(tmp_path / FILE, 30), owner.catalog, "cli")


def scripted(owner: Owner) -> tuple[Asker, ScriptedModel]:
    model = ScriptedModel([ModelEvent(text="Do this."), ModelEvent(claim=Claim("Do this."))])
    return Asker(owner.catalog, owner.reader().retriever, "You are an engineer.", model), model


def test_a_follow_up_is_asked_so_that_it_stands_alone_and_its_model_told_what_was_before(
    owner: Owner, talk: Conversation
) -> None:
    asker, model = scripted(owner)
    first = talk.answer(asker, "How do I clear a stuck state lock?", SRE)
    assert (first.asked_as, bool(first.thread)) == ("", True)
    second = talk.answer(asker, "How do I undo it?", SRE, thread=first.thread)
    assert second.thread == first.thread
    assert second.asked_as == "How do I undo it (clear a stuck state lock)?"
    assert model.prompts[1].question == second.asked_as
    ((question, told),) = model.prompts[1].history
    assert (question, told.split("\n")[0]) == ("How do I clear a stuck state lock?", "Do this.")
    assert talk.last(SRE) == first.thread


def test_a_turn_that_its_viewer_may_not_see_any_more_is_not_told(
    owner: Owner, talk: Conversation, sync: Callable[..., SyncReport], tmp_path: Path
) -> None:
    asker, model = scripted(owner)
    thread = talk.answer(asker, "How is a cleared state lock undone?", SRE).thread
    write(tmp_path / "wiki", {"undo.md": WIKI["undo.md"].replace("sre", "board")})
    sync()
    talk.answer(asker, "why?", SRE, thread=thread)
    assert model.prompts[-1].history == ()
    assert "undone" in model.prompts[-1].question  # the viewer's own words


def test_which_words_stand_together_is_told_of_what_the_viewer_may_read(owner: Owner, talk: Conversation) -> None:
    asker, _ = scripted(owner)
    for viewer, hidden in ((SRE, True), (Viewer(), False)):
        together = asker.together(viewer)
        assert together("state", "lock")
        assert not together("cleared", "stuck")
        assert together("plan", "anew") is hidden


def test_a_follow_up_asks_the_pages_what_is_a_name(
    owner: Owner, talk: Conversation, sync: Callable[..., SyncReport], tmp_path: Path
) -> None:
    asker, _ = scripted(owner)
    write(
        tmp_path / "wiki", {"hubs.md": "# Hubs\n\nThe leyland gateway and the bristol gateway are restarted by hand.\n"}
    )
    sync()
    for name, asked in (
        ("bristol", "how is the bristol gateway restarted?"),
        ("redis", "and redis (the gateway restarted)?"),
    ):
        thread = talk.answer(asker, "how is the leyland gateway restarted?", SRE).thread
        assert talk.answer(asker, f"and {name}?", SRE, thread=thread).asked_as == asked


def test_a_strangers_thread_is_refused_before_anything_is_answered(owner: Owner, talk: Conversation) -> None:
    asker, model = scripted(owner)
    thread = talk.answer(asker, "How do I clear a stuck state lock?", SRE).thread
    for name in (thread, "x", "../x"):
        with pytest.raises(NotFoundError, match="there is no thread"):
            talk.stream(asker, "why?", Viewer(), thread=name)
    assert len(model.prompts) == 1


def test_an_answer_outlives_a_thread_that_cannot_be_written(owner: Owner, talk: Conversation, tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    answer = talk.answer(scripted(owner)[0], "How do I clear a stuck state lock?", SRE)
    assert answer.text
    assert answer == replace(answer, thread="")


def test_a_file_of_before_gets_the_column_for_what_an_answer_told(tmp_path: Path) -> None:
    file, viewer = tmp_path / "threads.db", Viewer()
    threads = Threads(file, 90)
    thread = threads.add("", viewer, turn("why?"))
    with closing(sqlite3.connect(file)) as database:
        database.execute("ALTER TABLE turn DROP COLUMN told")
        database.commit()
    told = replace(turn("and?"), cited=(Cited(1, "id", 2, 3, "v"),), flags=(("cut", "a", "b"),), degraded="slow")
    threads.add(thread, viewer, told)
    first, second = threads.turns(thread, viewer)
    assert (first.cited, second.cited, second.flags, second.degraded) == ((), told.cited, told.flags, "slow")
