"""How many words that a reader of a Confluence page sees are lost when its storage format is rendered.

    python -m tests.bench.confluence FOLDER [--lost 20] [--expected]

FOLDER holds pages as `page.xhtml`, and beside one, where somebody else converted it, `expected.mdx`; such as
`confluence-mdx/tests` of github.com/querypie/querypie-docs. What is seen is told by a reader that shares nothing with ours (the
standard library's XML), with what macros show of their parameters. A word counts as lost once for each time that the rendering
has it less often.
"""

from __future__ import annotations

import argparse
import html
import re
import time
import unicodedata
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

from ingest.rendering.confluence import Context, render
from rag.errors import DocumentError

_UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff]")
_SIGNS = re.compile(r"\*\*|~~|`|<br>|\\(?=[#<|=`~-])")
_AC, _RI = "{urn:ac}", "{urn:ri}"
_SHOWN = {"title", "jqlQuery", "key"}
_HIDDEN = {
    f"{_AC}parameter",
    f"{_AC}placeholder",
    f"{_AC}adf-attribute",
    f"{_AC}task-id",
    f"{_AC}task-uuid",
    f"{_AC}task-status",
}


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", unicodedata.normalize("NFKC", _UNSEEN.sub("", text))))


def seen(storage: str) -> str:
    """All that a reader of the page sees, as ElementTree has it."""
    parts = re.split(r"(<!\[CDATA\[.*?\]\]>)", storage, flags=re.S)
    named = re.compile(r"&(?!lt;|gt;|amp;|quot;|apos;)(\w+);")
    clear = "".join(
        part if part.startswith("<![CDATA[") else named.sub(lambda m: html.unescape(m[0]), part) for part in parts
    )
    root = ElementTree.fromstring(f'<r xmlns:ac="urn:ac" xmlns:ri="urn:ri">{clear}</r>')
    found: list[str] = []
    _collect(root, found)
    return "".join(found)


def _collect(element: ElementTree.Element, found: list[str]) -> None:
    tag = element.tag
    block = tag in (
        "p",
        "li",
        "td",
        "th",
        "tr",
        "div",
        "br",
        "pre",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
    ) or tag.startswith(_AC)
    inline = tag in (f"{_AC}link", f"{_AC}inline-comment-marker", f"{_AC}link-body")
    if block and not inline:
        found.append("\n")
    if tag == f"{_AC}structured-macro":
        found += [f" {''.join(one.itertext())} " for one in element if one.get(f"{_AC}name") in _SHOWN]
    if tag == f"{_AC}link" and not "".join(element.itertext()).strip():
        found += [f" {one.get(f'{_RI}content-title') or one.get(f'{_RI}filename') or ''} " for one in element]
    chosen = list(element)
    if tag == f"{_AC}adf-extension" and any(one.iter(f"{_AC}adf-content") for one in chosen):
        chosen = [one for one in chosen if one.tag != f"{_AC}adf-fallback"]
    found.append(element.text or "")
    for child in chosen:
        if child.tag not in _HIDDEN:
            _collect(child, found)
        found.append(child.tail or "")
    if block and not inline:
        found.append("\n")


def of_mdx(text: str) -> str:
    """The words of a page in MDX: without its front matter, imports, tags and targets of links."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.S)
    text = re.sub(r"^(?:import|export) .*$", "", text, flags=re.M)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return html.unescape(re.sub(r"</?[A-Za-z][^<>]*>", " ", text))


def _title(file: Path) -> str:
    """The page's title, which MDX has as its first heading and a rendering beside its text."""
    told = file.with_name("page.v1.yaml")
    found = re.search(r"^[\"']?title[\"']?: (.*)$", told.read_text(), re.M) if told.is_file() else None
    return found[1].encode().decode("unicode_escape") if found and "\\u" in found[1] else (found[1] if found else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lost", type=int, default=20, help="how many pages with losses to show")
    parser.add_argument("--expected", action="store_true", help="show what expected.mdx has and the rendering has not")
    given = parser.parse_args()
    pages = total = lost = whole = expected_pages = expected_whole = expected_words = expected_lost = 0
    shown: list[tuple[int, str, Counter[str]]] = []
    took = 0.0
    for file in sorted(given.folder.rglob("page.xhtml")):
        storage = file.read_text()
        began = time.perf_counter()
        try:
            text = render(storage, Context(space="X", base="https://x", page_id="1")).text
        except DocumentError as error:
            print(f"{file.relative_to(given.folder)}: {error}")
            continue
        took += time.perf_counter() - began
        ours = words(re.sub(r"\]\([^)]*\)", "]", _SIGNS.sub("", text)))
        before = words(seen(storage))
        missing = before - ours
        pages, total, lost, whole = pages + 1, total + before.total(), lost + missing.total(), whole + (not missing)
        if missing and not given.expected:
            shown.append((missing.total(), str(file.relative_to(given.folder)), missing))
        mdx = next(
            (one for one in (file.with_name("expected.mdx"), file.with_name("original.mdx")) if one.is_file()), None
        )
        if mdx:
            theirs = words(of_mdx(_SIGNS.sub("", mdx.read_text())))
            missing = theirs - ours - words(_title(file))
            expected_pages += 1
            expected_whole += not missing
            expected_words += theirs.total()
            expected_lost += missing.total()
            if missing and given.expected:
                shown.append((missing.total(), str(file.relative_to(given.folder)), missing))
    for number, name, missing in sorted(shown, reverse=True)[: given.lost]:
        print(f"{number:5} {name}: {', '.join(f'{w} {n}' for w, n in missing.most_common(12))}")
    print(
        f"{pages} pages, {total} words seen: {lost} lost ({lost / max(total, 1):.3%}); {whole} pages lose none; {took:.1f} s"
    )
    if expected_pages:
        print(
            f"{expected_pages} pages beside MDX, {expected_words} words there: {expected_lost} not in ours"
            f" ({expected_lost / max(expected_words, 1):.3%}); {expected_whole} pages lack none"
        )


if __name__ == "__main__":
    main()
