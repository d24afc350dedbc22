"""HCL expressions as small nested lists that can be stored and evaluated (`rag.terraform.records`). `reading` calls `expression`.

Where the grammar's tree says other than the language means (chained conditions, white space in templates), the list is right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ingest.terraform.references import Reference, note, references, text_of, without
from rag.terraform.records import Expression

if TYPE_CHECKING:
    from tree_sitter import Node

Seen = list[Reference]

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r'\\([ntr"\\])|\\u([0-9A-Fa-f]{4})')
_ATOM = re.compile(r'"[^"\\$%\r\n]*"|[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*|[0-9]{1,18}')
_ROW = re.compile(rf"(?:\[|([A-Za-z_]\w*)\()((?:[ \t]*(?:{_ATOM.pattern})[ \t]*(?:,|(?=[\])])))*)[ \t]*[\])]")
_WORDS = {"true": True, "false": False, "null": None}
MOST_TEXT = 400  # characters of an attribute's source that are kept
_DEEPEST = 60  # levels of an expression that are followed


def relined(found: Expression, line_of: Callable[[int], int]) -> Expression:
    """The expression with other lines in its objects."""
    if found[:1] == ["obj"]:
        entries = [[relined(key, line_of), relined(value, line_of), line_of(line)] for key, value, line in found[1]]
        return ["obj", entries]
    return [relined(part, line_of) if isinstance(part, list) else part for part in found]


def expression(node: Node, depth: int, seen: Seen) -> Expression:
    """An expression as nested lists: `lit`, `tpl`, `ref`, `get`, `call`, `list`, `obj`, `for`, `if`, `op`. What has no form of
    its own is `raw`, with its text. The references in it are added to `seen`."""
    kind = node.type
    if kind == "expression" and (short := _short(text_of(node), node, seen)):
        return short
    if kind in _WRAPPERS and depth <= _DEEPEST:
        children = node.children
        return expression(children[0], depth + 1, seen) if len(children) == 1 else _sequence(children, depth, seen)
    form = _FORMS.get(kind)
    if form is None or depth > _DEEPEST:
        return _raw(node, seen)
    return form(node, depth, seen)


def _short(text: str, node: Node, seen: Seen) -> Expression | None:
    """The expression of a text that is plainly a string, a name with its attributes, a whole number or a word of the language,
    or a list or call of such on one line: most are, and need no tree. None for all others."""
    if _ATOM.fullmatch(text):
        return _atom(text, node, seen)
    if not (row := _ROW.fullmatch(text)):
        return None
    items = [_atom(item, node, seen) for item in _ATOM.findall(row[2])]
    return ["call", row[1], items, False] if row[1] else ["list", items]


def _atom(text: str, node: Node, seen: Seen) -> Expression:
    if text[0] == '"':
        return ["lit", text[1:-1]]
    if text[0] in "0123456789":
        return ["lit", int(text)]
    if text in _WORDS:
        return ["lit", _WORDS[text]]
    steps = text.split(".")
    note(steps, node, seen)
    return ["ref", steps]


def _raw(node: Node, seen: Seen, text: str = "") -> Expression:
    """What is kept as its text, or as part of it."""
    seen.extend(references(node))
    return ["raw", (text or text_of(node))[:MOST_TEXT]]


def _sequence(nodes: Sequence[Node], depth: int, seen: Seen) -> Expression:
    """A value and the steps that follow it as its siblings: `.name`, `[index]`, `[*]`. Parentheses and comments say nothing."""
    nodes = [node for node in nodes if node.type not in ("(", ")", "comment")]
    if not nodes:
        return ["raw", ""]
    root, *rest = nodes
    value = expression(root, depth + 1, seen)
    if steps := [step for node in rest for step in _steps(node, depth, seen)]:
        match value:
            case ["ref", before]:
                value = ["ref", [*before, *steps]]
            case ["get", inner, before]:
                value = ["get", inner, [*before, *steps]]
            case _:
                value = ["get", value, steps]
    if root.type == "variable_expr":
        note(value[1], root, seen)
    return value


def _steps(node: Node, depth: int, seen: Seen) -> list[Any]:
    if node.type == "get_attr":
        return [text_of(node.children[-1])]
    if node.type == "index":
        inner = node.children[0]
        if inner.type == "legacy_index":
            return [["idx", ["lit", _number(text_of(inner.children[-1]))]]]
        found = [child for child in inner.children if child.type == "expression"]
        return [["idx", expression(found[0], depth + 1, seen)]] if found else ["?"]
    if node.type == "splat":
        return ["*", *(step for child in node.children[0].children for step in _steps(child, depth, seen))]
    return []


def _number(text: str) -> int | float | str:
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text


def _template(node: Node, depth: int, seen: Seen) -> Expression:
    quotes = [child.type for child in node.children[:1]] == ["quoted_template_start"]
    first, last = (
        (node.children[0].end_byte, node.children[-1].start_byte) if quotes else (node.start_byte, node.end_byte)
    )
    parts = _pieces(node, first, last, depth, seen, _unescaped)
    if not parts:
        return ["lit", ""]
    return parts[0] if len(parts) == 1 else ["tpl", parts]  # "${x}" alone is x, whatever its type


def _pieces(node: Node, first: int, last: int, depth: int, seen: Seen, plain: Callable[[str], str]) -> list[Expression]:
    """What bytes first to last of a template hold. Literals are what lies between the interpolations, for the grammar's own
    pieces lack the white space at their borders."""
    source, start = node.text or b"", node.start_byte
    parts: list[Expression] = []
    at = first
    for child in node.children:
        if child.type not in ("template_interpolation", "template_directive"):
            continue
        if child.start_byte > at:
            parts.append(["lit", plain(source[at - start : child.start_byte - start].decode("utf-8", "replace"))])
        inner = [part for part in child.children if part.type == "expression"]
        if child.type == "template_interpolation" and inner:
            parts.append(expression(inner[0], depth + 1, seen))
        else:
            parts.append(_raw(child, seen))
        at = child.end_byte
    if last > at:
        parts.append(["lit", plain(source[at - start : last - start].decode("utf-8", "replace"))])
    return parts


def _unescaped(text: str) -> str:
    return _unmarked(_ESCAPE.sub(lambda m: chr(int(m[2], 16)) if m[2] else _ESCAPES[m[1]], text))


def _unmarked(text: str) -> str:
    """Text of a template with what stands for a bare `${` and `%{`; heredocs know no other escapes."""
    return text.replace("$${", "${").replace("%%{", "%{")


def _heredoc(node: Node, depth: int, seen: Seen) -> Expression:
    """Heredocs as their text. One that is too long to be kept is raw, so that nobody takes a part for the whole, and so is one
    with directives, or with interpolation and an indentation to be taken off."""
    text = text_of(node)
    opening, _, rest = text.partition("\n")
    body = rest[: rest.rfind("\n") + 1]
    inner = {child.type for child in node.children}
    if len(body) > MOST_TEXT or "template_directive" in inner:
        return _raw(node, seen, body)
    if "template_interpolation" not in inner:
        return ["lit", _dedented(body) if opening.startswith("<<-") else body]
    if opening.startswith("<<-") and any(line.startswith((" ", "\t")) for line in body.split("\n")):
        return _raw(node, seen, body)
    first = node.start_byte + len(opening.encode()) + 1
    return ["tpl", _pieces(node, first, first + len(body.encode()), depth, seen, _unmarked)]


def _dedented(body: str) -> str:
    lines = body.split("\n")
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    return "\n".join(line[min(indents, default=0) :] for line in lines)


def _for(node: Node, depth: int, seen: Seen) -> Expression:
    """`["for", key name or "", value name, collection, key or None, value, condition or None, grouped]`."""
    inner, before = node.children[0], len(seen)
    intro = next(child for child in inner.children if child.type == "for_intro")
    names = [text_of(child) for child in intro.children if child.type == "identifier"]
    collection = next(child for child in intro.children if child.type == "expression")
    results = [expression(child, depth + 1, seen) for child in inner.children if child.type == "expression"]
    condition = next((child for child in inner.children if child.type == "for_cond"), None)
    tested = [expression(c, depth + 1, seen) for c in condition.children if c.type == "expression"] if condition else []
    grouped = any(child.type == "ellipsis" for child in inner.children)
    over = expression(collection, depth + 1, seen)
    seen[before:] = without(seen[before:], names)
    return [
        "for", names[0] if len(names) > 1 else "", names[-1], over,
        results[0] if len(results) > 1 else None, results[-1], tested[0] if tested else None, grouped,
    ]  # fmt: skip


def _element(node: Node, depth: int, seen: Seen) -> list[Any]:
    """Key, value and line: the only lines within an expression, since a value is looked for in maps of many lines."""
    parts = [child for child in node.children if child.type == "expression"]
    key = expression(parts[0], depth + 1, seen)
    if key[0] == "ref" and len(key[1]) == 1 and not text_of(parts[0]).startswith("("):
        key = ["lit", key[1][0]]  # a bare name is a key, not a reference
    return [key, expression(parts[-1], depth + 1, seen), node.start_point[0] + 1]


def _call(node: Node, depth: int, seen: Seen) -> Expression:
    arguments: list[Expression] = []
    expands = False
    for child in node.children:
        if child.type == "function_arguments":
            arguments = [expression(part, depth + 1, seen) for part in child.children if part.type == "expression"]
            expands = any(part.type == "ellipsis" for part in child.children)
    return ["call", text_of(node.children[0]), arguments, expands]


def _binary(node: Node, depth: int, seen: Seen) -> Expression:
    """The operator stands between two values, each followed by its steps."""
    at = next((i for i, child in enumerate(node.children) if not child.is_named and child.type not in ("(", ")")), 0)
    left, right = node.children[:at], node.children[at + 1 :]
    if not left or not right:
        return _raw(node, seen)
    return ["op", text_of(node.children[at]), [_sequence(left, depth, seen), _sequence(right, depth, seen)]]


def _list(node: Node, depth: int, seen: Seen) -> Expression:
    return ["list", [expression(child, depth + 1, seen) for child in node.children if child.type == "expression"]]


def _object(node: Node, depth: int, seen: Seen) -> Expression:
    return ["obj", [_element(child, depth, seen) for child in node.children if child.type == "object_elem"]]


def _conditional(node: Node, depth: int, seen: Seen) -> Expression:
    parts = _chain(node)
    if len(parts) % 2 == 0:
        return _raw(node, seen)
    found = expression(parts[-1], depth + 1, seen)
    for condition, yes in zip(parts[-3::-2], parts[-2::-2], strict=True):
        found = ["if", expression(condition, depth + 1, seen), expression(yes, depth + 1, seen), found]
    return found


def _chain(node: Node) -> list[Node]:
    """The parts of `a ? b : c ? d : e`, which the grammar takes for `(a ? b : c) ? d : e`."""
    parts = [child for child in node.children if child.type == "expression"]
    if len(parts) == 3 and [child.type for child in parts[0].children] == ["conditional"]:
        return [*_chain(parts[0].children[0]), *parts[1:]]
    return parts


def _unary(node: Node, depth: int, seen: Seen) -> Expression:
    return ["op", text_of(node.children[0]), [_sequence(node.children[1:], depth, seen)]]


_WRAPPERS = frozenset({"expression", "literal_value", "template_expr", "collection_value", "operation"})
_FORMS: dict[str, Callable[[Node, int, Seen], Expression]] = {
    **dict.fromkeys(("string_lit", "quoted_template"), _template),
    "numeric_lit": lambda node, *_: ["lit", _number(text_of(node))],
    "bool_lit": lambda node, *_: ["lit", text_of(node) == "true"],
    "null_lit": lambda node, *_: ["lit", None],
    "variable_expr": lambda node, *_: ["ref", [text_of(node)]],
    "heredoc_template": _heredoc,
    "for_expr": _for,
    "tuple": _list,
    "object": _object,
    "function_call": _call,
    "conditional": _conditional,
    "unary_operation": _unary,
    "binary_operation": _binary,
}
