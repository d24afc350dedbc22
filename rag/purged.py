"""What was purged, and finding it again without keeping it.

Of a purged value `purged.json` in the data folder keeps a salted scrypt hash, its length, and 20 bits of a rolling hash (Karp and
Rabin, 1987) that say at which places of a text it is worth computing the slow one. So whatever is read or restored later is freed
of the value wherever it stands, and the file tells no more than whether a guess was right. Of a purged document it keeps source
and path, and sketches of what it said (`rag.likeness`).

`api.purge` writes it; `ingest.sources.scrubbed` applies it to what is read, `api.backup` to what is restored.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import secrets
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from rag.errors import SettingsError, WaypostError
from rag.likeness import Likeness, Sketch

MARK = "[REDACTED:purged]"
FILE = "purged.json"
_SHORTEST = 6  # characters of a value; shorter ones stand everywhere by chance
_SHORTEST_ENCODED = 7  # characters of a value's base64 that don't depend on what is beside it
_FILTER = 20  # bits: one place in a million is worth a closer look
_SCRYPT: dict[str, int] = {"n": 1 << 13, "r": 8, "p": 1}  # about 20 ms and 8 MB
_ENCODED = re.compile(rb"[A-Za-z0-9+/=_-]*")
_Span = tuple[int, int]


@dataclass(frozen=True)
class Form:
    """A way in which a value may be written, in UTF-8. What is base64 goes with all of the word that it stands in."""

    data: bytes
    encoded: bool = False


@dataclass(frozen=True)
class Fingerprint:
    """By what a form of a purged value is known again; `length` in bytes, `salt` and `hash` in hex."""

    length: int
    base: int
    filter: int
    salt: str
    hash: str
    encoded: bool
    at: str

    def matches(self, data: bytes) -> bool:
        """Whether this is what was purged."""
        return _slow_hash(data, self.salt) == self.hash


def values_in(secret: str) -> tuple[list[str], int]:
    """The values in what a person gave: the whole of it, or each line of several (of a key, say), since a text may indent them;
    and how many lines are too short to be known by, or say nothing secret.

    Raises: SettingsError when none is left.
    """
    lines = [line.strip() for line in secret.strip().splitlines()]
    values = [line for line in lines if len(line) >= _SHORTEST and not (len(lines) > 1 and line.startswith("-----"))]
    if not values:
        raise SettingsError(
            f"a value to purge needs {_SHORTEST} characters or more: a shorter one stands in many texts by chance"
        )
    return list(dict.fromkeys(values)), len(lines) - len(values)


def forms_of(value: str) -> list[Form]:
    """How a value may stand in a text: as it is, in small letters, escaped for JSON, HTML or a URL, and within base64."""
    escaped = {
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        html.escape(value),
        quote(value, safe=""),
    }
    spelt = {value, value.lower(), *(unicodedata.normalize(form, value) for form in ("NFC", "NFD"))}
    plain = {text.encode("utf-8", "surrogatepass") for text in spelt | escaped}
    encoded = {
        part for part in _within_base64(value.encode("utf-8", "surrogatepass")) if len(part) >= _SHORTEST_ENCODED
    }
    return [*(Form(data) for data in sorted(plain)), *(Form(data, True) for data in sorted(encoded - plain))]


def _within_base64(data: bytes) -> Iterator[bytes]:
    """The letters of base64 that stand for `data` alone, wherever in the encoded text it begins."""
    for before in range(3):
        first, end = -(-8 * before // 6), 8 * (before + len(data)) // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * before + data)[first:end]


class Scrubber:
    """Takes the given forms out of texts; the number of lines stays."""

    def __init__(self, forms: Sequence[Form]) -> None:
        self._forms = forms

    def __call__(self, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        return _without(text, data, [span for form in self._forms for span in _places(data, form)])


def _places(data: bytes, form: Form) -> Iterator[_Span]:
    at = data.find(form.data)
    while at >= 0:
        yield _widened(data, at, at + len(form.data), form.encoded)
        at = data.find(form.data, at + 1)


def _widened(data: bytes, start: int, end: int, encoded: bool) -> _Span:
    if not encoded:
        return start, end
    after, before = _ENCODED.match(data, end), _ENCODED.match(data[:start][::-1])
    assert after and before
    return start - before.end(), after.end()


def _without(text: str, data: bytes, spans: Sequence[_Span]) -> str:
    if not spans:
        return text
    parts: list[bytes] = []
    at = 0
    for start, end in sorted(spans):
        if start >= at:
            parts += [data[at:start], MARK.encode()]
        at = max(at, end)
    return b"".join([*parts, data[at:]]).decode("utf-8", "surrogatepass")


@dataclass(frozen=True)
class PurgedDocument:
    """A document that is not read again, though its source may have it. `texts` are sketches of what it said, made under `key`
    (hex), by which it is known again under another name; `like` is the path of the one that this was taken for."""

    source: str
    path: str
    at: str
    like: str = ""
    key: str = ""
    texts: tuple[Sketch, ...] = ()

    @property
    def place(self) -> tuple[str, str]:
        return self.source, self.path

    @property
    def reason(self) -> str:
        """Why it is not read, and how it can be."""
        like = f": like {self.like}" if self.like else ""
        return f"purged on {self.at[:10]}{like}; `waypost purge --lift {self.source}/{self.path}` lets it be read"


def _loaded(document: dict[str, Any]) -> PurgedDocument:
    return PurgedDocument(**{**document, "texts": tuple(Sketch(**one) for one in document.get("texts", ()))})


@dataclass(frozen=True)
class Purged:
    """All that was purged of a data folder."""

    values: tuple[Fingerprint, ...] = ()
    documents: tuple[PurgedDocument, ...] = ()

    @classmethod
    def load(cls, folder: Path) -> Purged:
        """What a folder's `purged.json` says; nothing where there is none. Raises: WaypostError when it can't be read: going on
        without it would bring back what was purged."""
        file = folder / FILE
        try:
            loaded = json.loads(file.read_text(encoding="utf-8"))
            values = tuple(Fingerprint(**value) for value in loaded["values"])
            return cls(values, tuple(_loaded(document) for document in loaded["documents"]))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise WaypostError(f"{file}, which says what was purged, can't be read: {error}; mend it first") from error

    def save(self, folder: Path) -> None:
        """Writes it, for its owner's eyes alone."""
        beside = folder / f".{FILE}.new"
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as handle:
            handle.write(self.text())
            handle.flush()
            os.fsync(handle.fileno())
        beside.replace(folder / FILE)

    def text(self) -> str:
        return json.dumps(
            {"values": [asdict(v) for v in self.values], "documents": [asdict(d) for d in self.documents]}, indent=1
        )

    def __bool__(self) -> bool:
        return bool(self.values or self.documents)

    def with_value(self, value: str, at: str) -> Purged:
        """This and every form of a value."""
        new = [
            form for form in forms_of(value) if not any(known.matches(form.data) for known in self._of(len(form.data)))
        ]
        base = self.values[0].base if self.values else secrets.randbits(64) | 1
        return replace(self, values=(*self.values, *(_fingerprint(form, base, at) for form in new)))

    def without_value(self, value: str) -> Purged:
        """This without any form of a value."""
        forms = [form.data for form in forms_of(value)]
        kept = [v for v in self.values if not any(len(data) == v.length and v.matches(data) for data in forms)]
        return replace(self, values=tuple(kept))

    def _of(self, length: int) -> list[Fingerprint]:
        return [value for value in self.values if value.length == length]

    def with_document(self, document: PurgedDocument) -> Purged:
        """This and a document; what it said is known still where it was purged before."""
        (before,) = [d for d in self.documents if d.place == document.place] or [document]
        if not document.texts:
            document = replace(document, key=before.key, texts=before.texts)
        kept = self.without_document(*document.place)
        return replace(kept, documents=(*kept.documents, document))

    def key(self) -> str:
        """What sketches are made under in this data folder (hex)."""
        return next((document.key for document in self.documents if document.key), "") or secrets.token_hex(16)

    def like(self, source: str, text: str) -> PurgedDocument | None:
        """The purged document of the source that a text is (nearly) that of."""
        known = [document for document in self.documents if document.source == source and document.texts]
        likeness = {key: Likeness(text, bytes.fromhex(key)) for key in {document.key for document in known}}
        return next((d for d in known if any(map(likeness[d.key], d.texts))), None)

    def without_document(self, source: str, path: str) -> Purged:
        return replace(self, documents=tuple(d for d in self.documents if (d.source, d.path) != (source, path)))

    def merged(self, other: Purged) -> Purged:
        """What either of the two says."""
        beyond = other.beyond(self)
        return Purged((*self.values, *beyond.values), (*self.documents, *beyond.documents))

    def beyond(self, other: Purged) -> Purged:
        """What this says and the other does not."""
        known = {document.place for document in other.documents}
        documents = tuple(document for document in self.documents if document.place not in known)
        return Purged(tuple(value for value in self.values if value not in other.values), documents)

    def at(self, source: str) -> dict[str, PurgedDocument]:
        """A source's purged documents by path."""
        return {document.path: document for document in self.documents if document.source == source}

    def scrub(self, text: str) -> str:
        """The text without what was purged; the number of lines stays."""
        data = text.encode("utf-8", "surrogatepass")
        return _without(text, data, list(self._found(data)))

    def _found(self, data: bytes) -> Iterator[_Span]:
        for base in {value.base for value in self.values}:
            sums, inverses = _sums(data, base)
            for value in self.values:
                if value.base == base:
                    yield from _occurrences(data, value, sums, inverses)


