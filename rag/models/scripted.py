"""`ScriptedModel`: says what a test tells it to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.ports import ModelEvent, Prompt


class ScriptedModel:
    """Replays events; an exception among them is raised when its turn comes. Keeps the prompts it was given."""

    def __init__(self, script: Sequence[ModelEvent | Exception]) -> None:
        self._script = script
        self.prompts: list[Prompt] = []

    @property
    def name(self) -> str:
        return "scripted"

    def stream(self, prompt: Prompt) -> Iterator[ModelEvent]:
        self.prompts.append(prompt)
        for event in self._script:
            if isinstance(event, Exception):
                raise event
            yield event
