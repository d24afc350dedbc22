"""What the request at hand uses of the model: `Metered` stands around the model and counts, whichever route asked.

`api.access.budgets` names the request's `Spending` to whatever runs within it, in threads too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from rag.ports import ChatModel, ModelEvent, Prompt
from rag.records import Usage


@dataclass
class Spending:
    """What one request has used of the model so far; `untold` counts replies whose usage was not told."""

    tokens: int = 0
    untold: int = 0


SPENDING: ContextVar[Spending | None] = ContextVar("spending", default=None)


class Metered:
    """A `ChatModel` that counts what the request at hand uses."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return self._model.name

    def stream(self, prompt: Prompt) -> Iterator[ModelEvent]:
        """The model's reply as it is. Raises: ModelError."""
        spending = SPENDING.get()
        if spending is None:
            yield from self._model.stream(prompt)
            return
        told = 0  # the last that a reply tells of its usage is of the whole of it
        spending.untold += 1
        for event in self._model.stream(prompt):
            if event.usage:
                spending.untold -= 0 if told else 1
                spending.tokens += tokens_of(event.usage) - told
                told = tokens_of(event.usage)
            yield event


def tokens_of(usage: Usage) -> int:
    """All tokens that a model read and wrote."""
    return usage.input_tokens + usage.output_tokens + usage.cache_read_tokens + usage.cache_write_tokens
