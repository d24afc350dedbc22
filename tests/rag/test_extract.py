"""The extractive answer: what it picks, in which order, how much of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.answers.extractive.pieces import pieces
from rag.answers.values.asked import asked_values
from rag.answers.values.bearing import things
from rag.answers.values.settled import settled
from rag.ask import Asker
from rag.cite import Citer
from rag.records import Answer, Passage, Viewer
from tests.conftest import Files, configure, write

Ask = Callable[[Files, str], Answer]
FILLER = "\n".join(
    f"## Topic {n}\n\nSome words about gardening number {n}. Nothing of note is said of it here.\n" for n in range(8)
)


@pytest.fixture
def ask(owner: Owner, sync: Callable[..., SyncReport], tmp_path: Path, settings: Settings) -> Ask:
    """Syncs these files as the source `wiki`, and asks."""

    def run(files: Files, question: str) -> Answer:
        configure(settings, {"name": "wiki", "type": "folder", "path": str(write(tmp_path / "wiki", files))})
        sync()
        reader = owner.reader()
        asker = Asker(owner.catalog, reader.retriever, "", terraform=reader.terraform)
        answer = asker.answer(question, Viewer())
        for citation in answer.citations:
            lines = owner.catalog.document(citation.document_id, Viewer()).lines(citation.start_line, citation.end_line)
            assert citation.quote in lines
            assert f"[{citation.number}]" in answer.text
        return answer

    return run


LIMITS = (
    "# Uploads\n\nThe portal takes files of many kinds. An upload may have at most 40 MB,\nwhich the proxy enforces. "
    "Larger ones are refused.\n\n" + FILLER
)


def test_a_sentence_that_spans_lines_is_quoted_as_it_stands(ask: Ask) -> None:
    answer = ask({"uploads.md": LIMITS}, "How many MB may an upload have at most?")
    assert "An upload may have at most 40 MB,\nwhich the proxy enforces." in answer.text
    assert "gardening" not in answer.text
    assert "**Uploads** (wiki/uploads.md" in answer.text


TABLE = (
    "# Queues\n\n| queue | retention | owner |\n|---|---|---|\n"
    + "".join(f"| lane-{n} | {n} days | team-{n} |\n" for n in range(3, 30))
    + "| parcels | 14 days | dispatch |\n"
)


def test_a_row_comes_with_its_tables_header(ask: Ask) -> None:
    answer = ask({"queues.md": TABLE}, "What is the retention of the queue parcels?")
    assert "| queue | retention | owner |\n|---|---|---|\n| parcels | 14 days | dispatch |" in answer.text


STEPS = "# Restore the ledger\n\nDo this when the ledger is broken.\n\n" + "\n".join(
    f"{n}. Step number {n}:\n   ```bash\n   ledgerctl phase-{n} --all\n   ```\n" for n in range(1, 9)
)


def test_a_procedure_is_whole_and_in_order(ask: Ask) -> None:
    answer = ask({"restore.md": STEPS, "other.md": FILLER}, "How do I restore the broken ledger?")
    assert re.findall(r"phase-(\d)", answer.text) == [str(n) for n in range(1, 9)], answer.text
    assert answer.text.count("```") == 16


LONG = "# Rebuild the broker\n\n" + "\n\n".join(
    f"## Part {n}\n\nRebuild broker part {n}. "
    + "Many words follow here. " * 40
    + f"\n\n```\nbrokerctl rebuild {n}\n```"
    for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("question", "most"),
    [("How do I rebuild the broker?", 600), ("Which many words follow here?", 250)],
)
def test_an_answer_keeps_its_limit_of_words(ask: Ask, question: str, most: int) -> None:
    answer = ask({"broker.md": LONG, "again.md": LONG.replace("Part", "Piece")}, question)
    assert 0 < len(answer.text.split()) <= most


def test_markup_that_is_no_text_is_left_out(ask: Ask) -> None:
    page = "# Badges\n\n<div class='x'>\n\n![badge](https://example.org/badge.png)\n\nBadges of visitors are blue.\n\n</div>\n"
    page += "\nVisitors hand badges back.\n\n[badges]: https://example.com/badges\n"
    answer = ask({"badges.md": page, "other.md": FILLER}, "What about the badges of visitors, blue?")
    assert "Badges of visitors are blue." in answer.text
    assert "Visitors hand badges back." in answer.text
    assert "div>" not in answer.text
    assert "example" not in answer.text


MODULE = {
    "main.tf": (
        'resource "aws_db_instance" "ledger" {\n  engine         = "postgres"\n  instance_class = var.instance_class\n}\n'
    ),
    "variables.tf": 'variable "instance_class" {\n  type    = string\n  default = "db.t3.medium"\n}\n',
}


def test_terraform_is_answered_with_the_value_and_its_lines(ask: Ask) -> None:
    answer = ask(MODULE, "Which instance class does the aws_db_instance ledger have?")
    assert answer.text.startswith('`aws_db_instance.ledger` instance_class is `"db.t3.medium"`')
    cited = {(c.path, c.start_line) for c in answer.citations if c.start_line == c.end_line}
    assert {("main.tf", 3), ("variables.tf", 3)} <= cited


def test_a_value_asked_for_in_plain_words_comes_first_with_its_place(ask: Ask) -> None:
    files = {
        "main.tf": 'resource "aws_db_instance" "ledger" {\n  backup_retention_period = 35\n  multi_az = true\n}\n'
        'resource "aws_db_instance" "portal" {\n  backup_retention_period = 7\n}\n'
    }
    answer = ask(files, "How long are the ledger database's backups kept?")
    assert answer.text.startswith(
        "`aws_db_instance.ledger` backup_retention_period is `35`: wiki/main.tf line 2 [1]\n\n```\nbackup_retention"
    )
    assert "is `7`" not in answer.text


@pytest.mark.parametrize(
    "question",
    ["How do I change how long the ledger database's backups are kept?", "How long are the invoices' backups kept?"],
)
def test_no_value_is_told_of_a_question_for_steps_or_for_another_thing(ask: Ask, question: str) -> None:
    files = {"main.tf": 'resource "aws_db_instance" "ledger" {\n  backup_retention_period = 35\n}\n'}
    assert "backup_retention_period is" not in ask(files, question).text


def test_a_procedure_is_whole_though_passages_and_another_page_say_more(ask: Ask) -> None:
    waiting = "--verbose " * 18
    phases = (
        f"{n}. Restore phase {n} of the ledger:\n\n   ```bash\n   ledgerctl phase-{n} --wait {waiting}\n   ```\n"
        for n in range(1, 9)
    )
    steps = "# Restore the ledger\n\nRehearsed. " + "Words of no weight. " * 9 + "\n\n" + "\n".join(phases)
    policy = "# Snapshots\n\nThe ledger is restored from a snapshot. Others are kept for the law.\n"
    answer = ask(
        {"restore.md": steps, "policy.md": policy, "x.md": FILLER}, "How do I restore the ledger from a snapshot?"
    )
    assert re.findall(r"phase-(\d)", answer.text) == [str(n) for n in range(1, 9)], answer.text


def test_steps_that_are_too_many_say_where_they_go_on(ask: Ask) -> None:
    steps = "# Rebuild the broker\n\n" + "\n".join(f"{n}. Rebuild part {n}. {'word ' * 45}" for n in range(1, 30))
    steps += "\n30. Rebuild the broker.\n"
    answer = ask({"broker.md": steps, "x.md": FILLER}, "How do I rebuild the broker?")
    shown = re.findall(r"^(\d+)\.", answer.text, re.M)
    assert shown == [str(n) for n in range(1, len(shown) + 1)]
    assert f"The steps go on from line {len(shown) + 3} (Rebuild the broker) of wiki/broker.md" in answer.text
    assert len(answer.text.split()) <= 600


CALLED_TWICE = {
    "stack/main.tf": 'resource "aws_db_instance" "ledger" {\n  backup_retention_period = var.retention\n}\n'
    'variable "retention" {}\n',
    "envs/prod/prod.tf": 'module "ledger" {\n  source    = "../../stack"\n  retention = 35\n}\n',
    "envs/test/test.tf": 'module "ledger" {\n  source    = "../../stack"\n  retention = 1\n}\n',
}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Run `up`. **IMPORTANT:** Do NOT run it at night. It takes long.", 1),
        ("Run `up`. Never run it at night. It takes long.", 1),
        ("Run `up`. It is important to wait. It takes long.", 3),
        ("Run `up`. Never run it at night. " + "It takes very long. " * 30, 31),
    ],
)
def test_a_paragraph_that_forbids_stays_whole(text: str, kept: int) -> None:
    passage = Passage("p", "d", 1, ("Up",), f"# Up\n\n{text.strip()}", 1, 3, "section")
    assert len(pieces(passage)) == kept


def test_a_small_table_is_quoted_whole(ask: Ask) -> None:
    table = "# Environments\n\n| name | region |\n|---|---|\n| atlas | eu-west-2 |\n| borealis | eu-north-1 |\n\n"
    answer = ask({"environments.md": table + FILLER}, "Which environments are there, and in which region?")
    assert table.split("\n\n")[1] in answer.text


def test_a_heading_without_a_space_is_no_sentence(ask: Ask) -> None:
    page = "# Proxy\n\n###Preparing the proxy upgrade\n\nTell the crew of the proxy before.\n\n"
    answer = ask({"proxy.md": page + FILLER}, "Whom do I tell before the proxy is upgraded?")
    assert "Tell the crew" in answer.text
    assert "###Preparing" not in answer.text


def test_a_name_that_nothing_speaks_of_comes_first_and_the_rest_is_short(ask: Ask) -> None:
    answer = ask(
        {"restore.md": STEPS, "other.md": FILLER}, "How do I restore the ledger to Cassandra after it is broken?"
    )
    assert answer.verdict == "partial"
    assert answer.text.startswith("Nothing of what was found speaks of: cassandra. Nearest pages: Restore the ledger")
    assert "phase-8" not in answer.text
    assert len(answer.text.split()) <= 120


def test_values_that_are_not_told_leave_no_citation(
    owner: Owner, sync: Callable[..., SyncReport], tmp_path: Path, settings: Settings
) -> None:
    configure(settings, {"name": "infra", "type": "folder", "path": str(write(tmp_path / "infra", CALLED_TWICE))})
    sync()
    reader = owner.reader()
    everything = sorted(
        reader.retriever.search("ledger retention", Viewer(), 20).passages, key=lambda f: f.document.path
    )
    question = "What is the backup retention period of the ledger?"
    for paths, told in ((("main.tf", "prod.tf", "test.tf"), True), (("main.tf", "test.tf"), False)):
        evidence = [found for found in everything if found.document.path.rpartition("/")[2] in paths]
        citer = Citer(owner.catalog, Viewer(), evidence)
        asked = asked_values(question, everything, reader.terraform(Viewer()))
        assert bool(settled(asked, evidence, citer)) is told
        assert bool(citer.citations) is told


WARNED = (
    "---\ntitle: Swap the broker\n---\n\n# <%= current_page.data.title %>\n\n> **Warning:** The broker loses what it holds.\n\n"
    "## Before you start\n\n- Ask the crew of the broker.\n- Do not swap the broker on a Friday.\n\n## Swap the broker\n\n"
    "### 1. Stop the broker\n\n```\nbrokerctl stop\n```\n\n### 3. IMPORTANT: Do NOT reuse its name\n\nThe old name is taken.\n\n"
    "### 2. Start the broker\n\n```\nbrokerctl start\n```\n\n"
)


def test_a_procedure_brings_the_warnings_around_it_each_in_its_place_and_cited(ask: Ask) -> None:
    answer = ask({"swap.md": WARNED + "\n".join(FILLER.split("\n")[:12]), "x.md": FILLER}, "How do I swap the broker?")
    found = ["loses what it holds", "on a Friday", "brokerctl stop", "Do NOT reuse its name", "brokerctl start"]
    places = [answer.text.find(text) for text in found]
    assert -1 not in places
    assert places == sorted(places)
    for text in ("loses what it holds", "on a Friday", "The old name is taken"):
        assert any(text in citation.quote for citation in answer.citations), text


def test_where_steps_are_too_many_the_warnings_go_first_and_the_others_are_named(ask: Ask) -> None:
    steps = "".join(
        f"### {n}. Swap part {n}\n\nDo this. {'word ' * 70}\n\n```\nswapctl {n}\n```\n\n" for n in range(1, 12)
    )
    late = "### 12. Tidy up\n\nNever leave the lid open.\n\n```\nswapctl close\n```\n"
    page = f"# Swap the broker\n\nDo not swap the broker alone.\n\n## Swap it\n\n{steps}{late}"
    answer = ask({"swap.md": page, "x.md": FILLER}, "How do I swap the broker?")
    assert "Do not swap the broker alone." in answer.text
    assert "Never leave the lid open." in answer.text
    assert "swapctl close" not in answer.text
    shown = [int(n) for n in re.findall(r"^swapctl (\d+)", answer.text, re.M)]
    assert shown == [*range(1, len(shown) + 1)]
    begins = page.split("\n").index(f"### {len(shown) + 1}. Swap part {len(shown) + 1}") + 3
    assert f"The steps go on from line {begins} ({len(shown) + 1}. Swap part {len(shown) + 1}), " in answer.text
    assert "(11. Swap part 11) of wiki/swap.md: read them there." in answer.text
    assert len(answer.text.split()) <= 600


def test_steps_from_the_one_asked_for_say_what_comes_before(ask: Ask) -> None:
    steps = "".join(
        f"### {n}. Swap part {n}\n\nDo this. {'word ' * 70}\n\n```\nswapctl {n}\n```\n\n" for n in range(1, 9)
    )
    last = "### 9. Lubricate the spindle\n\nLubricate the spindle of the broker.\n\n```\nswapctl spindle\n```\n"
    page = f"# Swap the broker\n\n{steps}{last}"
    answer = ask({"swap.md": page, "x.md": FILLER}, "How do I lubricate the spindle of the broker?")
    assert "swapctl spindle" in answer.text
    assert answer.text.startswith("Steps before these stand from line 5 of wiki/swap.md on: read them first.")


def test_a_piece_that_is_no_procedure_brings_its_sections_warning(ask: Ask) -> None:
    page = "# Broker\n\n## Prepare the broker swap\n\nPause the pipelines of the broker before its swap.\n\nTell the crew.\n\n"
    page += "> **IMPORTANT:** Do NOT apply.\n\n"
    assert "Do NOT apply" in ask({"swap.md": page + FILLER, "x.md": FILLER}, "How do I prepare the broker swap?").text


def test_no_line_is_quoted_twice(ask: Ask) -> None:
    answer = ask({"swap.md": WARNED + FILLER, "x.md": FILLER}, "How do I swap the broker on a Friday?")
    assert answer.text.count("on a Friday") == 1
    assert answer.text.count("brokerctl stop") == 1


@pytest.mark.parametrize("between", ["\n", "\n## Leyland\n\n"])
def test_two_tables_keep_their_own_headers(between: str) -> None:
    rows = "".join(f"| lane-{n} | {'far ' * 20}|\n" for n in range(5))
    text = f"# Lanes\n\n| lane | where |\n|---|---|\n{rows}{between}| hub | size |\n|---|---|\n| ley | 7 |\n"
    found = pieces(Passage("p", "d", 1, ("Lanes",), text, 1, text.count("\n") + 1, "section"))
    assert {piece.header for piece in found if "lane-" in piece.text} == {"| lane | where |\n|---|---|"}
    assert [p.text for p in found if "ley" in p.text] == ["| hub | size |\n|---|---|\n| ley | 7 |"]


def test_a_small_table_comes_with_the_sentence_that_leads_up_to_it(ask: Ask) -> None:
    table = "Sizes per environment:\n\n| name | nodes |\n|---|---|\n| atlas | 4 |\n| borealis | 12 |"
    answer = ask({"sizes.md": f"# Clusters\n\n{table}\n\n{FILLER}"}, "How many nodes does borealis have?")
    assert table in answer.text


def test_a_long_paragraph_keeps_what_it_forbids_with_the_sentence_before() -> None:
    words = "It takes very long. " * 30
    text = f"# Up\n\n{words}Run `up`. Never run it at night. Do not run it twice.\nThen wait. {words}"
    found = [piece.text for piece in pieces(Passage("p", "d", 1, ("Up",), text.strip(), 1, 4, "section"))]
    assert "Run `up`. Never run it at night. Do not run it twice." in found
    assert "Then wait." in found


@pytest.mark.parametrize("template", ["<%= current_page.data.title %>", "{{ page.title }}", "{% title %}"])
def test_a_heading_that_is_a_template_is_the_pages_title(ask: Ask, template: str) -> None:
    page = f"---\ntitle: Badges\n---\n\n# {template}\n\nBadges of visitors are blue.\n\n## Loss\n\nA lost badge is blocked.\n"
    answer = ask({"badges.md": page + FILLER}, "Badges of visitors: blue, or blocked?")
    assert template not in answer.text
    assert "**Badges** (wiki/badges.md" in answer.text


def test_what_a_passage_grew_over_is_quoted_under_its_own_heading(ask: Ask) -> None:
    page = "# Volumes\n\n## Resize\n\nResize the volume of the claim, then restart the pod that holds it.\n\n"
    page += "## Purge\n\nPurge the volume of the claim where nothing on the volume of the claim is needed.\n"
    answer = ask({"volumes.md": page, "x.md": FILLER}, "Purge the volume of the claim, and restart the pod?")
    above = answer.text.split("Resize the volume of the claim")[0]
    assert "Purge" not in above.rsplit("**", 2)[1]


PADDING = "# Ledger\n\n" + "".join(f"The ledger database is dear to team {n}, who back it up.\n\n" for n in range(30))
RETAINED = (
    "# Backups\n\n## Retention\n\nThe ledger's backups have a retention period of five weeks, for the auditors.\n\n"
    "The portal's backups have a retention period too.\n\nFor the ledger's backup retention see:\n\n- the law "
    + "word " * 120
    + "\n"
)
KEPT = {
    "main.tf": 'resource "aws_db_instance" "ledger" {\n  backup_retention_period = 35\n}\n',
    "ledger.md": PADDING,
    "backups.md": RETAINED,
}


def test_behind_a_value_comes_only_what_bears_on_it(ask: Ask) -> None:
    answer = ask(KEPT, "What is the backup retention period of the ledger database?")
    value, _, rest = answer.text.partition("```\n\n")
    assert "`aws_db_instance.ledger` backup_retention_period is `35`" in value
    assert "five weeks, for the auditors" in rest
    assert "dear to team" not in rest
    assert "resource" not in rest
    assert "see:" not in rest
    assert len(rest.split()) <= 80


def test_a_question_that_asks_for_more_than_a_value_is_answered_with_more(ask: Ask) -> None:
    answer = ask(KEPT, "What is the backup retention period of the ledger database, and who is it dear to?")
    assert "backup_retention_period is `35`" in answer.text
    assert "dear to team" in answer.text


SNAPSHOTS = """# Snapshots of Borg

