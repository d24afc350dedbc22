"""`LlamaHubSource`: whatever a reader of LlamaHub reads, named in waypost.yaml by its class.

Each listing runs the reader, which gives everything there is, and keeps the texts until they are fetched. What it leaves out is
taken for gone only after a run that ended well, said of no trouble and gave something. Who may read it is the source's `audience`
alone: readers don't tell. Readers: https://llamahub.ai; the format: llama_index.core.schema.Document.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, quote_plus

from pydantic import Field, field_validator

from ingest.redaction import redact
from ingest.refusals import refuse_by_name
from ingest.rendering import Rendered, is_rendered, render
from ingest.sandbox import shared
from ingest.sources import Link, Listed, Listing, Options, Previous, SourceSpec, SourceType
from ingest.sources.llamahub.naming import Keys, Page, Record, pages_of
from ingest.sources.llamahub.process import ReaderProcess, Task
from ingest.sources.moves import moved
from rag.errors import DocumentError, SettingsError, SourceError
from rag.records import Place, digest

_LONGEST_RUN = 1800.0  # seconds: a source that says nothing for longer is given up by `ingest.side_by_side`
_MOST_BYTES = 2 << 30  # of all texts together
_HTML = re.compile(r"\s*<(?:!doctype html|html|head|body|div|p|h[1-6]|table|ul|ol|main|article|section)\b", re.I)
_SECRETIVE = re.compile(r"token|secret|passw|pwd|key|auth|credential", re.I)  # keys of arguments
_UNNAMED = "nothing that stays names it, so an edit makes another document of it; name a key of its metadata: `id_key`"


class LlamaHubOptions(Options):
    """`arguments` are those of the reader's class, `load` those of its load_data, `environment` what it finds there. The keys
    are keys of its documents' metadata. `python` is the interpreter that has the reader, where that is not Waypost's own.
    `seconds` is the time that one run may take; `tolerate` names what it may print of trouble and yet have read everything."""

    reader: str = Field(pattern=r"^[A-Za-z_][\w.]*[.:][A-Za-z_]\w*$")
    arguments: dict[str, Any] = Field(default_factory=dict, repr=False, exclude=True)
    load: dict[str, Any] = Field(default_factory=dict, repr=False, exclude=True)
    environment: dict[str, str] = Field(default_factory=dict, repr=False, exclude=True)
    path_key: str = ""
    id_key: str = ""
    title_key: str = ""
    updated_key: str = ""
    url_key: str = ""
    python: str = Field(default="", exclude=True)
    seconds: float = Field(default=600.0, gt=0, le=_LONGEST_RUN, exclude=True)
    tolerate: tuple[str, ...] = Field(default=(), exclude=True)

    @field_validator("tolerate")
    @classmethod
    def _says_something(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if not all(text.strip() for text in given):
            raise ValueError("a text to tolerate must not be empty: it would be found in everything")
        return given


class LlamaHubSource:
    """What the reader of `spec.options` gives."""

    def __init__(self, spec: SourceSpec, folder: Path) -> None:
        if spec.credentials.token:
            raise SettingsError(f"source {spec.name!r}: give its reader the token among `arguments`, as ${{VARIABLE}}")
        self._spec = spec
        self._options: LlamaHubOptions = spec.options
        self._where = f"source {spec.name!r}"
        self._secrets = sorted({*spec.credentials.secrets, *_secret_texts(self._options)}, key=len, reverse=True)
        self._texts: IO[bytes] | None = None
        self._pages: dict[str, Page] = {}

    def listing(self, previous: Previous) -> Listing:
        self.close()
        options = self._options
        task = Task(
            options.reader, options.arguments, options.load, options.environment, options.python, options.seconds
        )
        process = ReaderProcess(self._where, task, self._clean)
        self._texts = tempfile.TemporaryFile()  # noqa: SIM115  # without a name: it goes with this process
        records = [self._kept(record) for record in process.records()]
        keys = Keys(
            options.path_key, options.id_key, options.title_key, options.updated_key, options.url_key, _folders(options)
        )
        self._look_for(keys, records)
        selected = self._spec.selects()
        pages = [page for page in map(_readable, pages_of(records, keys, self._secrets)) if selected(page.path)]
        self._pages = {page.path: page for page in pages}
        message = self._doubt(records, pages, process.troubles)
        items = tuple(map(_listed, pages))
        return Listing(items, complete=not message, moved=moved(previous, items), message=message)

    def _look_for(self, keys: Keys, records: Sequence[Record]) -> None:
        """Raises: SettingsError for a key that the user named and no document has: all would be called otherwise."""
        known = {key for record in records for key in record.metadata}
        for name, key in (
            ("path", keys.path),
            ("id", keys.id),
            ("title", keys.title),
            ("updated", keys.updated),
            ("url", keys.url),
        ):
            if key and records and key not in known:
                there = self._clean(", ".join(sorted(known))) or "none"
                raise SettingsError(
                    f"{self._where}: `{name}_key` is {key!r}, which is in no document's metadata; the keys there: {there}"
                )

    def _doubt(self, records: Sequence[Record], pages: Sequence[Page], troubles: Sequence[str]) -> str:
        """Why not everything may have been listed; "" where nothing speaks for that."""
        if not records:
            return "its reader gave no document"
        if not pages:
            return "its include and exclude globs admit none of its documents"
        untold = [line for line in troubles if not any(text in line for text in self._options.tolerate)]
        if untold:
            return f"its reader spoke of trouble, so nothing was taken for gone: {self._clean(untold[0])}"
        return ""

    def _kept(self, told: Mapping[str, Any]) -> Record:
        """A record, its text put aside. Raises: SourceError when it is none, or all together are too much."""
        text, metadata, size = told.get("text"), told.get("metadata"), told.get("size")
        if not isinstance(text, str) or not isinstance(metadata, dict) or not isinstance(size, int) or not self._texts:
            raise SourceError(f"{self._where}: its reader's process answered with nonsense; sync again")
        data = text.encode("utf-8", "replace")
        start = self._texts.tell()
        if start + len(data) > _MOST_BYTES:
            raise SourceError(f"{self._where}: its reader gave more than {_MOST_BYTES >> 30} GB; let it read less")
        self._texts.write(data)
        hashed = hashlib.sha256(data if text else str(size).encode()).hexdigest()
        return Record(str(told.get("id") or ""), metadata, max(size, len(data)), hashed, (start, len(data)))

    def fetch(self, items: Sequence[Listed]) -> Iterator[tuple[Listed, bytes | Rendered | Exception]]:
        for item in items:
            page = self._pages.get(item.path)
            if page is None or self._texts is None:
                raise SourceError(f"{self._where}: {item.path} was not listed; sync again")
            texts = [self._text(part) for part in page.parts]
            try:
                yield item, _content(page, texts)
            except DocumentError as error:
                yield item, error

    def _text(self, part: Record) -> str:
        assert self._texts
        start, size = part.text
        self._texts.seek(start)
        return self._texts.read(size).decode("utf-8")

    def link(self, item: Listed, version: str) -> Link:
        if item.handle:
            return Link(item.handle, "")
        if self._spec.web_url:
            return Link(f"{self._spec.web_url.rstrip('/')}/{item.path}", "")
        return Link(f"{item.path}@{version[:12]}", ":{start}-{end}")

    def close(self) -> None:
        if self._texts:
            self._texts.close()
        self._texts, self._pages = None, {}

    def _clean(self, message: str) -> str:
        """What a reader said, for a message: one short line without what may not be shown."""
        text = message[:2000]
        for secret in self._secrets:
            for form in _forms(secret):
                text = text.replace(form, "***")
        text = re.sub(r"(://)[^/@\s]+@", r"\1***@", redact(text, "message.txt")[0])
        return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:400]


def _forms(secret: str) -> set[str]:
    """How a secret may stand in what a program says of it."""
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]}


def _secret_texts(options: LlamaHubOptions) -> Iterator[str]:
    """What stands in the file itself under a key that sounds like a secret's: it should not, and is hidden all the same."""
    waiting: list[tuple[str, Any]] = [("", options.arguments), ("", options.load), ("", options.environment)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend((f"{name} {key}" if _SECRETIVE.search(name) else str(key), v) for key, v in value.items())
        elif isinstance(value, list):
            waiting.extend((name, inner) for inner in value)
        elif isinstance(value, str) and len(value) >= 4 and _SECRETIVE.search(name):
            yield value


def _folders(options: LlamaHubOptions) -> list[str]:
    """The paths among a reader's arguments."""
    values = [*options.arguments.values(), *options.load.values()]
    return [value for value in values if isinstance(value, str) and value.startswith("/")]


def _readable(page: Page) -> Page:
    """The page, whose path does not speak of a picture or a slide where it is a file's: it is text by now."""
    is_binary = page.is_file and refuse_by_name(page.path, 0).startswith("binary")
    return replace(page, path=f"{page.path}.md") if is_binary else page


def _listed(page: Page) -> Listed:
    return Listed(
        page.path, f"{digest('id', page.identity)[:16]} {page.signature}", size=page.size, updated_at=page.updated,
        refusal="" if page.size else "its reader found no text in it", handle=page.url,
        is_page=not page.is_file,
    )  # fmt: skip


def _content(page: Page, texts: Sequence[str]) -> bytes | Rendered:
    """The text of a file as it is, for the parser of such files; anything else as the Markdown that it is taken for."""
    text = "\n\n".join(text.strip("\n") if len(texts) > 1 else text for text in texts)
    if _HTML.match(text) and (not page.is_file or re.search(r"\.x?html?$", page.path, re.I)):
        rendered = shared().run(render, f"{page.path}.html", text.encode()) or Rendered("", ())
        return replace(rendered, title=page.title or rendered.title)
    if page.is_file and not is_rendered(page.path, b""):
        return text.encode()
    places = tuple(_places(page, texts))
    if page.named:
        return Rendered(text, places, page.title)
    return Rendered(text, places, page.title or text.strip().split("\n")[0].strip("# ")[:80], (_UNNAMED,))


def _places(page: Page, texts: Sequence[str]) -> Iterator[Place]:
    """Where each part stands, by the page of a PDF that its reader names."""
    line = 1
    for part, text in zip(page.parts, texts, strict=True):
        lines = (text.strip("\n") if len(texts) > 1 else text).count("\n") + 1
        label = str(part.metadata.get("page_label") or "")[:20]
        yield Place(line, line + lines, f"page {label}" if label else "", f"#page={label}" if label.isdecimal() else "")
        line += lines + 1


TYPE = SourceType(LlamaHubSource, LlamaHubOptions, locations=())
