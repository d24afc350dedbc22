"""Macros of Confluence as HTML that says the same. One that nobody knows leaves its name, its parameters and all that it holds.

`ingest.rendering.confluence.lowering` calls this, the innermost macro first.
https://confluence.atlassian.com/doc/macros-139387.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ingest.rendering.confluence import storage
from ingest.rendering.confluence.storage import attribute, child, name, text_of
from ingest.rendering.trees import become, drop, element_of, fill, heading, put_text
from rag.errors import DocumentError, RefusedError

if TYPE_CHECKING:
    from ingest.rendering.confluence import Context, PageKey

Element = Any
INCLUDING = frozenset({"include", "excerpt-include"})
DRAWINGS = frozenset({"drawio", "gliffy", "drawio-sketch", "inc-drawio"})
_DEEPEST = 3  # pages included by one another
_MOST = 50  # inclusions in one page
_LONGEST = 2_000_000  # characters of all that is included in one page
_NOTES = {"info": "info", "note": "note", "warning": "warning", "tip": "tip", "success": "success", "error": "error"}
_CODE = frozenset({"code", "noformat", "code-block", "codeblock", "snippet"})
_LANGUAGES = {"mermaid": "mermaid", "mermaid-cloud": "mermaid", "plantuml": "plantuml", "plantumlrender": "plantuml",
              "latex": "latex", "mathblock": "latex", "mathinline": "latex", "html": "html", "sql": "sql"}  # fmt: skip
_MARKDOWN = frozenset({"markdown", "markdown-macro", "md"})
_TITLED = frozenset({"panel", "expand", "ui-expand", "ui-tab", "tab", "details", "excerpt", "auitab", "deck", "card"})
_TRANSPARENT = frozenset(
    """section column div span layout multiexcerpt multiexcerpt-macro table-filter table-joiner table-chart tablesorter csvtable
    toc-zone ui-tabs auitabs horizontalauitab bgcolor highlight align center numberedheadings show-if hide-if td tr table tbody
    legacy-content wiki-markup page-properties sv-translation""".split()
)  # fmt: skip
_SILENT = frozenset(
    """toc children pagetree pagetreesearch livesearch recently-updated recently-updated-dashboard contributors
    contributors-summary listlabels related-labels navmap index anchor attachments gallery create-from-template pageindex
    space-attachments favpages popular-labels blog-posts change-history search spaces global-reports network space-details
    toc-float easy-heading-free easy-heading-macro children-display spacecontentlist""".split()
)  # fmt: skip
_FILES = frozenset("view-file viewpdf viewdoc viewxls viewppt viewfile multimedia pdf office-word office-excel".split())
_UNSPOKEN = re.compile(
    r"atlassian-macro-output-type|.*id$|columns|count|width|height|class|style|colou?r|theme|border.*", re.I
)


@dataclass
class Budget:
    """What may still be included in one page."""

    pages: int = _MOST
    characters: int = _LONGEST


@dataclass(frozen=True)
class _Facts:
    """What a macro says of itself, read before anything is lowered."""

    parameters: dict[str, str]
    page: PageKey | None


class Lowering:
    """The macros of one body. `depth` is how many pages include it."""

    def __init__(self, context: Context, depth: int, budget: Budget) -> None:
        self._context, self._depth, self._budget = context, depth, budget
        self._facts: dict[Element, _Facts] = {}

    def look(self, macro: Element) -> None:
        """Reads a macro's parameters, and takes them out."""
        page = included(macro) if storage.macro_name(macro) in INCLUDING else None
        self._facts[macro] = _Facts(storage.parameters(macro), page)
        for one in [one for one in macro if name(one) in ("ac:parameter", "ac:default-parameter")]:
            drop(one)

    def macro(self, macro: Element) -> None:
        kind, facts = storage.macro_name(macro), self._facts[macro]
        told = facts.parameters
        plain = child(macro, "ac:plain-text-body")
        body = child(macro, "ac:rich-text-body")
        body = plain if body is None else body
        title = told.get("title", "")
        if kind in _CODE or kind in _LANGUAGES:
            language = told.get("language") or told.get("lang") or told.get("") or _LANGUAGES.get(kind, "")
            _code(macro, title, body, language)
        elif kind in _MARKDOWN:
            fill(become(macro, "div"), element_of("x-lines", text_of(body)))
        elif kind in _NOTES:
            _held(macro, body, title, **{"class": f"admonition {_NOTES[kind]}"})
        elif kind in _TITLED:
            _held(macro, body, title or (told.get("name", "") if kind not in ("excerpt", "details") else ""))
        elif kind in _TRANSPARENT or kind in _SILENT:
            _held(macro, body, "")
        elif kind in INCLUDING:
            self._include(macro, facts.page, kind == "excerpt-include", told)
        elif kind in DRAWINGS:
            self._drawing(macro, told)
        elif body is not None or not self._said(macro, kind, told):
            _unknown(macro, kind, told, body, plain is not None)

    def _said(self, macro: Element, kind: str, told: dict[str, str]) -> bool:
        """Whether a macro without a body was one that says something in a line; it then is that."""
        if kind in _SPOKEN:
            put_text(become(macro, "span"), _apart(macro, _SPOKEN[kind](told)))
        elif kind == "jira":
            _jira(macro, told)
        elif kind in _FILES and (file := told.get("name", "")):
            fill(become(macro, "span"), element_of("a", file, href=self._context.attachment_url(file)))
            macro.text = " "
        elif kind in ("profile", "profile-picture"):
            user = told.get("user") or told.get("User") or ""
            put_text(become(macro, "span"), f"@{self._context.users.get(user, '') or 'user'}")
        elif kind == "widget" and (url := told.get("url", "")):
            fill(become(macro, "span"), element_of("a", url, href=url))
        else:
            return False
        return True

    def _include(self, macro: Element, page: PageKey | None, excerpt: bool, told: dict[str, str]) -> None:
        """What another page holds, or else a link to it."""
        from ingest.rendering.confluence import lowering

        space, title = page or ("", "")
        found = self._context.pages.get((space or self._context.space, title)) if title else None
        if found is not None and self._depth < _DEEPEST and self._budget.pages > 0:
            self._budget.pages -= 1
            self._budget.characters -= len(found)
            root = _part(found, excerpt, told.get("name", "")) if self._budget.characters > 0 else None
            if root is not None:
                there = replace(self._context, space=space or self._context.space, page_id="")
                lowering.lower(root, there, self._depth + 1, self._budget)
                fill(become(macro, "div"), become(root, "div"))
                return
        what = "Excerpt of" if excerpt else "Included page:"
        link = element_of("a", title or "a page", href=self._context.page_url(space, title) if title else "")
        _placeholder(macro, what, link)

    def _drawing(self, macro: Element, told: dict[str, str]) -> None:
        """What is drawn, where its file is known."""
        from ingest.rendering import drawio

        file = drawing(told)
        title = heading(f"Diagram: {file or 'without a name'}")
        data = self._context.drawings.get(file)
        if data is not None:
            try:
                shown = _labels(data) if data.lstrip()[:1] == b"{" else drawio.render(file, data).text
            except (DocumentError, RefusedError):
                shown = ""
            if shown:
                shown = re.sub(r"^# (.*)$", r"**\1**", shown, flags=re.M)
                fill(become(macro, "div"), title, element_of("x-lines", shown))
                return
        fill(become(macro, "div"), title)


