"""Confluence's storage format as Markdown: all that a reader of the page sees is there, nothing twice, whatever the markup."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import pytest

from ingest.rendering.confluence import Context, references, render
from ingest.rendering.confluence.storage import BROKEN
from rag.errors import DocumentError, RefusedError

GOLDEN = Path(__file__).parent / "golden"
DRAWING = b"""<mxfile><diagram name="Net"><mxGraphModel><root><mxCell id="0"/><mxCell id="1" parent="0"/>
<mxCell id="a" value="Hub gateway" vertex="1" parent="1"/><mxCell id="b" value="VPN" vertex="1" parent="1"/>
<mxCell id="e" edge="1" source="a" target="b" parent="1"/></root></mxGraphModel></diagram></mxfile>"""
CONTEXT = Context(
    title="Deploy", space="OPS", page_id="7", base="https://x.atlassian.net/wiki", labels=("argo", "runbook"),
    users={"u-1": "Ada Byron"}, drawings={"network.drawio": DRAWING},
    pages={
        ("OPS", "Shared steps"): "<p>Shared: drain the node.</p>",
        ("NET", "Ports"): '<p>No.</p><ac:structured-macro ac:name="excerpt"><ac:rich-text-body><p>Port 6443 is the API.</p>'
        "</ac:rich-text-body></ac:structured-macro><p>Neither.</p>",
    },
)  # fmt: skip


def markdown(body: str, context: Context = CONTEXT) -> str:
    return render(body, context).text.removeprefix("Labels: argo, runbook\n\n").strip()


def include(title: str, macro: str = "include") -> str:
    return (
        f'<ac:structured-macro ac:name="{macro}"><ac:parameter ac:name=""><ac:link><ri:page ri:content-title="{title}" />'
        "</ac:link></ac:parameter></ac:structured-macro>"
    )


def test_every_macro() -> None:
    """Made anew with WAYPOST_GOLDEN=1; then read what changed."""
    found = render((GOLDEN / "confluence-macros.xhtml").read_text(), CONTEXT)
    golden = GOLDEN / "confluence-macros.md"
    if os.environ.get("GOLDEN_ANEW"):
        golden.write_text(found.text)
    assert found.text == golden.read_text()
    assert found.title == "Deploy"
    assert not found.notes


def test_sections_are_led_to_by_the_anchors_that_the_wiki_makes() -> None:
    body = "<h1>First part: 100 %</h1><p>a</p><h2>Steps</h2><p>b</p><h2>Steps</h2><p>c</p>"
    cloud = {place.anchor for place in render(body, Context(title="T")).places}
    assert cloud == {"#First-part:-100-%25", "#Steps", "#Steps.1"}
    server = {place.anchor for place in render(body, Context(title="My page", cloud=False)).places}
    assert server == {"#Mypage-Firstpart:100%25", "#Mypage-Steps", "#Mypage-Steps.1"}


def test_what_stands_above_all_headings_is_at_the_top_of_the_page() -> None:
    first = render("<h1>First</h1><p>a</p>", CONTEXT).places[0]
    assert (first.name, first.anchor) == ("Deploy", "")


def test_no_line_claims_to_be_a_line_of_the_body() -> None:
    assert all(not place.first for place in render("<p>a</p>\n<pre>b\nc</pre>\n<p>d</p>", CONTEXT).places)


@pytest.mark.parametrize(
    "body",
    [
        "<p>open <b>bold</p><p>next & last</p>",
        "<p>a < b and next</p>",
        '<p>x<br>next</p><ac:structured-macro ac:name="info"><ac:rich-text-body><p>last</p></ac:rich-text-body>',
        '<p>next</p><ac:structured-macro ac:name="code"><ac:plain-text-body><![CDATA[last <b>',
        "<xx:unknown>next</xx:unknown>",
        "<p>next</p></root><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><p>last &e;</p>",
    ],
)
def test_broken_markup_is_read_as_well_as_it_can_be(body: str) -> None:
    found = render(body, CONTEXT)
    assert "next" in found.text
    assert found.notes == (BROKEN,)
    assert ("last" in body) == ("last" in found.text)
    assert "root:" not in found.text


def test_entities_are_characters_but_not_in_code() -> None:
    body = "<ac:plain-text-body><![CDATA[&nbsp;&eacute;]]></ac:plain-text-body>"
    code = f'<ac:structured-macro ac:name="code">{body}</ac:structured-macro>'
    found = markdown(f"<p>caf&eacute; &bogus; &lt;x&gt;</p>{code}")
    assert "café &bogus; <x>" in found
    assert "&nbsp;&eacute;" in found


def test_pages_that_include_one_another_end() -> None:
    pages = {("OPS", "A"): f"<p>Text of A.</p>{include('B')}", ("OPS", "B"): f"<p>Text of B.</p>{include('A')}"}
    found = markdown(include("A"), Context(space="OPS", base="https://x", pages=pages))
    assert 1 <= found.count("Text of A.") <= 3
    assert "Included page: [A](https://x/display/OPS/A)" in found or "Included page: [B]" in found


def test_many_inclusions_are_bounded() -> None:
    pages = {("OPS", str(n)): "".join(include(str(m)) for m in range(30)) + f"<p>Text {n}.</p>" for n in range(30)}
    began = time.perf_counter()
    found = markdown("".join(include(str(n)) for n in range(30)), Context(space="OPS", base="https://x", pages=pages))
    assert len(re.findall(r"Text \d+\.", found)) <= 50
    assert time.perf_counter() - began < 10


def test_deep_nesting_is_told() -> None:
    with pytest.raises(DocumentError, match="nested"):
        render("<div>" * 3000 + "x" + "</div>" * 3000, CONTEXT)


def test_an_empty_page_is_refused() -> None:
    for body in ("", "  ", "<p />", '<p><ac:structured-macro ac:name="toc" /></p>'):
        with pytest.raises(RefusedError):
            render(body, CONTEXT)


def test_what_a_body_refers_to() -> None:
    body = (GOLDEN / "confluence-macros.xhtml").read_text()
    found = references(body)
    assert found == {
        "pages": [("", "Shared steps"), ("NET", "Ports"), ("", "Unknown page")],
        "users": ["u-1", "gone"],
        "drawings": ["network.drawio", "Old network"],
    }


def test_a_drawing_of_gliffy_is_its_labels() -> None:
    file = {"stage": {"objects": [{"graphic": {"Text": {"html": "<p>Hub <b>gateway</b></p>"}}, "children": [
        {"graphic": {"Text": {"html": "VPN"}}}]}, {"graphic": {"Shape": {"tid": "rectangle"}}}]}}  # fmt: skip
    macro = (
        '<ac:structured-macro ac:name="gliffy"><ac:parameter ac:name="name">net</ac:parameter></ac:structured-macro>'
    )
    found = markdown(macro, Context(drawings={"net": json.dumps(file).encode()}))
    assert found == "**Diagram: net**\n\n- Hub **gateway**\n- VPN"
    assert markdown(macro, Context(drawings={"net": b"{broken"})) == "**Diagram: net**"


def test_links_that_could_act_lead_nowhere() -> None:
    found = markdown('<p><a href="javascript:alert(1)">x</a> <ac:link><ri:url ri:value="javascript:1" /></ac:link></p>')
    assert "](" not in found
