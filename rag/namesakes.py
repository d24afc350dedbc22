"""Documents that bear the name of one thing among several of a kind: `clusters/acme/values.yaml`, `projects/acme.tfvars`.

An organisation with ten clusters or customers keeps a folder or a file of settings for each, called by its name: siblings that
are alike. A question that names one wants what stands in its documents, which seldom say the name again. `rag.ask` looks there
besides, and knows by the same names which one a question may have meant that is none of them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from difflib import get_close_matches

from rag.answers.judging.wording import EVERYDAY, near
from rag.environments import CANONICAL
from rag.indexes.tokens import STOP_WORDS
from rag.terraform.standings import plain

_SIBLINGS = 3  # files or folders that are alike, from which on they are several of a kind
_SETTINGS = frozenset("tf tfvars hcl yaml yml json jsonnet toml ini cfg conf env properties".split())
_PARTS = frozenset({"tf"})  # files of one folder that are parts of one thing, whatever they are called
_ALIKE = 0.75  # how like a name another is that may have been meant
_TOLD = 5  # names that are told in the place of one that isn't there
KINDS = (
    r"(?:clusters?|environments?|env|accounts?|workspaces?|hubs?|instances?|sites?|regions?|tenants?|customers?|namespaces?|"
    r"projects?|services?|deployments?|databases?|stacks?)"
)
WRITTEN = re.compile(r"(?<![\w./@:=-])[a-z0-9]+(?:[-_][a-z0-9]+)*(?![\w/@:=-]|\.\w)", re.I)
_BEFORE = re.compile(
    rf"(?:\b(?:in|on|of|for|at|from|to|than|with|compare|and|or|versus|vs|{KINDS})(?:\s+(?:the|our))?|"
    r"\b(?:does|do|is|are|has|have))\s+$",
    re.I,
)
_KIND = re.compile(KINDS)
_BEHIND = re.compile(rf"^(?:['’]s)?\s+{KINDS}\b", re.I)


class Namesakes:
    """The names of things of which there are several alike, with the documents that bear them: (source, path) of those that one
    viewer may read."""

    def __init__(self, paths: Iterable[tuple[str, str]]) -> None:
        files: dict[tuple[str, str, str], set[str]] = {}
        folders: dict[tuple[str, str, str], set[str]] = {}
        for source, path in paths:
            folder, file = posixpath.split(path)
            stem, _, suffix = file.partition(".")
            last = suffix.rpartition(".")[2]
            if last not in _SETTINGS or any(part.startswith(".") for part in folder.split("/")):
                continue
            if last not in _PARTS:
                files.setdefault((source, folder, suffix), set()).add(stem)
            above, name = posixpath.split(folder)
            folders.setdefault((source, above, file), set()).add(name)
        several = [names for names in (*files.values(), *folders.values()) if len(names) >= _SIBLINGS]
        self.names = {plain(name): name for names in several for name in sorted(names) if _is_name(name)}
        self._beside: dict[str, set[str]] = {}
        for names in several:
            for name in filter(_is_name, names):
                self._beside.setdefault(name, set()).update(names)

    def named(self, question: str) -> tuple[str, ...]:
        """The names that a question has, as the documents write them: a plain word only where one stands."""
        found = dict.fromkeys(
            self.names[plain(match[0])]
            for match in WRITTEN.finditer(question)
            if plain(match[0]) in self.names and (is_marked(match[0]) or _is_placed(match, question))
        )
        return tuple(found)

    def beside(self, names: Iterable[str]) -> frozenset[str]:
        """The other names of what there is of the same kind as some of these."""
        own = set(names)
        return frozenset(other for name in own for other in self._beside.get(name, ())) - own

    def meant(self, name: str) -> str:
        """The name of which another is one slip away; "" for none, or several."""
        slips = [real for other, real in self.names.items() if near(plain(name), other)]
        return slips[0] if len(slips) == 1 else ""

    def like(self, name: str) -> tuple[str, ...]:
        """The names that are like another, or begin as it does."""
        own = plain(name)
        first = own.split("-")[0]
        close = get_close_matches(own, self.names, _TOLD, _ALIKE)
        beginning = (other for other in sorted(self.names) if other.split("-")[0] == first)
        return tuple(self.names[one] for one in dict.fromkeys((*close, *beginning)))[:_TOLD]


def own_paths(name: str) -> tuple[str, ...]:
    """Globs of the documents that bear a name."""
    return f"**/{name}/**", f"**/{name}.*"


def bears(name: str, path: str) -> bool:
    """Whether a document bears a name: its own without what follows the first dot, or that of a folder above it."""
    folder, file = posixpath.split(path)
    stem, _, suffix = file.partition(".")
    return name in folder.split("/") or (name == stem and suffix not in _PARTS)


def is_marked(name: str) -> bool:
    """Whether something is written as no word is: joined, or with digits."""
    return "-" in name or "_" in name or any(letter.isdigit() for letter in name)


def _is_name(name: str) -> bool:
    word = plain(name)
    return len(word) > 2 and word not in EVERYDAY | STOP_WORDS and word not in CANONICAL and not _KIND.fullmatch(word)


def _is_placed(match: re.Match[str], question: str) -> bool:
    return bool(_BEFORE.search(question[: match.start()]) or _BEHIND.match(question[match.end() :]))
