"""The task that a question asks how to do: found by the headings of a page, told whole and in order, or told how it goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answers.evidence import following
from rag.answers.extractive.deeds import saying
from rag.answers.extractive.task import is_about, is_form, task
from rag.records import Document, Passage, ScoredPassage
from tests.rag.test_procedures import document, passage
from tests.rag.test_steps import answered, evidence

UPGRADE = """# Upgrade the broker

Before you begin, tell the others.

## Prepare it

Pause the feeds.

```
brokerctl pause
```

## Switch it over

In the console, press Upgrade.

## Put it back

```
brokerctl resume
```
"""
QUESTION = "How do I upgrade the broker?"


def titled(page: str, title: str, path: str = "x.md") -> Document:
    return replace(document(page), title=title, path=path, id=path)


def found(question: str, page: str, title: str, path: str = "x.md") -> tuple[str, float] | None:
    told = task(question, titled(page, title, path))
    return (told.section.heading, told.fit) if told else None


def of(page: str, title: str, path: str, *lines: tuple[int, int]) -> list[ScoredPassage]:
    """Passages of a page with a title."""
    own = titled(page, title, path)
    cut = [replace(one.passage, document_id=own.id, id=f"{path}{one.passage.id}") for one in evidence(page, *lines)]
    return [ScoredPassage(one, own, 1.0) for one in cut]


def whole(page: str) -> tuple[int, int]:
    return 1, page.count("\n")


def with_rest(question: str, taken: list[ScoredPassage]) -> list[ScoredPassage]:
    """These passages, and the tasks that come along with them."""

    def passages_of(name: str) -> list[Passage]:
        own = next(one.document for one in taken if one.document.id == name)
        return [replace(passage(own.text, *whole(own.text)), document_id=name)]

    return [*taken, *following(question, taken, passages_of)]


def test_a_task_is_the_outermost_section_that_says_what_is_asked() -> None:
    page = f"# Brokers\n\nThey hum.\n\n{UPGRADE.replace('#', '##')}\n## Remove it\n\n```\nbrokerctl rm\n```\n"
    told = found(QUESTION, page, "Brokers")
    assert told
    assert told[0] == "## Upgrade the broker"
    assert found(QUESTION, UPGRADE, "Upgrade the broker") == ("", 1.0)


def test_a_step_is_no_task_of_its_own() -> None:
    steps = "### 1. Find it\n\n```\na b\n```\n\n### 2. Restore the ledger dump\n\n```\nc d\n```\n"
    told = found("How do I restore the ledger dump by hand?", f"# Restore\n\n## Ledgers\n\n{steps}", "Ledgers by hand")
    assert told
    assert told[0] != "### 2. Restore the ledger dump"


@pytest.mark.parametrize(
    "question", ["When was the broker upgraded?", "How many brokers do we upgrade?", "How do I paint a wall?"]
)
def test_facts_and_other_things_are_no_tasks(question: str) -> None:
    assert found(question, UPGRADE, "Upgrade the broker") is None


def test_where_nothing_is_to_be_done_there_is_no_task() -> None:
    assert found(QUESTION, "# Upgrade the broker\n\nIt was a good year.\n", "Upgrade the broker") is None


def test_all_of_them_are_another_task_than_one() -> None:
    one, every = (
        ("# Recycle a node\n\n```\na b\n```\n", "Recycle a node"),
        ("# Recycle all nodes\n\n```\na b\n```\n", "Recycle all nodes"),
    )
    assert (found("How do I recycle all nodes?", *every) or ("", 0))[1] > (
        found("How do I recycle all nodes?", *one) or ("", 0)
    )[1]
    assert (found("How do I recycle a node?", *one) or ("", 0))[1] > (
        found("How do I recycle a node?", *every) or ("", 0)
    )[1]


def test_what_is_missing_is_another_task_than_having_it() -> None:
    gone = found("no feed logs in the hub", "# No feed logs in the hub\n\n```\na b\n```\n", "No feed logs in the hub")
    there = found("no feed logs in the hub", "# Feed logs in the hub\n\n```\na b\n```\n", "Feed logs in the hub")
    assert gone
    assert gone[1] > (there or ("", 0.0))[1]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        (".github/ISSUE_TEMPLATE/upgrade.md", True),
        ("cmd/make/template/upgrade.md", True),
        ("docs/pull_request_template.md", True),
        ("docs/upgrade.md", False),
        ("docs/templating.md", False),
    ],
)
def test_forms_are_told_by_where_they_stand(path: str, form: bool) -> None:
    assert is_form(QUESTION, titled(UPGRADE, "Upgrade the broker", path)) is form
    assert not is_form("Where is the template of an upgrade?", titled(UPGRADE, "Upgrade", path))


def test_a_page_is_about_what_its_title_says_half_of() -> None:
    assert is_about("How do I upgrade the broker's disk?", titled(UPGRADE, "Upgrade the broker"))
    assert not is_about("How do I upgrade the disk of a portal?", titled(UPGRADE, "Upgrade the broker"))


def test_sections_that_were_not_found_are_told_in_their_place() -> None:
    taken = of(UPGRADE, "Upgrade the broker", "x.md", (1, 11))
    text = answered(QUESTION, with_rest(QUESTION, taken))
    places = [text.find(said) for said in ("tell the others", "brokerctl pause", "press Upgrade", "brokerctl resume")]
    assert -1 not in places
    assert places == sorted(places)
    assert "go on from" not in text


def test_a_task_that_is_too_long_is_told_from_its_beginning_and_says_how_it_goes_on() -> None:
    parts = "".join(
        f"## Upgrade part {n}\n\nDo it. {'word ' * 90}\n\n```\nbrokerctl {n}\n```\n\n" for n in range(1, 10)
    )
    page = f"# Upgrade the broker\n\nTell the others.\n\n{parts}"
    lines = page.split("\n")
    later = lines.index("## Upgrade part 5") + 1
    text = answered(QUESTION, with_rest(QUESTION, of(page, "Upgrade the broker", "x.md", (later, later + 6))))
    shown = [n for n in range(1, 10) if f"brokerctl {n}\n" in text]
    assert shown == [*range(1, len(shown) + 1)]
    assert shown
    assert "(Upgrade part 9) of wiki/x.md: read them there." in text
    assert len(text.split()) <= 600


def test_what_a_page_says_last_is_quoted_last() -> None:
    look = "## Look\n\nSee whether it hums.\n\n```\nbrokerctl hum\n```"
    page = f"# Broker trouble\n\n{look}\n\n## Else\n\n{'Grass. ' * 700}\n\nRebuild the lost broker as a last resort.\n"
    text = answered("How do I rebuild a lost broker?", of(page, "Broker trouble", "x.md", whole(page)))
    assert 0 < text.find("brokerctl hum") < text.find("last resort")


def test_a_page_tells_how_to_do_it_before_a_form_does() -> None:
    form = "# Upgrade\n\nUpgrade the broker: upgrade the broker by the page on how to upgrade the broker.\n\n- [ ] broker\n"
    taken = [
        *of(form, "Upgrade the broker", ".github/ISSUE_TEMPLATE/upgrade.md", whole(form)),
        *of(UPGRADE, "Upgrade the broker", "x.md", (1, 11)),
    ]
    text = answered(QUESTION, with_rest(QUESTION, taken))
    assert text.find("(wiki/x.md") >= 0
    assert text.find("(wiki/x.md") < text.find("ISSUE_TEMPLATE") or "ISSUE_TEMPLATE" not in text
    assert "brokerctl resume" in text


def test_of_two_pages_the_one_whose_title_is_the_task_is_told() -> None:
    said = "See whether logs pass it.\n\n```\nsidecarctl look\n```\n"
    gone, feeds = f"# No feed logs\n\n{said}", f"# Feeds\n\n{said.replace('sidecarctl', 'hubctl feed logs')}"
    taken = [*of(feeds, "Feeds", "f.md", whole(feeds)), *of(gone, "No feed logs", "g.md", whole(gone))]
    text = answered("no feed logs", taken)
    assert text.find("sidecarctl look") > 0
    assert "hubctl" not in text.split("sidecarctl")[0]


def test_nothing_is_destroyed_without_the_steps_before() -> None:
    keep = f"1. Keep a copy of the ledger's keys. {'word ' * 300}"
    other = f"# Hubs\n\n{keep}\n2. Remove the rusty ledger key:\n\n   ```\n   rm -rf keys\n   ```\n"
    page = "# Rusty ledgers\n\n## Oil the rusty ledger key\n\n```\noilctl key\n```\n"
    taken = [*of(page, "Rusty ledgers", "a.md", whole(page)), *of(other, "Hubs", "b.md", whole(other))]
    text = answered("How do I oil the rusty ledger key?", taken)
    assert "oilctl key" in text
    assert "rm -rf" not in text


def test_steps_in_sections_behind_are_named() -> None:
    write, apply = "```\nkind: Pod\n```", "```\nkubectl apply\n```"
    page = f"# Broker pods\n\n## Write the broker pod's definition\n\n{write}\n\n## Apply what was written\n\n{apply}\n"
    text = answered("How do I write a broker pod's definition?", of(page, "Broker pods", "x.md", (1, 7)))
    assert (
        "Then the page goes on at line 11 (Apply what was written) of wiki/x.md: see which of it belongs to this."
        in text
    )


def test_sections_behind_are_not_named_of_a_page_about_other_things() -> None:
    page = "# Hubs\n\n## Write the broker pod\n\n```\nkind: Pod\n```\n\n## Apply it\n\n```\nkubectl apply\n```\n"
    text = answered("How do I write a broker pod?", of(page, "Hubs", "x.md", (1, 7)))
    assert "kind: Pod" in text
    assert "the page goes on" not in text


def test_sections_between_that_are_not_at_hand_are_named_above() -> None:
    text = answered(QUESTION, of(UPGRADE, "Upgrade the broker", "x.md", (5, 11), (17, 21)))
    assert "brokerctl pause" in text
    assert "brokerctl resume" in text
    assert text.startswith(
        "Not all steps are quoted; others stand at line 3 (Upgrade the broker), 15 (Switch it over) of wiki/x.md"
    )


def test_what_a_form_says_counts_less_than_a_page_of_it() -> None:
    said = "The outer seal of a broker is upgraded first.\n"
    form = of(f"# Form\n\n{said}", "Seals", "docs/templates/seal.md", (1, 3))
    text = answered(
        "Which seal of a broker is upgraded first?", [*form, *of(f"# Seal\n\n{said}", "Seals", "s.md", (1, 3))]
    )
    assert text.startswith("**Seals")
    assert text.find("(wiki/s.md)") < text.find("docs/templates") or "docs/templates" not in text


ACCESS = """# Console access

