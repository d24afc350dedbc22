"""Whose each .tfvars file is: the environment that it stands for and the module folders, here stacks, that it is passed to.

Terraform loads `terraform.tfvars` and `*.auto.tfvars` of the folder in which it runs; every other file is passed by hand, and
only the layout tells to what. It is read off the whole source: a part of a path that names a folder that declares these variables
is the stack, one that is a usual environment's name, or that alternates where the rest stays, the environment. What a source says
itself (`rag.terraform.workspaces`) goes before. `rag.terraform.lookup` asks.

Rules: https://developer.hashicorp.com/terraform/language/values/variables#variable-definition-precedence
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from rag.environments import CANONICAL

WORDS = frozenset(CANONICAL) - {"manager", "preview"} | frozenset(
    "integration int ephemeral acceptance acc sit perf performance tst".split()
)
"""What environments are called; "manager" and "preview" are often something else."""
COMMON = frozenset("common global globals shared default defaults base all general".split())
"""What a file or folder is called that is for all environments, or for all stacks."""
_STRUCTURE = frozenset(
    "terraform tf infra infrastructure variables variable vars var tfvars config configs configuration conf env envs environment"
    " environments deployments stacks stack values inputs parameters params settings secrets src".split()
)
_ENDING = re.compile(r"\.tfvars(?:\.json)?$")
_AUTO, _LOADED = 2, 1  # *.auto.tfvars, terraform.tfvars
LOADED = frozenset({_AUTO, _LOADED})
"""The ranks of files that Terraform loads by itself."""
_SHARED, _HALF, _OWN = 3, 4, 5  # for all, for all of an environment or of a stack, for one stack in one environment


@dataclass(frozen=True)
class ValueFile:
    """A .tfvars file: its environment ("": all), its stacks, and whether that is sure; else it may be theirs. Of those that
    concern a stack the one of the highest `rank` counts."""

    path: str
    environment: str
    stacks: frozenset[str]
    sure: bool
    rank: int


class Layout:
    """The .tfvars files of one source. `files` are their paths with the variables that they set; `declared` the folders in which
    something is made, with the variables that they declare; `children` those of them that other modules call and that aren't run
    by themselves; `environments` are workspaces that code names."""

    def __init__(
        self, files: Mapping[str, frozenset[str]], declared: Mapping[str, frozenset[str]],
        children: Collection[str] = (), environments: Collection[str] = (),
    ) -> None:  # fmt: skip
        self._files = files
        self._declared = declared
        self._roots = {folder: names for folder, names in declared.items() if folder not in children}
        self._words = WORDS | {name.lower() for name in environments}

    @cached_property
    def files(self) -> dict[str, ValueFile]:
        """Each file, by its path."""
        return {path: self._placed(path) for path in self._files}

    @property
    def folders(self) -> Collection[str]:
        """The folders that are run or called."""
        return self._declared.keys()

    def _placed(self, path: str) -> ValueFile:
        folder, name = posixpath.split(path)
        automatic = _automatic(name)
        if folder in self._declared:
            environment, sure = ("", True) if automatic else self._beside_code(path)
            return ValueFile(path, environment, frozenset({folder}), sure, automatic or _rank(environment, one=True))
        parts = [*filter(None, folder.split("/")), *_stem(name)]
        at, stacks = self._stacks(path, parts)
        environment = self._environment(path, parts, at, bool(stacks))
        if stacks:
            return ValueFile(path, environment, stacks, len(stacks) == 1, _rank(environment, one=True))
        if COMMON & {part.lower() for part in parts}:
            return ValueFile(path, environment, self._declaring(path), True, _rank(environment, one=False))
        fitting = self._declaring(path, whole=True) or self._declaring(path)
        sure = len(fitting) == 1 and self._declaring(path, whole=True) == fitting
        return ValueFile(path, environment, fitting, sure, _rank(environment, one=True))

    def _beside_code(self, path: str) -> tuple[str, bool]:
        """The environment of a file that lies with the code, and whether that is sure."""
        words = _stem(posixpath.basename(path))
        if (word := next((one for one in words if one.lower() in self._words), "")) or (
            word := next(filter(None, map(self._within, words)), "")
        ):
            return word, True
        if COMMON & {one.lower() for one in words}:
            return "", True
        return (words[0], True) if words and self._alternates(path) else ("", False)

    def _alternates(self, path: str) -> bool:
        """Whether a file beside this one sets at least half of what it sets, as environments' do: `blue`, `green`."""
        folder, own = posixpath.dirname(path), self._files[path]
        beside = [one for one in self._files if posixpath.dirname(one) == folder and one != path]
        beside = [one for one in beside if not _automatic(posixpath.basename(one)) and not COMMON & set(_words_of(one))]
        return any(own and 2 * len(own & self._files[one]) >= len(own) for one in beside)

    # -- the stack ----------------------------------------------------------------------------------------------------

    def _stacks(self, path: str, parts: list[str]) -> tuple[frozenset[int], frozenset[str]]:
        """Which parts name the stack, and its folder; several that are named as well as one another."""
        names, variables = _positions(parts, self._words), self._files[path]
        best: dict[tuple[bool, bool, bool, int, int, int], list[tuple[frozenset[int], str]]] = {}
        for folder, declared in self._roots.items():
            steps = folder.split("/")
            above = not folder or path.startswith(f"{folder}/")
            at = len(steps) - 1 if folder and above else -1 if above else names.get(steps[-1], -1)
            common = bool(COMMON & set(_words_of(path)))
            lacks = bool(variables) and not variables & declared
            if (at < 0 and not above) or (lacks and (above or common)) or (not folder and common):
                continue
            used = frozenset(range(len(steps) if folder else 0)) if above else _used(steps, parts, at)
            a_word = bool(folder) and steps[-1].lower() in self._words and not above
            near = len(posixpath.commonpath([posixpath.dirname(path), folder]).split("/")) if folder else 0
            best.setdefault((not lacks, variables <= declared, not a_word, at, len(used), near), []).append(
                (used, folder)
            )
        if not best:
            return frozenset(), frozenset()
        found = best[max(best)]
        return found[0][0], frozenset(folder for _, folder in found)

    def _declaring(self, path: str, *, whole: bool = False) -> frozenset[str]:
        """The stacks that declare what a file sets: any of it, or (`whole`) all."""
        own = self._files[path]
        return frozenset(
            folder for folder, declared in self._roots.items() if own and (own <= declared if whole else own & declared)
        )

    # -- the environment ----------------------------------------------------------------------------------------------

    def _environment(self, path: str, parts: list[str], used: frozenset[int], placed: bool) -> str:
        """The part that is an environment, those that name the stack apart; "" where none is."""
        rest = [(at, part) for at, part in enumerate(parts) if at not in used]
        if exact := [part for _, part in rest if part.lower() in self._words]:
            return exact[-1]
        stem = len(parts) - 1
        within = [(at, self._within(part)) for at, part in enumerate(parts) if part.lower() not in self._stack_names]
        if within := [(at, name) for at, name in within if name and (at == stem or self._repeats(path, at, parts))]:
            return within[-1][1]
        if exact := [
            part for part in parts[:-1] if part.lower() in self._words
        ]:  # above a stack of the environment's own
            return exact[-1]
        if any(part.lower() in COMMON for _, part in rest):
            return ""
        named = [at for at, part in rest if part.lower() not in _STRUCTURE and self._repeats(path, at, parts)]
        if not named and placed and stem not in used and _stem(posixpath.basename(path)):
            return parts[stem] if parts[stem].lower() not in _STRUCTURE else ""
        return parts[named[-1]] if named else ""

    def _within(self, part: str) -> str:
        """The usual name of an environment within a longer one, where the rest names a stack (`rds-prod`) or says nothing
        (`dev_config`), else the whole of a name that has one (`acme-prod`, `prod-eu`); "" without any."""
        words = re.split(r"[-_]", part.lower())
        found = [word for word in words if word in self._words or re.sub(r"\d+$", "", word) in self._words]
        if not found:
            return ""
        rest = "-".join(word for word in words if word != found[-1])
        return found[-1] if rest in self._stack_names | _STRUCTURE else part

    @cached_property
    def _stack_names(self) -> set[str]:
        return {posixpath.basename(folder).lower().replace("_", "-") for folder in self._roots if folder}

    def _repeats(self, path: str, at: int, parts: list[str]) -> bool:
        """Whether a folder of this path has others beside it with a file of the same name (`blue/rds`, `green/rds`),
        or a file others that set the same."""
        folders = [*filter(None, posixpath.dirname(path).split("/"))]
        if at >= len(folders):
            return self._alternates(path)
        before, behind = "/".join(folders[:at]), path.split("/", at + 1)[-1]
        like = [one for one in self._files if one != path and one.split("/", at + 1)[-1] == behind]
        return any("/".join(one.split("/")[:at]) == before and one.count("/") == path.count("/") for one in like)


