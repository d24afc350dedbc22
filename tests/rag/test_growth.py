"""Results that grow by their neighbours: the first ones to their surroundings, later ones by what matches nearly as well."""

from __future__ import annotations

from rag.growth import Result, grow
from rag.records import AccessRule, Document, Passage

LINES = [f"line {n} {'x' * 40}" if n % 9 else "" for n in range(1, 401)]  # passages of eight lines, blank ones between


def document(name: str) -> Document:
    return Document(name, "s", name, name, "page", "\n".join(LINES), "v", "", "", "", "", AccessRule(), "")


def passages(name: str, count: int, lines: int = 8) -> list[Passage]:
    """`count` passages of `lines` lines, a blank line between them."""
    found = []
    for n in range(count):
        start = n * (lines + 1) + 1
        text = "\n".join(LINES[start - 1 : start - 1 + lines])
        found.append(Passage(f"{name}{n}", name, n, (), text, start, start + lines - 1, "section"))
    return found


ALL = {name: passages(name, 12) for name in "abcd"}


def results(ranked: list[tuple[str, float]], k: int = 10) -> list[Result]:
    known = {p.id: p for parts in ALL.values() for p in parts if p.id in dict(ranked)}
    return grow(ranked, known, k, lambda name: ALL[name])


def test_the_first_grow_to_their_surroundings_and_later_ones_only_by_what_was_found() -> None:
    *first, later = results([("a5", 3.0), ("b5", 2.9), ("c5", 2.8), ("d5", 2.7)])
    assert all(len(result.passages) > 1 for result in first)
    assert [p.id for p in later.passages] == ["d5"]


def test_the_better_neighbour_comes_first_and_is_no_result_of_its_own() -> None:
    found = results([("a5", 3.0), ("a6", 2.0), ("a4", 1.0), ("b5", 0.5)])
    ids = [p.id for p in found[0].passages]
    assert {"a5", "a6"} <= set(ids)
    assert ids == sorted(ids)
    assert [result.seed for result in found if result.seed.startswith("a")] == ["a5"]


def test_a_later_result_grows_by_near_matches_alone() -> None:
    found = results([("a5", 5.0), ("b5", 4.0), ("c5", 3.5), ("d5", 3.0), ("d6", 2.0), ("d4", 0.0)])
    assert [p.id for p in found[3].passages] == ["d5", "d6"]
    assert [result.seed for result in found] == ["a5", "b5", "c5", "d5", "d4"]


def test_a_result_is_the_documents_own_lines_and_has_a_limit() -> None:
    for at, result in enumerate(results([("a5", 3.0), ("b0", 2.9), ("c11", 2.8), ("d11", 2.7), ("d10", 2.6)])):
        joined = result.joined(document(result.passages[0].document_id))
        assert joined.id == result.seed
        assert joined.text == "\n".join(LINES[joined.start_line - 1 : joined.end_line])
        assert len(joined.text) <= (1900 if at < 3 else 1200)


def test_parts_of_one_long_line_do_not_grow() -> None:
    parts = [Passage(f"long{n}", "long", n, (), "x" * 500, 7, 7, "window") for n in range(3)]
    (first, *_) = grow([("long1", 1.0)], {"long1": parts[1]}, 5, lambda name: parts)
    assert first.passages == (parts[1],)


def test_what_is_gone_is_left_out() -> None:
    assert grow([("gone", 9.0), ("a1", 1.0)], {"a1": ALL["a"][1]}, 5, lambda name: ALL[name])[0].seed == "a1"
