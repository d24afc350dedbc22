"""References and effective values over two real repositories: the part of `make bench-terraform` that needs a catalog.

References are compared with a text search without our parser: the address as a word, outside comments and outside
the plain text of strings. Values with `values.jsonl`: 40 questions that were worked out by hand before the evaluator could answer
them.
"""

from __future__ import annotations

import json
import posixpath
import random
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from api.owner import open_owner
from api.settings import Settings
from rag.catalog.symbols import StoredSymbol
from rag.records import Viewer
from rag.terraform.lookup import TerraformLookup
from rag.terraform.values import EffectiveValue, find_values

REPOSITORIES = ("cloud-platform-infrastructure", "terraform-aws-eks")
SAMPLED, SEED = 50, 11
QUESTIONS = Path(__file__).with_name("values.jsonl")
_KINDS = ("resource", "data", "variable", "local", "module", "output")


def looked_up(corpora: Path) -> None:
    """Prints both figures, and what differs."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "waypost.yaml"
        sources = [{"name": name, "type": "folder", "path": str(corpora / name)} for name in REPOSITORIES]
        config.write_text(yaml.safe_dump({"sources": sources}))
        settings = Settings(home=Path(folder) / "home", config=config, embedder="hashing-32")
        with open_owner(settings, "waypost sync") as owner:
            owner.sync((), lambda _: None, lambda: False)
            lookup = TerraformLookup(owner.catalog, Viewer())
            _references(lookup, corpora)
            _values(lookup)


def _references(lookup: TerraformLookup, corpora: Path) -> None:
    definitions = [one for kind in _KINDS for one in lookup.symbols(kind) if one.path.endswith(".tf")]
    found = expected = both = 0
    for one in random.Random(SEED).sample(definitions, SAMPLED):
        ours = {(r.path, r.line) for r in lookup.references_to(one) if r.path.endswith(".tf")}
        theirs = set(_searched(one, corpora / one.source))
        found, expected, both = found + len(ours), expected + len(theirs), both + len(ours & theirs)
        for place in sorted(ours ^ theirs):
            print(
                f"   {one.source}/{one.folder} {one.symbol.address}: {'only ours' if place in ours else 'missed'} {place}"
            )
    print(
        f"references of {SAMPLED} addresses: {found} found, {expected} by text search, "
        f"precision {both / max(1, found):.3f}, recall {both / max(1, expected):.3f}"
    )


def _searched(one: StoredSymbol, root: Path) -> Iterator[tuple[str, int]]:
    """Path and line of each place that names the address, by its text alone."""
    yield from _named(root, one.folder, one.symbol.address, one)
    if one.symbol.kind in ("variable", "output"):
        for file in sorted(root.rglob("*.tf")):
            text = file.read_text(errors="replace")
            folder = file.relative_to(root).parent.as_posix().removeprefix(".")
            for call in re.finditer(r'^module\s+"([^"]+)"\s*\{\n(.*?)^\}', text, re.M | re.S):
                source = re.search(r'^\s*source\s*=\s*"(\.{1,2}/?[^"]*)"', call[2], re.M)
                if not source or posixpath.normpath(posixpath.join(folder, source[1])).removeprefix(".") != one.folder:
                    continue
                if one.symbol.kind == "output":
                    yield from _named(root, folder, f"module.{call[1]}.{one.symbol.name}", None)
                elif argument := re.search(rf"^  {re.escape(one.symbol.name)}\s*=", call[2], re.M):
                    yield file.relative_to(root).as_posix(), text.count("\n", 0, call.start(2) + argument.start()) + 1


def _named(root: Path, folder: str, address: str, definition: StoredSymbol | None) -> Iterator[tuple[str, int]]:
    word = re.compile(rf"(?<![\w.-]){re.escape(address)}(?![\w-])")
    indexed = re.compile(r"\[[^\[\]]*\]")
    for file in sorted((root / folder).glob("*.tf")):
        for number, line in enumerate(_code(file.read_text(errors="replace")).split("\n"), start=1):
            if word.search(line) or word.search(indexed.sub("", line)):
                yield file.relative_to(root).as_posix(), number


_TOKEN = re.compile(
    r"(?P<comment>#[^\n]*|//[^\n]*|/\*.*?\*/)|(?P<heredoc><<-?(?P<mark>\w+)\n.*?\n[ \t]*(?P=mark)\b)|(?P<quote>\")",
    re.S,
)


def _code(text: str) -> str:
    """The text with comments, and what stands in strings and heredocs outside `${…}`, blanked."""
    out, at = [], 0
    while match := _TOKEN.search(text, at):
        out.append(text[at : match.start()])
        if match["quote"]:
            blanked, at = _string(text, match.end())
            out.append(" " + blanked)
            continue
        inner = match["heredoc"]
        out.append(_template(inner)[0] if inner else _blank(match[0]))
        at = match.end()
    return "".join([*out, text[at:]])


def _string(text: str, start: int) -> tuple[str, int]:
    """A string from behind its opening quote on, blanked, and where it ends."""
    blanked, length = _template(text[start:], quoted=True)
    return blanked, start + length


def _template(text: str, *, quoted: bool = False) -> tuple[str, int]:
    out, at = [], 0
    while at < len(text):
        if quoted and text[at] == '"':
            return "".join([*out, " "]), at + 1
        if text[at : at + 2] in ("${", "%{") and text[at - 1 : at] not in ("$", "%"):
            end, level = at + 2, 1
            while level and end < len(text):
                if text[end] == '"':
                    end = _string(text, end + 1)[1]
                    continue
                level += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
            out.append("  " + _code(text[at + 2 : end - 1]) + " ")
            at = end
        else:
            step = 2 if quoted and text[at] == "\\" else 1
            out.append(_blank(text[at : at + step]))
            at += step
    return "".join(out), at


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _values(lookup: TerraformLookup) -> None:
    right = wrong = 0
    for line in QUESTIONS.read_text().splitlines():
        asked = json.loads(line)
        found = find_values(lookup, asked["attribute"], asked["environment"], asked["source"], asked["folder"])
        values = [value for _, several in found for value in several if _is_asked(value, asked)]
        told = [value.value for value in values if value.known]
        if asked["known"]:
            good = bool(values) and len(told) == len(values) and all(_plain(v) == _plain(asked["value"]) for v in told)
        else:
            good = bool(values) and not told
        right += good
        wrong += bool(told) and not good
        if not good:
            why = values[0].why_not if values else "no value"
            print(f"   {asked['id']} {asked['attribute']}: expected {asked['value']}, found {told or why}")
    print(f"effective values: {right} of 40 right, {wrong} wrong, the others not known")


def _is_asked(value: EffectiveValue, asked: dict[str, str]) -> bool:
    calls = ".".join(call.split(": ")[1] for call in value.calls)
    outermost = re.sub(r"\[.*", "", value.calls[0]) if value.calls else ""
    return asked["call"] in ("", outermost) and asked.get("instance", "") in f"{calls}{value.instance}"


def _plain(value: object) -> object:
    """Lists of texts are compared without order: sets are among them."""
    return sorted(map(str, value)) if isinstance(value, list) else value
