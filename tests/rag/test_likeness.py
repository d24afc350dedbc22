"""Knowing a text again by sketches: what is alike, what is not, and what a sketch gives away."""

from __future__ import annotations

import secrets

from hypothesis import given, settings
from hypothesis import strategies as st

from rag.likeness import Likeness, sketches

KEY = secrets.token_bytes(16)
WORDS = st.lists(st.sampled_from([f"{a}{b}" for a in "abcdefgh" for b in "rstuvwxyz"]), min_size=30, max_size=400)


def alike(text: str, other: str, *beside: str) -> bool:
    return any(map(Likeness(other, KEY), sketches([text], beside, KEY)))


@settings(deadline=None)
@given(WORDS, st.integers(1, 9))
def test_a_text_is_like_itself_however_it_is_wrapped(words: list[str], width: int) -> None:
    wrapped = "\n".join(" ".join(words[at : at + width]) for at in range(0, len(words), width))
    known = sketches([" ".join(words)], [], KEY)
    assert all(Likeness(wrapped.upper(), KEY)(one) for one in known)
    assert len(known) == 1 or len(set(zip(words, words[1:], words[2:], strict=False))) < 8


@settings(deadline=None)
@given(WORDS, WORDS)
def test_what_other_texts_say_too_makes_nothing_alike(template: list[str], own: list[str]) -> None:
    common, mine = " ".join(template), " ".join(f"{word}x" for word in own)
    other = common + " " + " ".join(f"{word}y" for word in own)
    assert not alike(f"{common} {mine}", other, f"{common} z")


def test_short_and_long_texts() -> None:
    assert sketches(["too few words to say", ""], [], KEY) == []
    assert not Likeness("", KEY)(sketches(["a b c d e f g h i j k l"], [], KEY)[0])
    long = " ".join(f"word{n}" for n in range(20_000))
    (kept,) = sketches([long], [], KEY)
    assert len(kept.sample) <= 2000  # a sample of it
    half = " ".join(f"word{n}" if n % 10_000 < 6500 else f"other{n}" for n in range(20_000))
    quarter = " ".join(f"word{n}" if n % 10_000 < 2500 else f"other{n}" for n in range(20_000))
    assert (Likeness(half, KEY)(kept), Likeness(quarter, KEY)(kept)) == (True, False)
    assert Likeness(" ".join(f"word{n}" for n in range(2000)), KEY)(kept)  # a part of it alone


def test_texts_without_spaces_are_known_again() -> None:
    text = "\u79d8\u5bc6\u306e\u8a08\u753b\u306f\u660e\u65e5\u306e\u671d\u306b\u59cb\u307e\u308a\u307e\u3059"
    assert alike(text, text + "\u305f")


def test_a_sketch_says_nothing_without_its_key() -> None:
    text = " ".join(f"word{n}" for n in range(50))
    (one,), (other,) = sketches([text], [], KEY), sketches([text], [], secrets.token_bytes(16))
    assert len(one.hashes & other.hashes) <= 1
    assert not any(map(Likeness(text, b"another"), [one]))
