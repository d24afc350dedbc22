"""What people write to name a value: `module.a["k"].aws_instance.web[0].tags["Name"]`, `local.sizes.live`, `module.vpc.cidr`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rag.errors import SettingsError

_STEP = re.compile(
    r"(?P<name>[A-Za-z_][\w-]*)|\[(?P<number>\d+)\]|\[(?P<key>\"(?:[^\"\\]|\\.)*\"|'[^']*')\]|\.(?P<at>\d+)(?![\w-])"
)
_LENGTHS = {"data": 3, "ephemeral": 3}  # names of an address, where it is not two


@dataclass(frozen=True)
class Named:
    """A name, and the indexes behind it, as keys and numbers."""

    name: str
    indexes: tuple[str | int, ...] = ()

    @property
    def instance(self) -> str:
        """The first index as instances are written: `[0]`, `["key"]`; "" without one."""
        return "".join(f"[{one}]" if isinstance(one, int) else f'["{one}"]' for one in self.indexes[:1])


@dataclass(frozen=True)
class Asked:
    """`modules` lead to where the address holds; `rest` is the address, and what is asked of it."""

    modules: tuple[Named, ...]
    rest: tuple[Named, ...]

    @property
    def length(self) -> int:
        """How many names of the rest make the address."""
        return _LENGTHS.get(self.rest[0].name, 2) if self.rest else 0

    @property
    def address(self) -> str:
        """The address, module path included, without indexes."""
        return ".".join([*self.module_address, *(named.name for named in self.rest[: self.length])])

    @property
    def module_address(self) -> list[str]:
        return [part for module in self.modules for part in ("module", module.name)]

    def steps(self, after: int) -> list[Any]:
        """What stands behind so many names of the rest, as the steps of an expression."""
        found: list[Any] = []
        for at, named in enumerate(self.rest):
            if at >= after:
                found.append(named.name)
            if at >= after or (at == after - 1 and self.rest[0].name in ("var", "local", "output")):
                found.extend(["idx", ["lit", one]] for one in named.indexes)
        return found


def parse_asked(text: str) -> Asked:
    """The parts of what was written. Raises: SettingsError when it is no address."""
    names = list(_names(text.strip(), text))
    modules: list[Named] = []
    at = 0
    while at + 1 < len(names) and names[at].name == "module":
        modules.append(names[at + 1])
        at += 2
    if not names or (not modules and len(names) < 2):
        raise _wrong(text)
    return Asked(tuple(modules), tuple(names[at:]))


def _names(text: str, whole: str) -> Iterator[Named]:
    name, indexes, at = "", list[str | int](), 0
    while at < len(text):
        match = _STEP.match(text, at)
        if not match:
            raise _wrong(whole)
        if match["name"]:
            if name:
                yield Named(name, tuple(indexes))
            name, indexes = match["name"], []
        elif not name:
            raise _wrong(whole)
        else:
            indexes.append(_index(match))
        at = match.end()
        if at < len(text) and text[at] == "." and not re.match(r"\.\d+(?![\w-])", text[at:]):
            at += 1
            if at == len(text):
                raise _wrong(whole)
        elif at < len(text) and text[at] not in "[.":
            raise _wrong(whole)
    if name:
        yield Named(name, tuple(indexes))


def _index(match: re.Match[str]) -> str | int:
    if match["key"] is None:
        return int(match["number"] or match["at"])
    return str(json.loads(match["key"])) if match["key"].startswith('"') else match["key"][1:-1]


def _wrong(text: str) -> SettingsError:
    return SettingsError(
        f"{text!r} names no value: write an address and an attribute, such as aws_db_instance.main.instance_class, "
        'var.size, local.sizes["live"], module.vpc.cidr'
    )


def written(steps: Sequence[Any]) -> str:
    """Steps as the path of an attribute: `ingress[0].from_port`."""
    text = ""
    for step in steps:
        if isinstance(step, str):
            text += f".{step}" if text else step
        else:
            key = step[1][1]
            text += f"[{key}]" if isinstance(key, int) else f'["{key}"]'
    return text
