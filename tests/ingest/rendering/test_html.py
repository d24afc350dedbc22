"""HTML as Markdown: what is shown is there, and each line knows the lines of the page that it was made of."""

from __future__ import annotations

import contextlib
import html
import re
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.rendering import Rendered, render
from ingest.rendering.elements import Element, Elements
from ingest.rendering.html import parsed, rendered
from ingest.rendering.inline import Run
from ingest.rendering.lines import Line
from rag.errors import DocumentError, RefusedError
from rag.records import AccessRule, Document

GOLDEN = Path(__file__).parent / "golden"


def read(text: str | bytes, path: str = "page.html") -> Rendered:
    found = render(path, text if isinstance(text, bytes) else text.encode())
    assert found is not None
    return found


def markdown(text: str) -> str:
    return read(text).text.strip()


def test_a_page_as_a_whole() -> None:
    data = (GOLDEN / "failover.html").read_bytes()
    found = read(data)
    assert found.text == (GOLDEN / "failover.md").read_text()
    source = data.decode().split("\n")
    document = Document(
        "d",
        "s",
        "p",
        "",
        "page",
        found.text,
        "v",
        "u",
        "#L{start}-L{end}",
        "",
        "",
        AccessRule(),
        "",
        places=found.places,
    )
    for number, line in enumerate(found.text.split("\n"), 1):
        words = re.findall(r"\w{3,}", re.sub(r"\]\([^)]*\)|^```\w+|\*\*Warning\*\*", "", line))
        match = re.fullmatch(r"u#L(\d+)-L(\d+)", document.link(number, number))
        assert match
        region = html.unescape("\n".join(source[int(match.group(1)) - 1 : int(match.group(2))]))
        assert not [word for word in words if word not in region], (number, line, match.group())
        assert int(match.group(2)) - int(match.group(1)) < 4
    assert document.place(13, 14) == "lines 19 to 20"
    assert document.link(1, 21).endswith("#L12-L27")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>a <b>b</b>c <i>d</i></p>", "a bc d"),  # no sign cuts a word in two
        ("<p><b>a</b> <code>x_y</code>, <a href='u v'>link</a></p>", "**a** `x_y`, [link](u%20v)"),
        ("<code>a</code><code>b</code> <code>c`d</code>", "`ab` `` c`d ``"),
        ("<p># no heading<br>=====<br>&lt;div><br>```</p>", "\\# no heading\n\\=====\n\\<div>\n\\```"),
        ("soft&shy;hyphen zero&#8203;width a&nbsp;b<wbr>c", "softhyphen zerowidth a bc"),
        ("a<script>x</script>b<style>y</style><template>z</template><nav>n</nav>c<hr>d", "ab\n\nc\n\nd"),
        ("<div role=navigation>n</div><div role=main>m</div>", "m"),
        ("<ol start=3><li>a<li>b<ul><li>c</ul></ol>", "3. a\n4. b\n   - c"),
        ("<ul>stray<li>a</li><div>b</div></ul>", "stray\n- a\n  b"),
        ("<pre class='brush: yaml'>\na:\n  b: ```\n</pre>", "````yaml\na:\n  b: ```\n````"),
        ("<div class='language-hcl highlighter-rouge'><pre><code>a\n</code></pre></div>", "```hcl\na\n```"),
        ("<pre><div>a</div><div>b</div>c<br>d</pre>", "```\na\nb\nc\nd\n```"),
        ("<pre><div>1</div>2</pre>", "```\n1\n2\n```"),
        ("<dl><dt>T</dt><dd>one</dd><dd>two</dd></dl>", "- T\n  one\n  two"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"),
        ("<div class='admonition note'><p class=admonition-title>Note</p><p>x</p></div>", "> Note\n>\n> x"),
        ("<details><summary>More</summary>text</details>", "**More**\n\ntext"),
        ("<img alt='A map' src='data:x'><img src=y>", "![A map]()"),
        ("<a href='javascript:x'>a</a> <a href='#x'>b</a> <a href=c>c</a>", "a b c"),
        ("<h2>Head <a class=headerlink href=#x>¶</a></h2>", "## Head"),
        ("<a href=x><h3>Card</h3><p>text</p></a>", "### Card\n\ntext"),
        ("10<sup>6</sup> <del>old</del> <q>said</q> <input type=checkbox checked>done", "10^6 ~~old~~ “said” [x] done"),
        ("<svg><style>s</style><text>pod <tspan>a</tspan></text></svg>", "pod a"),
        ("<table><tr><th>A<th>B<tr><td>1|2<td><ul><li>x<li>y</ul></table>", "| A | B |\n| --- | --- |\n| 1\\|2 | • x <br> • y |"),
        ("<table><tr><td rowspan=2>a<td>b<tr><td>c</table>", "|  |  |\n| --- | --- |\n| a | b |\n| a | c |"),
        ("<table><tr><th colspan=2>A<th rowspan=2>B<tr><th>x<th>y<tr><td>1<td>2<td>3</table>",
         "| A x | A y | B |\n| --- | --- | --- |\n| 1 | 2 | 3 |"),
        ("<table>lost?<caption>cap</caption><tr>stray<td>a</td></table>", "lost?\n\ncap\n\nstray\n\na"),
        ("<table><tr><th>K<th>V<tr><td>k<td><pre>a\nb</pre></table>", "K\nV\n\n**K:**\n\nk\n\n**V:**\n\n```\na\nb\n```"),
    ],
)  # fmt: skip
def test_each_element(text: str, expected: str) -> None:
    assert markdown(text) == expected


