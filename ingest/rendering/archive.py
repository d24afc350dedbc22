"""Archives of XML (DOCX is one), looked over before anything is unpacked, and XML without a DTD.

What is refused: paths that lead out, too many parts, parts that grow too much when they are unpacked. A bomb can lie about its
size, so that no more is unpacked than it says and may. `ingest.rendering.docx` and `ingest.rendering.drawio` call this.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

from rag.errors import DocumentError, RefusedError

Element = Any
_PARTS = 2000
_TOTAL = 200_000_000  # bytes of all parts
_PART = 40_000_000  # bytes of one that is read
_RATIO = 200  # times by which a part may grow; deflate can 1032 times
_SMALL = 1_000_000  # bytes of a part whose ratio says nothing
_DTD = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.I)
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, NotImplementedError, RuntimeError, OSError)


class Archive:
    """The parts of a ZIP file, in memory or on disk.

    Raises: RefusedError for one that may not be unpacked; DocumentError for a broken one.
    """

    def __init__(self, data: bytes | Path, *, parts: int = _PARTS, total: int = _TOTAL, part: int = _PART) -> None:
        self._part = part
        try:
            self._file = zipfile.ZipFile(io.BytesIO(data) if isinstance(data, bytes) else data)
            infos = self._file.infolist()
        except _DAMAGED as error:
            raise DocumentError(f"not a ZIP archive that can be read: {error}") from error
        if len(infos) > parts:
            raise RefusedError(f"{len(infos)} parts in it, the limit is {parts}: a zip bomb?")
        for info in infos:
            _check(info)
        if sum(info.file_size for info in infos) > total:
            raise RefusedError(f"more than {total // 1_000_000} MB when unpacked: a zip bomb?")
        if len({info.filename for info in infos}) < len(infos):
            raise RefusedError("two parts of one name in it")
        self._sizes = {info.filename: info.file_size for info in infos}

    def __contains__(self, name: str) -> bool:
        return name in self._sizes

    def names(self) -> list[str]:
        return list(self._sizes)

    def read(self, name: str) -> bytes:
        """The bytes of a part. Raises: RefusedError when there are too many; DocumentError when it can't be read."""
        if self._sizes.get(name, 0) > self._part:
            raise RefusedError(f"{name} in it has more than {self._part // 1_000_000} MB")
        try:
            with self._file.open(name) as part:
                data = part.read(self._sizes[name] + 1)
        except _DAMAGED as error:
            raise DocumentError(f"{name} in it can't be read: {error}") from error
        if len(data) > self._sizes[name]:
            raise RefusedError(f"{name} in it is larger than it says: a zip bomb?")
        return data

    def xml(self, name: str) -> Element:
        """A part's root element. Raises: as `read`, and `parsed_xml`."""
        return parsed_xml(self.read(name), name)


def _check(info: zipfile.ZipInfo) -> None:
    name = info.filename.replace("\\", "/")
    if name.startswith("/") or ".." in name.split("/") or ":" in name.split("/")[0]:
        raise RefusedError(f"a path in it leads out of it: {info.filename[:80]!r}")
    if info.flag_bits & 1:
        raise RefusedError("encrypted: it needs a password; save it without one")
    if info.file_size > _SMALL and info.file_size > _RATIO * max(info.compress_size, 1):
        raise RefusedError(
            f"{info.filename[:80]!r} in it grows {info.file_size // max(info.compress_size, 1)} times: a zip bomb?"
        )


def parsed_xml(data: bytes, name: str) -> Element:
    """The root element of XML; nothing outside is loaded, no entity expanded.

    Raises: RefusedError for XML with a DTD; DocumentError for what is not XML.
    """
    from lxml import etree

    data = _in_utf8(data)  # in other encodings a DTD would not be seen
    if _DTD.search(data):
        raise RefusedError(f"{name} declares a document type, which may hold a bomb")
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=True,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DocumentError(f"{name} is not XML that can be read: {error}") from error
    if root is None:
        raise DocumentError(f"{name} is empty")
    return root


def _in_utf8(data: bytes) -> bytes:
    """XML in UTF-8, whatever it declares: what is neither that nor UTF-16 is read as Windows' Western code page."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")):
        encoding = "utf-16" if data[0] >= 0xFE else "utf-16-le" if data[0] else "utf-16-be"
        return data.decode(encoding, "replace").encode("utf-8", "replace")
    try:
        return data.decode("utf-8-sig").encode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace").encode()