def _labels(data: bytes) -> str:
    """The labels of a drawing of Gliffy, which is JSON, as a list."""
    from ingest.rendering.elements import Elements
    from ingest.rendering.html import parsed

    found: list[str] = []
    try:
        waiting = [json.loads(data)]
    except (ValueError, RecursionError):
        return ""
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(text := value.get("html"), str) and (tree := parsed(text)) is not None:
                found.append(" ".join(Elements().paragraph_texts(tree)))
            waiting += reversed(value.values())
        elif isinstance(value, list):
            waiting += reversed(value)
    return "\n".join(f"- {label}" for label in found if label)


def included(macro: Element) -> PageKey | None:
    """The page that a macro includes, as it names it: (key of its space or "", title)."""
    resource = storage.first(macro, "ri:page", "ri:blog-post")
    if resource is not None:
        return attribute(resource, "ri:space-key"), attribute(resource, "ri:content-title")
    given = storage.parameters(macro).get("", "")
    space, colon, title = given.partition(":")  # as the older format names it
    return ((space, title) if colon else ("", given)) if given else None


def drawing(told: dict[str, str]) -> str:
    """The name of the attachment that holds a diagram."""
    return told.get("diagramName") or told.get("diagramDisplayName") or told.get("name") or told.get("filename") or ""


