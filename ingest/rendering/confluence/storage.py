"""Confluence's storage format as a tree of elements, and what every part of the converter asks of one.

The format is XHTML with elements of two vocabularies of its own, `ac:` and `ri:`, whose prefixes nothing declares, and HTML's
named entities. https://confluence.atlassian.com/doc/confluence-storage-format-790796544.html
"""

from __future__ import annotations

import html
import re
from html.entities import html5
from typing import Any

from ingest.rendering.elements import name_of
from rag.errors import RefusedError

Element = Any
_CDATA = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.S)
_ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|apos);)([A-Za-z][A-Za-z0-9]{1,31});")
_NO_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_EMPTY = re.compile(r"""<([A-Za-z][\w:.-]*)((?:[^<>"']|"[^"<]*"|'[^'<]*')*)/>""")
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_ROOT = '<root xmlns:ac="urn:ac" xmlns:ri="urn:ri" xmlns:at="urn:at">'
_PREFIXES = {"urn:ac": "ac:", "urn:ri": "ri:", "urn:at": "at:"}
BROKEN = "its markup is broken, and was read as well as it can be"


def parse(storage: str) -> tuple[Element, tuple[str, ...]]:
    """The root of a body, and notes on how it was read. Nothing outside is loaded; a DTD can't stand within a root element.

    Raises: RefusedError when there is nothing in it.
    """
    from lxml import etree

    text = _NO_XML.sub("", storage)
    if not text.strip():
        raise RefusedError("no text in it")
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, remove_comments=True,
        remove_pis=True,
    )  # fmt: skip
    try:
        return etree.fromstring(f"{_ROOT}{_without_entities(text)}</root>".encode(), parser), ()
    except etree.XMLSyntaxError:
        return _leniently(text), (BROKEN,)


def _leniently(text: str) -> Element:
    """The root of what is no XML, as a browser reads it: no text is lost."""
    from lxml import etree

    text = _CDATA.sub(lambda found: html.escape(found[1], quote=False), text)
    text = _EMPTY.sub(
        lambda found: found[0] if found[1].lower() in _VOID else f"<{found[1]}{found[2]}></{found[1]}>", text
    )
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True, no_network=True)
    root = etree.fromstring(f"<div>{text}</div>".encode(), parser)
    if root is None:
        raise RefusedError("no text in it")
    return root


def _without_entities(text: str) -> str:
    """The text with named entities as the characters that they stand for; CDATA stays."""
    parts: list[str] = []
    at = 0
    for found in _CDATA.finditer(text):
        parts += [_ENTITY.sub(_character, text[at : found.start()]), found[0]]
        at = found.end()
    return "".join([*parts, _ENTITY.sub(_character, text[at:])])


def _character(found: re.Match[str]) -> str:
    known = html5.get(found[1] + ";")
    return html.escape(known) if known else f"&amp;{found[1]};"


def name(element: Element) -> str:
    """`ac:link`, `p`; "" for a comment. Prefixes are those of the vocabularies, whatever the element's own."""
    tag = element.tag
    if isinstance(tag, str) and tag.startswith("{"):
        space, _, local = tag[1:].partition("}")
        return _PREFIXES.get(space, "") + local.lower()
    return name_of(element)


def attribute(element: Element, wanted: str) -> str:
    """The attribute `ac:…` or `ri:…` of an element, or ""."""
    prefix, _, local = wanted.partition(":")
    return str(element.get(f"{{urn:{prefix}}}{local}") or element.get(wanted) or "")


def child(element: Element, *names: str) -> Element | None:
    """The first child of one of these names."""
    return next((one for one in element if name(one) in names), None)


def first(element: Element, *names: str) -> Element | None:
    """The first element below of one of these names."""
    return next((one for one in element.iterdescendants() if name(one) in names), None)


def text_of(element: Element | None) -> str:
    return "".join(element.itertext()) if element is not None else ""


def is_macro(element: Element) -> bool:
    return name(element) in ("ac:structured-macro", "ac:macro", "ac:adf-extension-macro")


def macro_name(element: Element) -> str:
    return attribute(element, "ac:name").lower()


def parameters(macro: Element) -> dict[str, str]:
    """A macro's parameters by name, the unnamed one as "": what each says, or what the resource in it is called."""
    return {
        attribute(one, "ac:name"): said(one) for one in macro if name(one) in ("ac:parameter", "ac:default-parameter")
    }


def said(parameter: Element) -> str:
    if text := text_of(parameter).strip():
        return text
    resource = next((one for one in parameter.iterdescendants() if name(one).startswith("ri:")), None)
    if resource is None:
        return ""
    keys = ("ri:filename", "ri:content-title", "ri:space-key", "ri:value", "ri:account-id", "ri:userkey", "ri:username")
    return next(filter(None, (attribute(resource, key) for key in keys)), "")


def user_of(element: Element) -> str:
    """The key of a user that an `ri:user` names: an account id on Cloud, a user's key or name on Data Center."""
    return next(
        filter(None, (attribute(element, key) for key in ("ri:account-id", "ri:userkey", "ri:username"))), ""
    )  # fmt: skip
