"""Confluence's own elements as HTML that says the same: links, images, tasks, layouts, extensions; macros are in `macros`.

From the innermost outwards and without recursion, so that depth costs nothing. `ingest.rendering.confluence` calls this.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ingest.rendering.confluence import macros, storage
from ingest.rendering.confluence.storage import attribute, child, name, text_of
from ingest.rendering.trees import become, drop, element_of, put_text

if TYPE_CHECKING:
    from ingest.rendering.confluence import Context, PageKey

Element = Any
_DROPPED = frozenset({"ac:placeholder", "ac:adf-mark", "ac:adf-fragment-mark", "ac:adf-fragment-mark-detail"})
_EMOTICONS = {
    "tick": "✅", "cross": "❌", "warning": "⚠️", "information": "ℹ️", "plus": "➕", "minus": "➖", "question": "❓",
    "light-on": "💡", "light-off": "💡", "yellow-star": "⭐", "red-star": "⭐", "green-star": "⭐", "blue-star": "⭐",
    "heart": "❤️", "thumbs-up": "👍", "thumbs-down": "👎", "smile": "🙂", "sad": "🙁", "cheeky": "😛", "laugh": "😀",
    "wink": "😉",
}  # fmt: skip
_AUTOMATIC = re.compile(
    r"(?:image|img|screen\s?shot|screenshot|스크린샷|bildschirmfoto|pasted|unnamed|untitled|[0-9a-f-]{16,}|[\d_. -]+)"
    r"[\w\s.:()-]*\.(?:png|jpe?g|gif|webp|bmp|svg)", re.I,
)  # fmt: skip


def lower(root: Element, context: Context, depth: int = 0, budget: macros.Budget | None = None) -> None:
    """Makes a body HTML, in place. `depth` is how many pages include it, `budget` what may still be included."""
    elements = list(root.iter())
    lowering = macros.Lowering(context, depth, budget or macros.Budget())
    for element in elements:
        if storage.is_macro(element):
            lowering.look(element)
        elif name(element) == "ac:adf-extension":
            _choose(element)
    for element in reversed(elements):
        if element.getparent() is None and element is not root:
            continue  # it went with what held it
        own = _LOWERED.get(name(element))
        if storage.is_macro(element):
            lowering.macro(element)
        elif own:
            own(element, context)
        elif name(element) in _DROPPED or (name(element).startswith("ri:") and not _within_reference(element)):
            drop(element)


def references(text: str) -> dict[str, list[str] | list[PageKey]]:
    """See `ingest.rendering.confluence.references`."""
    root, _ = storage.parse(text)
    pages: dict[PageKey, None] = {}
    users: dict[str, None] = {}
    drawings: dict[str, None] = {}
    for element in root.iter():
        if name(element) == "ri:user" and (user := storage.user_of(element)):
            users[user] = None
        elif storage.is_macro(element):
            kind = storage.macro_name(element)
            if kind in macros.INCLUDING and (page := macros.included(element)):
                pages[page] = None
            elif kind in macros.DRAWINGS and (drawing := macros.drawing(storage.parameters(element))):
                drawings[drawing] = None
    return {"pages": list(pages), "users": list(users), "drawings": list(drawings)}


def _within_reference(element: Element) -> bool:
    """Whether an element is the resource of something that is lowered later, being further out."""
    parent = element.getparent()
    return parent is not None and name(parent) in ("ac:link", "ac:image", "ac:parameter", "ri:attachment")


def _link(link: Element, context: Context) -> None:
    resource = next((one for one in link if name(one).startswith("ri:")), None)
    body = child(link, "ac:link-body", "ac:plain-text-link-body")
    if resource is not None and name(resource) == "ri:user":
        shown = text_of(body).strip() or context.users.get(storage.user_of(resource), "") or "user"
        put_text(become(link, "x-user"), f"@{shown.removeprefix('@')}")
        return
    target, title = _target(resource, context)
    anchor = attribute(link, "ac:anchor")
    if anchor and target:
        target += "#" + quote(anchor)
    if body is not None and (text_of(body).strip() or len(body)):
        become(body, "span")
        for other in [one for one in link if one is not body]:
            drop(other)
        become(link, "a", href=target)
    else:
        put_text(become(link, "a", href=target), title or anchor)


def _target(resource: Element | None, context: Context) -> tuple[str, str]:
    """Where a link to a resource leads, and what it is called where the link says nothing."""
    kind = name(resource) if resource is not None else ""
    if kind in ("ri:page", "ri:blog-post"):
        title, space = attribute(resource, "ri:content-title"), attribute(resource, "ri:space-key")
        return (context.page_url(space, title), title) if title else (f"{context.base}/display/{quote(space)}", space)
    if kind == "ri:attachment":
        filename = attribute(resource, "ri:filename")
        return context.attachment_url(filename), filename
    if kind == "ri:space":
        key = attribute(resource, "ri:space-key")
        return f"{context.base}/display/{quote(key)}", key
    if kind == "ri:content-entity":
        number = attribute(resource, "ri:content-id")
        return f"{context.base}/pages/viewpage.action?pageId={quote(number)}", ""
    if kind in ("ri:url", "ri:shortcut"):
        value = attribute(resource, "ri:value") or attribute(resource, "ri:parameter")
        return (value if kind == "ri:url" else ""), value
    return "", ""


def _image(image: Element, context: Context) -> None:
    resource = child(image, "ri:attachment", "ri:url")
    file = ""
    if resource is not None:
        file = attribute(resource, "ri:filename") or attribute(resource, "ri:value")
    said = [attribute(image, "ac:alt"), attribute(image, "ac:title"), file.rsplit("/", 1)[-1]]
    alt = next((text for text in said if text and not _AUTOMATIC.fullmatch(text.strip())), "")
    caption = child(image, "ac:caption")
    if caption is None or not text_of(caption).strip():
        become(image, "img", alt=alt, src=file)
        for below in list(image):
            image.remove(below)
        return
    become(image, "figure")
    for below in [one for one in image if one is not caption]:
        drop(below)
    become(caption, "figcaption")
    image.text = None
    if alt:
        image.insert(0, element_of("img", alt=alt, src=file))


def _task(task: Element, context: Context) -> None:
    done = text_of(child(task, "ac:task-status")).strip() == "complete"
    body = child(task, "ac:task-body")
    become(task, "li")
    task.text = None
    for below in [one for one in task if one is not body]:
        drop(below)
    box = element_of("input", type="checkbox", **({"checked": "checked"} if done else {}))
    if body is None:
        task.insert(0, box)
        return
    become(body, "span")
    box.tail, body.text = body.text, None
    body.insert(0, box)


def _choose(extension: Element) -> None:
    """Of what the newer editor adds: its own content, or else what it says to show instead."""
    node, fallback = child(extension, "ac:adf-node"), child(extension, "ac:adf-fallback")
    if node is not None and fallback is not None:
        held = [one for one in node.iter("{*}*") if name(one) in ("ac:adf-content", "ac:adf-leaf")]
        drop(fallback if any(text_of(one).strip() or len(one) for one in held) else node)


def _node(node: Element, context: Context) -> None:
    kind = node.get("type") or ""
    told = {one.get("key") or "": text_of(one).strip() for one in node if name(one) == "ac:adf-attribute"}
    for one in [one for one in node if name(one) == "ac:adf-attribute"]:
        drop(one)
    if kind == "panel":
        become(node, "div", **{"class": f"admonition {told.get('panel-type', 'note')}"})
    elif kind in ("decision-list", "task-list"):
        become(node, "ul")
    elif kind in ("decision-item", "task-item"):
        become(node, "li")
        for content in node:
            become(content, "span")
        if kind == "decision-item":
            node.text = f"Decision: {node.text or ''}"
        else:
            done = {"checked": "checked"} if told.get("state", "").upper() == "DONE" else {}
            node.insert(0, element_of("input", type="checkbox", **done))
    else:
        become(node, "div")


def _emoticon(element: Element, context: Context) -> None:
    fallback = attribute(element, "ac:emoji-fallback")
    known = _EMOTICONS.get(attribute(element, "ac:name"), "")
    short = attribute(element, "ac:emoji-shortname") or fallback
    shown = known or (fallback if fallback and not fallback.startswith(":") else short)
    put_text(become(element, "span"), shown)


def _time(element: Element, context: Context) -> None:
    if not text_of(element).strip():
        put_text(element, element.get("datetime") or "")
    become(element, "span")


def _user(element: Element, context: Context) -> None:
    """A user named outside a link."""
    if not _within_reference(element):
        put_text(become(element, "x-user"), f"@{context.users.get(storage.user_of(element), '') or 'user'}")


def _div(element: Element, context: Context) -> None:
    become(element, "div")


def _item(item: Element, context: Context) -> None:
    """An item of a list; its first paragraph is its text, which matters in the cell of a table."""
    first = item[0] if len(item) else None
    if first is None or (item.text or "").strip() or name(first) != "p" or (first.tail or "").strip():
        return
    following = first.getnext()
    if following is None or name(following) in ("p", "ul", "ol", "div", "pre", "table", "figure"):
        become(first, "span")


def _span(element: Element, context: Context) -> None:
    become(element, "span")


def _list(element: Element, context: Context) -> None:
    become(element, "ul")


_LOWERED: dict[str, Callable[[Element, Context], None]] = {
    "ac:link": _link, "ac:image": _image, "ac:task": _task, "ac:adf-node": _node, "ac:emoticon": _emoticon, "time": _time,
    "ri:user": _user, "li": _item, "ac:task-list": _list, "ac:inline-comment-marker": _span, "ac:layout": _div,
    "ac:layout-section": _div, "ac:layout-cell": _div, "ac:adf-extension": _div, "ac:adf-content": _div,
    "ac:adf-fallback": _div,
}  # fmt: skip
