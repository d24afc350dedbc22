"""A page of DokuWiki as Markdown: the HTML that its remote API gives, with what is DokuWiki's own in it.

`ingest.sources.dokuwiki` calls `page` in the sandbox. Headings have ids, which are the anchors of their sections; code names its
language and its file; footnotes, smileys and the boxes of the plugins wrap and note are written out.
HTML: https://www.dokuwiki.org/wiki:syntax as inc/parser/xhtml.php renders it, https://www.dokuwiki.org/plugin:wrap.
"""

from __future__ import annotations

import re
from typing import Any

from ingest.rendering import Rendered, checked
from ingest.rendering import html as pages
from ingest.rendering.elements import Elements, append, is_note, name_of, quoted
from ingest.rendering.inline import Run
from ingest.rendering.lines import Line

Element = Any
_NOTE = re.compile(r"\b(?:wrap_|note)(important|warning|alert|danger|tip|help|info|todo|download|classic|note)\b")
_PLAIN_NOTES = frozenset({"classic", "note", "info"})
_CHROME = frozenset({"secedit", "dw__toc", "plugin_include_readmore"})


def page(text: str, base: str) -> Rendered:
    """A page's HTML, whose links are resolved against `base`. Raises: RefusedError when there is no text in it; DocumentError."""
    root = pages.parsed(text)
    if root is not None:
        _name_languages(root)
    return checked(pages.rendered(root, DokuWikiElements(base)))


def _name_languages(root: Element) -> None:
    """Says of each block of code its language as other wikis do: DokuWiki's class is `code bash` or `code file bash`."""
    for block in root.iter("pre"):
        names = [name for name in block.get("class", "").split() if name not in ("code", "file", "li")]
        if names and "code" in block.get("class", "").split():
            block.set("data-lang", names[0])


class DokuWikiElements(Elements):
    """Reads a page of DokuWiki."""

    def drops(self, element: Element) -> bool:
        names = {element.get("id", ""), *element.get("class", "").split()}
        return not names.isdisjoint(_CHROME) or super().drops(element)

    def block_dl(self, element: Element) -> list[Line]:
        if not {"code", "file"} & set(element.get("class", "").split()):
            return super().block_dl(element)
        found: list[Line] = []
        for child in element:
            name = name_of(child)
            if name == "dt":  # the name of a file, and a link to download it, which holds for the newest version alone
                label = " ".join("".join(child.itertext()).split())
                append(found, [Line(f"**{label}**")] if label else [])
            elif name:
                append(found, self.blocks(child))
        return found

    def block_div(self, element: Element) -> list[Line]:
        classes = element.get("class", "")
        if "fn" in classes.split():
            return self._footnote(element)
        found = _NOTE.search(classes)
        if not found:
            return self._note(element) if is_note(element) else self.blocks(element)
        lines = self.blocks(element)
        kind = found.group(1)
        if lines and kind not in _PLAIN_NOTES and kind not in lines[0].text.lower():
            lines.insert(0, lines[0]._replace(text=f"**{kind.capitalize()}**"))
        return quoted(lines)

    def _footnote(self, element: Element) -> list[Line]:
        """Its number and what it says in one line, where it says no more."""
        run = Run()
        for child in element:
            self.inline(child, run)
        return run.paragraph()

    def inline_sup(self, element: Element, run: Run) -> None:
        link = element.find("a")
        if link is None or link.get("class", "") not in ("fn_top", "fn_bot"):
            super().inline_sup(element, run)
            return
        number = (link.text or "").strip(" )")
        run.word(f"[{number}] " if link.get("class") == "fn_bot" else f" [{number}]")

    def inline_img(self, element: Element, run: Run) -> None:
        if {"smiley", "icon"} & set(element.get("class", "").split()):
            self.arrive(element)
            run.text(element.get("alt", ""), self._line)
        else:
            super().inline_img(element, run)
