"""PDF as Markdown, page by page: a citation leads to its page (`#page=3`, RFC 8118).

Read by pypdf (https://pypdf.readthedocs.io), in Python alone. Headings are what the outline names, or else lines in larger
letters than most; words cut at the end of a line are joined. `ingest.rendering` calls this.
"""

from __future__ import annotations

import io
import logging
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.declarations import Declared, known
from ingest.rendering import Rendered
from ingest.rendering.lines import Writer, in_one_line, prose, seen
from rag.errors import DocumentError, RefusedError

_SECONDS = 20.0  # of the processor for the pages of a file; a sandbox gives a document 30
_LARGER = 1.12  # times the size of most letters, from which on a line is a heading
_BESIDE = 0.2  # of a letter's height, by which pieces of one line may differ in theirs
_LONGEST_HEADING = 90  # characters
_LEVELS = 3  # levels of headings that are told apart by their size
_CUT = re.compile(r"([^\W\d_]+)[-\u2010\u00ad]$")
_FIRST_WORD = re.compile(r"([a-zà-öø-ÿ][^\W\d_]*)([^\w\s]*)\s*")
_SENTENCE = re.compile(r"[.,;:!?]$")
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "ft", "ﬆ": "st"}
_LIGATURE = re.compile("[ﬀ-ﬆ]")
_BULLET = re.compile("^[\u2022\u25cf\u25aa\u2023\u25e6\u2043\uf0b7\uf0a7]\\s*")
_PAGES_NAMED = 8  # pages without text that a note names


@dataclass
class _Line:
    text: str
    size: float = 0.0
    level: int = 0


def render(path: str, data: bytes) -> Rendered:
    """A file. Raises: RefusedError when it is locked or has no text; DocumentError when it is broken or takes too long."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its warnings are of files, not of us
    reader = _opened(data)
    pages = list(_pages(reader))
    if not any(line.text for page in pages for line in page):
        raise RefusedError("no text in it: scanned?")
    _set_levels(pages, _outline(reader))
    joined = {
        word.lower() for page in pages for line in page for word in re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", line.text)
    }
    writer = Writer()
    writer.begin("the properties")
    writer.declare(Declared().also(known(_properties(reader))))
    for number, page in enumerate(pages, 1):
        writer.begin(f"page {number}", f"#page={number}")
        for block in _blocks(_rejoined(page, joined)):
            writer.add(block)
    empty = [number for number, page in enumerate(pages, 1) if not any(line.text for line in page)]
    return writer.rendered(_title(reader), _notes(empty))


def _opened(data: bytes) -> Any:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not _unlocked(reader):
            raise RefusedError("encrypted: it needs a password; save it without one")
        return reader
    except DocumentError:
        raise
    except MemoryError:
        raise
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, OSError) as error:
        raise DocumentError(f"not a PDF that can be read: {error}") from error


def _unlocked(reader: Any) -> bool:
    """Whether it opens without a password: many are only locked against change."""
    from pypdf.errors import DependencyError, PyPdfError

    try:
        return bool(reader.decrypt(""))
    except (DependencyError, PyPdfError, NotImplementedError, ValueError):
        return False


def _pages(reader: Any) -> Iterator[list[_Line]]:
    """The lines of each page. A page that can't be read has none, unless none can."""
    until = time.process_time() + _SECONDS
    failed = 0
    try:
        number_of_pages = len(reader.pages)
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # pypdf raises anything on a damaged file
        raise DocumentError(f"not a PDF that can be read: {error}") from error
    for number in range(number_of_pages):
        if time.process_time() > until:
            raise DocumentError(
                f"{number} of its {number_of_pages} pages took {_SECONDS:.0f} s; split it, or exclude it in waypost.yaml"
            )
        try:
            yield _lines(reader.pages[number])
        except (MemoryError, RecursionError):
            raise
        except Exception as error:  # the same
            failed += 1
            if failed == number_of_pages:
                raise DocumentError(f"none of its pages can be read: {error}") from error
            yield []


class _Lines:
    """Takes the pieces of a page's text as pypdf comes upon them, and makes lines of them.

    Where a program placed every word by itself pypdf ends the line after each: what stands beside it goes on with it.
    """

    def __init__(self) -> None:
        self.lines: list[_Line] = []
        self._pieces: list[str] = []
        self._sizes: Counter[float] = Counter()
        self._at: tuple[float, float] | None = None  # where the last piece begins, of those that are a part of one line
        self._ends = False

    def visit(self, text: str, cm: Sequence[float], tm: Sequence[float], font: Any, size: float) -> None:
        """What pypdf calls with a piece of text, its matrices (PDF 32000-1, 9.4.4), its font and size."""
        if text == "\n" and self._at:
            self._ends = True
            return
        if not text:
            return
        height = size * abs(tm[3] or tm[1] or 1.0) * abs(cm[3] or cm[1] or 1.0)
        place = tm[4] * cm[0] + tm[5] * cm[2] + cm[4], tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        if self._ends and self._at:
            beside = abs(place[1] - self._at[1]) <= _BESIDE * height and place[0] >= self._at[0]
            self._pieces.append(" ") if beside else self.end_line()
        self._ends = False
        for at, part in enumerate(text.split("\n")):
            if at:
                self.end_line()
            self._pieces.append(part)
            if letters := len(part.strip()):
                self._sizes[round(height, 1)] += letters
        self._at = None if "\n" in text else place

    def end_line(self) -> None:
        text = _LIGATURE.sub(lambda match: _LIGATURES[match.group()], in_one_line("".join(self._pieces)))
        self.lines.append(_Line(text, self._sizes.most_common(1)[0][0] if self._sizes else 0.0))
        self._pieces.clear()
        self._sizes.clear()


