"""What people write that is no question: "hello", "thanks!". `rag.ask` says so, `rag.gaps` forgets it."""

from __future__ import annotations

import re

ANSWER = "That is no question. Ask one about your infrastructure, and it is answered from your documents."
_GREETING = (
    r"hi|hello|hey|hiya|good (?:morning|afternoon|evening)|thanks?(?: you)?|thx|cheers|bye|ok|okay|great|perfect"
)
_BESIDE = r"many|so|very|a lot|much|again|there|all|everyone|everybody|team|waypost"
_WORDS = re.compile(rf"^(?=.*\b(?:{_GREETING})\b)\W*(?:(?:{_GREETING}|{_BESIDE})\b\W*)+$", re.I | re.S)


def is_courtesy(said: str) -> bool:
    """Whether a text greets or thanks, and asks nothing."""
    return bool(_WORDS.match(said))