def test_the_content_of_a_page_is_chosen_only_when_it_is_clear() -> None:
    assert markdown("<header>site</header><main>m</main><footer>f</footer>") == "m"
    assert markdown("<main>a</main><main>b</main>") == "a\n\nb"
    assert markdown("<main></main><p>all") == "all"
    assert markdown("<header>site</header><article>long text of the page</article>") == "long text of the page"
    assert (
        markdown("<article>short</article><p>a much longer text beside it</p>")
        == "short\n\na much longer text beside it"
    )
    assert markdown("<article>one</article><article>two</article>") == "one\n\ntwo"


def test_titles_and_anchors() -> None:
    page = (
        "<title>Site - Page</title><h2 id=a>One</h2>x<section id=b><h2>Two</h2></section><a name=c></a><h2>Three</h2>"
        "<h2><span id=d>Four</span></h2><dl><dt id=e>term<dd>y</dl>"
    )
    found = read(page)
    assert found.title == "Site - Page"
    assert read("<title>t</title><h1>One</h1>").title == ""
    document = Document(
        "d", "s", "p", "", "page", found.text, "v", "u", "", "", "", AccessRule(), "", places=found.places
    )
    lines = {line: number for number, line in enumerate(found.text.split("\n"), 1)}
    anchors = [("x", "a"), ("## Two", "b"), ("## Three", "c"), ("## Four", "d"), ("- term", "e")]
    assert [document.link(lines[line], lines[line]) for line, _ in anchors] == [f"u#{anchor}" for _, anchor in anchors]
    assert document.place(lines["x"], lines["## Two"]) == "One to Two"


def test_relative_links_are_resolved_where_there_is_a_base() -> None:
    page = parsed("<a href='../b?x=1#y'>b</a> <img alt=i src=/i.png> <a href='http://[bad'>c</a>")
    assert rendered(page, Elements("https://wiki.example.org/a/c")).text == (
        "[b](https://wiki.example.org/b?x=1#y) ![i](https://wiki.example.org/i.png) c\n"
    )


def test_a_wiki_can_have_tags_of_its_own() -> None:
    class Confluence(Elements):
        def block_ac_note(self, element: Element) -> list[Line]:
            return [Line("> note"), *self.blocks(element)]

        def inline_ac_key(self, element: Element, run: Run) -> None:
            run.text(f"key {element.get('name')}", 0)

        def drops(self, element: Element) -> bool:
            return element.tag == "ac:toc" or super().drops(element)

    page = parsed(
        "<p>a <ac:key name='x'></ac:key> b<ac:toc>c</ac:toc></p><span><ac:note><p>d</p></ac:note></span><zz>e</zz>"
    )
    assert rendered(page, Confluence()).text == "a key x b\n\n> note\nd\n\ne\n"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("<meta charset=iso-8859-1><p>Zürich".encode("latin-1"), "Zürich"),
        ("<?xml version='1.0' encoding='iso-8859-15'?><p>10 €".encode("iso-8859-15"), "10 €"),
        ("\ufeff<p>Zürich".encode(), "Zürich"),
        ("<p>Zürich".encode("utf-16"), "Zürich"),
        ("<meta charset=klingon><p>Zürich".encode("cp1252"), "Zürich"),
    ],
)
def test_encodings(data: bytes, text: str) -> None:
    assert read(data).text.strip() == text


