"""HCL files as blocks and attributes with exact lines, on tree-sitter-hcl; `.tf.json` stands in `json_syntax`.

A file with a syntax error is cut at block headers in column 0 and each piece read alone, so that one broken block costs that
block only, and of that only what is not sound. Expressions become small nested lists that can be stored and evaluated.
Grammar: https://github.com/tree-sitter-grammars/tree-sitter-hcl; language: hashicorp/hcl, hclsyntax/spec.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

Expression = list[Any]
_HEADER = re.compile(rb'^[a-z_]+(?:[ \t]+(?:"[^"\n]*"|[A-Za-z_][\w-]*))*[ \t]*\{', re.M)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r'\\([ntr"\\])|\\u([0-9A-Fa-f]{4})')
_MARKS = re.compile(r"^\s*(?:#+|//+|/\*+|\*(?!/))?\s?|\s*\*/\s*$")  # of comments
_MOST_TEXT = 400  # characters of an attribute's source that are kept
_DEEPEST = 60  # levels of an expression that are followed


@dataclass(frozen=True)
class Reference:
    """A place that names something else: its steps (`var`, `region`), without indexes, and its line (1-based)."""

    steps: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Attribute:
    """`name = expression` on lines start to end (1-based, inclusive); `lead` is the first line of the comment above it."""

    name: str
    lead: int
    start: int
    end: int
    text: str
    expression: Expression
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True)
class Block:
    """A block: `type "label" "label" { … }`. `comment` is the run of comments that ends on the line above it, `lead` its first
    line."""

    type: str
    labels: tuple[str, ...]
    lead: int
    start: int
    end: int
    comment: str = ""
    attributes: tuple[Attribute, ...] = ()
    blocks: tuple[Block, ...] = ()

    def attribute(self, name: str) -> Attribute | None:
        """The attribute of this name, if it has one."""
        return next((attribute for attribute in self.attributes if attribute.name == name), None)


@dataclass(frozen=True)
class File:
    """What a file holds at its top. `error_line` is that of the first syntax error, 0 when there is none."""

    blocks: tuple[Block, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    error_line: int = 0


@lru_cache(maxsize=1)
def _parser() -> Parser:
    import tree_sitter_hcl
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_hcl.language()))


def read(text: str) -> File:
    """The blocks and attributes of an HCL file."""
    data = text.encode("utf-8", "surrogatepass")
    root = _parser().parse(data).root_node
    if not root.has_error:
        blocks, attributes = _body(root, 0, frozenset())
        return File(tuple(blocks), tuple(attributes))
    found: list[Block] = []
    headers = list(_HEADER.finditer(data))
    ends = [*(match.start() for match in headers[1:]), len(data)][: len(headers)]
    for header, end in zip(headers, ends, strict=True):
        piece = _parser().parse(data[header.start() : end]).root_node
        offset = data.count(b"\n", 0, header.start())
        if piece.has_error:
            found.append(_salvaged(piece, header.group(), data[header.start() : end], offset))
        else:
            found.extend(_body(piece, offset, frozenset())[0])
    return File(tuple(found), (), _first_error(root))


def _salvaged(piece: Node, header: bytes, data: bytes, offset: int) -> Block:
    """A block with an error inside: its header as it stands, and those of its attributes that are sound."""
    kind, *labels = re.findall(r'"([^"\n]*)"|([A-Za-z_][\w-]*)', header.decode("utf-8", "replace"))
    attributes: list[Attribute] = []
    stack = [piece]
    while stack:
        node = stack.pop()
        for child in node.children:
            if child.type == "attribute" and not child.has_error:
                attributes.append(_attribute(child, offset, child.start_point[0] + 1 + offset, frozenset()))
            elif child.type != "attribute":
                stack.append(child)
    attributes.sort(key=lambda attribute: attribute.start)
    lines = data.rstrip().count(b"\n")
    names = tuple(quoted or bare for quoted, bare in labels)
    return Block("".join(kind), names, offset + 1, offset + 1, offset + 1 + lines, "", tuple(attributes))


def _first_error(node: Node) -> int:
    for child in node.children:
        if child.is_error or child.is_missing:
            return int(child.start_point[0]) + 1
        if child.has_error:
            return _first_error(child)
    return int(node.start_point[0]) + 1


# -- blocks -----------------------------------------------------------------------------------------------------------


@dataclass
class _Comments:
    """The comments read so far that may belong to what follows."""

    lines: list[str] = field(default_factory=list)
    first: int = -2
    last: int = -2

    def add(self, node: Node) -> None:
        if self.last + 1 != node.start_point[0]:
            self.lines, self.first = [], node.start_point[0]
        self.lines.append(_text(node).rstrip("\n"))
        self.last = _last_row(node)

    def above(self, row: int) -> tuple[str, int]:
        """The comment that ends on the row above, and its first row (`row` itself without one)."""
        if not self.lines or self.last + 1 != row:
            return "", row
        lines, self.lines = "\n".join(self.lines).split("\n"), []
        return "\n".join(_MARKS.sub("", line) for line in lines).strip(), self.first


def _body(node: Node, offset: int, bound: frozenset[str]) -> tuple[list[Block], list[Attribute]]:
    """What stands in a body. `offset` is added to line numbers; `bound` are names of iterators, which are no references."""
    blocks: list[Block] = []
    attributes: list[Attribute] = []
    comments = _Comments()
    for child in sorted(_members(node), key=lambda member: member.start_byte):
        if child.type == "comment":
            comments.add(child)
        elif child.type in ("block", "attribute"):
            comment, lead = comments.above(child.start_point[0])
            if child.type == "block":
                blocks.append(_block(child, offset, comment, lead + 1 + offset, bound))
            else:
                attributes.append(_attribute(child, offset, lead + 1 + offset, bound))
    return blocks, attributes


def _members(node: Node) -> Iterator[Node]:
    """Comments hang on the file, or on the block, and blocks on the body: all of them."""
    for child in node.children:
        if child.type == "body":
            yield from child.children
        else:
            yield child


def _block(node: Node, offset: int, comment: str, lead: int, bound: frozenset[str]) -> Block:
    words = [_label(child) for child in node.children if child.type in ("identifier", "string_lit")]
    kind, *labels = words or [""]
    if kind == "dynamic" and labels:
        bound = bound | {labels[0]} | _iterator(node)
    blocks, attributes = _body(node, offset, bound)
    return Block(
        kind, tuple(labels), lead, node.start_point[0] + 1 + offset, _last_row(node) + 1 + offset, comment,
        tuple(attributes), tuple(blocks),
    )  # fmt: skip


def _iterator(node: Node) -> frozenset[str]:
    """The name that a dynamic block gives its iterator."""
    for member in _members(node):
        if member.type == "attribute" and _text(member.children[0]) == "iterator":
            return frozenset({_text(member.children[-1]).strip()})
    return frozenset()


def _label(node: Node) -> str:
    return _text(node).strip('"')


def _attribute(node: Node, offset: int, lead: int, bound: frozenset[str]) -> Attribute:
    value = node.children[-1]
    found = expression(value)
    return Attribute(
        _text(node.children[0]), lead, node.start_point[0] + 1 + offset, _last_row(node) + 1 + offset,
        _text(value)[:_MOST_TEXT], relined(found, lambda line: line + offset) if offset else found,
        tuple(_references(value, offset, bound)),
    )  # fmt: skip


def relined(found: Expression, line_of: Callable[[int], int]) -> Expression:
    """The expression with other lines in its objects."""
    if found[:1] == ["obj"]:
        entries = [[relined(key, line_of), relined(value, line_of), line_of(line)] for key, value, line in found[1]]
        return ["obj", entries]
    return [relined(part, line_of) if isinstance(part, list) else part for part in found]


def _last_row(node: Node) -> int:
    row, column = node.end_point[0], node.end_point[1]
    return int(row - 1 if column == 0 and row > node.start_point[0] else row)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


# -- expressions ------------------------------------------------------------------------------------------------------


def expression(node: Node, depth: int = 0) -> Expression:
    """An expression as nested lists: `lit`, `tpl`, `ref`, `get`, `call`, `list`, `obj`, `for`, `if`, `op`. What has no form of
    its own is `raw`, with its text."""
    form = _FORMS.get(node.type)
    if form is None or depth > _DEEPEST:
        return ["raw", _text(node)[:_MOST_TEXT]]
    return form(node, depth)


def _wrapped(node: Node, depth: int) -> Expression:
    return _sequence(node.children, depth)


def _sequence(nodes: Sequence[Node], depth: int) -> Expression:
    """A value and the steps that follow it as its siblings: `.name`, `[index]`, `[*]`. Parentheses say nothing here."""
    nodes = [node for node in nodes if node.type not in ("(", ")")]
    if not nodes:
        return ["raw", ""]
    value = expression(nodes[0], depth + 1)
    for node in nodes[1:]:
        for step in _steps(node, depth):
            if value[0] == "ref":
                value = ["ref", [*value[1], step]]
            elif value[0] == "get":
                value = ["get", value[1], [*value[2], step]]
            else:
                value = ["get", value, [step]]
    return value


def _steps(node: Node, depth: int) -> list[Any]:
    if node.type == "get_attr":
        return [_text(node.children[-1])]
    if node.type == "index":
        inner = node.children[0]
        if inner.type == "legacy_index":
            return [["idx", ["lit", _number(_text(inner.children[-1]))]]]
        found = [child for child in inner.children if child.type == "expression"]
        return [["idx", expression(found[0], depth + 1)]] if found else ["?"]
    if node.type == "splat":
        return ["*", *(step for child in node.children[0].children for step in _steps(child, depth))]
    return []


def _number(text: str) -> int | float | str:
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text


def _template(node: Node, depth: int) -> Expression:
    quotes = [child.type for child in node.children[:1]] == ["quoted_template_start"]
    first, last = (
        (node.children[0].end_byte, node.children[-1].start_byte) if quotes else (node.start_byte, node.end_byte)
    )
    parts = _pieces(node, first, last, depth, _unescaped)
    if not parts:
        return ["lit", ""]
    return parts[0] if len(parts) == 1 else ["tpl", parts]  # "${x}" alone is x, whatever its type


def _pieces(node: Node, first: int, last: int, depth: int, plain: Callable[[str], str]) -> list[Expression]:
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
            parts.append(expression(inner[0], depth + 1))
        else:
            parts.append(["raw", _text(child)[:_MOST_TEXT]])
        at = child.end_byte
    if last > at:
        parts.append(["lit", plain(source[at - start : last - start].decode("utf-8", "replace"))])
    return parts


def _unescaped(text: str) -> str:
    return _unmarked(_ESCAPE.sub(lambda m: chr(int(m[2], 16)) if m[2] else _ESCAPES[m[1]], text))


def _unmarked(text: str) -> str:
    """Text of a template with what stands for a bare `${` and `%{`; heredocs know no other escapes."""
    return text.replace("$${", "${").replace("%%{", "%{")


def _heredoc(node: Node, depth: int) -> Expression:
    """Heredocs as their text. One that is too long to be kept is raw, so that nobody takes a part for the whole, and so is one
    with directives, or with interpolation and an indentation to be taken off."""
    text = _text(node)
    opening, _, rest = text.partition("\n")
    body = rest[: rest.rfind("\n") + 1]
    inner = {child.type for child in node.children}
    if len(body) > _MOST_TEXT or "template_directive" in inner:
        return ["raw", body[:_MOST_TEXT]]
    if "template_interpolation" not in inner:
        return ["lit", _dedented(body) if opening.startswith("<<-") else body]
    if opening.startswith("<<-") and any(line.startswith((" ", "\t")) for line in body.split("\n")):
        return ["raw", body]
    first = node.start_byte + len(opening.encode()) + 1
    return ["tpl", _pieces(node, first, first + len(body.encode()), depth, _unmarked)]


def _dedented(body: str) -> str:
    lines = body.split("\n")
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    return "\n".join(line[min(indents, default=0) :] for line in lines)


def _for(node: Node, depth: int) -> Expression:
    """`["for", key name or "", value name, collection, key or None, value, condition or None, grouped]`."""
    inner = node.children[0]
    intro = next(child for child in inner.children if child.type == "for_intro")
    names = [_text(child) for child in intro.children if child.type == "identifier"]
    collection = next(child for child in intro.children if child.type == "expression")
    results = [expression(child, depth + 1) for child in inner.children if child.type == "expression"]
    condition = next((child for child in inner.children if child.type == "for_cond"), None)
    tested = [expression(c, depth + 1) for c in condition.children if c.type == "expression"] if condition else []
    grouped = any(child.type == "ellipsis" for child in inner.children)
    return [
        "for", names[0] if len(names) > 1 else "", names[-1], expression(collection, depth + 1),
        results[0] if len(results) > 1 else None, results[-1], tested[0] if tested else None, grouped,
    ]  # fmt: skip


def _element(node: Node, depth: int) -> list[Any]:
    """Key, value and line: the only lines within an expression, since a value is looked for in maps of many lines."""
    parts = [child for child in node.children if child.type == "expression"]
    key = expression(parts[0], depth + 1)
    if key[0] == "ref" and len(key[1]) == 1 and not _text(parts[0]).startswith("("):
        key = ["lit", key[1][0]]  # a bare name is a key, not a reference
    return [key, expression(parts[-1], depth + 1), node.start_point[0] + 1]


def _call(node: Node, depth: int) -> Expression:
    arguments: list[Expression] = []
    expands = False
    for child in node.children:
        if child.type == "function_arguments":
            arguments = [expression(part, depth + 1) for part in child.children if part.type == "expression"]
            expands = any(part.type == "ellipsis" for part in child.children)
    return ["call", _text(node.children[0]), arguments, expands]


def _binary(node: Node, depth: int) -> Expression:
    """The operator stands between two values, each followed by its steps."""
    at = next((i for i, child in enumerate(node.children) if not child.is_named and child.type not in ("(", ")")), 0)
    left, right = node.children[:at], node.children[at + 1 :]
    if not left or not right:
        return ["raw", _text(node)[:_MOST_TEXT]]
    return ["op", _text(node.children[at]), [_sequence(left, depth), _sequence(right, depth)]]


def _list(node: Node, depth: int) -> Expression:
    return ["list", [expression(child, depth + 1) for child in node.children if child.type == "expression"]]


def _object(node: Node, depth: int) -> Expression:
    return ["obj", [_element(child, depth) for child in node.children if child.type == "object_elem"]]


def _conditional(node: Node, depth: int) -> Expression:
    parts = _chain(node)
    if len(parts) % 2 == 0:
        return ["raw", _text(node)[:_MOST_TEXT]]
    found = expression(parts[-1], depth + 1)
    for condition, yes in zip(parts[-3::-2], parts[-2::-2], strict=True):
        found = ["if", expression(condition, depth + 1), expression(yes, depth + 1), found]
    return found


def _chain(node: Node) -> list[Node]:
    """The parts of `a ? b : c ? d : e`, which the grammar takes for `(a ? b : c) ? d : e`."""
    parts = [child for child in node.children if child.type == "expression"]
    if len(parts) == 3 and [child.type for child in parts[0].children] == ["conditional"]:
        return [*_chain(parts[0].children[0]), *parts[1:]]
    return parts


def _unary(node: Node, depth: int) -> Expression:
    return ["op", _text(node.children[0]), [_sequence(node.children[1:], depth)]]


_FORMS: dict[str, Callable[[Node, int], Expression]] = {
    **dict.fromkeys(("expression", "literal_value", "template_expr", "collection_value", "operation"), _wrapped),
    **dict.fromkeys(("string_lit", "quoted_template"), _template),
    "numeric_lit": lambda node, _: ["lit", _number(_text(node))],
    "bool_lit": lambda node, _: ["lit", _text(node) == "true"],
    "null_lit": lambda node, _: ["lit", None],
    "variable_expr": lambda node, _: ["ref", [_text(node)]],
    "heredoc_template": _heredoc,
    "for_expr": _for,
    "tuple": _list,
    "object": _object,
    "function_call": _call,
    "conditional": _conditional,
    "unary_operation": _unary,
    "binary_operation": _binary,
}


# -- references -------------------------------------------------------------------------------------------------------

_INNER = frozenset({  # nodes in which a reference may stand
    "expression", "template_expr", "quoted_template", "heredoc_template", "template_interpolation", "template_directive",
    "template_if", "template_for", "template_if_intro", "template_else_intro", "template_for_start", "collection_value", "tuple",
    "object", "object_elem", "function_call", "function_arguments", "conditional", "operation", "unary_operation",
    "binary_operation", "for_expr", "for_tuple_expr", "for_object_expr", "for_intro", "for_cond", "index", "new_index",
    "string_lit", "literal_value",
})  # fmt: skip
_ROOTS = frozenset({"var", "local", "data", "module"})
_NOT_RESOURCES = frozenset({"each", "count", "self", "path", "terraform", "dependency", "include", "feature", "values"})


def _references(node: Node, offset: int, bound: frozenset[str]) -> Iterator[Reference]:
    """Every place in an expression that names a variable, local, data source, module or resource."""
    if b"." not in (node.text or b""):
        return
    stack: list[tuple[Node, frozenset[str]]] = [(node, bound)]
    while stack:
        current, names = stack.pop()
        if current.type == "for_expr":
            names = names | _for_names(current)
        children = current.children
        for at, child in enumerate(children):
            if child.type == "variable_expr":
                steps = [_text(child), *_names_after(children[at + 1 :])]
                if (kept := _address(steps, names)) and not _is_key(current):
                    yield Reference(kept, child.start_point[0] + 1 + offset)
            if child.type in _INNER:
                stack.append((child, names))


def _for_names(node: Node) -> frozenset[str]:
    intros = [part for child in node.children for part in child.children if part.type == "for_intro"]
    return frozenset(_text(part) for intro in intros for part in intro.children if part.type == "identifier")


def _names_after(siblings: Sequence[Node]) -> Iterator[str]:
    """The attribute names that follow a root, indexes passed over."""
    for sibling in siblings:
        if sibling.type == "get_attr":
            yield _text(sibling.children[-1])
        elif sibling.type == "splat":
            yield from (_text(part.children[-1]) for part in sibling.children[0].children if part.type == "get_attr")
        elif sibling.type != "index":
            return


def _address(steps: Sequence[str], bound: frozenset[str]) -> tuple[str, ...]:
    """The steps that make an address, and one more (the attribute); nothing for iterators and other names."""
    root = steps[0]
    if root in bound or root in _NOT_RESOURCES or len(steps) < 2:
        return ()
    if root == "data":
        return tuple(steps[:4]) if len(steps) >= 3 else ()
    if root in _ROOTS:
        return tuple(steps[:3])
    return tuple(steps[:3]) if re.fullmatch(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*", root) else ()


def _is_key(parent: Node) -> bool:
    """Whether it is the bare key of an object's element: `{ Name = … }`."""
    element = parent.parent
    return (
        element is not None and element.type == "object_elem" and element.children[0] == parent and len(parent.children) == 1
    )  # fmt: skip
