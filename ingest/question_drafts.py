"""Questions drafted from a team's own documents, without a model, so that there is a measure on the first day.

Four kinds, each a pair that somebody made for another purpose: a heading and its section, a link's text and the page it leads
to, an alert's text and its runbook, a commit's subject and the file it changed. `waypost eval generate` calls this, and people
mend what it writes. Format: `rag.evaluation.questions`.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import yaml

from ingest.parsers import MARKDOWN, suffix
from ingest.redaction import redact
from ingest.yaml_loader import Loader
from rag.indexes.tokens import content_words
from rag.records import Document, Passage, digest

_LINK = re.compile(r"(?<!!)\[([^\[\]\n]{6,120})\]\(([^()\s]{1,300})\)")
_HEADING = re.compile(r"^#{1,6}\s+(\S.*)$")
_TEMPLATE = re.compile(r"\{\{.{0,300}?\}\}", re.S)
_NUMBER = re.compile(r" {0,3}\(?#\d{1,9}\)?$")  # of a pull request
_LONGEST = 300  # characters of a line, or of a note, that are looked at
_GENERIC = re.compile(
    r"\b(here|this|link|above|below|click|see|read more|more information|docs?|documentation)\b", re.I
)
_ROUTINE = re.compile(r"^(merge|bump|revert|release|update readme|fix typo|wip\b|lint|format|\[?automated)", re.I)
_TELLING = {"heading": 3, "link": 2, "alert": 2, "commit": 4}  # words of meaning that a question needs

Draft = dict[str, Any]


def drafts(
    documents: Sequence[Document], passages: Mapping[str, Sequence[Passage]],
    subjects: Iterable[tuple[str, str, Sequence[str]]], limit: int,
) -> list[Draft]:  # fmt: skip
    """At most `limit` questions of each kind, chosen by their text's digest, so that a second run drafts the same.

    `passages` are each document's, by its id; `subjects` are (source, subject of a commit, paths it changed).
    """
    kinds = (
        _from_headings(documents, passages), _from_links(documents), _from_alerts(documents),
        _from_commits(documents, subjects),
    )  # fmt: skip
    chosen = []
    for found in kinds:
        telling = (draft for draft in found if len(content_words(draft["question"])) >= _TELLING[draft["kind"]])
        once = {draft["question"].lower(): draft for draft in telling}
        chosen += sorted(once.values(), key=lambda draft: digest(draft["question"]))[:limit]
    return [{"id": f"d{number:03}", **draft} for number, draft in enumerate(chosen, 1)]


def _draft(kind: str, question: str, document: Document, start: int, end: int, **more: object) -> Draft:
    quote = next((line.strip() for line in document.lines(start, end).split("\n") if line.strip()), "")
    gold = {"repo": document.source, "path": document.path, "start_line": start, "end_line": end, "quote": quote}
    return {
        "kind": kind,
        "question": " ".join(question.split()),
        "gold": [gold],
        "answer": "",
        "must_contain": [],
        **more,
    }


def _whole(kind: str, question: str, document: Document, **more: object) -> Draft:
    return _draft(kind, question, document, 1, document.text.count("\n") + 1, **more)


def _from_headings(documents: Sequence[Document], passages: Mapping[str, Sequence[Passage]]) -> Iterator[Draft]:
    """Headings that stand once; their sections reach to the next heading of any level."""
    seen: Counter[str] = Counter()
    found: list[tuple[str, Draft]] = []
    for document in documents:
        spans: dict[tuple[str, ...], list[int]] = {}
        for passage in passages.get(document.id, ()):
            if passage.kind == "section" and passage.heading_path:
                span = spans.setdefault(passage.heading_path, [passage.start_line, passage.end_line])
                span[1] = max(span[1], passage.end_line)
        for path, (start, end) in spans.items():
            seen[path[-1].lower()] += 1
            found.append((path[-1].lower(), _draft("heading", path[-1], document, start, end)))
    return (draft for heading, draft in found if seen[heading] == 1)


def _from_links(documents: Sequence[Document]) -> Iterator[Draft]:
    by_place = {(document.source, _bare(document.path)): document for document in documents}
    for document in documents:
        if suffix(document.path) not in MARKDOWN:
            continue
        for text, target in _LINK.findall(document.text):
            page, _, anchor = target.partition("#")
            if _GENERIC.search(text) or "://" in page or not page:
                continue
            aim = _aim(by_place, document, page)
            if aim is None or aim.id == document.id:
                continue
            start, end = _section(aim, anchor) if anchor else (1, aim.text.count("\n") + 1)
            left_out = [{"repo": document.source, "path": document.path}]
            yield _draft("link", text.strip("*_` "), aim, start, end, leave_out=left_out)


def _aim(by_place: Mapping[tuple[str, str], Document], document: Document, page: str) -> Document | None:
    """The document of the same source that a relative or site-wide link leads to."""
    if not page.startswith("/"):
        page = posixpath.join(posixpath.dirname(document.path), page)
    wanted = _bare(posixpath.normpath(page).lstrip("/"))
    if found := by_place.get((document.source, wanted)):
        return found
    ending = [place for place in by_place if place[0] == document.source and place[1].endswith(f"/{wanted}")]
    return by_place[ending[0]] if len(ending) == 1 else None


def _bare(path: str) -> str:
    """A path without the endings that pages have on disk or on a site."""
    folder, name = posixpath.split(path.lower())
    name = re.sub(r"(\.(html?|md|markdown|mdx|erb))+$", "", name)
    return posixpath.join(folder, name).removesuffix("/index").removesuffix("/readme").removesuffix("/_index")


def _section(document: Document, anchor: str) -> tuple[int, int]:
    """The lines of the section that an anchor names, up to the next heading; the whole page where there is none."""
    lines = document.text.split("\n")
    found = ((number, _HEADING.match(line[:_LONGEST])) for number, line in enumerate(lines, 1))
    headings = [(number, match[1].rstrip(" #")) for number, match in found if match]
    for (number, heading), following in zip(headings, [*headings[1:], (len(lines) + 1, "")], strict=True):
        if re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) == anchor.lower():
            return number, following[0] - 1
    return 1, len(lines)


def _from_alerts(documents: Sequence[Document]) -> Iterator[Draft]:
    """Alert rules (Prometheus, also as Kubernetes objects) whose runbook is among the documents, by their link or their name."""
    by_name: dict[str, Document] = {}
    for document in documents:
        if suffix(document.path) in MARKDOWN:
            by_name.setdefault(PurePosixPath(_bare(document.path)).name, document)
    for document in documents:
        if "alert:" not in document.text or suffix(document.path) not in (".yaml", ".yml"):
            continue
        for rule in _rules(document.text):
            notes = rule.get("annotations")
            notes = notes if isinstance(notes, dict) else {}
            link = _note(notes, "runbook_url").rstrip("/").rsplit("/", 1)[-1].partition("#")[0]
            runbook = by_name.get(_bare(link)) or by_name.get(_note(rule, "alert").lower())
            told = " ".join(_note(notes, key) for key in ("summary", "message", "description"))
            if runbook:
                yield _whole(
                    "alert",
                    _TEMPLATE.sub(" ", told),
                    runbook,
                    leave_out=[{"repo": document.source, "path": document.path}],
                )


def _note(notes: Mapping[str, Any], key: str) -> str:
    return notes[key][:_LONGEST] if isinstance(notes.get(key), str) else ""


def _rules(text: str) -> Iterator[Mapping[str, Any]]:
    try:
        loaded = list(yaml.load_all(text, Loader=Loader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return
    for found in loaded:
        groups = (found.get("spec") or found).get("groups") if isinstance(found, dict) else None
        for group in groups if isinstance(groups, list) else ():
            rules = group.get("rules") if isinstance(group, dict) else None
            yield from (r for r in rules or () if isinstance(r, dict) and "alert" in r)


def _from_commits(documents: Sequence[Document], subjects: Iterable[tuple[str, str, Sequence[str]]]) -> Iterator[Draft]:
    """Commits that changed one file, which is still there."""
    by_place = {(document.source, document.path): document for document in documents}
    for source, subject, paths in subjects:
        document = by_place.get((source, paths[0])) if len(paths) == 1 else None
        if document and not _ROUTINE.match(subject):
            told, _ = redact(_NUMBER.sub("", subject[:_LONGEST]), document.path)
            yield _whole("commit", told, document)


def as_lines(found: Sequence[Draft]) -> str:
    """The drafts as a question set, one JSON object a line."""
    return "".join(json.dumps(draft, ensure_ascii=False) + "\n" for draft in found)
