"""The looks that a model may take while it answers: `search`, `read_lines`, `terraform_lookup`. All of them only read, within
what the asker may see, and give passages, which can be cited as the evidence before them can.

`rag.ask` makes one for each question that a model answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from rag.answers.outgoing.outlet import readable
from rag.catalog import Catalog
from rag.errors import NotFoundError, WaypostError
from rag.ports import Lookup, Tool
from rag.records import Document, Generation, ScoredPassage, Usage, Viewer
from rag.search import Filters, Retriever
from rag.terraform.lookup import TerraformLookup

_PASSAGES = 5  # that one look gives at most
_CHARACTERS = 6000  # of them together
_LINES = 200  # that are read at once
_QUERY = 500  # characters of what is looked for


def _tool(name: str, description: str, **parameters: tuple[str, str]) -> Tool:
    properties = {key: {"type": kind, "description": said} for key, (kind, said) in parameters.items()}
    schema = {"type": "object", "properties": properties, "required": [*parameters], "additionalProperties": False}
    return Tool(name, description, schema)


TOOLS = (
    _tool(
        "search",
        "Searches this organisation's documents by words and meaning. Use it when the search results at hand leave a part of the "
        "question open: ask for that part alone, with the names and identifiers that it holds.",
        query=("string", "what to look for"),
    ),
    _tool(
        "read_lines",
        f"Reads lines of a document that a search result names, at most {_LINES}. Use it when a result breaks off "
        "before what is needed.",
        document=("string", "the document as the source of a search result names it"),
        start_line=("integer", "the first line, from 1"),
        end_line=("integer", "the last line, inclusive"),
    ),
    _tool(
        "terraform_lookup",
        "Finds what defines a Terraform address, such as aws_db_instance.main, module.vpc.cidr, var.size or local.name.",
        address=("string", "the address"),
    ),
)


class DocumentToolbox:
    """The looks of one answer. What was shown is not shown again; `admit` leaves out what an answer must not rest on."""

    tools: Sequence[Tool] = TOOLS

    def __init__(
        self, catalog: Catalog, retriever: Retriever, lookup: Callable[[], TerraformLookup], viewer: Viewer,
        generation: Generation, evidence: Sequence[ScoredPassage], filters: Filters | None = None,
        admit: Callable[[Sequence[ScoredPassage]], tuple[ScoredPassage, ...]] = tuple,
    ) -> None:  # fmt: skip
        self._catalog = catalog
        self._retriever = retriever
        self._lookup = lookup
        self._viewer = viewer
        self._generation = generation
        self._filters = filters or Filters()
        self._shown = list(evidence)
        self._admit = admit
        self._usage = Usage()  # of the look under way

    def run(self, name: str, arguments: object) -> Lookup:
        tool = next((tool for tool in TOOLS if tool.name == name), None)
        if tool is None:
            return Lookup(
                name[:80], "", error=f"there is no tool of that name; there are: {', '.join(t.name for t in TOOLS)}"
            )
        if isinstance(arguments, dict):  # a model may write letters that are none, which no index or catalog takes
            arguments = {key: readable(said) if isinstance(said, str) else said for key, said in arguments.items()}
        if wrong := _wrong(tool, arguments):
            return Lookup(name, "", error=wrong)
        assert isinstance(arguments, dict)
        self._usage = Usage()
        asked = " ".join(str(value) for value in arguments.values())[:_QUERY]
        try:
            found = tuple(self._within(getattr(self, f"_{name}")(**arguments)))
        except WaypostError as error:
            return Lookup(name, asked, error=str(error), usage=self._usage)
        self._shown += found
        return Lookup(name, asked, self._admit(found), usage=self._usage)

    def _search(self, query: str) -> Iterator[ScoredPassage]:
        result = self._retriever.search(query[:_QUERY], self._viewer, _PASSAGES, self._filters)
        self._usage = result.usage
        yield from result.passages

    def _read_lines(self, document: str, start_line: int, end_line: int) -> Iterator[ScoredPassage]:
        source, _, path = document.strip().partition("/")
        found = self._catalog.document_at(source, path)
        if found is None or not self._admitted(found):
            raise NotFoundError(f"there is no document {document[:200]!r}")
        if not 1 <= start_line <= end_line:
            raise NotFoundError("start_line must be 1 or more, and end_line no less than it")
        yield from self._lines(found, start_line, min(end_line, start_line + _LINES - 1), "read")

    def _terraform_lookup(self, address: str) -> Iterator[ScoredPassage]:
        for symbol in self._lookup().define(address[:_QUERY])[:_PASSAGES]:
            found = self._catalog.document_at(symbol.source, symbol.path)
            if found is not None and self._admitted(found):
                yield from self._lines(found, symbol.symbol.start, symbol.symbol.end, "terraform")

    def _admitted(self, document: Document) -> bool:
        """Whether the asker may see it, and asked of such documents."""
        filters = self._filters
        asked = document.source in (filters.sources or (document.source,)) and document.kind in (
            filters.kinds or (document.kind,)
        )
        return asked and document.access.admits(self._viewer.groups)

    def _lines(self, document: Document, start: int, end: int, why: str) -> Iterator[ScoredPassage]:
        """The passages of a document that have these lines, cut to them."""
        for passage in self._catalog.passages_of(document.id, self._generation):
            first, last = max(start, passage.start_line), min(end, passage.end_line)
            if first > last:
                continue
            if (first, last) != (passage.start_line, passage.end_line):
                text = document.lines(first, last)
                passage = replace(passage, text=text, start_line=first, end_line=last)  # noqa: PLW2901
            yield ScoredPassage(passage, document, 0.0, (why,))

    def _within(self, found: Iterator[ScoredPassage]) -> Iterator[ScoredPassage]:
        """The first that are new and fit into what one look may give; the first of all is cut rather than left out."""
        left, given = _CHARACTERS, 0
        for one in found:
            fitting = one if len(one.passage.text) <= left or given else _cut(one, left)
            if given == _PASSAGES or len(fitting.passage.text) > left:
                return
            if not any(_holds(held, fitting) for held in self._shown):
                left -= len(fitting.passage.text)
                given += 1
                yield fitting


def _cut(found: ScoredPassage, characters: int) -> ScoredPassage:
    """Its first lines, as many as there is room for."""
    lines = found.passage.text[:characters].split("\n")
    kept = lines[:-1] or lines
    passage = found.passage
    last = passage.end_line if len(lines) == 1 else passage.start_line + len(kept) - 1
    return replace(found, passage=replace(passage, text="\n".join(kept), end_line=last))


def _holds(held: ScoredPassage, other: ScoredPassage) -> bool:
    return held.document.id == other.document.id and (
        held.passage.start_line <= other.passage.start_line and other.passage.end_line <= held.passage.end_line
    )


def _wrong(tool: Tool, arguments: object) -> str:
    """What is wrong with a tool's arguments, for the model to read; "" where nothing is."""
    kinds = {key: said["type"] for key, said in tool.parameters["properties"].items()}
    if not isinstance(arguments, dict) or set(arguments) != set(kinds):
        return f"{tool.name} takes {', '.join(kinds)}, and nothing else"
    for key, kind in kinds.items():
        value = arguments[key]
        if kind == "integer" and (not isinstance(value, int) or isinstance(value, bool)):
            return f"{key} must be a whole number"
        if kind == "string" and (not isinstance(value, str) or not value.strip()):
            return f"{key} must be a text"
    return ""
