"""What documents declare of themselves: the same by every form, whatever else stands there, and lines keep their numbers."""

from __future__ import annotations

import json
import tomllib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingest.declarations import Form, declared
from ingest.digestion import digest_document
from ingest.parsers import lines_of, parse
from rag.errors import DocumentError
from tests.ingest.test_parsers import check

NAMES = st.lists(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,8}(?: [A-Za-z0-9]{1,6})?", fullmatch=True), min_size=1, max_size=4
)
KEYS = st.sampled_from(["audience", "Audience", "AUDIENCE"])
OTHERS = st.dictionaries(
    st.sampled_from(["title", "tags", "weight", "draft"]), st.text(max_size=20) | st.booleans(), max_size=3
)


def toml(fields: dict[str, object]) -> str:
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=True)}\n" for key, value in fields.items())


FORMS = {
    "yaml": lambda fields: f"---\n{yaml.safe_dump(fields)}---\n",
    "yaml flow": lambda fields: f"\n---\n{yaml.safe_dump(fields, default_flow_style=True, allow_unicode=True)}...\n",
    "toml": lambda fields: f"+++\n{toml(fields)}+++\n",
    "json": lambda fields: f"{json.dumps(fields)}\n",
    "json lines": lambda fields: f"{json.dumps(fields, indent=2, ensure_ascii=False)}\n\n",
    "json marks": lambda fields: f";;;\n{json.dumps(fields)}\n;;;\n",
}
HEADERS = (":{key}: {value}\n", "#+{key}: {value}\n", "<!-- {key}: {value} -->\n", "{key}: {value}\n\n")


@given(form=st.sampled_from(sorted(FORMS)), key=KEYS, groups=NAMES, others=OTHERS, text=st.booleans())
def test_any_audience_is_read_back_from_any_front_matter(
    form: str, key: str, groups: list[str], others: dict[str, object], text: bool
) -> None:
    written = FORMS[form]({**others, key: ", ".join(groups) if text else groups})
    expected = tuple(dict.fromkeys(groups))
    for path in ("a.md", "a.txt", "a.adoc"):
        try:
            assert parse(path, f"{written}Words.\n").audience == expected
        except DocumentError:
            assert "toml" in form and not _is_toml(written)  # what JSON escapes, and TOML does not


def _is_toml(written: str) -> bool:
    try:
        return bool(tomllib.loads(written.split("+++\n")[1]))
    except ValueError:
        return False


@given(header=st.sampled_from(HEADERS), key=KEYS, groups=NAMES, separator=st.sampled_from([",", ";", ", ", " ; "]))
def test_any_audience_is_read_back_from_any_header(header: str, key: str, groups: list[str], separator: str) -> None:
    written = header.format(key=key, value=separator.join(groups))
    for path in ("a.md", "a.rst", "a.org", "a"):
        assert parse(path, f"{written}\nWords.\n").audience == tuple(dict.fromkeys(groups))


@given(st.text(st.sampled_from("-+;{}\"'[]:=,#<!> \n\r\ta\u2028audience"), max_size=60), st.sampled_from(Form))
def test_whatever_a_text_begins_with_is_read_or_refused(text: str, form: Form) -> None:
    try:
        said = declared(text, form)
    except DocumentError as error:
        assert "audience" in str(error)
        return
    assert 0 <= said.start <= said.end <= len(text.split("\n"))
    assert len(said.body(text).split("\n")) == len(text.split("\n"))


TOML = """+++
title = "Clear a lock"
owner = "sre"
last_reviewed_on = 2026-01-02
review_in = "6 months"
status = "superseded"
+++
"""


@pytest.mark.parametrize("path", ["a.md", "a.txt", "a.rst", "a.adoc", "a.qmd", "a.html.erb"])
@pytest.mark.parametrize("before", ["", "\n\n", "<!-- Copyright -->\n"])
def test_all_fields_come_from_the_same_reading(path: str, before: str) -> None:
    text = f"{before}{TOML}\nWords.\n"
    parsed = parse(path, text)
    assert (parsed.title, parsed.owner, parsed.audience) == ("Clear a lock", "sre", None)
    assert (parsed.reviewed_at, parsed.review_due, parsed.outdated) == (
        "2026-01-02", "2026-07-02", "its front matter says: status superseded"
    )  # fmt: skip


@pytest.mark.parametrize("path", ["a.md", "a.txt", "a.rst", "a.adoc", "a.qmd", "a.tf", "a.sh"])
@pytest.mark.parametrize("before", ["", "\n", "<!-- Copyright -->\n", "# Title\n\n"])
def test_lines_keep_their_numbers_and_none_is_lost(path: str, before: str) -> None:
    text = f"{before}+++\naudience = 'sre'\nnote = 'x'\n+++\n\nFirst words.\n\n" + "More words, and more.\n" * 80
    parsed = parse(path, text)
    check(text, parsed)
    lines = lines_of(text)
    told = {at for draft in parsed.drafts for at in range(draft.start_line, draft.end_line + 1)}
    assert {at for at, line in enumerate(lines, 1) if line.strip()} <= told


def test_a_heading_before_front_matter_is_still_a_heading() -> None:
    parsed = parse("a.md", "# Locks\n---\naudience: sre\n---\n\n## Clear\n\nWords.\n")
    assert (parsed.title, parsed.audience) == ("Locks", ("sre",))
    assert [draft.heading_path for draft in parsed.drafts][-1] == ("Clear",)


@pytest.mark.parametrize(
    "front",
    [
        "---\npassword: {secret}\naudience: sre\n---\n",
        '---\nurl: "https://bob:{secret}@example.org/"\naudience: [sre]\n---\n',
        '+++\npassword = "{secret}"\naudience = "sre"\n+++\n',
        "+++\npassword = '''\n{key}'''\naudience = 'sre'\n+++\n",
        '{{"password": "{secret}", "audience": "sre"}}\n\n',
        "---\nkey: |\n  {key}audience: sre\n---\n",
        ":password: {secret}\n:audience: sre\n",
    ],
)
def test_what_is_redacted_in_front_matter_does_not_hide_its_audience(front: str) -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\n  " + "MIIEowIBAAKCAQEA7bq1\n  " * 3 + "-----END RSA PRIVATE KEY-----\n"
    text = front.format(secret="hV9!x2Lq8ZrT4wPn", key=key)
    found = digest_document("a.md", f"{text}\nWords.\n".encode(), ())
    assert found.findings
    assert found.parsed.audience == ("sre",)


def test_a_rendering_says_where_its_declarations_stand() -> None:
    page = b"<html>\n<head>\n<meta name=audience content=sre>\n</head>\n<p>Words.</p></html>"
    found = digest_document("a.html", page, ())
    assert found.text.startswith('---\naudience: ["sre"]\n---\n')
    place = found.places[0]
    assert [place.original(line) for line in (1, 2, 3)] == [(3, 3)] * 3
    assert found.parsed.audience == ("sre",)