def _part(text: str, excerpt: bool, named: str) -> Element | None:
    """The root of an included page, or of its excerpt."""
    try:
        root, _ = storage.parse(text)
    except RefusedError:
        return None
    if not excerpt:
        return root
    for one in root.iter():
        if not storage.is_macro(one) or storage.macro_name(one) != "excerpt":
            continue
        if not named or storage.parameters(one).get("name", "") == named:
            body = child(one, "ac:rich-text-body")
            if body is not None:
                one.remove(body)
                body.tail = None
            return body
    return None


def _code(macro: Element, title: str, body: Element | None, language: str) -> None:
    clean = re.sub(r"[^\w+#.-]", "", language.split(":", maxsplit=1)[0].strip())[:20].lower()
    text = element_of("pre", text_of(body), **({"lang": clean} if clean else {}))
    fill(become(macro, "div"), *([heading(title)] if title else []), text)


def _held(macro: Element, body: Element | None, title: str, **attributes: str) -> None:
    """A macro as its body, with a title."""
    become(macro, "div" if body is not None or title else "span", **attributes)
    parts = [heading(title)] if title else []
    if body is not None:
        parts.append(become(body, "div"))
    fill(macro, *parts)


def _jira(macro: Element, told: dict[str, str]) -> None:
    key, query = told.get("key", ""), told.get("jqlQuery") or told.get("jql") or ""
    if key or not query:
        put_text(become(macro, "span"), key or "Jira issues")
        return
    fill(become(macro, "span"), element_of("code", query))
    macro.text = "Jira issues: "


def _unknown(macro: Element, kind: str, told: dict[str, str], body: Element | None, plain: bool) -> None:
    said = "; ".join(
        f"{key}: {value}" if key else value
        for key, value in told.items()
        if value and len(value) <= 300 and not _UNSPOKEN.fullmatch(key)
    )
    told_of = element_of("p" if body is not None else "span", f"[{kind or 'macro'}{': ' if said else ''}{said}]")
    if body is None:
        fill(become(macro, "span"), told_of)
    elif plain:
        fill(become(macro, "div"), told_of, *([element_of("pre", text_of(body))] if text_of(body).strip() else []))
    else:
        fill(become(macro, "div"), told_of, become(body, "div"))


def _placeholder(macro: Element, what: str, link: Element) -> None:
    fill(become(macro, "p"), link)
    macro.text = f"{what} "


def _apart(element: Element, text: str) -> str:
    """A text in place of an element, apart from the words beside it."""
    before = element.getprevious()
    left = (before.tail or "x") if before is not None else (element.getparent().text or "")
    right = element.tail or ("x" if element.getnext() is not None else "")
    return f"{' ' if left[-1:].isalnum() else ''}{text}{' ' if right[:1].isalnum() else ''}"


def _status(told: dict[str, str]) -> str:
    return told.get("title") or told.get("colour") or told.get("color") or ""


def _report(told: dict[str, str]) -> str:
    of = told.get("cql") or told.get("label") or told.get("labels") or ""
    return f"[Page properties report{': ' if of else ''}{of}]"


def _by_label(told: dict[str, str]) -> str:
    of = told.get("cql") or told.get("label") or told.get("labels") or ""
    return f"[Pages by label{': ' if of else ''}{of}]"


_SPOKEN = {"status": _status, "detailssummary": _report, "contentbylabel": _by_label}