def _lines(page: Any) -> list[_Line]:
    """The lines of a page's text, each with the size of most of its letters."""
    found = _Lines()
    page.extract_text(visitor_text=found.visit)
    found.end_line()
    return found.lines


def _set_levels(pages: Sequence[Sequence[_Line]], outline: dict[str, int]) -> None:
    """Says which lines are headings: those that the outline names, or else those in larger letters."""
    lines = [line for page in pages for line in page if line.text]
    named = [line for line in lines if _key(line.text) in outline]
    if outline and len(named) * 2 >= len(outline):
        for line in named:
            line.level = outline[_key(line.text)]
        return
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    usual = sizes.most_common(1)[0][0]
    large = [line for line in lines if _may_be_heading(line, usual)]
    if len(large) * 4 > len(lines):
        return  # slides, a poster: sizes say nothing
    ranks = sorted({line.size for line in large}, reverse=True)
    for line in large:
        line.level = min(ranks.index(line.size) + 1, _LEVELS)


def _may_be_heading(line: _Line, usual: float) -> bool:
    text = line.text
    worded = sum(character.isalpha() for character in text) * 2 >= len(text) and len(text) > 2
    return (
        usual > 0
        and line.size >= usual * _LARGER
        and worded
        and len(text) <= _LONGEST_HEADING
        and not _SENTENCE.search(text)
    )


def _key(text: str) -> str:
    return re.sub(r"[\W_]+", "", re.sub(r"^[\dIVX]+(?:\.\d+)*\.?\s+", "", text)).lower()


def _outline(reader: Any) -> dict[str, int]:
    """The headings that a file's outline names, with their levels."""
    found: dict[str, int] = {}
    try:
        todo = [(entry, 1) for entry in reversed(reader.outline)]
    except (MemoryError, RecursionError):
        raise
    except Exception:  # a damaged outline is none  # noqa: BLE001
        return found
    while todo:
        entry, level = todo.pop()
        if isinstance(entry, list):
            todo += [(below, level + 1) for below in reversed(entry)]
        elif key := _key(str(getattr(entry, "title", "") or "")):
            found.setdefault(key, min(level, 6))
    return found


def _rejoined(page: Sequence[_Line], known: set[str]) -> list[_Line]:
    """Lines whose last word was cut are given the rest of it. `known` are the words of the file, in small letters."""
    lines = [_Line(line.text, line.size, line.level) for line in page]
    for at, line in enumerate(lines[:-1]):
        cut = _CUT.search(line.text)
        rest = _FIRST_WORD.match(lines[at + 1].text)
        if not cut or not rest or line.level or lines[at + 1].level:
            continue
        hyphened = f"{cut.group(1)}-{rest.group(1)}".lower()
        whole = (cut.group(1) + rest.group(1)).lower()
        keeps = hyphened in known and whole not in known
        line.text = line.text[: cut.end(1)] + "-" * keeps + rest.group(1) + rest.group(2)
        lines[at + 1].text = lines[at + 1].text[rest.end() :]
    return lines


def _blocks(lines: Sequence[_Line]) -> Iterator[list[str]]:
    """Headings by themselves; runs of lines between blank ones."""
    block: list[str] = []
    for line in lines:
        text = seen(line.text).strip()
        if line.level or not text:
            if block:
                yield block
            block = []
        if line.level and text:
            yield [f"{'#' * line.level} {text}"]
        elif text:
            block.append(prose(_BULLET.sub("- ", text)))
    if block:
        yield block


def _properties(reader: Any) -> list[tuple[str, str]]:
    """Names and texts of what a file says of itself."""
    try:
        return [(str(name).lstrip("/"), str(value or "")) for name, value in (reader.metadata or {}).items()]
    except (MemoryError, RecursionError):
        raise
    except Exception:  # damaged metadata are none  # noqa: BLE001
        return []


def _title(reader: Any) -> str:
    """The title that a file gives itself, unless it is the name of a file or of a program."""
    title = in_one_line(next((text for name, text in _properties(reader) if name == "Title"), ""))
    unfit = re.search(r"\.\w{2,5}$|^(?:untitled|microsoft|powerpoint|slide \d)|^\W*$", title, re.I)
    return "" if unfit or len(title) > 200 else title


def _notes(empty: Sequence[int]) -> list[str]:
    if not empty:
        return []
    numbers = ", ".join(map(str, empty[:_PAGES_NAMED])) + (" …" if len(empty) > _PAGES_NAMED else "")
    return [f"no text on page{'s' if len(empty) > 1 else ''} {numbers}: scanned, or a picture"]