Borg makes snapshots of every volume. Snapshots of Borg are of great worth, and Borg's snapshots are encrypted.

## Where

Snapshots lie in a bucket for 30 days.

## Restore

A snapshot of Borg is restored with:

```
borg restore snapshots
```

Borg snapshots are also copied to another region.
"""


def test_how_long_is_answered_first_with_a_length_of_time_and_little_else(ask: Ask) -> None:
    answer = ask({"snapshots.md": SNAPSHOTS, "other.md": FILLER}, "How long are Borg snapshots kept?")
    first = answer.text.partition("\n\n")[2]
    assert first.startswith("Snapshots lie in a bucket for 30 days.")
    assert "restore" not in answer.text and "great worth" not in answer.text


@pytest.mark.parametrize(
    ("address", "instances", "words"),
    [
        ("module.database", ('["ledger"]',), {"ledger"}),
        ("var.retention_days", ("", 'module.database["ledger"]'), {"ledger"}),
        ("aws_db_instance.ledger", ("[0]",), {"aws", "db", "ledger"}),
    ],
)
def test_of_one_among_several_the_key_names_it(address: str, instances: tuple[str, ...], words: set[str]) -> None:
    assert words <= things(address, instances)
    assert "database" not in things(address, instances)


LOG_GROUP = 'resource "aws_cloudwatch_log_group" "opensearch_application_logs" {\n  retention_in_days = 14\n}\n'


def test_a_page_stands_before_the_same_setting_of_a_store_that_nobody_named(ask: Ask) -> None:
    page = (
        "# Viewer\n\nServices send logs of the application to it, where they are kept.\n\n## Storage\n\nNothing else.\n"
    )
    answer = ask({"viewer.md": page, "search/main.tf": LOG_GROUP}, "How long are application logs kept?")
    assert answer.text.index("viewer.md") < answer.text.index("main.tf")
    answer = ask({}, "How long are OpenSearch's application logs kept?")
    assert answer.text.index("14") < answer.text.find("viewer.md") % 10_000


def test_how_long_is_said_under_the_heading_of_retention(ask: Ask) -> None:
    about = (
        "# Viewing\n\nServices send application logs to the viewer, where they are kept for all of the teams to see.\n"
    )
    page = "# Viewer of logs\n\nOpen it in a browser.\n\n## Retention period\n\n- Production: 90 days\n"
    answer = ask({"about.md": about, "viewer.md": page}, "How long are application logs kept?")
    assert "90 days" in answer.text
