"""What a block sets, down to the entries of its objects: `instance_types` in `local.node_groups = { general = { … } }` is a
setting as much as an attribute is. A map by workspace (`{ live = 85, default = 5 }`) is one setting, which differs.

`rag.answers.values.asked` looks for what a question asks among them; `rag.terraform.values` evaluates one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from rag.terraform.records import Expression, Symbol, SymbolAttribute

_DEEPEST = 4  # objects within one another
_WORKSPACE: Expression = ["ref", ["terraform", "workspace"]]
FALLBACK = "default"  # the key that a map by workspace has for all others


def entries(symbol: Symbol, workspaces: Collection[str]) -> Iterator[SymbolAttribute]:
    """The attributes, and behind each that is an object its entries, at their own lines. The path of a local's entry is that
    within its object."""
    for attribute in symbol.attributes:
        own = symbol.kind in ("local", "variable") and attribute.path in ("value", "default")
        if own and attribute.expression[0] == "obj" and _by_workspace(attribute.expression, workspaces):
            yield _looked_up(symbol, attribute)
            continue
        yield attribute
        if symbol.kind != "variable":  # what it is given may be another object than its default
            yield from _within(attribute, "" if own else attribute.path, _DEEPEST)


def _by_workspace(expression: Expression, workspaces: Collection[str]) -> bool:
    """Whether the keys of an object are workspaces, all of them."""
    if expression[0] != "obj":
        return False
    keys = {key[1] for key, _, _ in expression[1] if key[0] == "lit"}
    named = keys - {FALLBACK}
    return len(keys) == len(expression[1]) and bool(named) and named <= set(workspaces)


def _looked_up(symbol: Symbol, attribute: SymbolAttribute) -> SymbolAttribute:
    """The map as it is used: by the workspace, else by its fallback."""
    root = "local" if symbol.kind == "local" else "var"
    arguments: list[Expression] = [["ref", [root, symbol.name]], _WORKSPACE]
    if any(key[1] == FALLBACK for key, _, _ in attribute.expression[1]):
        arguments.append(["ref", [root, symbol.name, ["idx", ["lit", FALLBACK]]]])
    return SymbolAttribute(
        attribute.path, attribute.start, attribute.end, ["call", "lookup", arguments, False], attribute.file
    )


def _within(attribute: SymbolAttribute, path: str, deep: int) -> Iterator[SymbolAttribute]:
    if attribute.expression[0] != "obj" or not deep:
        return
    for key, value, line in attribute.expression[1]:
        if key[0] == "lit" and line:
            inner = f"{path}.{key[1]}".lstrip(".")
            entry = SymbolAttribute(inner, line, line, value, attribute.file)
            if value[0] == "obj":
                yield from _within(entry, inner, deep - 1)
            else:
                yield entry
