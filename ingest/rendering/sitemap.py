"""Sitemaps: which pages a site says it has. Read in the sandbox; `ingest.sources.website.sitemaps` calls this.

Format: https://www.sitemaps.org/protocol.html (sitemaps, indexes of them, both gzipped, and lists of URLs as text).
"""

from __future__ import annotations

import io
import zlib

from ingest.rendering.archive import Element, parsed_xml
from rag.errors import DocumentError, RefusedError

MOST = 50_000_000  # bytes, as the protocol has it
_URLS = 50_000  # in one file, as the protocol has it


def read(data: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    """("urlset" or "sitemapindex", the (URL, last modification as it is written or "") of each entry).

    Raises: DocumentError when it is no sitemap; RefusedError when it is too large or declares a document type.
    """
    data = _unpacked(data)
    if data.lstrip()[:4].lower() in (b"http",):
        return "urlset", _bounded([(line, "") for line in data.decode("utf-8-sig", "replace").split()])
    root = parsed_xml(data, "the sitemap")
    kind = _name(root)
    if kind not in ("urlset", "sitemapindex"):
        raise DocumentError(f"it is no sitemap: its XML begins with <{kind[:40]}>")
    found = [entry for one in root if _name(one) in ("url", "sitemap") and (entry := _entry(one))[0]]
    return kind, _bounded(found)


def _bounded(found: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    if len(found) > _URLS:
        raise RefusedError(f"{len(found)} entries in it, the protocol's limit is {_URLS}")
    return tuple(found)


def _entry(element: Element) -> tuple[str, str]:
    texts = {_name(child): (child.text or "").strip() for child in element}
    return texts.get("loc", ""), texts.get("lastmod", "")[:40]


def _name(element: Element) -> str:
    return element.tag.rsplit("}", 1)[-1].lower() if isinstance(element.tag, str) else ""


def _unpacked(data: bytes) -> bytes:
    """Raises: DocumentError, RefusedError."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    whole = io.BytesIO()
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        whole.write(unpacking.decompress(data, MOST))
    except zlib.error as error:
        raise DocumentError(f"it is not gzip that can be read: {error}") from error
    if unpacking.unconsumed_tail:
        raise RefusedError(f"more than {MOST // 1_000_000} MB when unpacked")
    if not unpacking.eof:
        raise DocumentError("it is gzip that is cut off")
    return whole.getvalue()
