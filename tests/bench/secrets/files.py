"""Plants the kinds' secrets in files of every language: 2,000 in 500 files, always the same ones.

`corpus()` is what __main__.py measures on. A kind waits in a queue for the next file whose language has one of its shapes,
so that all kinds come about equally often.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from tests.bench.secrets.fields import SECRET, expand
from tests.bench.secrets.kinds import GENERIC, KINDS, STRUCTURED, Kind
from tests.bench.secrets.syntax import LANGUAGES, Language

SEED = 20260101
NAMED = ("bare", "named", "block")  # the shapes whose formats are `name=text`


@dataclass(frozen=True)
class Secret:
    """A planted secret: the pieces whose bytes must not survive, and the lines (from 1) they stand on."""

    kind: Kind
    values: tuple[str, ...]
    lines: tuple[int, ...]

    def survives(self, text: str) -> bool:
        """Whether two thirds of a piece (no less than 8 characters) are left in one run: a prefix or the last four may stay."""
        return any(run in text for value in self.values for run in runs(value))


@dataclass(frozen=True)
class File:
    path: str
    text: str
    secrets: tuple[Secret, ...]


Chunk: TypeAlias = tuple[Kind | None, list[str]]  # None: innocent lines


def runs(value: str) -> Iterator[str]:
    length = min(len(value), max(8, -(-2 * len(value) // 3)))
    return (value[at : at + length] for at in range(len(value) - length + 1))


def fill(template: str, number: int, key: str = "", text: str = "") -> str:
    """A template with the text and its name in it; several lines are indented as the place is."""
    words = key.split("_")
    names = {
        "key": key,
        "KEY": key.upper(),
        "kebab": "-".join(words),
        "camel": words[0] + "".join(map(str.title, words[1:])),
    }
    for name, value in {**names, "n": str(number)}.items():
        template = template.replace(f"{{{name}}}", value)
    template = template.replace("{escaped}", json.dumps(text, ensure_ascii=False)[1:-1]).replace(
        "{xml}", html.escape(text, quote=False)
    )
    margin = re.search(r"^( *)\{value\}", template, re.MULTILINE)
    return template.replace("{value}", text.replace("\n", "\n" + margin[1]) if margin else text)


def plants(rng: Random, kind: Kind, language: Language, number: int) -> list[str]:
    """One text for each credential of a format, most often one, as it stands in a file, with `«…»` still in it."""
    shape = rng.choice([shape for shape in kind.formats if templates(language, shape)])
    form, template = rng.choice(kind.formats[shape]), rng.choice(templates(language, shape))
    if shape not in NAMED:
        return [expand(rng, fill(template, number, "config", expand(rng, form)))]
    pairs = [entry.split("=", 1) for entry in form.split("\n")]
    texts = [(key, expand(rng, text)) for key, text in pairs]
    return [
        expand(rng, fill(template, number + at, key, text if "«" in text else f"«{text}»"))
        for at, (key, text) in enumerate(texts)
    ]


def templates(language: Language, shape: str) -> Sequence[str]:
    own = language.shapes.get(shape, ())
    return [*own, *language.shapes.get("named", ())] if shape == "bare" else own


def next_kind(rng: Random, queue: list[Kind], language: Language, room: int) -> Kind:
    """The kind waiting longest that fits the language and the room left, or any that does when none waits."""

    def fits(kind: Kind) -> bool:
        return any(templates(language, shape) for shape in kind.formats) and (
            room > 1 or "\n" not in "".join(kind.formats.get("named", ()))
        )

    if len(queue) < 2 * len(KINDS):
        queue.extend(rng.sample(deck := 2 * STRUCTURED + 3 * GENERIC, len(deck)))
    waiting = next((kind for kind in queue if fits(kind)), None)
    if waiting is None:
        return rng.choice([kind for kind in KINDS if fits(kind)])
    queue.remove(waiting)
    return waiting


def build(rng: Random, language: Language, number: int, chunks: list[Chunk]) -> File:
    """A file of the chunks in random order; where the secrets stand is read from the text itself."""
    rng.shuffle(chunks)
    head, foot = (expand(rng, fill(end, number)) for end in (language.head, language.foot))
    parts = [head, *(text for _, texts in chunks for text in texts), foot]
    text = SECRET.sub(r"\1", language.gap.join(part for part in parts if part)) + "\n"
    lines = list(enumerate(text.splitlines(), 1))
    found = [(kind, tuple(SECRET.findall(text))) for kind, texts in chunks if kind for text in texts]
    secrets = tuple(
        Secret(kind, values, tuple(at for at, line in lines if any(value in line for value in values)))
        for kind, values in found
    )
    path = expand(rng, fill(language.path, number))
    return File(path, text.replace("\n", "\r\n") if number % 8 == 0 else text, secrets)


def chunks_of(rng: Random, queue: list[Kind], language: Language, wanted: int) -> list[Chunk]:
    """So many planted secrets, pairs kept together, and some innocent lines."""
    chunks: list[Chunk] = []
    while (planted := sum(len(texts) for _, texts in chunks)) < wanted:
        kind = next_kind(rng, queue, language, wanted - planted)
        chunks.append((kind, plants(rng, kind, language, planted)))
    filler = rng.sample(language.filler, k=min(len(language.filler), rng.randint(3, 8)))
    return [*chunks, *((None, [expand(rng, fill(line, at))]) for at, line in enumerate(filler, 10))]


def corpus(seed: int = SEED) -> list[File]:
    """The 500 files with their 2,000 secrets; the same for the same seed."""
    rng = Random(seed)
    names = [name for name, language in LANGUAGES.items() for _ in range(language.weight)]
    rng.shuffle(names)
    counts = [2, 3, 4, 5, 6] * (len(names) // 5)
    rng.shuffle(counts)
    queue: list[Kind] = []
    return [
        build(rng, language := LANGUAGES[name], number, chunks_of(rng, queue, language, count))
        for number, (name, count) in enumerate(zip(names, counts, strict=True), 1)
    ]