How access is managed for members.

## Granting access

To grant access to a person, add the new user to `users.tf`.

## Revoking access

To revoke access from a person, log into the console, and:

* Disable the password
* Remove all the access keys

Once that is done, remove the user from `users.tf`.
"""
REVOKE = "How do I revoke console access from a person?"


def test_a_section_without_commands_is_the_task_where_its_own_heading_asks_for_it() -> None:
    told = found(REVOKE, ACCESS, "Console access")
    assert told
    assert told[0] == "## Revoking access"
    assert found(REVOKE, ACCESS[: ACCESS.index("To revoke")] + "It was a bad year.\n", "Console access") is None


def test_beside_a_task_that_is_told_whole_stands_no_other_of_its_page() -> None:
    text = answered(REVOKE, of(ACCESS, "Console access", "access.md", whole(ACCESS)))
    assert "Remove all the access keys" in text
    assert "remove the user" in text
    assert "To grant access" not in text


def test_who_lost_a_thing_is_not_told_how_it_is_set_up() -> None:
    setup = "# Set up a KeyFob\n\n## Prepare the KeyFob\n\n```\nfob init\n```\n"
    loss = "# Policy\n\nEverybody has a KeyFob.\n\nA KeyFob that was lost must be reported and revoked at once.\n"
    question = "I lost my KeyFob, what do I do?"
    assert found(question, setup, "Set up a KeyFob") is None
    pages = of(setup, "Set up a KeyFob", "a.md", whole(setup)) + of(loss, "Policy", "b.md", whole(loss))
    text = answered(question, pages)
    assert "must be reported and revoked" in text
    assert "fob init" not in text
    assert found("How do I set up a KeyFob?", setup, "Set up a KeyFob")


CREW = """# Crew

