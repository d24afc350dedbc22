"""Expressions as a person reads them: HCL again, on one line. What is secret says so."""

from __future__ import annotations

import json
from typing import Any

from rag.terraform.records import Expression

SECRET = "(secret)"  # noqa: S105  # what stands instead of one


def as_hcl(expression: Expression) -> str:  # noqa: PLR0911, PLR0912  # one line a form
    """The expression in HCL."""
    match expression:
        case ["lit", value]:
            return json.dumps(value, ensure_ascii=False)
        case ["tpl", parts]:
            return (
                '"'
                + "".join(
                    json.dumps(p[1], ensure_ascii=False)[1:-1] if p[0] == "lit" else f"${{{as_hcl(p)}}}" for p in parts
                )
                + '"'
            )
        case ["ref", steps]:
            return _steps(str(steps[0]), steps[1:])
        case ["get", value, steps]:
            return _steps(f"({as_hcl(value)})", steps)
        case ["call", name, arguments, expands]:
            return f"{name}({', '.join(map(as_hcl, arguments))}{'...' if expands else ''})"
        case ["list", items]:
            return f"[{', '.join(map(as_hcl, items))}]"
        case ["obj", entries]:
            return "{" + ", ".join(f"{_key(key)} = {as_hcl(value)}" for key, value, _ in entries) + "}"
        case ["for", key, value, collection, made_key, made, condition, grouped]:
            named = ", ".join(filter(None, (key, value)))
            tested = f" if {as_hcl(condition)}" if condition else ""
            if made_key is None:
                return f"[for {named} in {as_hcl(collection)} : {as_hcl(made)}{tested}]"
            dots = "..." if grouped else ""
            return f"{{for {named} in {as_hcl(collection)} : {as_hcl(made_key)} => {as_hcl(made)}{dots}{tested}}}"
        case ["if", condition, yes, no]:
            return f"{_operand(condition)} ? {as_hcl(yes)} : {as_hcl(no)}"
        case ["op", sign, [one]]:
            return f"{sign}{_operand(one, sign)}"
        case ["op", sign, [left, right]]:
            return f"{_operand(left, sign)} {sign} {_operand(right, sign)}"
        case ["secret"]:
            return SECRET
        case [_, text]:
            return " ".join(str(text).split())
    return ""


def _operand(expression: Expression, sign: str = "") -> str:
    """An operand, in parentheses where it might be taken apart."""
    text = as_hcl(expression)
    apart = expression[0] == "if" or (expression[0] == "op" and sign and len(expression[2]) == 2)
    return f"({text})" if apart else text


def _key(key: Expression) -> str:
    return str(key[1]) if key[0] == "lit" else f"({as_hcl(key)})"


def _steps(text: str, steps: list[Any]) -> str:
    for step in steps:
        match step:
            case ["idx", index]:
                text += f"[{as_hcl(index)}]"
            case "*":
                text += "[*]"
            case _:
                text += f".{step}"
    return text
