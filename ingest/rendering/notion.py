"""What Notion exports, as Markdown: pages in HTML, pages in Markdown with their links made whole, and databases in CSV.

Read in the sandbox; `ingest.sources.notion` calls this. Within an export pages link to each other by files, whose names end with
the page's id: such links are made those of Notion's own site.
About exports: https://www.notion.com/help/export-your-content
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from urllib.parse import unquote

from ingest.refusals import decode
from ingest.rendering import Rendered, html
from ingest.rendering.elements import Element, Elements
from ingest.rendering.lines import Line, Writer, in_one_line
from ingest.rendering.tables import Cell, Row, grid
from ingest.rendering.trees import drop
from rag.errors import DocumentError, RefusedError

SITE = "https://www.notion.so/"
_ID = re.compile(r"[0-9a-f]{32}")
_FILE = re.compile(r"(?:^|[ _/%-]|20)([0-9a-f]{32})(?:_all)?\.(?:md|html|csv)(?:[?#].*)?$", re.I)
_IN_FOLDER = re.compile(r"(?:%20|[ _-])[0-9a-f]{32}(?=/)", re.I)
_LINK = re.compile(r"\]\(((?:[^()\s]|\([^()\s]*\)){1,2000})\)")
_ALL_CELLS = 2_000_000  # of one database
_LONG = 30  # letters and digits from which on the name of a file may be a title that was cut


def address(page: str, site: str = SITE) -> str:
    """Where a page is found, by its id."""
    return f"{site.rstrip('/')}/{page}" if page else ""


def page_of(target: str) -> str:
    """The id of the page that a link within an export leads to, or ""."""
    if re.match(r"[a-z][a-z0-9+.-]*:", target, re.I):
        return ""
    match = _FILE.search(target) or _FILE.search(unquote(target))
    return match[1].lower() if match else ""


def markdown(data: bytes, site: str) -> bytes:
    """A page in Markdown, line by line as it was. Raises: as `ingest.refusals.decode`."""
    text, _ = decode(data)

    def whole(match: re.Match[str]) -> str:
        if found := page_of(match[1]):
            return f"]({address(found, site)})"
        return match[0] if ":" in match[1] else f"]({_IN_FOLDER.sub('', match[1])})"  # an attachment

    return _LINK.sub(whole, text).encode("utf-8", "surrogatepass")


def page(data: bytes, site: str) -> Rendered:
    """A page in HTML. Raises: RefusedError when there is no text in it; DocumentError when it can't be read."""
    text, notes = html.text_of(data)
    root = html.parsed(text)
    if root is not None:
        _prepare(root)
    return html.rendered(root, _NotionElements(site), notes)


class _NotionElements(Elements):
    """Notion's elements. A link to another file of the export than a page leads nowhere."""

    def __init__(self, site: str) -> None:
        super().__init__()
        self._site = site

    def resolved(self, target: str) -> str:
        target = target.strip()
        if found := page_of(target):
            return address(found, self._site)
        return super().resolved(target) if re.match(r"https?:|mailto:", target, re.I) else ""


def _prepare(root: Element) -> None:
    """Makes of Notion's own elements those of HTML that mean the same."""
    for one in list(root.iter("div", "figure", "img", "span")):
        classes = set((one.get("class") or "").split())
        if "checkbox" in classes:
            one.tag = "input"
            one.set("type", "checkbox")
            if "checkbox-on" in classes:
                one.set("checked", "")
        elif "callout" in classes:
            one.tag = "aside"
        elif classes & {"page-header-icon", "page-cover-image", "property-icon"} or (
            one.tag == "img" and "icon" in classes
        ):
            drop(one)
    for one in root.iter("h1", "h2", "h3", "h4"):
        if (name := (one.get("id") or "").replace("-", "")) and _ID.fullmatch(name):
            one.set("id", name)  # as Notion's links to a block have it


# -- databases ---------------------------------------------------------------------------------------------------------


def database(data: bytes, title: str, pages: Mapping[str, str], site: str) -> Rendered:
    """A database as a table, each row that has a page of its own with a link to it. `pages` has ids by the names of the
    files of such pages. Raises: RefusedError for an empty one; DocumentError for what is no CSV."""
    text, notes = decode(data)
    rows: list[Row] = []
    cells = 0
    names = _by_title(pages)
    csv.field_size_limit(len(text) + 1)
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True)):
            cells += len(row)
            if cells > _ALL_CELLS:
                raise RefusedError(f"more than {_ALL_CELLS} cells in it")
            shown = [_cell(value) for value in row]
            if number and row and (found := _page_named(row[0], names)):
                shown[0] = f"[{shown[0]}]({address(found, site)})"
            rows.append(Row(tuple(Cell(value, 1, 1, header=number == 0) for value in shown), 0, 0))
    except csv.Error as error:
        raise DocumentError(f"not CSV that can be read: {error}") from error
    lines = grid(rows)
    if not lines:
        raise RefusedError("no text in it")
    writer = Writer()
    writer.add_lines([Line(f"# {in_one_line(title)}"), Line(""), *lines])
    return writer.rendered(title, notes)


def _cell(value: str) -> str:
    lines = [in_one_line(_whole(line)) for line in value.split("\n")]
    return " <br> ".join(filter(None, lines)).replace("|", "\\|")


def _whole(text: str) -> str:
    """Text of a cell without the files that it names beside pages: `Title (Title%20<id>.md)` is `Title`."""
    return re.sub(r" \((?=[^()\s]{32,2000}\))(?:[^()\s]*[0-9a-f]{32}\.(?:md|html|csv))\)", "", text)


def _by_title(pages: Mapping[str, str]) -> dict[str, str]:
    """Ids by names as `_plain` has them; of several pages of one name none can be told."""
    found: dict[str, str] = {}
    for name, page_id in pages.items():
        plain = _plain(name.rsplit("\0", 1)[0])
        found[plain] = "" if plain in found else page_id
    return found


def _page_named(title: str, names: Mapping[str, str]) -> str:
    plain = _plain(title)
    if not plain or plain in names:
        return names.get(plain, "")
    cut = {names[plain[:at]] for at in range(_LONG, min(len(plain), 120)) if plain[:at] in names}
    return cut.pop() if len(cut) == 1 else ""


def _plain(title: str) -> str:
    """A title as the names of files keep it: letters and digits alone."""
    return "".join(filter(str.isalnum, title.casefold()))