Tell the crew. There are two of the crew, a helmsman and a stoker.

## 1. Crew roles

### 1.0 Lookout

Never sleep aloft.

### 1.1 Helmsman

These are for the helmsman:

- hold the wheel
- tell the stoker when the hull is dark

```
helm hold
```

### 1.2 Stoker

Never oil it by day. The stoker of the crew, whom the helmsman tells:

- feeds the fire
- oils the hinge

```
stoke hinge
```
"""


@pytest.mark.parametrize(
    "question",
    ["What does the helmsman do?", "What's the role of the helmsman?", "What is the helmsman responsible for?"],
)
def test_what_stands_under_a_name_is_told_whole_and_before_its_siblings(question: str) -> None:
    text = answered(question, with_rest(question, of(CREW, "Crew", "x.md", whole(CREW))))
    said = ("These are for", "hold the wheel", "helm hold", "There are two")
    places = [text.find(part) for part in said]
    assert -1 not in places[:3], text
    assert places[:3] == sorted(places[:3])
    assert places[3] == -1 or places[3] > places[2]
    assert text.find("feeds the fire") == -1 or text.find("feeds the fire") > places[2]
    assert "go on from" not in text
    assert "Never" not in text.split("helm hold")[0]


def test_of_what_is_described_nothing_but_its_name_is_a_task() -> None:
    assert found("What does the stoker do?", CREW, "Crew") == ("### 1.2 Stoker", 1.0)
    assert found("What does the upgrade do?", UPGRADE, "Upgrade the broker") is None
    assert found("What does the broker do?", "# Broker\n\nIt hums.\n\n## Broker in winter\n\nNo.\n", "X") == (
        "# Broker",
        1.0,
    )


RELEASE = """# Releases

