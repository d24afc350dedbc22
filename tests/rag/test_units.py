"""Units cover a passage without gaps, so that joined units are the document's own text."""

import pytest

from rag.answers.extractive.units import units
from rag.records import Passage

PROSE = """## Drain a node

First read this.
It has two lines.

1. Cordon it:
   ```bash
   kubectl cordon $NODE
   ```
2. Drain it

| a | b |
|---|---|
| 1 | 2 |

- one
- two
  more of two

```
code # not a heading

still code
```
Last words."""

CODE = "\n".join(f"line {n}" if n % 9 else "" for n in range(1, 40))


def passage(text: str, kind: str) -> Passage:
    return Passage("p", "d", 0, (), text, 10, 10 + text.count("\n"), kind)


@pytest.mark.parametrize(
    ("text", "kind"), [(PROSE, "section"), (CODE, "block"), ("one line", "window"), ("\n\n", "section")]
)
def test_units_cover_the_passage(text: str, kind: str) -> None:
    found = units(passage(text, kind))
    assert "\n".join(unit.text for unit in found) == text
    assert found[0].start_line == 10
    assert found[-1].end_line == 10 + text.count("\n")
    for before, after in zip(found, found[1:], strict=False):
        assert after.start_line == before.end_line + 1


def test_steps_keep_their_commands() -> None:
    found = {unit.text.split("\n")[0]: unit for unit in units(passage(PROSE, "section"))}
    assert "kubectl cordon" in found["1. Cordon it:"].text
    assert found["1. Cordon it:"].numbered
    assert found["2. Drain it"].kind == "item"
    assert found["| 1 | 2 |"].kind == "row"
    assert "more of two" in found["- two"].text
    assert found["```"].text.startswith("```\ncode # not a heading\n\nstill code\n```")
    assert "Last words." in found
