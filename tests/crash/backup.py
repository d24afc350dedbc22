"""Backups while another process syncs without a pause, each restored into an empty folder: python -m tests.crash.backup [ROUNDS]

Each round takes two. The first is made under load: restored, it must be sound and coherent, and, once synced with the files as
they are when the load rests, give the same answers as the live catalog under new indexes. The second is made at that rest, and
must give them as it is. (Under new indexes: tantivy counts words of deleted passages until it merges, so that scores in the live
ones are a little off; `tests/integration/test_backup.py` compares with a live folder from which nothing was deleted.)
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.backup import back_up, restore
from api.compose import open_reader
from api.owner import open_owner
from api.settings import Settings
from api.views import answer_view, search_view
from rag.catalog import Catalog
from rag.records import Viewer
from tests.conftest import configure, write

PAGES = 60
WORDS = "alpaca llama vicuna guanaco router queue certificate restart failover backup".split()
QUESTIONS = [
    *WORDS,
    "How do I restart the router?",
    "aws_vpc.main12",
    "What is page 7 about?",
    "restart queue certificate",
]


def page(number: int, edition: int) -> str:
    chosen = random.Random(number * 1000 + edition).sample(WORDS, 4)
    parts = [f"## {word} of page {number}\n\nThe {word} of {number} is restarted {edition} times.\n" for word in chosen]
    return f"# Page {number}\n\n" + "\n".join(parts)


def load(home: Path, config: Path, wiki: Path) -> None:
    """Edits some pages and syncs, over and over, until it is told to rest."""
    settings, edition = Settings(home=home, config=config, embedder="hashing"), 0
    with open_owner(settings, "sync") as owner:
        while not (wiki.parent / "stop").exists():
            if (wiki.parent / "rest").exists():
                owner.sync([], lambda step: None, lambda: False)
                (wiki.parent / "resting").touch()
                time.sleep(0.02)
                continue
            edition += 1
            numbers = random.sample(range(PAGES), 12)
            write(wiki, {f"{n:02}.md": page(n, edition) for n in numbers[:10]})
            for number in numbers[10:]:
                (wiki / f"{number:02}.md").unlink(missing_ok=True)
            owner.sync([], lambda step: None, lambda: False)


@contextmanager
def under_load(folder: Path) -> Iterator[Settings]:
    """A data folder that a process of its own keeps changing."""
    wiki = write(folder / "wiki", {f"{n:02}.md": page(n, 0) for n in range(PAGES)})
    write(
        wiki, {f"{n}.tf": f'resource "aws_vpc" "main{n}" {{\n  cidr_block = "10.{n}.0.0/16"\n}}\n' for n in range(20)}
    )
    settings = Settings(home=folder / "home", config=folder / "waypost.yaml", embedder="hashing")
    configure(settings, {"name": "wiki", "type": "folder", "path": str(wiki)})
    with open_owner(settings, "sync") as owner:
        owner.sync([], lambda step: None, lambda: False)
    code = "import sys; from pathlib import Path; from tests.crash.backup import load; load(*map(Path, sys.argv[1:]))"
    process = subprocess.Popen([sys.executable, "-c", code, settings.home, settings.config, wiki])
    try:
        yield settings
        assert process.poll() is None, "the load ended before its time"
    finally:
        (folder / "stop").touch()
        process.wait()


@contextmanager
def at_rest(folder: Path) -> Iterator[None]:
    """The load waits, everything synced."""
    (folder / "resting").unlink(missing_ok=True)
    (folder / "rest").touch()
    while not (folder / "resting").exists():
        time.sleep(0.02)
    yield
    (folder / "rest").unlink()


def answers(settings: Settings) -> list[Any]:
    """What is found and answered, without what took how long."""
    told: list[Any] = []
    with open_reader(settings) as reader:
        for question in QUESTIONS:
            found = search_view(reader.retriever.search(question, Viewer()), 0)
            told += [found, answer_view(reader.asker().answer(question, Viewer()), 0)]
    return told


def assert_coherent(settings: Settings) -> None:
    """What one transaction writes together is there together."""
    catalog = Catalog(settings.catalog_url, read_only=True)
    generation = catalog.serving()
    assert generation is not None
    items = {row.document_id for row in catalog.items("wiki").values()}
    documents = catalog.documents_for(Viewer())
    assert {document.id for document in documents} == items
    for document in documents:
        assert hashlib.sha256(document.text.encode()).hexdigest() == document.content_hash
        for passage in catalog.passages_of(document.id, generation):
            assert document.lines(passage.start_line, passage.end_line) == passage.text
    catalog.close()


def indexed_anew(catalog: Settings, home: Path) -> Settings:
    """A data folder with a copy of a catalog that nobody writes, without a backup, and new indexes."""
    home.mkdir()
    for file in catalog.home.glob("catalog.db*"):
        shutil.copy(file, home)
    anew = catalog.model_copy(update={"home": home})
    with open_owner(anew, "test"):
        return anew


def round_trip(live: Settings, folder: Path) -> dict[str, Any]:
    """One round; gives what was measured."""
    home = {name: folder / name for name in ("loaded", "quiet")}
    elsewhere = {name: live.model_copy(update={"home": path}) for name, path in home.items()}
    changes = Catalog(live.catalog_url, read_only=True)
    before, began = changes.last_change(), time.monotonic()
    loaded = back_up(live, folder / "loaded.waypost")
    took = time.monotonic() - began
    restored = restore(elsewhere["loaded"], loaded.file)
    assert restored.sound
    assert_coherent(elsewhere["loaded"])
    with at_rest(live.config.parent):
        moved = changes.last_change() - before
        with open_owner(elsewhere["loaded"], "sync") as owner:
            embedded = owner.sync([], lambda step: None, lambda: False).embedded
        quiet = restore(elsewhere["quiet"], back_up(live, folder / "quiet.waypost").file)
        assert quiet.sound
        assert quiet.waiting == 0
        wanted = answers(indexed_anew(live, folder / "wanted"))
        assert answers(elsewhere["quiet"]) == wanted
        assert answers(indexed_anew(elsewhere["loaded"], folder / "caught-up")) == wanted
    changes.close()
    return {
        "backup_s": round(took, 3),
        "documents": loaded.manifest.documents,
        "changes_meanwhile": moved,
        "embedded": embedded,
    }


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as name, under_load(Path(name)) as live:
        for number in range(1, rounds + 1):
            time.sleep(random.random())
            (folder := Path(name) / str(number)).mkdir()
            print(json.dumps({"round": number, **round_trip(live, folder)}), flush=True)
    print(f"{rounds} backups under load and {rounds} at rest, each restored: sound, coherent, the same answers")


if __name__ == "__main__":
    main()
