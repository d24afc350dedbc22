"""`CrossEncoderReranker`: any sentence-transformers cross-encoder by name, on torch.

A model that is on this machine is loaded without asking anybody. For another the host of models is asked once, for seconds,
before the library is let fetch it: by itself that tries each file five times, for a minute, while somebody waits for an answer.
API: https://sbert.net/docs/package_reference/cross_encoder/cross_encoder.html
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rag.errors import SettingsError
from rag.records import ScoredPassage, Usage

_AGAIN = 60.0  # seconds until what could not be loaded is tried again: it may have been fetched, or the network be back


class CrossEncoderReranker:
    """Reads question and passage together. The model is loaded at the first search, or by `load`.

    Raises: SettingsError then, when it can't be loaded; `patience` are the seconds that the host of models has to answer in.
    """

    def __init__(self, model: str, patience: float = 3.0) -> None:
        self._model_name = model
        self._patience = patience
        self._model: Any = None
        self._missing, self._until = "", 0.0
        self._loading = threading.Lock()

    @property
    def name(self) -> str:
        return self._model_name

    def scores(
        self, question: str, passages: Sequence[ScoredPassage], spent: list[Usage] | None = None
    ) -> Sequence[float]:
        if not passages:
            return []
        pairs = [
            (question, f"{found.document.title} > {found.passage.heading}\n{found.passage.text}") for found in passages
        ]
        return [float(score) for score in self.load().predict(pairs)]

    def load(self) -> Any:
        """The model; loaded once. Raises: SettingsError, for a minute without trying again."""
        with self._loading:
            if self._model is None:
                if time.monotonic() < self._until:
                    raise SettingsError(self._missing)
                try:
                    self._model = self._loaded()
                except Exception as error:  # the library raises many kinds
                    self._missing = (
                        f"the reranker {self._model_name!r} can't be loaded ({_reason(error)}); name one that there is, or "
                        "the folder of one on this machine (`hf download NAME` fetches it), or unset WAYPOST_RERANKER"
                    )
                    self._until = time.monotonic() + _AGAIN
                    raise SettingsError(self._missing) from error
        return self._model

    def _loaded(self) -> Any:
        folder = Path(self._model_name).exists()
        if folder or _is_cached(self._model_name):
            from sentence_transformers import CrossEncoder

            try:
                return CrossEncoder(self._model_name, local_files_only=True)
            except OSError:
                if folder:
                    raise  # else it was fetched in part, and may be fetched whole
        _ask_for(self._model_name, self._patience)
        from sentence_transformers import CrossEncoder

        return CrossEncoder(self._model_name)


def _is_cached(model: str) -> bool:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return isinstance(try_to_load_from_cache(model, "config.json"), str)
    except HFValidationError as error:
        raise OSError(
            "it is neither a folder on this machine nor a model's name, such as organisation/model"
        ) from error


def _ask_for(model: str, seconds: float) -> None:
    """Asks the host of models once whether it has one. Raises: OSError, in so many seconds at most."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    api = HfApi()
    answers: queue.Queue[Exception | None] = queue.Queue()

    def ask() -> None:
        try:
            api.model_info(model, timeout=seconds)
            answers.put(None)
        except Exception as error:  # noqa: BLE001  # a vendor's, whatever it is: raised anew below
            answers.put(error)

    threading.Thread(
        target=ask, name="model-host", daemon=True
    ).start()  # no time-out of a client's is for finding a host
    try:
        failed = answers.get(timeout=seconds + 1)
    except queue.Empty:
        failed = TimeoutError("no answer")
    if isinstance(failed, RepositoryNotFoundError):
        raise OSError(f"it is not on this machine, and {api.endpoint} has none of that name") from failed
    if failed is not None:
        raise OSError(f"it is not on this machine, and {api.endpoint} can't be asked: {_reason(failed)}") from failed


def _reason(error: Exception) -> str:
    """The first line of what a library says."""
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__
