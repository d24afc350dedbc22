"""Terraform, OpenTofu and Terragrunt: one passage a block, with the comment above it, and the symbols that the file defines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.parsers import Parsed, draft, lines_of
from ingest.parsers.text import HARD_LIMIT, LIMIT, TARGET, windows
from ingest.terraform.reading import Block, File
from ingest.terraform.symbols import read_file, symbols
from rag.records import PassageDraft


@dataclass(frozen=True)
class _Part:
    """A top-level block or attribute, comment included: lines[start:end], 0-based. `cuts`: where it may be cut."""

    start: int
    end: int
    address: str
    cuts: tuple[tuple[int, str], ...] = ()


def parse(path: str, text: str) -> Parsed:
    """Passages by block. The title is the path: file names such as main.tf say nothing without their folder."""
    lines = lines_of(text)
    file = read_file(path, text)
    notes: tuple[str, ...] = ()
    if file.error_line:
        notes = (f"partial: syntax error near line {file.error_line}; sound blocks are indexed as blocks",)
    return Parsed(path, tuple(_passages(lines, _parts(file))), notes=notes, symbols=symbols(path, file))


def _parts(file: File) -> list[_Part]:
    """Blocks and attributes of the file's body, each with the comments that end on the line above it."""
    blocks = [_Part(block.lead - 1, block.end, _address(block), _cuts(block)) for block in file.blocks]
    attributes = [_Part(attribute.lead - 1, attribute.end, attribute.name) for attribute in file.attributes]
    return sorted([*blocks, *attributes], key=lambda part: part.start)


def _address(block: Block) -> str:
    """`resource aws_s3_bucket.logs`, `data aws_iam_policy_document.this`, `variable region`."""
    return f"{block.type} {'.'.join(block.labels)}".strip()


def _cuts(block: Block) -> tuple[tuple[int, str], ...]:
    """Where a long block may be cut: the first line of each attribute and nested block (comment included), its name."""
    inner = [
        *((a.lead - 1, "") for a in block.attributes),
        *((b.lead - 1, " ".join((b.type, *b.labels))) for b in block.blocks),
    ]
    return tuple(sorted(inner))


def _passages(lines: Sequence[str], parts: Sequence[_Part]) -> Iterator[PassageDraft]:
    """One passage a block; attributes of the file itself (tfvars) packed together; what lies between as windows."""
    at = 0
    loose: list[_Part] = []
    for part in parts:
        if part.end <= at and _size(lines, part.start, part.end) > HARD_LIMIT:
            continue  # of one long line, as in JSON without line breaks: it is cut once, not once for each block
        is_block = " " in part.address or bool(part.cuts)
        if is_block or (part.start > at and any(line.strip() for line in lines[at : part.start])):
            yield from _loose(lines, loose)
            loose = []
            yield from windows(lines, at, part.start, (), "window")
        if is_block:
            yield from _block(lines, part)
        else:
            loose.append(part)
        at = max(at, part.end)
    yield from _loose(lines, loose)
    yield from windows(lines, at, len(lines), (), "window")


def _loose(lines: Sequence[str], parts: Sequence[_Part]) -> Iterator[PassageDraft]:
    """Attributes that stand beside each other, as many in a passage as fit."""
    group: list[_Part] = []
    for part in parts:
        if group and _size(lines, group[0].start, part.end) > TARGET:
            yield from _span(lines, group[0].start, group[-1].end, [p.address for p in group])
            group = []
        group.append(part)
    if group:
        yield from _span(lines, group[0].start, group[-1].end, [p.address for p in group])


def _span(lines: Sequence[str], start: int, end: int, addresses: Sequence[str]) -> Iterator[PassageDraft]:
    heading = [", ".join(addresses[:8])]
    if _size(lines, start, end) > HARD_LIMIT:
        yield from windows(lines, start, end, heading, "block")
    else:
        yield from draft(lines, start, end, heading, "block")


def _block(lines: Sequence[str], part: _Part) -> Iterator[PassageDraft]:
    """A block whole, or cut before its nested parts; each piece bears the block's address."""
    if _size(lines, part.start, part.end) <= LIMIT or not part.cuts:
        yield from _span(lines, part.start, part.end, [part.address])
        return
    borders = [*part.cuts, (part.end, "")]
    first, label = part.start, ""
    for (start, name), (following, _) in zip(borders, borders[1:], strict=False):
        if start > first and _size(lines, first, following) > TARGET:
            yield from _piece(lines, first, start, part.address, label)
            first, label = start, name
        elif first == part.start or not label:
            label = name if first == start else label
    yield from _piece(lines, first, part.end, part.address, label)


def _piece(lines: Sequence[str], start: int, end: int, address: str, label: str) -> Iterator[PassageDraft]:
    heading = [address, label] if label else [address]
    if _size(lines, start, end) > LIMIT:
        yield from windows(lines, start, end, heading, "block")
    else:
        yield from draft(lines, start, end, heading, "block")


def _size(lines: Sequence[str], start: int, end: int) -> int:
    return sum(len(line) + 1 for line in lines[start:end])
