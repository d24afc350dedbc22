"""Looking for bytes in every file of a folder, also within zip, gzip and zlib: what proves that a purge left nothing.

`api.purge` calls this. tantivy's term dictionary and Chroma's graph hold no text as it was written: for those the proof is that
their folders were made anew from a catalog that no longer has it.
"""

from __future__ import annotations

import gzip
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

_BLOCK = 4 << 20


@dataclass(frozen=True)
class Trace:
    """That a file holds something that was looked for, how it is written there, and what a person can do."""

    file: str
    written: str
    remedy: str = ""


def traces(folder: Path, patterns: Mapping[bytes, str]) -> Iterator[Trace]:
    """Every file below a folder, or the one file, that holds one of the patterns; links are not followed."""
    for file in [folder] if folder.is_file() else sorted(folder.rglob("*")):
        try:
            if stat.S_ISREG(file.lstat().st_mode):
                yield from traces_in(file, patterns)
        except FileNotFoundError:  # it went meanwhile
            continue
        except OSError as error:
            yield Trace(str(file), f"unknown: it can't be read ({error.strerror})")


def traces_in(file: Path, patterns: Mapping[bytes, str]) -> Iterator[Trace]:
    """How one file holds patterns. Raises: OSError."""
    with file.open("rb") as handle:
        head = handle.read(2)
        handle.seek(0)
        found = set(_found(handle, patterns))
        handle.seek(0)
        for packed, opened in _unpacked(file, handle, head):
            found |= {f"{written} within {packed}" for written in _found(opened, patterns)}
    yield from (Trace(str(file), written) for written in sorted(found))


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _unpacked(file: Path, handle: IO[bytes], head: bytes) -> Iterator[tuple[str, _Readable]]:
    if head == b"PK" and zipfile.is_zipfile(file):
        with zipfile.ZipFile(handle) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    yield f"zip: {name}", member
    elif head == b"\x1f\x8b":
        yield "gzip", gzip.GzipFile(fileobj=handle)
    elif head[:1] == b"\x78":  # a loose object of git, say
        yield "zlib", _Inflated(handle)


class _Inflated:
    """A zlib stream as a file to read."""

    def __init__(self, handle: IO[bytes]) -> None:
        self._handle = handle
        self._inflater = zlib.decompressobj()

    def read(self, size: int) -> bytes:
        while not self._inflater.eof:
            data = self._inflater.unconsumed_tail or self._handle.read(size)
            if not data:
                break
            if out := self._inflater.decompress(data, size):
                return out
        return b""


def _found(handle: _Readable, patterns: Mapping[bytes, str]) -> Iterator[str]:
    longest = max(map(len, patterns), default=0)
    tail = b""
    try:
        while block := handle.read(_BLOCK):
            data = tail + block
            yield from (written for pattern, written in patterns.items() if pattern in data)
            tail = data[max(0, len(data) - longest + 1) :]
    except (zlib.error, EOFError, gzip.BadGzipFile, zipfile.BadZipFile):
        return  # it only looked as if it were packed
