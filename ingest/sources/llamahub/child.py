"""The process that runs a reader of LlamaHub for `ingest.sources.llamahub.process`.

It imports nothing of Waypost: any Python that has the reader can run it, by this file's path. Its first line of input is the task
in JSON; it answers with JSON, a line for each document and one for the end. What the reader prints goes to stderr, also from C.
"""

from __future__ import annotations

import importlib
import inspect
import json
import logging
import os
import sys
import threading
import uuid
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

SETTINGS, SOURCE = "settings", "source"  # what has to change after an error: what the user wrote, or nothing


class _TaskError(Exception):
    """The task can't be done as it is written."""


def main() -> None:
    channel = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    task = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.path[:] = task["search_path"] or sys.path
    os.environ.update(task["environment"])
    logging.basicConfig(
        format="%(levelname)s %(name)s: %(message)s"
    )  # so that errors are told from what is said in passing
    try:
        made = _made_here()
        for document in _documents(task):
            print(json.dumps(_record(document, made, task["longest"])), file=channel, flush=True)
        end: dict[str, Any] = {"end": True}
    except _TaskError as error:
        end = {"error": SETTINGS, "message": str(error)}
    except ImportError as error:
        end = {"error": SETTINGS, "message": f"{error} (the reader wants a package that {sys.executable} has not)"}
    except BaseException as error:  # noqa: BLE001  # others' code: whatever it raises is told
        end = {"error": SOURCE, "message": f"{type(error).__name__}: {error}"}
    sys.stdout.flush()
    sys.stderr.flush()
    print(json.dumps(end), file=channel, flush=True)
    os._exit(0)  # threads that a reader left behind keep nobody waiting


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def _made_here() -> set[str]:
    """The random names that this process makes from now on: a document that is called so is called otherwise the next time."""
    made: set[str] = set()
    make = uuid.uuid4

    def remembered() -> uuid.UUID:
        new = make()
        made.add(new.hex)
        return new

    uuid.uuid4 = remembered
    return made


def _documents(task: dict[str, Any]) -> Iterable[Any]:
    reader = _called(_class(task["reader"]), _values(task["arguments"]), "arguments")
    if not callable(getattr(reader, "load_data", None)):
        raise _TaskError(f"{task['reader']} is no reader: it has no load_data")
    found: Iterable[Any] = _called(reader.load_data, _values(task["load"]), "load")
    return found


def _class(name: str) -> Callable[..., Any]:
    """What `package.module.Class` or `package.module:Class` names."""
    module_name, _, class_name = name.partition(":") if ":" in name else name.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name + ".").startswith(error.name + "."):
            raise _TaskError(f"{module_name} is not installed: {_advice(module_name)}") from error
        raise
    found = getattr(module, class_name, None)
    if not callable(found):
        readers = sorted(key for key, value in vars(module).items() if hasattr(value, "load_data"))
        raise _TaskError(f"{module_name} has no {class_name}" + (f"; it has: {', '.join(readers)}" if readers else ""))
    return found  # type: ignore[no-any-return]


def _advice(module: str) -> str:
    parts = module.split(".")
    if parts[0] == "llama_index":
        package = "-".join(["llama-index", *parts[1 : 2 if parts[1:2] == ["core"] else 3]]).replace("_", "-")
        return f"run `{sys.executable} -m pip install {package}`"
    return f"install the package that has it for {sys.executable}"


def _values(value: Any) -> Any:
    """Arguments as they are given to a reader: a mapping of `class` and `arguments` stands for an object."""
    if isinstance(value, list):
        return [_values(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if "class" in value and set(value) <= {"class", "arguments"}:
        return _called(_class(str(value["class"])), _values(value.get("arguments") or {}), "arguments")
    return {key: _values(inner) for key, inner in value.items()}


def _called(function: Callable[..., Any], arguments: dict[str, Any], key: str) -> Any:
    try:
        inspect.signature(function).bind(**arguments)
    except TypeError as error:
        raise _TaskError(f"`{key}` does not fit {getattr(function, '__qualname__', function)}: {error}") from error
    except ValueError:  # it does not tell what it takes
        pass
    return function(**arguments)


def _record(document: Any, made: set[str], longest: int) -> dict[str, Any]:
    if not hasattr(document, "text") and not hasattr(document, "get_content"):
        raise TypeError(f"load_data gave a {type(document).__name__} where a Document was expected")
    text = getattr(document, "text", None)
    if text is None and hasattr(document, "get_content"):
        text = document.get_content()
    text = "" if text is None else str(text)
    name = str(getattr(document, "id_", None) or getattr(document, "doc_id", None) or "")
    metadata = getattr(document, "metadata", None)
    plain = {str(key): value for key, value in (metadata.items() if isinstance(metadata, dict) else ())}
    return {
        "id": "" if name.replace("-", "") in made else name,
        "size": len(text),
        "text": text if len(text) <= longest else "",
        "metadata": json.loads(json.dumps(plain, default=_plain, skipkeys=True)),
    }


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


if __name__ == "__main__":
    main()