class PurgedByNow:
    """What was purged of a data folder, also by other processes: read again when its file is another one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: tuple[tuple[int, ...], Purged] | None = None

    def __call__(self) -> Purged:
        """Raises: WaypostError as `Purged.load`."""
        stamp = self._stamp()  # before it is read: what changes meanwhile is read the next time
        if self._read is None or self._read[0] != stamp:
            self._read = stamp, Purged.load(self._folder)
        return self._read[1]

    def _stamp(self) -> tuple[int, ...]:
        """What differs between two files: each is written anew, and put in the place of the one before."""
        try:
            found = (self._folder / FILE).stat()
        except FileNotFoundError:
            return ()
        except OSError:
            return (-1,)  # what is wrong is said where it is read
        return found.st_ino, found.st_mtime_ns, found.st_size


def _fingerprint(form: Form, base: int, at: str) -> Fingerprint:
    salt = secrets.token_hex(16)
    sums, inverses = _sums(form.data, base)
    (filtered,) = _windows(sums, inverses, len(form.data))
    length = len(form.data)
    return Fingerprint(length, base, int(filtered), salt, _slow_hash(form.data, salt), form.encoded, at)


@lru_cache(maxsize=10_000)
def _slow_hash(data: bytes, salt: str) -> str:
    return hashlib.scrypt(data, salt=bytes.fromhex(salt), dklen=32, **_SCRYPT).hex()


# -- where a slow hash is worth while -------------------------------------------------------------------------------------


def _sums(data: bytes, base: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Running sums of (byte + 1)·baseⁱ modulo 2⁶⁴, one more than there are bytes, and the powers of the base's inverse."""
    powers, inverses = _powers(base, 1 << max(12, len(data).bit_length()))
    letters = np.frombuffer(data, dtype=np.uint8).astype(np.uint64) + np.uint64(1)
    sums = np.zeros(len(data) + 1, dtype=np.uint64)
    np.cumsum(letters * powers[: len(data)], out=sums[1:])
    return sums, inverses


