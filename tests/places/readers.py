"""Readers as LlamaHub has them, each wrong in its own way. Tests copy this file to where a reader's process finds it: it imports
nothing of Waypost."""

import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path


class Document:
    def __init__(self, text, id_=None, metadata=None):
        self.text = text
        self.id_ = id_ or str(uuid.uuid4())
        self.metadata = metadata or {}


class PagesReader:
    """Reads a JSON file: {"mode": …, "pages": {title: text}}."""

    def __init__(self, file, token="", client=None):
        self.told = json.loads(Path(file).read_text())
        self.token = token

    def load_data(self, lines=1):
        pages = [Document(text, metadata={"title": title}) for title, text in self.told["pages"].items()]
        fault = getattr(self, "do_" + self.told.get("mode", "nothing"))
        return fault(pages)

    def do_nothing(self, pages):
        return pages

    def do_print(self, pages):
        print('{"end": 0}')
        os.write(1, b'{"id": "forged", "text": "forged", "size": 6, "metadata": {}}\n')
        subprocess.run([sys.executable, "-c", "print('{}')"], check=True)
        return pages

    def do_hang(self, pages):
        Path(self.told["pids"]).write_text(f"{os.getpid()} {subprocess.Popen(['sleep', '600']).pid}")
        time.sleep(600)

    def do_exit(self, pages):
        raise SystemExit(0)

    def do_vanish(self, pages):
        yield from pages[:3]
        os._exit(0)

    def do_killed(self, pages):
        yield from pages[:3]
        sys.stderr.write("out of luck\n")
        sys.stderr.flush()
        os.kill(os.getpid(), 9)

    def do_raise(self, pages):
        yield from pages[:3]
        raise ConnectionError(f"GET https://me:{self.token}@wiki.invalid/?key={self.token} failed")

    def do_empty(self, pages):
        return []

    def do_skip(self, pages):
        print("Failed to load page 3 with error: 503. Skipping…")
        return pages[3:]

    def do_log(self, pages):
        import logging

        logging.getLogger("reader").error("page 3: HTTP status 403")
        return pages[3:]

    def do_nonsense(self, pages):
        return [None, 3, *pages[:2]]

    def do_tell(self, pages):
        told = {
            "environment": dict(os.environ),
            "command": Path("/proc/self/cmdline").read_text(),
            "folder": str(Path.cwd()),
        }
        return [Document(json.dumps(told), metadata={"title": "told"})]


class Client:
    def __init__(self, token):
        self.token = token


class ClientReader:
    def __init__(self, client):
        self.client = client

    def load_data(self):
        return [Document(type(self.client).__name__ + " " + self.client.token, metadata={"title": "client"})]


class GivenReader:
    """Gives the documents that it is told, and those that have an `id` under it."""

    def __init__(self, input_dir=""):
        self.input_dir = input_dir

    def load_data(self, documents):
        for one in documents:
            yield Document(one["text"], one.get("id"), one.get("metadata"))
