"""Expressions as a person reads them: HCL again, on one line. What is secret says so."""

from __future__ import annotations

import json
from typing import Any

from rag.terraform.records import Expression

SECRET = "(secret)"  # noqa: S105  # what stands instead of one


def as_hcl(expression: Expression) -> str:  # noqa: PLR0911  # one line a form
    """The expression in HCL."""
    match expression:
        case ["lit", value]:
            return json.dumps(value, ensure_ascii=False)
        case ["tpl", parts]:
            return '"' + "".join(str(p[1]) if p[0] == "lit" else f"${{{as_hcl(p)}}}" for p in parts) + '"'
        case ["ref", steps]:
            return _steps(str(steps[0]), steps[1:])
        case ["get", value, steps]:
            return _steps(f"({as_hcl(value)})", steps)
        case ["call", name, arguments, expands]:
            return f"{name}({', '.join(map(as_hcl, arguments))}{'...' if expands else ''})"
        case ["list", items]:
            return f"[{', '.join(map(as_hcl, items))}]"
        case ["obj", entries]:
            return "{" + ", ".join(f"{_key(key)} = {as_hcl(value)}" for key, value in entries) + "}"
        case ["if", condition, yes, no]:
            return f"{as_hcl(condition)} ? {as_hcl(yes)} : {as_hcl(no)}"
        case ["op", sign, [one]]:
            return f"{sign}{as_hcl(one)}"
        case ["op", sign, [left, right]]:
            return f"{as_hcl(left)} {sign} {as_hcl(right)}"
        case ["secret"]:
            return SECRET
        case [_, text]:
            return " ".join(str(text).split())
    return ""


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
