"""docs/sources.md: the source that it shows runs, from a package of its own, by the entry point and the suite that it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import yaml

from api.settings import Settings, load_sources
from ingest.sources.llamahub import LlamaHubOptions
from ingest.sources.registry import GROUP, names, source_type
from tests.conftest import configure, write
from tests.places.server import FAULTS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/sources.md").read_text()
TESTING = """
from ingest.sources.registry import source_type
from my_package.shelf import ShelfOptions
from tests.places.shelf import ShelfPlace

class MyPlace(ShelfPlace):
    type = "shelf"
    def source(self, spec, folder):
        made = source_type("shelf").make(spec, folder)
        assert type(made).__module__ == "my_package.shelf"
        return made
    def spec(self, **settings):
        from ingest.sources import SourceSpec
        return SourceSpec("place", self.type, self.url, options=ShelfOptions(), **settings)
"""


def shown(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.S)


def test_the_source_that_is_shown_is_the_one_that_runs() -> None:
    assert shown("python") == [(ROOT / "tests/places/shelf_source.py").read_text()]


@pytest.mark.timeout(300)
def test_it_runs_from_a_package_of_its_own_through_the_suite(tmp_path: Path) -> None:
    points = tomllib.loads(shown("toml")[0])["project"]["entry-points"]["waypost.sources"]
    write(
        tmp_path,
        {
            "my_package/__init__.py": "",
            "my_package/shelf.py": shown("python")[0],
            "my_package/testing.py": TESTING,
            "my_package-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: my_package\nVersion: 1.0\n",
            "my_package-1.0.dist-info/entry_points.txt": "[waypost.sources]\n"
            + "".join(f"{name} = {value}\n" for name, value in points.items()),
        },
    )
    environment = {
        **os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}", "WAYPOST_TEST_PLACES": "my_package.testing:MyPlace",
    }  # fmt: skip
    chosen = "shelf and (there_once or two_pages or (removes_nothing and shelf-1))"
    command = [sys.executable, "-m", "pytest", "tests/contract/test_web_sources.py", "-k", chosen, "-p", "no:xdist"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"^\.{3}", done.stdout), done.stdout[-3000:]


def test_the_number_of_faults_is_right() -> None:
    assert f"{len(FAULTS)} ways in which a server fails" in TEXT


def test_the_entry_of_llamahub_that_is_shown_is_read_and_every_key_is_told(settings: Settings) -> None:
    (entry,) = yaml.safe_load(shown("yaml")[0])
    configure(settings, entry)
    (spec,) = load_sources(settings.config, {"DB_USER": "u", "DB_PASSWORD": "p"})
    assert spec.options.arguments["uri"] == "postgresql://u:p@db/tickets"
    section = TEXT.split("## Readers of LlamaHub")[1].split("\n## ")[0]
    assert [key for key in LlamaHubOptions.model_fields if f"`{key}`" not in section] == []


def _entries() -> list[str]:
    """The minimal entry of each row of the table of types."""
    return re.findall(r"^\|.*\| `(\{name: .*\})` \|$", TEXT.split("## ")[0], re.M)


@pytest.mark.parametrize("entry", _entries(), ids=lambda entry: re.search(r"type: (\w+)", entry)[1])
def test_every_entry_that_is_shown_is_read(settings: Settings, entry: str) -> None:
    configure(settings, yaml.safe_load(entry))
    (spec,) = load_sources(settings.config, {"CONFLUENCE_TOKEN": "a-token"})
    assert spec.location or spec.type == "llamahub"


def _ours() -> list[str]:
    return [name for name in names() if not entry_points(group=GROUP, name=name)]


def test_every_type_has_an_entry_and_every_option_is_told() -> None:
    types = _ours()
    assert sorted(yaml.safe_load(entry)["type"] for entry in _entries()) == sorted(types)
    options = {key for name in types for key in source_type(name).options.model_fields}
    assert [key for key in sorted(options) if f"`{key}" not in TEXT] == []


def test_the_readme_names_every_type() -> None:
    assert [name for name in _ours() if f"`{name}`" not in (ROOT / "README.md").read_text()] == []
