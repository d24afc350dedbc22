"""LLM classes of llama-index for tests, on its real machinery; they say what this module's `said` is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseGen,
    LLMMetadata,
)
from llama_index.core.llms import CustomLLM

said = "Hello."
trouble: Exception | None = None
pause = 0.0
shown: list[str] = []
made: list[dict[str, Any]] = []


class Told(CustomLLM):
    """A completion model: llama-index itself makes one text of the messages, and chat responses of the completions."""

    api_key: str = ""
    model: str = "told"

    def __init__(self, **options: Any) -> None:
        if options.get("api_key") == "wrong-secret":
            raise ValueError("the key wrong-secret is refused")
        super().__init__(**options)
        made.append(options)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name=self.model)

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return CompletionResponse(text=said)

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        shown.append(prompt)

        def pieces() -> CompletionResponseGen:
            for at in range(0, len(said), 4):
                time.sleep(pause)
                piece = said[at : at + 4]
                yield CompletionResponse(text=said[: at + 4], delta=piece, raw={"usage": _USAGE})
            if trouble:
                raise trouble

        return pieces()


_USAGE = {"prompt_tokens": 25, "completion_tokens": 15}


class Whole(Told):
    """One that tells the whole so far alone, as some classes do, and why it ended."""

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        for at in range(0, len(said), 4):
            message = ChatMessage(role="assistant", content=said[: at + 4])
            yield ChatResponse(message=message, raw={"done_reason": "length", "prompt_eval_count": 7, "eval_count": 3})


class NoLLM:
    """Something else."""
