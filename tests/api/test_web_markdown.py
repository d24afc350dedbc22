"""Markdown of the page: nothing in it runs, loads or leads elsewhere than over http and https."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from api.web.harmless import harmless
from api.web.markdown import answer_html, document_html, web_link
from tests.api.hostile_markdown import HOSTILE

ALLOWED = frozenset(
    "p h3 h4 h5 h6 ul ol li blockquote pre code em strong s a span hr br table thead tbody tr th td section".split()
)
ATTRIBUTES = frozenset(["href", "rel", "data-host", "data-language", "class", "tabindex", "start", "aria-label"])


class Tags(HTMLParser):
    """Refuses every element and attribute that the renderer has no business with."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, tag
        for name, value in attrs:
            assert name in ATTRIBUTES, (tag, name)
            if name == "href":
                assert web_link(value or "") == value


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markdown_is_text(text: str) -> None:
    for html in (document_html(text, (1, 3)), answer_html(text, {}, ["rm -rf /"])):
        Tags().feed(html)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)


def test_there_are_250_of_them() -> None:
    assert len(set(HOSTILE)) >= 250


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "data:text/html,x", "//evil.example", "/signout", "http://u:p@h/", "ftp://h/", "http:",
        "http://h/ x", "vbscript:x", "http://h\\@x/", " //h",
    ],
)  # fmt: skip
def test_a_browser_is_sent_by_http_and_https_alone(url: str) -> None:
    assert web_link(url) == ""
    assert "href" not in document_html(f"[x]({url})")


def test_links_tell_their_host() -> None:
    assert 'data-host="evil.example"' in document_html("[https://bank.example](https://evil.example/x)")
    assert document_html("[x](other.md)") == '<p><span class="no-link">x</span></p>\n'
    assert document_html("[**x** [y](http://h/)](z.md)").count("</span>") <= 1


def test_marks_are_links_outside_code_alone() -> None:
    marks = {1: '<a class="cite">1</a>'}
    html = answer_html("Do it [1]. Not `x[1]`, not [2], not [1](http://h/).\n\n```\na[1]\n```\n", marks)
    assert html.count("cite") == 1
    assert "x[1]" in html
    assert "a[1]" in html


def test_advice_and_what_destroys_stand_apart() -> None:
    html = answer_html("Facts.\n\n## My advice\n\nSleep.\n\n```\nterraform destroy\n```\n", {}, ["terraform destroy"])
    assert html.index("Facts") < html.index('<section class="advice"') < html.index("Sleep")
    assert '<pre tabindex="0" class="destructive">' in html


def test_cited_blocks_are_marked() -> None:
    html = document_html("# A\n\none\n\ntwo\n", (5, 5))
    assert html == '<h3>A</h3>\n<p>one</p>\n<p class="cited">two</p>\n'


def test_what_acts_is_shown() -> None:
    assert harmless("a\x1b[31mb\u202ec\u200bd\x9be\ud800\r\nf\tg") == "a␛[31mb‹U+202E›c‹U+200B›d‹U+009B›e\ufffd\nf\tg"
