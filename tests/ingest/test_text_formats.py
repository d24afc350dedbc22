"""Text formats are cut where their own parts are, and named by them: golden files, each with its passages written by hand.

A golden file: `path:`, `title:` (else the path), `kind:`, perhaps `note:`, then a line for each passage (`3-6: a > b`), a line of
`=====`, and the text. `«7»words` stands for seven such lines.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers import document_kind, parse
from rag.errors import DocumentError
from tests.ingest.test_parsers import check

GOLDEN = sorted(Path(__file__).with_name("golden").glob("*.golden"))
_PASSAGE = re.compile(r"\d+-\d+:")
_REPEATED = re.compile(r"«(\d+)»(.*)")


@dataclass
class Golden:
    """What a golden file says."""

    fields: dict[str, str] = field(default_factory=dict)
    passages: list[str] = field(default_factory=list)
    text: str = ""


def read(file: Path) -> Golden:
    head, _, text = file.read_text().partition("\n=====\n")
    golden = Golden()
    for line in head.split("\n"):
        if _PASSAGE.match(line):
            golden.passages.append(line.rstrip())
        else:
            key, _, value = line.partition(": ")
            golden.fields[key] = value
    for line in text.split("\n"):
        repeated = _REPEATED.fullmatch(line)
        golden.text += f"{repeated[2]}\n" * int(repeated[1]) if repeated else f"{line}\n"
    golden.text = golden.text[:-1]
    return golden


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_golden(file: Path) -> None:
    golden = read(file)
    path = golden.fields["path"]
    parsed = parse(path, golden.text)
    check(golden.text, parsed)
    found = [f"{d.start_line}-{d.end_line}: {' > '.join(d.heading_path)}".rstrip() for d in parsed.drafts]
    assert found == golden.passages
    assert parsed.title == golden.fields.get("title", path)
    assert document_kind(path, "auto") == golden.fields["kind"]
    assert list(parsed.notes) == [value for key, value in golden.fields.items() if key == "note"]


def test_there_are_golden_files() -> None:
    assert len(GOLDEN) >= 35


PATHS = [
    "a.rst", "a.adoc", "a.yaml", "templates/a.yaml", "a.json", "a.conf", "Jenkinsfile", "a.libsonnet", "a.sql", "a.csv",
    "a.py", "a.sh", "a.go", "Makefile", "Dockerfile", "a.ini", "a.tpl", "a.puml", ".github/workflows/a.yml",
    "roles/a/tasks/main.yml", "CODEOWNERS",
]  # fmt: skip
PIECES = [
    "\n", "\n", "\n\n", "  ", "    ", "---\n", "- ", "a: b\n", "kind: X\n", "groups:\n", "  rules:\n", "jobs:\n", "paths:\n",
    "{{", "}}", "{", "}", "[", "]", '"', "'", "`", "|", "|||", ">", "#", "//", "/*", "*/", "--", "====\n", "----\n", "....\n",
    "|===\n", "=== ===\n", "..", "::\n", ".. note::\n", "== T\n", "Title\n", "*", "+\n", ":a: b\n", "def f():\n", "class A:\n",
    "f() {\n", "func f() {\n", "FROM a\n", "x: y\n", "[s]\n", "server {\n", "stage('a') {\n", "alert: 'X',\n", ";", ",", "$$",
    "<%", "\t", "\r", "\x85", "\u2028", "\ufeff", "&a", "*a", "words " * 50, "long" * 700,
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@given(text=st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_any_text_keeps_the_promise(path: str, text: str) -> None:
    check(text, parse(path, text))


@pytest.mark.parametrize(
    "path", [path for path in PATHS if path not in ("a.json", "a.tpl", "CODEOWNERS", "roles/a/tasks/main.yml")]
)
@pytest.mark.parametrize(
    "piece",
    [
        "# a\n",
        "\n",
        "ab\n==\n",
        "a:\n",
        "- \n",
        ";",
        "'",
        "{\n",
        "{{\n",
        "----\n",
        "== ==\n  x\n",
        "[source]\n",
        "f() {\n",
        "x",
        "- " * 40 + "\n",
    ],
)
def test_time_is_linear(path: str, piece: str) -> None:
    def took(length: int) -> float:
        text = piece * (length // len(piece))
        began = time.process_time()
        parse(path, text)
        return time.process_time() - began

    took(1000)
    small, large = (min(took(length) for _ in range(3)) for length in (3_000, 24_000))
    assert large < 0.5 or large < 40 * small  # eight times the text; what is quadratic takes 64 times as long


@pytest.mark.parametrize("path", ["a.rst", "a.adoc"])
def test_a_page_may_name_its_audience(path: str) -> None:
    assert parse(path, ":audience: payments, staff\n:owner: sre\n\nText.\n").audience == ("payments", "staff")
    assert parse(path, ":owner: sre\n\nText.\n").owner == "sre"
    assert parse(path, "Text.\n").audience is None
    for unclear in (":audience:", ":audiance: payments"):
        with pytest.raises(DocumentError, match="audience"):
            parse(path, f"{unclear}\n\nText.\n")


def test_a_page_in_another_markup_may_be_outdated() -> None:
    assert "superseded" in parse("a.rst", "Old\n===\n\nThis page is superseded by the wiki.\n").outdated
    assert parse("a.adoc", "= Old\n:review-by: 2026-03-01\n\nText.\n").review_due == "2026-03-01"


def test_what_is_in_a_manifest_in_a_manifest_is_text() -> None:
    inner = "kind: ConfigMap\nmetadata: {name: b}\ndata:\n  a.conf: |\n" + "    server {\n      listen 1;\n    }\n" * 60
    text = "kind: ConfigMap\nmetadata: {name: a}\ndata:\n  b.yaml: |\n" + "".join(
        f"    {x}\n" for x in inner.splitlines()
    )
    parsed = parse("a.yaml", text)
    check(text, parsed)
    assert not [draft for draft in parsed.drafts if "server" in " ".join(draft.heading_path)]


def test_an_alias_costs_no_time_and_moves_no_lines() -> None:
    text = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*{'a' if n == 0 else f'b{n - 1}'}, *a]\n" for n in range(200))
    check(text, parse("a.yaml", text))
    loop = "jobs:\n  a: &a\n    on: *a\n" + "    words: many\n" * 200
    check(loop, parse(".github/workflows/a.yml", loop))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("README", "page"), ("LICENSE", "page"), (".env", "config"), ("deploy/.env.live", "config"),
        ("requirements.txt", "config"),
        ("docs/notes.txt", "page"), ("ci/Jenkinsfile", "code"), ("Dockerfile.dev", "code"), ("postmortem.adoc", "incident"),
        ("docs/adr/1.rst", "decision"), ("nginx.conf.j2", "config"), ("alerts.rules", "config"), ("main.tf.example", "code"),
        ("hosts", "config"), ("data.csv", "page"), ("schema.sql", "code"), ("runbooks/x.html.md.erb", "runbook"),
    ],
)  # fmt: skip
def test_kinds(path: str, kind: str) -> None:
    assert document_kind(path, "auto") == kind