@cache
def _powers(base: int, length: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    def of(number: int) -> NDArray[np.uint64]:
        factors = np.full(length, number, dtype=np.uint64)
        factors[0] = 1
        return np.cumprod(factors, dtype=np.uint64)

    return of(base), of(pow(base, -1, 1 << 64))


def _windows(sums: NDArray[np.uint64], inverses: NDArray[np.uint64], length: int) -> NDArray[np.uint64]:
    """The upper bits of the hash of each stretch of that many bytes."""
    number = len(sums) - length
    whole: NDArray[np.uint64] = (sums[length:] - sums[:number]) * inverses[:number]
    return whole >> np.uint64(64 - _FILTER)


def _occurrences(
    data: bytes, value: Fingerprint, sums: NDArray[np.uint64], inverses: NDArray[np.uint64]
) -> Iterator[_Span]:
    if len(data) < value.length:
        return
    for place in np.flatnonzero(_windows(sums, inverses, value.length) == np.uint64(value.filter)):
        start = int(place)
        if value.matches(data[start : start + value.length]):
            yield _widened(data, start, start + value.length, value.encoded)


def clean_json(text: str, clean: Any) -> str:
    """A JSON document with `clean` applied to each text in it."""

    def walked(value: Any) -> Any:
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, list):
            return [walked(part) for part in value]
        return {key: walked(part) for key, part in value.items()} if isinstance(value, dict) else value

    before = json.loads(text)
    after = walked(before)
    return text if after == before else json.dumps(after)


def patterns_of(values: Iterable[str]) -> dict[bytes, str]:
    """What a byte scan looks for, and how each is written."""
    found: dict[bytes, str] = {}
    for value in values:
        for form in forms_of(value):
            found.setdefault(form.data, "base64" if form.encoded else "UTF-8")
        for encoding in ("utf-16-le", "utf-16-be"):
            found.setdefault(value.encode(encoding, "surrogatepass"), "UTF-16")
    return found
