"""Where the names in an expression lead: through locals, variables, calls of modules, resources and Terragrunt's units.

Every place that a value comes through is noted in a `Trail`. `rag.terraform.values` asks; nothing here guesses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from rag.catalog.symbols import StoredSymbol
from rag.terraform import terragrunt
from rag.terraform.forms import SPLAT, Forms
from rag.terraform.functions import settled
from rag.terraform.lookup import TerraformLookup
from rag.terraform.places import Called, Instance, Place, Spot, Trail
from rag.terraform.records import Expression, SymbolAttribute
from rag.terraform.tfvars import LOADED, ValueFile, named_after
from rag.terraform.types import converted
from rag.terraform.unknown import DIFFERS, AbsentError, CannotTellError

_INDEX = re.compile(r"\[\d+\]")


class Evaluation(Forms):
    """Evaluates over one lookup. `environment` picks .tfvars files, folders and the workspace; "": none is given."""

    def __init__(self, lookup: TerraformLookup, environment: str = "") -> None:
        self._lookup = lookup
        self._environment = environment

    def instances(self, found: StoredSymbol, place: Place, trail: Trail) -> list[Instance | None]:
        """The instances that `count` or `for_each` makes of a block, by key; [None] for a block that stands for itself or for an
        unknown number."""
        if told := found.symbol.attribute("count"):
            number = self._quietly(told, place, trail)
            whole = isinstance(number, int) and not isinstance(number, bool)
            return [Instance(at, counted=True) for at in range(min(number, 1000))] if whole else [None]
        if told := found.symbol.attribute("for_each"):
            each = self._quietly(told, place, trail)
            if isinstance(each, dict):
                return [Instance(key, each[key], made=told.expression, place=place) for key in sorted(each)]
            if isinstance(each, list) and settled(each):
                return [Instance(item, item) for item in each]
        return [None]

    def _quietly(self, told: SymbolAttribute, place: Place, trail: Trail) -> Any:
        """The value of a meta-argument, its places not named; None when it can't be told."""
        inner = Trail(depth=trail.depth, work=trail.work)
        try:
            return self.evaluate(told.expression, place, inner)
        except CannotTellError:
            return None
        finally:
            trail.work = inner.work

    # -- references ---------------------------------------------------------------------------------------------------

    def _reference(self, steps: Sequence[Any], place: Place, trail: Trail) -> Any:  # noqa: PLR0911  # one line a root
        root, *rest = steps
        if root in place.bound:
            return self._into(place.bound[root], rest, place, trail)
        if root in ("each", "count"):
            return self._of_instance(root, rest, place, trail)
        match steps:
            case ["var", str(name), *inner] if not place.file:
                return self._into(self._variable(name, place, trail, inner), inner, place, trail)
            case ["local", str(name), *inner]:
                return self._named(f"local.{name}", "value", inner, place.bare(), trail)
            case ["module", str(name), *inner] if not place.file:
                return self._output(name, inner, place, trail)
            case ["terraform", "workspace"]:
                return self._workspace(place)
            case ["path", "module" | "root" | "cwd"] | ["terraform" | "self", *_]:
                raise CannotTellError(f"it depends on {root}")
            case ["data", str(type_), str(name), *inner] if inner and not place.file:
                return self._data(f"data.{type_}.{name}", inner, place, trail)
            case ["include", str(name), *inner] if place.file:
                return self._included(name, inner, place, trail)
            case ["dependency", str(name), *_] if place.file:
                raise CannotTellError(f"dependency.{name} is known after apply")
            case [str(type_), str(name), *inner] if inner and not place.file:
                return self._resource(f"{type_}.{name}", inner, place, trail)
        raise CannotTellError(f"{'.'.join(str(step) for step in steps)} is known after apply")

    def _of_instance(self, root: str, rest: Sequence[Any], place: Place, trail: Trail) -> Any:
        instance = place.instance
        if instance is None or instance.counted != (root == "count"):
            raise CannotTellError(f"it depends on {root}")
        if rest[:1] in (["key"], ["index"]):
            return instance.key
        if instance.made and instance.place:  # so that the entry's own line is named
            before = len(trail.steps)
            try:
                return self._descend(instance.made, [[instance.key], *rest[1:]], instance.place, trail)
            except CannotTellError:
                del trail.steps[before:]
        return self._into(instance.value, rest[1:], place, trail)

    def _workspace(self, place: Place) -> str:
        """The environment, unless that is the name of a folder: then the workspace is another matter."""
        root = place.calls[0].call.call.folder if place.calls else place.folder
        if not self._environment:
            raise CannotTellError(f"it depends on the workspace; {DIFFERS}")
        if name := self._lookup.passed.workspace(place.source, root, self._environment):
            return name
        if self._environment in PurePosixPath(root).parts and not self._lookup.is_workspace(self._environment):
            raise CannotTellError("it depends on the workspace, which the folder does not tell")
        return self._environment

    def _named(self, address: str, attribute: str, rest: Sequence[Any], place: Place, trail: Trail) -> Any:
        """What lies in an attribute of a symbol of the same folder."""
        found = self._lookup.at(place.source, place.folder, address, file=place.file)
        told = found.symbol.attribute(attribute) if found else None
        if found is None or told is None:
            raise CannotTellError(
                f"{address}.{attribute} is known after apply" if found else f"{address} is not defined here"
            )
        trail.add(address if attribute == "value" else f"{address}.{attribute}", found, told.start, told.file)
        return self._descend(told.expression, rest, place, trail, Spot(found, told))

    def _resource(self, address: str, steps: Sequence[Any], place: Place, trail: Trail) -> Any:
        """An attribute of a resource or data source as it is set: of it, of one of its instances, or of all of them."""
        place = place.bare()
        found = self._lookup.at(place.source, place.folder, address)
        if found is None:
            raise CannotTellError(f"{address} is not defined here")

        def told(one: Instance | None, rest: Sequence[Any]) -> Any:
            return self._set(found, rest, replace(place, instance=one), trail)

        return self._of_instances(found, steps, place, trail, told)

    def _of_instances(
        self, found: StoredSymbol, steps: Sequence[Any], place: Place, trail: Trail,
        told: Callable[[Instance | None, Sequence[Any]], Any],
    ) -> Any:  # fmt: skip
        """What a block tells, or, as the first step says, what one of its instances does, or each."""
        first, rest = steps[0], steps[1:]
        if not (found.symbol.attribute("count") or found.symbol.attribute("for_each")):
            return [told(None, rest)] if first == SPLAT else told(None, steps)
        address, instances = found.symbol.address, self.instances(found, place, trail)
        if None in instances:
            raise CannotTellError(f"how many of {address} there are is not known")
        if first == SPLAT:
            return [told(one, rest) for one in instances]
        if not isinstance(first, list):
            raise CannotTellError(f"{address} is one for each of several")
        for one in instances:
            if one and (one.key == first[0] or (one.counted and str(one.key) == str(first[0]))):
                return told(one, rest)
        raise AbsentError(f"there is no {address}[{first[0]!r}]")

    def _data(self, address: str, steps: Sequence[Any], place: Place, trail: Trail) -> Any:
        """What is asked of a data source is known where it is an argument of it, and read from outside else."""
        try:
            return self._resource(address, steps, place, trail)
        except CannotTellError as error:
            outside = str(error).endswith(("known after apply", "not defined here"))
            raise CannotTellError(f"{address} is read from outside" if outside else str(error)) from error

    def _set(self, found: StoredSymbol, steps: Sequence[Any], place: Place, trail: Trail) -> Any:
        address = found.symbol.address
        told, steps = _attribute_at(found, steps)
        if told is None:
            raise CannotTellError(
                f"{'.'.join([address, *(s for s in steps[:1] if isinstance(s, str))])} is known after apply"
            )
        refuse_ignored(found, told.path)
        trail.add(f"{address}.{told.path}", found, told.start, told.file)
        return self._descend(told.expression, steps, place, trail, Spot(found, told))

    def _output(self, name: str, steps: Sequence[Any], place: Place, trail: Trail) -> Any:
        """The output of a local module that this folder calls: of the one, of one instance, or of each."""
        place = place.bare()
        call = next((c for c in self._lookup.calls_in(place.source, place.folder) if c.call.symbol.name == name), None)
        if call is None or call.folder is None or not steps:
            why = "not in these repositories" if call else "not called here"
            raise CannotTellError(f"module.{name} is {why}")

        def told(one: Instance | None, rest: Sequence[Any]) -> Any:
            return self._output_of(Called(call, one), rest, place, trail)

        return self._of_instances(call.call, steps, place, trail, told)

    def _output_of(self, called: Called, steps: Sequence[Any], place: Place, trail: Trail) -> Any:
        call = called.call
        if not steps or not isinstance(steps[0], str):
            raise CannotTellError(f"all of module.{call.call.symbol.name} is known after apply")
        inner = Place(place.source, call.folder or "", (*place.calls, called))
        found = self._lookup.at(inner.source, inner.folder, f"output.{steps[0]}")
        if found is None:
            raise CannotTellError(f"module.{call.call.symbol.name} has no output {steps[0]}")
        if found.symbol.sensitive:
            raise CannotTellError(f"the output {steps[0]} is sensitive")
        return self._named(f"output.{steps[0]}", "value", steps[1:], inner, trail)

    # -- variables ----------------------------------------------------------------------------------------------------

    def _variable(self, name: str, place: Place, trail: Trail, inner: Sequence[Any] = ()) -> Any:
        """What a variable is given, by the call of its module, by .tfvars, or by its default, as its type takes it. `inner`
        are the steps into it, whose lines are named."""
        place = place.bare()
        found = self._lookup.at(place.source, place.folder, f"var.{name}", kind="variable")
        if found is None:
            raise CannotTellError(f"var.{name} is not declared here")
        if found.symbol.sensitive:
            raise CannotTellError(f"var.{name} is sensitive")
        value = self._given(name, found, place, trail, inner)
        nullable = found.symbol.attribute("nullable")
        if value is None and nullable and nullable.expression == ["lit", False]:
            value = self._default(name, found, place, trail)
        constraint = found.symbol.attribute("type")
        if constraint is None:
            return value
        return converted(value, constraint.expression, lambda default: self.evaluate(default, place, trail))

    def _given(self, name: str, found: StoredSymbol, place: Place, trail: Trail, inner: Sequence[Any]) -> Any:
        if place.calls and place.calls[-1].call.terragrunt:
            value = self._input(name, place.caller(), trail, inner)
            return self._default(name, found, place, trail) if value is _NOTHING else value
        if place.calls:
            call = place.calls[-1].call.call
            argument = call.symbol.attribute(name)
            if argument is None:
                return self._default(name, found, place, trail)
            trail.add(f"{call.symbol.address}, argument {name}", call, argument.start, argument.file)
            _note(argument, inner, call, trail)
            return self.evaluate(argument.expression, place.caller(), trail)
        line, rank = self._value_file(name, place)
        unread = self._unread(place, rank)
        if unread and not (line and line.path in unread):
            raise CannotTellError(
                f"var.{name} may be given in {PurePosixPath(unread[0]).name}, which can't be read here"
            )
        if line is None:
            return self._default(name, found, place, trail)
        attribute = line.symbol.attributes[0]
        trail.add(f"var.{name} in {PurePosixPath(line.path).name}", line, attribute.start)
        _note(attribute, inner, line, trail)
        return self.evaluate(attribute.expression, place, trail)

    def given(self, name: str, place: Place) -> StoredSymbol | None:
        """The .tfvars line that counts for a variable of a folder; None where none does, or it can't be told."""
        try:
            return self._value_file(name, place)[0]
        except CannotTellError:
            return None

    def _unread(self, place: Place, rank: int) -> list[str]:
        """The .tfvars files of the folder that can't be read, or not all of them, and count as much as this rank or more."""
        files = self._lookup.unread_values(place.source, place.folder)
        if rank in LOADED and not self._environment:
            files = [file for file in files if file.rank in LOADED]
        return [file.path for file in files if (file.rank if self._concerns(file) else 0) >= rank]

    def _default(self, name: str, found: StoredSymbol, place: Place, trail: Trail) -> Any:
        default = found.symbol.attribute("default")
        if default is None:
            raise CannotTellError(f"var.{name} is given from outside")
        trail.add(f"var.{name}, default", found, default.start, default.file)
        return self.evaluate(default.expression, place, trail)

    def _value_file(self, name: str, place: Place) -> tuple[StoredSymbol | None, int]:
        """The .tfvars line that counts, and the rank of its file: what is passed for the environment before what Terraform loads
        by itself.

        Raises: CannotTellError when only other environments' files give it, or several, or one of which it isn't sure.
        """
        given = self._lookup.values_given(place.source, place.folder, f"var.{name}")
        self._refuse_absent(name, [file for _, file in given], place)
        mine = [(line, file) for line, file in given if self._concerns(file)]
        best = max((file.rank for _, file in mine if file.sure), default=0)
        loaded = best in LOADED and not self._environment  # without an environment nothing is passed by hand
        others = [file for _, file in given if not self._concerns(file)]
        if others and not self._environment and not loaded and best < max(file.rank for file in others):
            raise CannotTellError(f"var.{name} differs by environment; {DIFFERS}")
        self._refuse_unsure(name, mine, best, place)
        last = [line for line, file in mine if file.sure and file.rank == best]
        if len(last) > 1 and len({repr(line.symbol.attributes[0].expression) for line in last}) > 1:
            raise CannotTellError(f"var.{name} is given in several files: {', '.join(line.path for line in last)}")
        return (last[-1] if last else None), best

    def _concerns(self, file: ValueFile) -> bool:
        return file.environment in ("", self._environment)

    def _refuse_absent(self, name: str, files: Sequence[ValueFile], place: Place) -> None:
        """Raises: CannotTellError when a folder has environments of its own, and not this one."""
        there = self._lookup.passed.environments(place.source, place.folder)
        if there:
            there |= {named_after(file.path) for file in self._lookup.unread_values(place.source, place.folder)}
        there |= {file.environment for file in files if file.environment == self._environment}  # common ones of it
        if self._environment and there and self._environment not in there and any(file.environment for file in files):
            told = ", ".join(sorted(there))
            raise CannotTellError(f"var.{name} is given for {told}, and {place.folder} has no {self._environment}")

    def _refuse_unsure(
        self, name: str, mine: Sequence[tuple[StoredSymbol, ValueFile]], rank: int, place: Place
    ) -> None:
        """Raises: CannotTellError when a file may give the variable of which nothing tells whether it is passed here, or that
        isn't here."""
        if rank in LOADED and not self._environment:
            return
        for line, file in mine:
            if not file.sure and file.rank >= rank:
                where = f"{line.path} line {line.symbol.start}"
                raise CannotTellError(
                    f"var.{name} may be given in {where}: nothing tells to which folder that is passed"
                )
        here = self._lookup.passed.files
        for file in self._lookup.passed.to(place.source, place.folder):
            missing = not file.sure and (place.source, file.path) not in here
            if missing and self._concerns(file) and file.rank >= rank:
                raise CannotTellError(f"var.{name} may be given in {file.path}, which is not in these repositories")

    # -- Terragrunt ---------------------------------------------------------------------------------------------------

    def _input(self, name: str, place: Place, trail: Trail, inner: Sequence[Any]) -> Any:
        """What a Terragrunt unit, or what it includes, gives to a variable; `_NOTHING` when none does. `inner` are the steps into
        it, whose lines are named."""
        files = [place, *(replace(place, file=path) for path in self._includes(place, trail))]
        for at in files:
            found = self._lookup.at(at.source, at.folder, "inputs", file=at.file)
            told = found.symbol.attribute("value") if found else None
            if found is None or told is None:
                continue
            before = len(trail.steps)
            try:
                entry = _entry(told.expression, name)
                trail.add(f"input {name}", found, entry[2] if entry else told.start)
                if entry:
                    _note(replace(told, expression=entry[1]), inner, found, trail)
                return self._descend(told.expression, [name], at, trail, Spot(found, told))
            except AbsentError:
                del trail.steps[before:]
        return _NOTHING

    def _includes(self, place: Place, trail: Trail, name: str | None = None) -> Iterator[str]:
        """The path of the file that each include names, or that of this name."""
        for found in self._lookup.includes(place.source, place.file):
            told = found.symbol.attribute("path")
            if told and name in (None, found.symbol.name):
                yield str(self.evaluate(told.expression, place, trail))

    def _included(self, name: str, steps: Sequence[Any], place: Place, trail: Trail) -> Any:
        for path in self._includes(place, trail, name):
            return self._into(terragrunt.Config(path), steps, place, trail)
        raise CannotTellError(f"include.{name} is not defined here")

    def _foreign(self, name: str, place: Place) -> Callable[..., Any] | None:
        function = terragrunt.FUNCTIONS.get(name) if place.file else None
        return function and partial(function, self._lookup, place.source, place.folder, place.file)

    def _in_config(self, config: terragrunt.Config, steps: Sequence[Any], place: Place, trail: Trail) -> Any:
        """`.locals.x` or `.inputs.x` of a Terragrunt file that was read or included."""
        at = replace(place.bare(), file=config.path)
        match steps:
            case ["locals", str(name), *rest]:
                return self._named(f"local.{name}", "value", rest, at, trail)
            case ["inputs", *rest]:
                return self._named("inputs", "value", rest, at, trail)
        raise CannotTellError(f"all of {config.path} is not told")


