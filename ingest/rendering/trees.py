"""Small changes to a tree of elements in place; text that stands after an element always stays."""

from __future__ import annotations

from typing import Any

Element = Any


def element_of(tag: str, text: str = "", **attributes: str) -> Element:
    from lxml import etree

    made = etree.Element(tag, attributes)
    made.text = text or None
    return made


def become(element: Element, tag: str, **attributes: str) -> Element:
    """Makes an element another, with what it holds; its own attributes go."""
    element.attrib.clear()
    element.tag = tag
    for name, value in attributes.items():
        element.set(name, value)
    return element


def put_text(element: Element, text: str) -> None:
    """Makes a text all that an element holds."""
    for below in list(element):
        element.remove(below)
    element.text = text


def drop(element: Element) -> None:
    """Takes an element out, with what it holds."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    element.tail = None
    parent.remove(element)


def fill(element: Element, *parts: Element) -> None:
    """Makes these elements all that an element holds."""
    for below in list(element):
        element.remove(below)
    element.text = None
    for part in parts:
        part.tail = None
        element.append(part)


def heading(text: str) -> Element:
    """A line of its own that stands out."""
    made = element_of("p")
    made.append(element_of("strong", text))
    return made