def _rank(environment: str, *, one: bool) -> int:
    return {0: _SHARED, 1: _HALF, 2: _OWN}[bool(environment) + one]


def _automatic(name: str) -> int:
    """The rank of what Terraform loads by itself where it runs; 0 for other names."""
    if name in ("terraform.tfvars", "terraform.tfvars.json"):
        return _LOADED
    return _AUTO if ".auto." in name else 0


def _stem(name: str) -> list[str]:
    """The words of a file's name that may say something."""
    return [word for word in _ENDING.sub("", name).split(".") if word and word not in ("terraform", "auto")]


def named_after(path: str) -> str:
    """The first word of a file's name; "" where that says nothing."""
    return next(iter(_stem(posixpath.basename(path))), "")


def _words_of(path: str) -> list[str]:
    return [word.lower() for word in _stem(posixpath.basename(path))]


def _positions(parts: list[str], words: Collection[str]) -> dict[str, int]:
    """The last part at which each name stands, an environment's word in it left out (`rds-prod`)."""
    found: dict[str, int] = {}
    for at, part in enumerate(parts):
        found[part] = at
        for separator in "-_":
            kept = [word for word in part.split(separator) if word.lower() not in words]
            if kept and len(kept) < len(part.split(separator)):
                found.setdefault(separator.join(kept), at)
    return found


def _used(steps: list[str], parts: list[str], at: int) -> frozenset[int]:
    """The parts that are steps of a folder's path, as far as they follow one another up from its name."""
    used = [at]
    for step in reversed(steps[:-1]):
        if used[-1] == 0 or parts[used[-1] - 1] != step:
            break
        used.append(used[-1] - 1)
    return frozenset(used)


def values_of(symbols: Iterator[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Names by path or folder."""
    found: dict[str, set[str]] = {}
    for path, name in symbols:
        found.setdefault(path, set()).add(name)
    return {path: frozenset(names) for path, names in found.items()}