_NOTHING = object()  # what an input is that nobody gives


def refuse_ignored(found: StoredSymbol, attribute: str) -> None:
    """Raises: CannotTellError for an attribute whose changes the resource's lifecycle ignores: others set it."""
    ignored = found.symbol.attribute("lifecycle.ignore_changes")
    if ignored is None:
        return
    listed = ignored.expression[1] if ignored.expression[0] == "list" else [ignored.expression]
    for one in listed:
        name = ".".join(s for s in one[1] if isinstance(s, str)) if one[0] == "ref" else str(one[1])
        if name == "all" or f"{_INDEX.sub('', attribute)}.".startswith(f"{name}."):
            raise CannotTellError(f"lifecycle.ignore_changes names {name}: what is set elsewhere stays")


def _note(told: SymbolAttribute, steps: Sequence[Any], at: StoredSymbol, trail: Trail) -> None:
    """Names the lines of the entries that steps lead through, as far as objects are written out."""
    expression = told.expression
    for step in steps:
        key = step[0] if isinstance(step, list) else step
        entry = _entry(expression, key)
        if entry is None:
            return
        trail.add(str(key), at, entry[2], told.file)
        expression = entry[1]


def _entry(expression: Expression, key: Any) -> Sequence[Any] | None:
    """The key, value and line of an entry of an object that is written out."""
    entries = expression[1] if expression[0] == "obj" else ()
    return next((one for one in reversed(entries) if one[0] == ["lit", key]), None)


def _attribute_at(found: StoredSymbol, steps: Sequence[Any]) -> tuple[SymbolAttribute | None, Sequence[Any]]:
    """The attribute that steps lead to, in a nested block if need be (`ebs_options[0].volume_size`), and what steps are left."""
    match steps:
        case [str(block), [int(at)], str(name), *rest]:
            single = found.symbol.attribute(f"{block}.{name}") if at == 0 else None
            told = found.symbol.attribute(f"{block}[{at}].{name}") or single
            if told:
                return told, rest
    if steps and isinstance(steps[0], str):
        return found.symbol.attribute(steps[0]), steps[1:]
    return None, steps
