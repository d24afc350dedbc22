"""Passages have exact lines, nothing is lost between them, and structure is kept."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers import Parsed, document_kind, lines_of, parse
from ingest.parsers.text import HARD_LIMIT, LIMIT
from rag.catalog import PassageDraft
from rag.errors import DocumentError

MARKDOWN = """---
title: Clear a lock
owner: sre
audience: [payments, staff]
---

Intro words.

## How

Text with `code`.

```bash
# not a heading
terraform force-unlock
```

Setext
------

| a | b |
|---|---|
| 1 | 2 |

### Deep

1. one
2. two
"""

TERRAFORM = """# file comment

# The main network.
# Used by all.
resource "aws_vpc" "main" {
  cidr_block = "10.7.0.0/16"
  tags = {
    Name = "main"
  }
}

variable "region" {
  default = "eu-west-2"
}

data "aws_iam_policy_document" "this" {
  statement {
    actions = ["s3:GetObject"]
  }
}
locals { a = 1 }
"""

RULES = """apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: queues
spec:
  groups:
  - name: queue.rules
    rules:
""" + "".join(
    f"""    - alert: Queue{n}Stuck
      expr: queue_depth{{queue="{n}"}} > 100
      annotations:
        description: {"words " * 20}
"""
    for n in range(12)
)


def by_heading(parsed: Parsed) -> dict[str, PassageDraft]:
    return {" > ".join(draft.heading_path): draft for draft in parsed.drafts}


def check(text: str, parsed: Parsed) -> None:
    """The promise of every parser."""
    lines = lines_of(text)
    covered: set[int] = set()
    for draft in parsed.drafts:
        span = "\n".join(lines[draft.start_line - 1 : draft.end_line])
        assert draft.text in span
        assert draft.text == span or draft.start_line == draft.end_line
        assert draft.text.strip()
        assert len(draft.text) <= HARD_LIMIT
        covered.update(range(draft.start_line, draft.end_line + 1))
    lost = [n for n, line in enumerate(lines, 1) if line.strip() and not line.startswith("---") and n not in covered]
    assert not lost


def test_markdown_by_heading() -> None:
    parsed = parse("source/lock.html.md.erb", MARKDOWN)
    check(MARKDOWN, parsed)
    assert (parsed.title, parsed.owner, parsed.audience) == ("Clear a lock", "sre", ("payments", "staff"))
    found = by_heading(parsed)
    assert set(found) == {"", "How", "Setext", "Setext > Deep"}
    assert found["How"].text.startswith("## How")
    assert found["How"].text.endswith("terraform force-unlock\n```")
    assert (found["How"].start_line, found["How"].end_line) == (9, 16)
    assert "Intro words." in found[""].text


def test_markdown_titles() -> None:
    assert parse("a/some-page.md", "text").title == "some page"
    assert parse("a.md", "# Title *here* `x`\n\ntext").title == "Title *here* `x`"
    assert parse("a.md", "# <%= title %>\n\n## Second\n\ntext").title == "Second"


@pytest.mark.parametrize("front", ["---\n: [broken\n---\n", "---\n- list\n---\n", "---\nnever closed\n"])
def test_broken_front_matter_is_text(front: str) -> None:
    parsed = parse("a.md", front + "# T\n\nwords\n")
    check(front + "# T\n\nwords\n", parsed)
    assert parsed.audience is None


@pytest.mark.parametrize("audience", ["7", "{team: x}", "[]", "''", "[sre, 7]", "[sre, '']", "", "~"])
def test_a_page_whose_audience_is_no_group_is_not_read(audience: str) -> None:
    with pytest.raises(DocumentError, match="no list of groups"):
        parse("a.md", f"---\naudience: {audience}\n---\n# T\n")


def test_a_long_section_is_cut_between_blocks() -> None:
    text = "# Long\n\n" + "\n\n".join(f"Paragraph {n}. " + "words and more words " * 12 for n in range(12))
    parsed = parse("a.md", text)
    check(text, parsed)
    assert len(parsed.drafts) > 2
    assert all(draft.text.count("Paragraph") >= 1 and len(draft.text) <= LIMIT for draft in parsed.drafts)


def test_tables_and_fences_stay_whole() -> None:
    table = "| n | what |\n|---|---|\n" + "\n".join(f"| {n} | {'cell ' * 10} |" for n in range(30))
    fence = "```yaml\n" + "\n".join(f"key{n}: {'value ' * 8}" for n in range(30)) + "\n\n# comment\nlast: 1\n```"
    text = f"# T\n\n{'words ' * 150}\n\n{table}\n\n{fence}\n"
    parsed = parse("a.md", text)
    check(text, parsed)
    assert any(table in draft.text for draft in parsed.drafts)
    assert any(fence in draft.text for draft in parsed.drafts)


def test_terraform_by_block() -> None:
    parsed = parse("net/main.tf", TERRAFORM)
    check(TERRAFORM, parsed)
    assert parsed.title == "net/main.tf"
    found = by_heading(parsed)
    vpc = found["resource aws_vpc.main"]
    assert (vpc.start_line, vpc.end_line, vpc.kind) == (3, 10, "block")
    assert vpc.text.startswith("# The main network.")
    assert {"variable region", "data aws_iam_policy_document.this", "locals"} <= set(found)


def test_a_broken_block_costs_that_block_only() -> None:
    broken = TERRAFORM.replace('default = "eu-west-2"', 'default = = "eu-west-2')
    parsed = parse("main.tf", broken)
    check(broken, parsed)
    assert {"resource aws_vpc.main", "data aws_iam_policy_document.this", "locals"} <= set(by_heading(parsed))
    assert "partial" in parsed.notes[0]
    assert "line 1" in parsed.notes[0]  # lines 12 to 14 hold it


def test_a_long_block_is_cut_at_nested_blocks() -> None:
    nested = "".join(
        f'  ingress {{\n    from_port = {n}\n    description = "{"words " * 10}"\n  }}\n\n' for n in range(30)
    )
    text = f'resource "aws_security_group" "big" {{\n{nested}}}\n'
    parsed = parse("main.tf", text)
    check(text, parsed)
    assert len(parsed.drafts) > 2
    for draft in parsed.drafts:
        assert draft.heading_path[0] == "resource aws_security_group.big"
        assert draft.text.count("ingress {") == draft.text.count("from_port")


def test_tfvars_pack_attributes_together() -> None:
    text = "# sizes\n" + "\n".join(f'name_{n} = "{n}"' for n in range(80)) + "\n"
    parsed = parse("prod.tfvars", text)
    check(text, parsed)
    assert 1 < len(parsed.drafts) < 10


def test_yaml_by_document_and_rule() -> None:
    text = "# comment\na: 1\n---\n" + RULES
    parsed = parse("rules.yaml", text)
    check(text, parsed)
    named = [" > ".join(draft.heading_path) for draft in parsed.drafts]
    assert any("PrometheusRule queues" in name and "alert Queue3Stuck" in name for name in named)
    holding = [draft for draft in parsed.drafts if "alert: Queue3Stuck" in draft.text]
    assert len(holding) == 1
    assert "queue_depth" in holding[0].text


def test_templated_yaml_is_read_as_text() -> None:
    text = "{{- if .Values.x }}\nkind: Deployment\nname: {{ .Release.Name }}\n{{- end }}\n"
    parsed = parse("deployment.yaml", text)
    check(text, parsed)
    assert "not valid YAML" in parsed.notes[0]


def test_one_very_long_line() -> None:
    text = "words " * 5000
    parsed = parse("a.txt", text)
    assert "".join(draft.text for draft in parsed.drafts).strip() == text.strip()
    assert all(draft.start_line == draft.end_line == 1 for draft in parsed.drafts)


@pytest.mark.parametrize("path", ["a.md", "a.tf", "a.yaml", "a.txt", "a.json", "x.hcl"])
@pytest.mark.parametrize(
    "text", ["", "\n", "   \n\n", "\ufeff", "\x0c\x85\u2028 odd \r breaks\n", "---\n---\n---\n", "{" * 300]
)
def test_odd_texts(path: str, text: str) -> None:
    check(text, parse(path, text))


@pytest.mark.parametrize("path", ["a.md", "a.tf", "a.yaml"])
@given(text=st.text(alphabet=st.sampled_from("#-`~|:{}[]\"'=\n\n  \tab1$<!*>"), max_size=400))
def test_any_text_keeps_the_promise(path: str, text: str) -> None:
    check(text, parse(path, text))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("modules/vpc/main.tf", "terraform"), ("runbooks/KubePodCrashLooping.md", "runbook"), ("docs/adr/0001-x.md", "decision"),
        ("incidents/2026-01-02.md", "incident"), ("values.yaml", "config"), ("run.sh", "code"), ("Dockerfile", "code"),
        ("source/x.html.md.erb", "page"), ("live/terragrunt.hcl", "terraform"),
    ],
)  # fmt: skip
def test_kinds(path: str, kind: str) -> None:
    assert document_kind(path, "auto") == kind
    assert document_kind(path, "runbook") == "runbook"


@pytest.mark.parametrize(
    "number", ["1" + ":1" * 200_000, "1" + ":1" * 200_000 + ".5", "9" * 200_000, "0x" + "f" * 200_000]
)
def test_a_long_number_in_front_matter_is_text_and_costs_nothing(number: str) -> None:
    began = time.process_time()
    assert parse("a.md", f"---\na: {number}\naudience: [sre]\nreview_in: 6\n---\n# T\n").audience == ("sre",)
    assert time.process_time() - began < 2
