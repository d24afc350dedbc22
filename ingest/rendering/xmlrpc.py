"""XML-RPC: calls as they are sent, and answers as plain values. Not a rendering, but XML is read here alone.

`ingest.sources.dokuwiki.remote` calls this, and reads answers in the sandbox: they may hold what strangers wrote. No entity is
resolved, a document type is refused, and nesting ends early. Spec: http://xmlrpc.com/spec.md
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from typing import Any

from ingest.rendering.archive import parsed_xml
from rag.errors import DocumentError

Element = Any
_DEEPEST = 12  # values within each other
_NEVER_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # PHP writes them as they stand in a page
_NEVER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NO_ANSWER = "no answer of XML-RPC"


def call(method: str, *arguments: Any) -> bytes:
    """The body of a request. Arguments are texts, numbers, truth values and dictionaries of them."""
    given = "".join(f"<param>{_written(one)}</param>" for one in arguments)
    text = f"<methodCall><methodName>{method}</methodName><params>{given}</params></methodCall>"
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return f"<value><boolean>{int(value)}</boolean></value>"
    if isinstance(value, int):
        return f"<value><int>{value}</int></value>"
    if isinstance(value, dict):
        members = (f"<member><name>{name}</name>{_written(inner)}</member>" for name, inner in value.items())
        return f"<value><struct>{''.join(members)}</struct></value>"
    return f"<value><string>{html.escape(_NEVER.sub('', str(value)), quote=False)}</string></value>"


def answer(body: bytes) -> dict[str, Any]:
    """What a server answered: {"result": value}, or {"error": {"code", "message"}}; dates are texts.

    Raises: DocumentError when it is no answer of XML-RPC.
    """
    text = _NEVER_XML.sub(b"", body).decode("utf-8", "replace").strip()
    text = re.sub(r"^<\?xml[^>]{0,100}\?>", "", text)  # it names an encoding, and this is no longer bytes
    root = parsed_xml(text.encode(), "the answer")
    if root.tag != "methodResponse":
        raise DocumentError(_NO_ANSWER)
    fault = root.find("fault/value")
    if fault is not None:
        told = _value(fault, 0)
        if not isinstance(told, dict):
            raise DocumentError(_NO_ANSWER)
        return {"error": {"code": told.get("faultCode", 0), "message": told.get("faultString", "")}}
    value = root.find("params/param/value")
    if value is None:
        raise DocumentError(_NO_ANSWER)
    return {"result": _value(value, 0)}


def _value(element: Element, depth: int) -> Any:
    """What a `value` holds. Raises: DocumentError."""
    if depth > _DEEPEST:
        raise DocumentError("its values are nested too deeply")
    if not len(element):
        return element.text or ""
    typed = element[0]
    if typed.tag == "array":
        return [_value(one, depth + 1) for one in typed.iterfind("data/value")]
    if typed.tag == "struct":
        return {member.findtext("name", ""): _value(_inner(member), depth + 1) for member in typed.iterfind("member")}
    return _scalar(str(typed.tag), "".join(typed.itertext()))


def _inner(member: Element) -> Element:
    value = member.find("value")
    if value is None:
        raise DocumentError(_NO_ANSWER)
    return value


def _scalar(kind: str, text: str) -> Any:
    try:
        if kind in ("int", "i4", "i8"):
            return int(text if len(text) < 30 else "")
        if kind == "double":
            return float(text)
        if kind == "base64":
            return base64.b64decode(text)
    except (ValueError, binascii.Error) as error:
        raise DocumentError(f"{_NO_ANSWER}: no {kind} is {text[:30]!r}") from error
    return text.strip() == "1" if kind == "boolean" else text
