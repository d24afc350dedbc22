"""What chat front ends send to `/v1/chat/completions`, and what of it is a question. `api.v1.chat` calls this.

What changes the answer in a way that can't be had is refused; how a model would draw its words (temperature, seed, max_tokens …)
is ignored, and so are system messages: they never change the rules by which Waypost answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from rag.errors import NotFoundError, SettingsError
from rag.search import MAX_QUERY

MODEL = "waypost"
_MESSAGES = 500
_LONGEST = 200_000  # characters of a message


class Part(BaseModel):
    """A part of a message; `text` is the one type that can be read."""

    model_config = ConfigDict(extra="ignore")

    type: Annotated[str, Field(max_length=50)]
    text: Annotated[str, Field(max_length=_LONGEST)] = ""


class Message(BaseModel):
    """A message of the conversation."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[str, Field(max_length=_LONGEST)] | Annotated[list[Part], Field(max_length=100)] | None = None

    @property
    def text(self) -> str:
        """Its words. Raises: SettingsError where it holds anything else."""
        if not isinstance(self.content, list):
            return self.content or ""
        for part in self.content:
            if part.type not in ("text", "refusal"):
                raise SettingsError(
                    f"a message holds {part.type!r}: Waypost reads text alone; send the question in words"
                )
        return "\n".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    """`include_usage`: a last chunk tells what was used."""

    model_config = ConfigDict(extra="ignore")

    include_usage: bool | None = None


class ChatRequest(BaseModel):
    """A conversation, and who should go on with it. Parameters that are not named here are ignored."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {
                    "model": MODEL,
                    "messages": [{"role": "user", "content": "How do I clear a stuck Terraform state lock?"}],
                }
            ]
        },
    )

    model: Annotated[str, Field(max_length=200, description="`waypost`, or `waypost/` and a persona")] = MODEL
    messages: Annotated[list[Message], Field(min_length=1, max_length=_MESSAGES)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: int | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    response_format: dict[str, Any] | None = None
    logprobs: bool | None = None
    modalities: list[str] | None = None
    audio: dict[str, Any] | None = None

    @property
    def wants_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)

    def check(self) -> None:
        """Raises: SettingsError for what Waypost can't do, saying what to leave out."""
        unsupported = {
            "n": self.n not in (None, 1) and "there is one answer to a question; leave `n` out",
            "tools": (self.tools or self.functions) and "Waypost calls no tools of its clients; leave `tools` out",
            "response_format": (self.response_format or {}).get("type", "text") != "text"
            and "answers are Markdown; leave `response_format` out, and read `waypost` of the reply for an object",
            "logprobs": self.logprobs and "an answer has no probabilities; leave `logprobs` out",
            "audio": (self.audio or "audio" in (self.modalities or ())) and "answers are text; leave `audio` out",
        }
        for told in unsupported.values():
            if told:
                raise SettingsError(str(told))


class Model(TypedDict):
    """A model, in OpenAI's shape."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    name: str


class Models(TypedDict):
    """The models there are."""

    object: Literal["list"]
    data: list[Model]


def persona_of(model: str) -> str:
    """The persona that a model's name asks for, "" for Waypost's own. Raises: NotFoundError."""
    head, slash, persona = model.partition("/")
    if head != MODEL or (slash and not persona):
        raise NotFoundError(
            f"there is no model {model[:100]!r}: it is {MODEL!r}, or {MODEL + '/'!r} and a persona of GET /v1/models"
        )
    return persona


def asked_of(messages: Sequence[Message]) -> tuple[str, list[tuple[str, str]]]:
    """The question, and the questions before it with what was answered. Raises: SettingsError when the last message is no
    question."""
    said = [one for one in messages if one.role not in ("system", "developer")]
    if any(one.role in ("tool", "function") for one in said):
        raise SettingsError("a message holds what a tool said: Waypost calls no tools of its clients; leave it out")
    if not said or said[-1].role != "user":
        raise SettingsError("the last message must be the user's: it is the question")
    question = said[-1].text.strip()
    if not question or len(question) > MAX_QUERY:
        raise SettingsError(f"the last message has {len(question):,} characters; a question has 1 to {MAX_QUERY:,}")
    earlier: list[tuple[str, str]] = []
    for one in said[:-1]:
        if one.role == "user":
            earlier.append((one.text, ""))
        elif earlier:
            before, answer = earlier[-1]
            earlier[-1] = (before, f"{answer}\n\n{one.text}".strip())
    return question, [(before, answer) for before, answer in earlier if before.strip()]
