"""Every place in which teams write a credential down, with values of every kind, and lines like them that hold none.

The places stand in `redaction_samples/`; a place's heading tells which values are taken there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.redaction import redact

FOLDER = Path(__file__).parent / "redaction_samples"
# Values by kind, put together here, so that scanners of this repository find none.
VALUES = {
    "random": ["Kx81" + "LmPz07RtYw3cQv", "e3b7" + "c91f04d8a2b65f7e"],
    "odd": ["p@$$w0" + "rd!#%^", "Qx{7}v" + "(9)z;k", "a,b:" + "c;d1&e=2", "tR0ub4" + "dor &3"],
    "weak": ["hunter" + "2", "Summer" + "2024!", "P@ssw" + "0rd", "admin" + "123"],
    "word": ["umber" + "lantern", "letme" + "in"],
    "phrase": ["correct horse " + "battery staple"],
    "bare": ["Vh7q9" + "Kd2mZx", "tR0ub-" + "4dor!_3", "s3cr3t" + ".P4ss+w"],
    "strong": ["Vh7q9" + "Kd2mZx", "Tr0ub4" + "dor&3!", "Winter" + "2023!", "kestrel-" + "42-Moon", "hunter" + "2"],
    "urlsafe": ["Vh7q9" + "Kd2mZx", "s3cr3t" + "_P4ss.w", "hunter" + "22"],
    "opaque": ["AbCd" + "1f3G5h7J9kLmN0pQ", "0f9e" + "8d7c6b5a49382716f5e4d3c2b1a0"],
    "hash": ["$6$" + "Zq8vKp0s$LwX3bN7mT2cR9dYfGhJ4Zq8vKp0sLwX3bN7", "$2y$10$" + "Zq8vKp0sLwX3bN7mT2cR9dYfGhJ4Zq8vKp0sLwX3bN7"],
    "wireguard": ["Zq8vKp0sLwX3bN7mT2cR9d" + "YfGhJ4Zq8vKp0sLwX3bE="],
}  # fmt: skip


def sections(name: str) -> Iterator[tuple[str, str, str]]:
    """The path, the heading's kinds and each sample of a file."""
    path = kinds = ""
    for line in (FOLDER / name).read_text("utf-8").split("\n"):
        if line.startswith("=== "):
            path, _, kinds = line[4:].partition(" : ")
        elif line and not line.startswith("# Places where") and not line.startswith("# taken there") and path:
            yield path, kinds, line.replace("⏎", "\n")


def samples_kept() -> Iterator[tuple[str, str]]:
    for path, _, text in sections("kept.txt"):
        yield path, text


def leaks(path: str, text: str, value: str) -> bool:
    """Whether two thirds of the value are left in one run."""
    redacted = redact(text, path)[0]
    run = max(6, -(-2 * len(value) // 3))
    return any(value[at : at + run] in redacted for at in range(max(1, len(value) - run + 1)))


@pytest.mark.parametrize(("path", "kinds", "text"), list(sections("taken.txt")))
def test_a_secret_is_taken_from_each_place(path: str, kinds: str, text: str) -> None:
    """Every value of the kinds that the place's heading names; the number of lines stays, and a second pass finds nothing."""
    for value in (value for kind in kinds.split() for value in VALUES[kind]):
        filled = text.replace("§", value)
        redacted, found = redact(filled, path)
        assert not leaks(path, filled, value), value
        assert found
        assert redacted.count("\n") == filled.count("\n")


@pytest.mark.parametrize(("path", "text"), list(samples_kept()))
def test_a_line_without_a_secret_stays(path: str, text: str) -> None:
    assert redact(text, path) == (text, ())
