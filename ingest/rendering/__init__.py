"""Files that are not lines of text to cite, as Markdown: HTML, PDF, DOCX, notebooks, diagrams of draw.io.

`ingest.digestion` calls `render`, in a process of its own. Its text is then redacted and split like any Markdown; `places` say
where its lines stand in the original, so that a citation can lead there. Vendors are imported at first use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

from ingest.refusals import MAX_BYTES, too_large
from rag.errors import RefusedError
from rag.records import Place


@dataclass(frozen=True)
class Rendered:
    """A file as Markdown. `title` is "" where its text has none better than its first heading."""

    text: str
    places: tuple[Place, ...]
    title: str = ""
    notes: tuple[str, ...] = ()

    def changed(self, change: Callable[[str], str]) -> Rendered:
        """The same with each of its texts changed; the number of lines must stay."""
        places = (replace(place, name=change(place.name), anchor=change(place.anchor)) for place in self.places)
        return Rendered(change(self.text), tuple(places), change(self.title), tuple(map(change, self.notes)))


Renderer = Callable[[str, bytes], Rendered]
_ENDINGS = re.compile(r"\.(?:html?|xhtml|pdf|docx|ipynb|drawio|dio|drawio\.svg)$", re.I)
_DIAGRAM = re.compile(rb"<(?:mxfile|mxGraphModel)\b")
_SNIFFED = 4096  # bytes of an .xml file in which a diagram must begin


def is_rendered(path: str, data: bytes) -> bool:
    """Whether a file is cited by its rendering: by its name, and an .xml file by its content."""
    return bool(_ENDINGS.search(path)) or (path.lower().endswith(".xml") and bool(_DIAGRAM.search(data[:_SNIFFED])))


def render(path: str, data: bytes) -> Rendered | None:
    """A file as Markdown with the places of its lines; None for one that is text itself.

    Raises: RefusedError for what has no text to read, is locked or too large; DocumentError for what is broken.
    """
    if not is_rendered(path, data):
        return None
    if reason := too_large(len(data)):
        raise RefusedError(reason)
    return checked(_renderer(path)(path, data))


def checked(rendered: Rendered) -> Rendered:
    """The same, with at least one place. Raises: RefusedError when the text is larger than any may be."""
    if len(rendered.text) > MAX_BYTES:
        raise RefusedError(f"its text is {too_large(len(rendered.text))}")
    return rendered if rendered.places else replace(rendered, places=(Place(1, max(rendered.text.count("\n"), 1)),))


def as_rows(rendered: Rendered | None) -> tuple[Any, ...] | None:
    """A rendering as plain values, which `ingest.sandbox` lets out of its processes; `from_rows` makes it one again."""
    if rendered is None:
        return None
    return rendered.text, tuple(astuple(place) for place in rendered.places), rendered.title, rendered.notes


def from_rows(rows: Sequence[Any]) -> Rendered:
    text, places, title, notes = rows
    return Rendered(text, tuple(Place(*values) for values in places), title, notes)


def rendered_rows(path: str, data: bytes) -> tuple[Any, ...] | None:
    """`render`, for `ingest.sandbox`."""
    return as_rows(render(path, data))


def _renderer(path: str) -> Renderer:
    ending = path.lower().rsplit(".", 1)[-1]
    if ending == "pdf":
        from ingest.rendering import pdf

        return pdf.render
    if ending == "docx":
        from ingest.rendering import docx

        return docx.render
    if ending == "ipynb":
        from ingest.rendering import notebook

        return notebook.render
    if ending in ("drawio", "dio", "svg", "xml"):
        from ingest.rendering import drawio

        return drawio.render
    from ingest.rendering import html

    return html.render
