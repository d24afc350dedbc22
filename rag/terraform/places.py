"""Where an expression stands, and the places that a value came through. `forms` and `evaluation` carry them along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rag.catalog.symbols import StoredSymbol
from rag.terraform.lookup import ModuleCall
from rag.terraform.records import Expression, SymbolAttribute

_MOST_STEPS = 40  # places that are named


@dataclass(frozen=True)
class Step:
    """One place that a value came through: what stands there, and where."""

    what: str
    source: str
    path: str
    line: int


@dataclass(frozen=True)
class Instance:
    """One of the several that `for_each` or `count` (`value` is None then) makes of a block; `made`, at `place`, makes them."""

    key: Any
    value: Any = None
    counted: bool = False
    made: Expression | None = None
    place: Place | None = None

    def __str__(self) -> str:
        return f"[{self.key}]" if self.counted else f'["{self.key}"]'


@dataclass(frozen=True)
class Called:
    """A call of a module, and which of its instances is meant; None where there is one alone, or where it can't be told."""

    call: ModuleCall
    instance: Instance | None = None


@dataclass(frozen=True)
class Place:
    """Where an expression stands: a module folder as reached through these calls, the outermost first, the instance of the block,
    and the names bound there. `file`: that Terragrunt file alone, for its names are no module's."""

    source: str
    folder: str
    calls: tuple[Called, ...] = ()
    instance: Instance | None = None
    bound: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""

    def caller(self) -> Place:
        """Where the last call stands."""
        last = self.calls[-1]
        at = last.call.call
        return Place(
            self.source, at.folder, self.calls[:-1], last.instance, file=at.path if last.call.terragrunt else ""
        )

    def bare(self) -> Place:
        """The same place for what is no part of a block: locals and variables."""
        return replace(self, instance=None, bound={})


@dataclass
class Trail:
    """The places so far, and how much was done."""

    steps: list[Step] = field(default_factory=list)
    depth: int = 0
    work: int = 0

    def add(self, what: str, at: StoredSymbol, line: int, file: str = "") -> None:
        step = Step(what, at.source, file or at.path, line)
        if (step.path, step.line) not in {(one.path, one.line) for one in self.steps} and len(self.steps) < _MOST_STEPS:
            self.steps.append(step)


@dataclass(frozen=True)
class Spot:
    """The attribute in which an expression stands, to name its lines."""

    at: StoredSymbol
    told: SymbolAttribute