## Publish the pre-release to the mirror

Once the pull request is merged, run this command in the [tools] repository:

```
release publish
```

## Appendix: rebuilding pre-releases

If something goes wrong, run this command in the [tools] repository:

```
release rebuild
```
"""


@pytest.mark.parametrize(
    "question",
    [
        "and if it must be rebuilt (publish the pre-release to the mirror)?",
        "How do I rebuild the pre-release on the mirror?",
    ],
)
def test_the_section_that_says_what_is_to_be_done_is_told_and_no_other_of_its_page(question: str) -> None:
    text = answered(question, of(RELEASE, "Releases", "r.md", whole(RELEASE)))
    assert "release rebuild" in text
    assert "release publish" not in text


GRANT = "# Policy\n\n## Grants\n\nMembers of these teams are eligible for a KeyFob free of charge:\n\n- depot\n- yard\n"


@pytest.mark.parametrize("rank", [1, 9])
def test_the_passage_that_says_all_of_a_question_stands_first_in_spite_of_its_rank(rank: int) -> None:
    parts = [f"# Part {n}\n\nThe KeyFob of the key has a part {n}.\n" for n in range(rank)]
    before = [one for n, page in enumerate(parts) for one in of(page, f"Part {n}", f"{n}.md", whole(page))]
    text = answered("Who is eligible for a free KeyFob?", [*before, *of(GRANT, "Policy", "p.md", whole(GRANT))])
    assert text.startswith("**Policy")
    assert "- yard" in text


def test_the_opposite_of_what_is_asked_does_not_say_it() -> None:
    assert saying(("prioritise",), ["Rebuild it", "De-prioritise a group"], str) == [
        "Rebuild it",
        "De-prioritise a group",
    ]
    assert saying(("prioritise",), ["Rebuild it", "Prioritise a group"], str) == ["Prioritise a group"]


def test_who_asks_about_one_is_not_told_how_it_is_done_with_all() -> None:
    steps = "".join(f"{n}. Do part {n} of it.\n" for n in range(1, 9))
    page = f"# Brokers\n\n## Upgrade all brokers\n\n{steps}\n## Upgrade a broker\n\n1. Press Upgrade.\n2. Wait.\n"
    told = found("How do I upgrade a broker?", page, "Brokers")
    assert told
    assert told[0] == "## Upgrade a broker"
    told = found("How do I upgrade all brokers?", page, "Brokers")
    assert told
    assert told[0] == "## Upgrade all brokers"


def test_the_tasks_of_two_pages_come_along_and_no_more_than_an_answer_can_hold() -> None:
    long = UPGRADE + "".join(f"\n## Part {n}\n\n```\nbrokerctl step {n} {'x' * 60}\n```\n" for n in range(90))
    taken = [one for name in "abc" for one in of(long, "Upgrade the broker", f"{name}.md", (3, 3))]
    own = {one.document.id: [replace(one.passage, start_line=1, end_line=long.count("\n"))] for one in taken}
    rest = following(QUESTION, taken, lambda name: own[name])
    assert len({one.document.id for one in rest}) == len(rest) <= 2
    assert 0 < sum(len(one.passage.text) for one in rest) <= 6000
    short = [one for name in "abc" for one in of(UPGRADE, "Upgrade the broker", f"{name}.md", (3, 3))]
    own = {one.document.id: [replace(one.passage, start_line=1, end_line=UPGRADE.count("\n"))] for one in short}
    assert len(following(QUESTION, short, lambda name: own[name])) == 2