WORDS = st.text(st.sampled_from("abcxyz_äß#-*<&|~>=1. \n"), min_size=1, max_size=8)
INLINE = st.sampled_from("b i code a span del kbd u".split())
BLOCK = st.sampled_from(
    "div p ul ol li dl dt dd pre blockquote table tr td th h2 section details summary tbody form".split()
)
TREES = st.recursive(
    WORDS.map(html.escape),
    lambda inner: st.builds(
        lambda name, parts, span: f"<{name}{' colspan=2' * span}>{''.join(parts)}</{name}>",
        st.one_of(INLINE, BLOCK), st.lists(inner, max_size=4), st.booleans(),
    ),
    max_leaves=25,
)  # fmt: skip


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.lists(TREES, min_size=1, max_size=4))
@example(["<pre>1<td>1</td>2</pre>", "<pre>1<h2>1</h2>1</pre>"])
def test_no_letter_that_is_shown_is_lost(parts: list[str]) -> None:
    text = f"<body><p>first</p>{''.join(parts)}<script>no</script></body>"
    page = parsed(text)
    assert page is not None
    wanted, found = _letters("".join(_in_order(page))), _letters(markdown(text))
    assert not wanted - found, (text, markdown(text))


def _letters(text: str) -> Counter[str]:
    """How often each letter stands there; of broken HTML there is more than one reading of where words end."""
    return Counter(re.findall(r"[^\W_]", text))


_INLINE_TAGS = frozenset("b i code a span del kbd u".split())


def _in_order(element: Element) -> list[str]:
    """The text as it is shown, with a space at the borders of blocks."""
    if element.tag == "script":
        return [element.tail or ""]
    border = "" if element.tag in _INLINE_TAGS else " "
    inner = [part for child in element for part in _in_order(child)]
    return [border, element.text or "", *inner, border, element.tail or ""]


def test_what_spans_much_is_not_repeated_without_end() -> None:
    cell = "<td colspan=1000 rowspan=65534>" + "long text " * 15
    found = read("<table>" + f"<tr>{cell * 50}" * 200 + "</table>")
    assert len(found.text) < 20_000_000 / 4
    assert found.text.count("long text") >= 200 * 50 * 15


@pytest.mark.parametrize(
    "text",
    [
        "<p>a <b>b</b> c</p>\n" * 25_000,
        "<b></b>" * 100_000 + "x",
        "<td>x" * 50_000,
        "<table><tr><td>a<td>b</table>" * 10_000,
        "<pre>" + "<div></div>" * 100_000 + "x</pre>",
        "<p>" + "a<br>" * 200_000,
        "<ul><li>x" * 150 + "<li>y" * 50_000,
        "<h1><a>" + "¶" * 1_000_000 + "</a>x</h1>" * 10,
        "x<" * 2_000_000,
        "<a href='" + "(" * 2_000_000 + "'>x</a>",
        "`" * 4_000_000,
    ],
    ids=lambda text: text[:12],
)
def test_large_pages_take_time_in_line_with_their_size(text: str) -> None:
    began = time.process_time()
    with contextlib.suppress(DocumentError):
        read(text)
    assert time.process_time() - began < 12


@pytest.mark.parametrize(
    "text", ["<div>" * 500 + "deep", "<div>" * 5000 + "deep", "<table><tr><td>" * 200 + "deep", "<b>" * 1000 + "deep"]
)
def test_what_is_nested_too_deeply_is_said_and_not_cut(text: str) -> None:
    with pytest.raises(DocumentError, match="nested too deeply"):
        read(text)


def test_what_is_nested_as_deeply_as_may_be_is_read() -> None:
    for tags in ("<div>", "<ul><li>", "<blockquote>", "<table><tr><td>", "<b><i>", "<dl><dd>"):
        depth = 140 // tags.count("<")
        assert "deep" in markdown(tags * depth + "deep")


@pytest.mark.parametrize("data", [b"", b"   ", b"<script>x</script>", b"<!-- x -->", b"<p>&nbsp;</p>"])
def test_a_page_without_text_is_refused(data: bytes) -> None:
    with pytest.raises(RefusedError, match="no text"):
        read(data)


def test_places_hold_beyond_the_lines_that_the_parser_counts() -> None:
    found = read("\n" * 70_000 + "<p>a</p>\n<p>b</p>")
    assert {place.first for place in found.places} == {0}


def test_a_file_that_is_text_is_not_rendered() -> None:
    for path in ("a.md", "a.html.j2", "a.xml", "a.py", "html"):
        assert render(path, b"<p>x</p>") is None
