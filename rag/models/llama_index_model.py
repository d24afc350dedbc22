"""`LlamaIndexModel`: any LLM class of llama-index, named by its path, with keys for citations (`rag.models.keyed`).

The class is others' code: it is imported when a model is made, its stream is read within a limit of time, and whatever it raises
is a ModelError. What a class takes is given as it is: names of its options differ from class to class.
Classes: https://docs.llamaindex.ai/en/stable/module_guides/models/llms/modules/
"""

from __future__ import annotations

import importlib
import json
import re
import sys
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from rag.errors import ModelError, SettingsError
from rag.models.keyed import Message, keyed
from rag.models.keyed_reply import KeyedReply
from rag.models.steady import Deadline, Patience, Steady, counted, relayed
from rag.ports import ModelEvent, Prompt
from rag.records import Usage
from rag.steering import STEERING

_WORDY = 12  # characters of a reply for each token that was asked for, at the most
_COUNTS = (
    ("prompt_tokens", "completion_tokens"),
    ("input_tokens", "output_tokens"),
    ("prompt_eval_count", "eval_count"),
)
_LENGTH = ("length", "max_tokens", "MAX_TOKENS")  # why a reply ended, as vendors call it
_made: dict[str, Any] = {}  # the models of this process by their settings: making one may mean to load its weights
_making = threading.Lock()


class LlamaIndexModel:
    """The class at `path` (`package.module:Class`), made with `options`. `secrets` are kept out of messages.

    Raises: SettingsError when there is no such class, or when it can't be made.
    """

    def __init__(
        self, path: str, options: Mapping[str, Any], secrets: Sequence[str] = (), timeout: float = 30.0, seed: int | None = None
    ) -> None:  # fmt: skip
        self._path = path
        self._secrets = sorted(filter(None, secrets), key=len, reverse=True)
        self._steady = Steady(Patience(timeout))
        self._seed = seed
        named = f"{path} {json.dumps(options, sort_keys=True, default=repr)}"
        with _making:
            if named not in _made:
                _made[named] = self._make(path, options)
            self._llm = _made[named]

    @property
    def name(self) -> str:
        told = str(self._llm.metadata.model_name)
        return told if told not in ("", "unknown") else type(self._llm).__name__

    def stream(self, prompt: Prompt) -> Iterator[ModelEvent]:
        deadline = self._steady.deadline(prompt.seconds)
        return counted(self._steady, lambda: self._attempt(prompt, deadline), deadline)

    def _attempt(self, prompt: Prompt, deadline: Deadline) -> Generator[ModelEvent]:
        with closing(relayed(lambda: closing(self._events(prompt)), self._failed, deadline, deadline.left)) as events:
            yield from events

    def _failed(self, error: Exception) -> ModelError:
        if isinstance(error, ModelError):
            return error
        return ModelError(f"{self._path} failed: {type(error).__name__}: {self._said(error)}")

    def _events(self, prompt: Prompt) -> Generator[ModelEvent]:
        asked = keyed(prompt, self._seed)
        reply = KeyedReply(asked.keys)
        usage, reason, left = Usage(requests=1), "", prompt.max_tokens * _WORDY
        for piece, last in self._pieces(asked.messages):
            left -= len(piece)
            if left < 0:
                raise ModelError(f"{self._path} said far more than it was asked for; give it a limit among its options")
            yield from reply.feed(piece)
            usage, reason = _usage(last) or usage, _reason(last) or reason
        yield from reply.end()
        yield ModelEvent(usage=usage, stop_reason="max_tokens" if reason in _LENGTH else "end_turn")

    def _pieces(self, messages: Sequence[Message]) -> Iterator[tuple[str, Any]]:
        """Each piece of the reply, with what the class tells beside it. Raises: ModelError for all that may go wrong in it."""
        from llama_index.core.base.llms.types import ChatMessage, MessageRole

        chat = [ChatMessage(role=MessageRole(message.role), content=message.text) for message in messages]
        so_far = ""
        try:
            for response in self._llm.stream_chat(chat):
                whole = response.message.content or ""
                piece = response.delta
                if piece is None:  # some tell the whole so far alone
                    piece = whole[len(so_far) :] if whole.startswith(so_far) else whole
                so_far = so_far + piece
                yield piece, response
        except GeneratorExit:
            raise
        except (Exception, SystemExit) as error:  # it is others' code
            raise ModelError(f"{self._path} failed: {type(error).__name__}: {self._said(error)}") from error

    def _make(self, path: str, options: Mapping[str, Any]) -> Any:
        made_by = _class(path)
        try:
            return made_by(**options)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # it is others' code
            raise SettingsError(
                f"{path} can't be made with WAYPOST_LLAMA_INDEX_OPTIONS: {type(error).__name__}: {self._said(error)}"
            ) from None

    def _said(self, error: BaseException) -> str:
        text = str(error)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return " ".join(STEERING.sub(" ", text).split())[:300]


def _class(path: str) -> Any:
    """The class at a path. Raises: SettingsError that says what to install, or what there is."""
    if not re.fullmatch(r"[A-Za-z_][\w.]*[.:][A-Za-z_]\w*", path):
        raise SettingsError(
            f"WAYPOST_LLAMA_INDEX_LLM={path}: write package.module:Class, as llama_index.llms.ollama:Ollama"
        )
    module_name, _, class_name = path.partition(":") if ":" in path else path.rpartition(".")
    try:
        from llama_index.core.llms import LLM
    except ImportError as error:
        raise SettingsError(
            f"WAYPOST_LLAMA_INDEX_LLM needs llama-index: run `{sys.executable} -m pip install 'waypost[llama-index]'`"
        ) from error
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise SettingsError(f"{module_name} can't be imported ({error}): {_advice(module_name)}") from error
    found = getattr(module, class_name, None)
    if not (isinstance(found, type) and issubclass(found, LLM)):
        names = sorted(name for name, one in vars(module).items() if isinstance(one, type) and issubclass(one, LLM))
        has = f"; it has: {', '.join(names)}" if names else ""
        raise SettingsError(f"WAYPOST_LLAMA_INDEX_LLM: {module_name} has no LLM class {class_name}{has}")
    return found


def _advice(module: str) -> str:
    parts = module.split(".")
    if parts[:2] == ["llama_index", "llms"] and len(parts) > 2:
        return f"run `{sys.executable} -m pip install llama-index-llms-{parts[2].replace('_', '-')}`"
    return f"install the package that has it for {sys.executable}"


def _usage(response: Any) -> Usage | None:
    """The tokens that a response tells of, by any of the names that vendors have for them; None where it tells of none."""
    raw = _mapping(response.raw)
    for told in (_mapping(response.additional_kwargs), _mapping(raw.get("usage")), raw):
        for names in _COUNTS:
            counts = [told.get(name) for name in names]
            if any(isinstance(count, int) and count > 0 for count in counts):
                known = [count if isinstance(count, int) and count > 0 else 0 for count in counts]
                return Usage(known[0], known[1], requests=1)
    return None


def _reason(response: Any) -> str:
    """Why a reply ended, where the response tells."""
    raw = _mapping(response.raw)
    choices = raw.get("choices")
    first = _mapping(choices[0]) if isinstance(choices, list) and choices else {}
    told = first.get("finish_reason") or raw.get("done_reason") or raw.get("stop_reason")
    return told if isinstance(told, str) else ""


def _mapping(told: Any) -> Mapping[str, Any]:
    """What a vendor gives as a mapping or as an object of its own."""
    if isinstance(told, Mapping):
        return told
    found = getattr(told, "__dict__", None)
    return found if isinstance(found, dict) else {}
