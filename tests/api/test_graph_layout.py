"""No box lies upon another, none is lost, and lines run from left to right."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from api.graph_layout import GAP_X, GAP_Y, Box, arrange

NAMES = [f"n{number}" for number in range(24)]
GRAPHS = st.tuples(
    st.dictionaries(st.sampled_from(NAMES), st.floats(20, 400), min_size=1),
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=60),
)


def apart(one: Box, other: Box, by: float = 0) -> bool:
    return (
        one.x + one.width + by <= other.x + 0.01 or other.x + other.width + by <= one.x + 0.01
        or one.y + one.height + by <= other.y + 0.01 or other.y + other.height + by <= one.y + 0.01
    )  # fmt: skip


@given(GRAPHS)
def test_boxes_never_overlap_and_lie_within_the_drawing(graph: tuple[dict[str, float], list[tuple[str, str]]]) -> None:
    widths, wanted = graph
    edges = [(a, b) for a, b in wanted if a in widths and b in widths]
    layout = arrange(widths, 40, edges)
    assert layout.boxes.keys() == widths.keys()
    for one, other in combinations(layout.boxes.values(), 2):
        assert apart(one, other, GAP_Y)
    for name, box in layout.boxes.items():
        assert (box.width, box.height) == (widths[name], 40)
        assert box.x + 0.01 >= 0 and box.y + 0.01 >= 0
        assert box.x + box.width <= layout.width + 0.01 and box.y + box.height <= layout.height + 0.01
    assert layout.lines.keys() == {(a, b) for a, b in edges if a != b}
    for (a, b), line in layout.lines.items():
        assert all(one != other for one, other in pairwise(line))
        for name, (x, y) in ((a, line[0]), (b, line[-1])):
            box = layout.boxes[name]
            assert abs(y - box.y - 20) < 0.01
            assert min(abs(x - box.x), abs(x - box.x - box.width)) < 0.01


def test_a_chain_runs_to_the_right_and_a_long_line_around_what_lies_between() -> None:
    layout = arrange({"a": 50, "b": 60, "c": 70}, 40, [("a", "b"), ("b", "c"), ("a", "c")])
    boxes = layout.boxes
    assert [boxes[name].x for name in "abc"] == [0, 50 + GAP_X, 110 + 2 * GAP_X]
    passing = [y for x, y in layout.lines["a", "c"] if boxes["b"].x <= x <= boxes["b"].x + 60]
    assert len(passing) == 2
    assert all(y < boxes["b"].y or y > boxes["b"].y + 40 for y in passing)


def test_crossing_lines_are_put_straight() -> None:
    pairs = list(zip("abcd", "wxyz", strict=True))
    layout = arrange(dict.fromkeys("rabcdwxyz", 50.0), 40, [*(("r", one) for one in "abcd"), *pairs])
    assert sorted(pairs, key=lambda pair: layout.boxes[pair[0]].y) == sorted(
        pairs, key=lambda pair: layout.boxes[pair[1]].y
    )


def test_the_line_that_closes_a_cycle_runs_back() -> None:
    layout = arrange({"a": 50, "b": 50}, 40, [("a", "b"), ("b", "a"), ("a", "a")])
    assert layout.lines["a", "b"][0][0] < layout.lines["a", "b"][-1][0]
    assert layout.lines["b", "a"] == layout.lines["a", "b"][::-1]
    assert arrange({}, 40, []).boxes == {}
