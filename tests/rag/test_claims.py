"""Replies of models, checked while they stream: what is released, what is marked, what is flagged."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from api.owner import Owner, open_owner
from api.settings import Settings
from rag.answers.extractive.units import units
from rag.answers.replies.claims import Transcript
from rag.answers.replies.particulars import missing
from rag.answers.replies.sentences import advice, sentences, states
from rag.cite import Citer
from rag.ports import Claim
from rag.records import ScoredPassage, Viewer
from tests.conftest import configure, write

WIKI = {
    "locks.md": (
        "# State locks\n\nA stuck lock is cleared with:\n\n```bash\nterraform force-unlock LOCK_ID\n```\n\n"
        "Wait 15 minutes, then tell two of #ops. See https://wiki.example.org/locks for more.\n"
    ),
    "dns.md": "# DNS\n\nZones live in Route 53, the resolver is 10.7.0.2 at dns1.corp.example.\n",
    "pay.md": "---\naudience: [payments]\n---\n# Payouts\n\nThe batch runs at 04:10.\n",
    "moving.md": "# Moving\n\nThis page will say something else.\n",
}
Make = Callable[[], tuple[Transcript, Citer]]


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    folder = tmp_path_factory.mktemp("claims")
    settings = Settings(home=folder / "home", config=folder / "waypost.yaml", embedder="hashing")
    write(folder / "wiki", WIKI)
    configure(settings, {"name": "wiki", "type": "folder", "path": str(folder / "wiki")})
    with open_owner(settings, "sync") as opened:
        opened.sync([], lambda step: None, lambda: False)
        yield opened


@pytest.fixture(scope="module")
def evidence(owner: Owner) -> tuple[ScoredPassage, ...]:
    """Every passage, also of what the asker may not see; one page is another by now."""
    documents = sorted(owner.catalog.documents_for(Viewer.of(["payments"])), key=lambda document: document.path)
    found = [
        ScoredPassage(passage, document, 1.0)
        for document in documents
        for passage in owner.catalog.passages_of(document.id, owner.generation)
    ]
    write(owner.settings.config.parent / "wiki", {"moving.md": "# Moving\n\nIt says this now.\n"})
    owner.sync([], lambda step: None, lambda: False)
    return tuple(found)


@pytest.fixture
def make(owner: Owner, evidence: tuple[ScoredPassage, ...]) -> Make:
    def fresh() -> tuple[Transcript, Citer]:
        citer = Citer(owner.catalog, Viewer(), evidence)
        return Transcript(citer), citer

    return fresh


def span(evidence: tuple[ScoredPassage, ...], words: str) -> tuple[int, int, int, str]:
    """The unit that holds these words, as Claude would cite it."""
    for index, found in enumerate(evidence):
        for unit in units(found.passage):
            if words in unit.text:
                return index, unit.start_line, unit.end_line, unit.text + "\n"
    raise AssertionError(words)


def say(transcript: Transcript, *parts: str | tuple[str, tuple[tuple[int, int, int, str], ...]]) -> str:
    """Feeds texts, letter by letter, each with what it cites; gives all that was released."""
    released = ""
    for part in parts:
        words, spans = (part, ()) if isinstance(part, str) else part
        for letter in words:
            released += transcript.text(letter)
        released += transcript.claim(Claim(words, spans))[0]
    released += transcript.close()
    assert released == transcript.shown
    return released


def test_marks_come_behind_what_was_verified_and_nothing_else(make: Make, evidence: tuple[ScoredPassage, ...]) -> None:
    transcript, citer = make()
    lock = span(evidence, "force-unlock")
    shown = say(transcript, ("Clear it.", (lock,)), " ", ("Zones too.", ((0, 1, 1, "no such words"),)), "\n\nFine.")
    assert shown == "Clear it. [1] Zones too.\n\nFine."
    assert [citation.path for citation in citer.citations] == ["locks.md"]
    assert [(flag.kind, flag.text) for flag in transcript.flags()] == [("unverified", "Zones too.")]


def test_text_is_released_by_sentences_before_the_claim_ends(make: Make) -> None:
    transcript, _ = make()
    assert transcript.text("First it is so. Then it") == "First it is so."
    assert transcript.text(" is `a. B` and") == ""
    assert transcript.text(" so.\n") == " Then it is `a. B` and so."


def test_a_mark_never_stands_in_a_fenced_block(make: Make, evidence: tuple[ScoredPassage, ...]) -> None:
    lock = span(evidence, "force-unlock")
    transcript, _ = make()
    assert say(transcript, ("Run:\n```bash\nterraform force-unlock LOCK_ID\n```", (lock,)), "\nDone.") == (
        "Run:\n```bash\nterraform force-unlock LOCK_ID\n```\n[1]\nDone."
    )
    transcript, _ = make()
    shown = say(transcript, ("```\nterraform force-unlock LOCK_ID", (lock,)))
    assert shown == "```\nterraform force-unlock LOCK_ID\n```\n[1]"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("As [3] says.", "As (3) says."),
        (r"As \[3\] and [ 1, 2 ] and [^4] and [**5**] say.", "As (3) and (1, 2) and (4) and (5) say."),
        ("As 【3】 and ［4］ and &#91;5&#93; and [\u200b6] say.", "As (3) and (4) and (5) and (6) say."),
        ("Run `echo web[0] [1]`.", "Run `echo web[0] (1)`."),
        ("```\nmodule.web[0]\n [2]\n```", "```\nmodule.web[0]\n (2)\n```"),
    ],
)
def test_what_looks_like_a_mark_is_made_plain(make: Make, said: str, shown: str) -> None:
    transcript, _ = make()
    assert say(transcript, said) == shown
    for cut in range(1, len(said)):  # wherever blocks end
        transcript, _ = make()
        assert say(transcript, said[:cut], said[cut:]) == shown


def test_advice_bears_no_mark_and_no_flag(make: Make, evidence: tuple[ScoredPassage, ...]) -> None:
    lock = span(evidence, "force-unlock")
    transcript, citer = make()
    shown = say(transcript, ("Clear it.", (lock,)), "\n\n## My advice\n\n", ("Keep 3 replicas of it.", (lock,)))
    assert shown.endswith("## My advice\n\nKeep 3 replicas of it.")
    assert len(citer.citations) == 1
    assert transcript.flags() == []
    transcript, citer = make()
    say(transcript, ("## My advice\n\nKeep three replicas.", (lock,)))
    assert citer.citations == ()


def test_statements_without_citation_are_flagged_and_lead_ins_are_not(
    make: Make, evidence: tuple[ScoredPassage, ...]
) -> None:
    lock = span(evidence, "force-unlock")
    transcript, _ = make()
    say(
        transcript, "# Locks\n\nDo this:\n\n- ", ("clear the lock", (lock,)), ".\n\nThe cluster runs in Ireland.\n\n"
        "Our documents don't say who owns it. Shall I look?\n\n**Why**\n\n```\nrm -rf /data\n```\n",
    )  # fmt: skip
    assert [(flag.kind, flag.text) for flag in transcript.flags()] == [
        ("uncited", "The cluster runs in Ireland."),
        ("uncited", "```\nrm -rf /data\n```"),
    ]


def test_a_sentence_is_cited_when_a_part_of_it_is(make: Make, evidence: tuple[ScoredPassage, ...]) -> None:
    transcript, _ = make()
    say(transcript, "To clear it, ", ("run terraform", (span(evidence, "force-unlock"),)), ", as everyone does.")
    assert transcript.flags() == []


def test_particulars_that_the_passage_lacks_are_named(make: Make, evidence: tuple[ScoredPassage, ...]) -> None:
    transcript, _ = make()
    say(transcript, ("Wait 25 minutes and run `terraform destroy`.", (span(evidence, "15 minutes"),)))
    (flag,) = transcript.flags()
    assert flag.kind == "particulars"
    assert "25" in flag.reason
    assert "terraform destroy" in flag.reason
    transcript, _ = make()
    say(
        transcript,
        ("Wait 15 minutes, tell 2 of them, run `terraform force-unlock LOCK_ID`.", (span(evidence, "15 min"),)),
    )
    assert transcript.flags() == []


def test_the_opposite_of_what_is_cited_is_flagged(make: Make, evidence: tuple[ScoredPassage, ...]) -> None:
    quote = span(evidence, "Wait 15 minutes, then tell two of #ops.")
    for said, flagged in (("Wait 15 minutes and never tell #ops.", True), ("Wait 15 minutes, then tell #ops.", False)):
        transcript, _ = make()
        say(transcript, (said, (quote,)))
        assert [flag.reason for flag in transcript.flags()] == [
            "it says not tell, and what it cites says tell"
        ] * flagged


CITED = (
    "At 04:10 wait 15 minutes, 10,000 rows, version v1.9 on 2026-03-01; db1.corp.example is 10.7.0.2/16 in\n"
    "/etc/app/x.conf of aws_db_instance.main. Run `kubectl -n pay get \\\n  pods --all`. Twelve hours. PPR-9087"
)


@pytest.mark.parametrize(
    ("sentence", "lacks"),
    [
        ("1. Wait 15 minutes at 04:10 for 10000 rows of 1.9.", []),
        ("On 1 March 2026, or 2026-03-01, after 12 hours: PPR-9087.", []),
        ("It's 10.7.0.2/16, db1.corp.example, `aws_db_instance.main`, /etc/app/x.conf.", []),
        ("Run `kubectl -n pay get pods --all` and/or read it, e.g. in CI/CD.", []),
        ("```bash\n$ kubectl -n pay get pods --all\n# then wait\n```", []),
        ("Wait 5 minutes, not 150.", ["5", "150"]),
        ("It's 10.7.0.3 or 10.7.0 or 7.0.2.", ["10.7.0.3", "10.7.0", "7.0.2"]),
        ("It's db2.corp.example in /etc/app/y.conf.", ["db2.corp.example", "/etc/app/y.conf"]),
        ("It's aws_db_instance.other, KubePodCrashLooping, PPR-9088, --force.",
         ["aws_db_instance.other", "KubePodCrashLooping", "PPR-9088", "--force"]),
        ("Run `kubectl -n pay delete pods --all`.", ["kubectl -n pay delete pods --all"]),
        ("```\nrm -rf /\n```", ["rm -rf /"]),
    ],
)  # fmt: skip
def test_particulars(sentence: str, lacks: list[str]) -> None:
    assert missing(sentence, CITED) == lacks


def test_sentences_are_told_apart() -> None:
    text = "One is so, e.g. this. Two (see A.) is.\n- item one\n- item two\n\n```sh\na. B\n\nc\n```\nLast one\nwraps."
    assert [text[start:end] for start, end in sentences(text)] == [
        "One is so, e.g. this.", "Two (see A.) is.", "- item one", "- item two", "```sh\na. B\n\nc\n```", "Last one\nwraps.",
    ]  # fmt: skip


def test_the_number_of_an_item_is_no_sentence() -> None:
    text = "1. Drain the node. Wait.\n2. **Stop it.**\n- 3. Done."
    assert [text[start:end] for start, end in sentences(text)] == [
        "1. Drain the node.", "Wait.", "2. **Stop it.**", "- 3. Done.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sentence", "stated"),
    [
        ("The documents do not mention a backup.", False),
        ("It is not documented who owns it.", False),
        ("Nothing about that is in our documents.", False),
        ("The runbook does not need a restart.", True),
        ("| web | size | large |", True),
        ("|---|---|", False),
        ("In short.", False),
    ],
)
def test_what_states_something(sentence: str, stated: bool) -> None:
    assert states(sentence) is stated


def test_advice_ends_at_the_next_heading() -> None:
    text = "A.\n**My advice:** do it.\n\n# More\n\nB. My advice is old.\n"
    ((start, end),) = advice(text)
    assert text[start:end] == "**My advice:** do it.\n\n"


def test_no_forged_citation_is_ever_shown_as_verified(
    make: Make, owner: Owner, evidence: tuple[ScoredPassage, ...]
) -> None:
    """1,000 replies whose every citation is forged, shifted, paraphrased, stale, misplaced, or of what the asker may not see."""
    chance = random.Random(7)
    seen = [i for i, found in enumerate(evidence) if found.document.path in ("locks.md", "dns.md")]
    hidden = next(i for i, found in enumerate(evidence) if found.document.path == "pay.md")
    stale = next(i for i, found in enumerate(evidence) if found.document.path == "moving.md")
    kinds = set()
    for _ in range(1000):
        index = chance.choice(seen)
        unit = chance.choice([u for u in units(evidence[index].passage) if len(u.text.split()) > 3])
        words = unit.text.split(" ")
        at = chance.randrange(1, len(words))
        other = next(i for i in seen if i != index)
        last = evidence[index].passage.end_line
        forgeries = {
            "forged": (index, unit.start_line, unit.end_line, "Delete the state file, then apply again."),
            "shifted": (index, last + 1, last + 9, unit.text),
            "above": (index, 1, max(unit.start_line - 1, 0), unit.text)
            if unit.start_line > 1
            else (index, 0, 0, "none"),
            "paraphrased": (index, unit.start_line, unit.end_line, " ".join([*words[:at], "surely", *words[at:]])),
            "shortened": (index, unit.start_line, unit.end_line, " ".join([*words[: at - 1], *words[at:]]) + "!"),
            "respaced": (index, unit.start_line, unit.end_line, " ".join(words[:at]) + "  " + " ".join(words[at:])),
            "recased": (index, unit.start_line, unit.end_line, unit.text.swapcase()),
            "wrong index": (other, unit.start_line, unit.end_line, unit.text),
            "out of range": (chance.choice([-1, -2, len(evidence), 10**6]), unit.start_line, unit.end_line, unit.text),
            "out of lines": (index, -5, -1, unit.text),
            "hidden": (hidden, 1, 9, "The batch runs at 04:10."),
            "stale": (stale, 1, 9, "This page will say something else."),
            "new": (stale, 1, 9, "It says this now."),
            "empty": (index, unit.start_line, unit.end_line, chance.choice(["", " ", "\n\n"])),
        }
        kind = chance.choice(list(forgeries))
        kinds.add(kind)
        transcript, citer = make()
        shown = say(
            transcript, (f"It is so [{chance.randrange(9)}], they say.", (forgeries[kind],)), " Really so it is."
        )
        assert citer.citations == (), kind
        assert "[" not in shown, kind
        assert "unverified" in [flag.kind for flag in transcript.flags()], kind
    assert len(kinds) == 14
