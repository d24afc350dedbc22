"""What reStructuredText, AsciiDoc and templated YAML are made of, where golden files don't show it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ingest.parsers import lines_of, parse
from ingest.parsers.templated import compose_lines
from tests.ingest.test_parsers import by_heading, check

WORDS = "words and more words " * 60 + "\n\n"


def headings(path: str, text: str) -> list[str]:
    parsed = parse(path, text)
    check(text, parsed)
    return [parsed.title, *dict.fromkeys(" > ".join(draft.heading_path) for draft in parsed.drafts)]


def plain(node: yaml.Node | None) -> Any:
    """A node as mappings, lists and texts, keys with their rows."""
    if isinstance(node, yaml.MappingNode):
        return {f"{key.value}@{key.start_mark.line}": plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [plain(child) for child in node.value]
    return node.value if isinstance(node, yaml.ScalarNode) else None


# -- templated YAML -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a: 1\nb:\n  c: 'x: y'\n  \"d e\": 2\n", {"a@0": "1", "b@1": {"c@2": "x: y", "d e@3": "2"}}),
        ("{{/*\nnot: read\n*/}}\na: 1\n", {"a@3": "1"}),
        ("{{- if .x }}\na: 1\n{{- else }}\nb: {{ .y }}\n{{- end }}\n", {"a@1": "1", "b@3": "{{ .y }}"}),
        ("a: |\n  b: 1\n{{ tpl . }}\n  c: 2\nd: 3\n", {"a@0": "|", "d@4": "3"}),
        ("a:\n- b: 1\n  c: 2\n- d\nx: 3\n", {"a@0": [{"b@1": "1", "c@2": "2"}, "d"], "x@4": "3"}),
        ("a:\n  -\n    b: 1\n  - - c: 2\n", {"a@0": [{"b@2": "1"}, [{"c@3": "2"}]]}),
        (
            "# a: 1\n{% for x in y %}\n- name: {{ x }}\n  when: z\n{% endfor %}\n",
            [{"name@2": "{{ x }}", "when@3": "z"}],
        ),
        ("no entry here\n", None),
    ],
)
def test_templates_are_read_by_their_indentation(text: str, read: Any) -> None:
    lines = lines_of(text)
    assert plain(compose_lines(lines, 0, len(lines))) == read


# -- reStructuredText ---------------------------------------------------------------------------------------------------


def test_rst_titles() -> None:
    assert headings("a.rst", "\nTop\n===\n\nWords.\n\nIn\n--\n\nWords.\n") == ["Top", "", "In"]
    assert headings("a.rst", "====\nTop\n====\n\nWords.\n\nTop again\n=========\n\nW.\n") == ["Top", "", "Top again"]
    assert (
        headings("a.rst", "=====\nTop\n====\n\nWords.\n")[0] == "Top"
    )  # the line above does not match: only the one below
    assert (
        headings("a.rst", "Words\nand words\n---------\n\nWords.\n")[0] == "a"
    )  # the second line of a paragraph is no title
    assert headings("a.rst", "=====\nTop\n-----\n\nWords.\n")[0] == "a"
    assert headings("a.rst", "A long title\n---\n\nWords.\n")[0] == "a"
    assert (
        headings("a.rst", "Use :ref:`the page <x>` and ``code``\n----------------------------------\n\nW.\n")[0]
        == "Use the page and code"
    )
    assert headings("a.rst", "\n".join((":orphan:", "=" * 8, "", "Words.", "")))[0] == "a"
    assert headings("a.rst", "\n".join((".. _label:", "=" * 10, "", "Words.", "")))[0] == "a"


def test_an_rst_label_goes_with_its_title() -> None:
    text = "Top\n===\n\nWords.\n\n.. _drain:\n\nDrain\n-----\n\nWords.\n"
    assert by_heading(parse("a.rst", text))["Drain"].text.startswith(".. _drain:")


def test_rst_tables_and_code_stay_whole() -> None:
    rows = "".join(f"{n}{'':{8 - len(str(n))}}{'cell ' * 9}\n" + "\n" * (n % 3 == 0) for n in range(30))
    border = f"======  {'=' * 45}\n"
    table = f"{border}n       what\n{border}{rows}{border}"
    code = ".. code-block:: sh\n\n" + "".join(f"   run --step {n} {'word ' * 5}\n\n" for n in range(40))
    for block in (table, code.rstrip() + "\n", code.replace(".. code-block:: sh", "Run all of it::").rstrip() + "\n"):
        text = f"Top\n===\n\n{WORDS}{block}\n{WORDS}"
        parsed = parse("a.rst", text)
        check(text, parsed)
        assert any(block.strip() in draft.text for draft in parsed.drafts)


def test_an_rst_table_that_is_never_closed_costs_no_title() -> None:
    text = "Top\n===\n\n=====  =====\na      b\n\nNext\n----\n\nWords.\n"
    assert headings("a.rst", text) == ["Top", "", "Next"]


# -- AsciiDoc -----------------------------------------------------------------------------------------------------------


def test_asciidoc_titles() -> None:
    assert headings("a.adoc", "= Top\n\nW.\n\n== In\n\nW.\n\n=== Deep ===\n\nW.\n") == ["Top", "", "In", "In > Deep"]
    assert headings("a.adoc", "Top\n===\n\nW.\n\nIn\n--\n\nW.\n\nDeep\n~~~~\n\nW.\n") == ["Top", "", "In", "In > Deep"]
    assert headings("a.adoc", "= Top\n\nW.\n\n== Use xref:x.adoc[the page]\n\nW.\n")[-1] == "Use the page"


def test_asciidoc_blocks_hold_what_looks_like_titles() -> None:
    for mark in ("----", "....", "====", "****", "++++", "////", "--", "|===", "```"):
        assert headings("a.adoc", f"= Top\n\nW.\n\n{mark}\n== No\n{mark}\n\n== Yes\n\nW.\n") == ["Top", "", "Yes"], mark
    assert headings("a.adoc", "= Top\n\nW.\n\n----\nnever closed\n\n== Yes\n\nW.\n") == ["Top", "", "Yes"]


def test_asciidoc_blocks_stay_whole_with_what_belongs_to_them() -> None:
    block = (
        "[source,bash]\n.Drain it\n----\n" + "".join(f"run --step {n} {'word ' * 5}\n\n" for n in range(30)) + "----\n"
    )
    item = f". Do this\n+\n....\n{'output ' * 100}\n\n{'output ' * 60}\n....\n"
    for whole in (block, item):
        text = f"= Top\n\n{WORDS}{whole}\n{WORDS}"
        parsed = parse("a.adoc", text)
        check(text, parsed)
        assert any(whole.strip() in draft.text for draft in parsed.drafts)


# -- others -------------------------------------------------------------------------------------------------------------


def test_a_brace_may_stand_on_the_next_line() -> None:
    text = "stage('Build')\n{\n  sh 'make'\n}\nstage('Deploy')\n\n{\n  sh 'make deploy'\n}\n"
    assert headings("Jenkinsfile", text)[1:] == ["stage Build", "stage Deploy"]


def test_what_has_no_ending_is_known_by_its_first_line_or_its_content() -> None:
    body = "  echo words and more words here\n" * 12
    functions = "".join(f"step{n}() {{\n{body}}}\n" for n in range(6))
    assert headings("bin/run", "#!/usr/bin/env bash\n" + functions)[1].startswith("function step0")
    assert (
        headings("rules/a.rules", "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: x\n")[1] == "group g > alert A"
    )
    sections = "".join(f"[s{n}]\n{body}\n" for n in range(6))
    assert headings("etc/app.conf", sections)[1].startswith("[s0]")
    assert (
        headings("etc/app.conf", "frontend a\n" + "  bind :80\n" * 80 + "backend b\n" + "  server x\n" * 80)[-1]
        == "backend b"
    )


def test_what_is_on_one_line_names_nothing_below_it() -> None:
    text = f'log() {{ echo "{"words " * 30}"; }}\n' + "log one of many lines that are nobody's\n" * 60
    assert headings("a.sh", text)[1:] == ["function log", ""]


def test_rows_of_several_lines_are_whole() -> None:
    rows = "".join(f'gw-{n},"the first line\nand the second, {"and more " * 11}",hubs\n' for n in range(40))
    parsed = parse("a.csv", "name,what,who\n" + rows)
    check("name,what,who\n" + rows, parsed)
    assert len(parsed.drafts) > 4
    assert all(draft.text.startswith(("name,", "gw-")) for draft in parsed.drafts)
    unmatched = 'a,b\n"never closed,b\n' + "c,d and more words\n" * 200
    check(unmatched, parse("a.csv", unmatched))


def test_yaml_counts_lines_as_git_does() -> None:
    text = "a: 'one\u2028two\x85three'\njobs:\n  b:\n    x: 1\n  c:\n    x: 2\n"
    found = by_heading(parse(".github/workflows/a.yml", text))
    assert (found["job b"].start_line, found["job c"].start_line, found["job c"].end_line) == (1, 5, 6)
    assert found["job c"].text.startswith("  c:")
