"""waypost.yaml: what each type of source takes, what is wrong with an entry in words that say what to do, and the first file."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.settings import Settings, first_config, load_sources
from ingest.sources import SourceSpec
from ingest.sources.registry import names, source_type
from rag.errors import SettingsError
from tests.conftest import configure, git

SHELF = """
from pydantic import Field, field_validator
from ingest.sources import Options, SourceType
class ShelfOptions(Options):
    shelf: str
    pages: int = Field(default=3, ge=1)
    labels: dict[str, str] = {}
    @field_validator("shelf")
    @classmethod
    def _named(cls, given):
        if given == "none":
            raise ValueError("there is no such shelf; name another")
        return given
def make(spec, folder):
    raise AssertionError("never made here")
URL = SourceType(make, ShelfOptions)
BOTH = SourceType(make, ShelfOptions, ("path", "url"))
"""


@pytest.fixture(autouse=True)
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Types of an installed package: one with a URL, one with either."""
    site = tmp_path / "site"
    info = site / "acme_settings-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme_settings\nVersion: 1.0\n")
    points = "shelf = acme_settings:URL\nshelf-or-folder = acme_settings:BOTH\n"
    (info / "entry_points.txt").write_text("[waypost.sources]\n" + points)
    (site / "acme_settings.py").write_text(SHELF)
    monkeypatch.syspath_prepend(site)
    monkeypatch.delitem(sys.modules, "acme_settings", raising=False)
    source_type.cache_clear()
    yield
    source_type.cache_clear()


def load(settings: Settings, *entries: Mapping[str, object], **environment: str) -> list[SourceSpec]:
    configure(settings, *entries)
    return load_sources(settings.config, environment)


def entry(**changed: object) -> dict[str, object]:
    made = {"name": "s", "type": "shelf", "url": "https://shelf.invalid", "shelf": "main", **changed}
    return {key: value for key, value in made.items() if value is not None}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"shelff": "x"}, "unknown key 'shelff'; did you mean 'shelf'"),
        ({"reader": "x"}, "unknown key 'reader'"),  # it is another type's
        ({"shelf": None}, "`shelf`: Field required"),
        ({"shelf": ["x"]}, "`shelf`: Input should be a valid string"),
        ({"shelf": "none"}, "`shelf`: there is no such shelf; name another"),
        ({"pages": "many"}, "`pages`: Input should be a valid integer"),
        ({"pages": 0}, "`pages`: Input should be greater than or equal to 1"),
        ({"labels": {"a": ["b"]}}, "`labels.a`: Input should be a valid string"),
        ({"shelf": "${NOPE}"}, "`shelf`: the environment variable NOPE is not set"),
        ({"shelf": "${EMPTY}"}, "`shelf`: the environment variable EMPTY is not set"),
        ({"labels": {"a": "x ${NOPE}"}}, "`labels`: the environment variable NOPE is not set"),
        ({"url": None}, "needs `url`"),
        ({"path": "x"}, "needs `url`"),  # both
        ({"url": None, "path": "x"}, "`url` must be the address of a site"),
        ({"url": "shelf.invalid"}, "`url` must be the address of a site"),
        ({"url": "https://me:pw@shelf.invalid"}, "take the password out of the url"),
        ({"type": "shelf-or-folder", "url": None}, "needs one of `path` and `url`"),
        ({"type": "folder", "shelf": None}, "a folder has a path, not a URL; for a repository use type: git"),
        ({"type": "folder"}, "unknown key 'shelf'"),
        ({"type": "llamahub", "shelf": None, "reader": "a.B"}, "have neither `path` nor `url`"),
        ({"type": "llamahub", "shelf": None, "url": None}, "`reader`: Field required"),
        ({"type": "llamahub", "shelf": None, "url": None, "reader": "B"}, "`reader`: String should match pattern"),
        ({"type": "llamahub", "shelf": None, "url": None, "reader": "a.B", "load": []}, "`load`: Input should be a valid dict"),
        ({"type": "llamahub", "shelf": None, "url": None, "reader": "a.B", "seconds": 9999}, "`seconds`: Input should be less"),
        ({"type": "llamahub", "shelf": None, "url": None, "reader": "a.B", "tolerate": [""]}, "`tolerate`: a text to tolerate"),
        ({"type": "git", "shelf": None, "url": "https://x.invalid", "credentials": {"token": "x"}}, "write the token as"),
        ({"type": "shelv"}, "did you mean 'shelf'"),
        ({"type": None}, "has type None: this Waypost knows"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(settings: Settings, changed: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError) as found:
        load(settings, entry(**changed), EMPTY="")
    assert said in str(found.value)
    assert "source 's'" in str(found.value)


def test_options_are_filled_in_and_kept_from_view(settings: Settings) -> None:
    labels = {"a": "x ${TOKEN} ${TOKEN}", "b": "plain"}
    (spec,) = load(settings, entry(labels=labels, pages=5), TOKEN="t0ps3cret", UNUSED="other")
    assert spec.options.labels == {"a": "x t0ps3cret t0ps3cret", "b": "plain"}
    assert (spec.options.shelf, spec.options.pages, spec.location) == ("main", 5, "https://shelf.invalid")
    assert set(spec.credentials.secrets) == {"t0ps3cret"}
    assert "t0ps3cret" not in repr(spec) + spec.fingerprint


def test_an_error_never_shows_what_a_variable_holds(settings: Settings) -> None:
    with pytest.raises(SettingsError) as found:
        load(settings, entry(pages="${TOKEN}"), TOKEN="t0ps3cret")
    assert "`pages`" in str(found.value)
    assert "t0ps3cret" not in str(found.value)


def test_a_type_with_a_path_or_a_url(settings: Settings, tmp_path: Path) -> None:
    (spec,) = load(settings, entry(type="shelf-or-folder", url=None, path="docs"))
    assert spec.location == str(tmp_path / "docs")
    (spec,) = load(settings, entry(type="shelf-or-folder"))
    assert spec.location == "https://shelf.invalid"


def test_those_of_one_type_need_no_variable_of_others(settings: Settings) -> None:
    configure(settings, entry(shelf="${NOPE}"), {"name": "g", "type": "git", "url": "https://x.invalid/a.git"})
    assert [spec.name for spec in load_sources(settings.config, {}, "git")] == ["g"]


# -- waypost init -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "type_"),
    [
        ("https://github.com/acme/infra", "git"),
        ("https://github.com/acme/infra.wiki.git", "git"),
        ("https://git.acme.invalid/wiki.git", "git"),
        ("git@github.com:acme/infra.git", "git"),
        ("https://acme.atlassian.net/wiki", "confluence"),
        ("https://acme.atlassian.net", "confluence"),
        ("https://acme.atlassian.net.evil.invalid/x", "git"),
        ("https://wiki.acme.invalid/w/api.php", "mediawiki"),
        ("https://wiki.acme.invalid/index.php/Main_Page", "mediawiki"),
        ("https://wiki.acme.invalid/doku.php?id=start", "dokuwiki"),
        ("https://docs.acme.invalid/sitemap.xml", "website"),
    ],
)
def test_a_type_is_told_by_its_url_where_this_waypost_has_it(url: str, type_: str) -> None:
    (made,) = yaml.safe_load(first_config([url]))["sources"]
    assert (made["type"], made["url"]) == (type_ if type_ in names() else "git", url)


def test_a_first_file_of_folders_and_what_is_none(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "infra").mkdir()
    git(tmp_path / "infra", "init", "-q")
    text = first_config([str(tmp_path / "docs"), str(tmp_path / "infra")])
    assert [made["type"] for made in yaml.safe_load(text)["sources"]] == ["folder", "git"]
    assert all(name in text for name in names())
    for given in ("nothing", "nothing.zip"):
        with pytest.raises(SettingsError, match="there is no folder"):
            first_config([str(tmp_path / given)])


def test_an_export_of_notion(tmp_path: Path) -> None:
    export = tmp_path / "0b6c_Export-8f0c2d9e-1111-2222-3333-444455556666.zip"
    export.write_bytes(b"")
    if "notion" not in names():
        with pytest.raises(SettingsError):
            first_config([str(export)])
        return
    assert yaml.safe_load(first_config([str(export)]))["sources"][0]["type"] == "notion"


@pytest.mark.parametrize(
    "url",
    ["ftp://shelf.invalid", "ext::sh -c true", "fd::17", "--upload-pack=true", "-utrue", "file:///etc", "FILE://localhost/etc", "x-y+z://h"],
)  # fmt: skip
@pytest.mark.parametrize("key", ["url", "path"])
def test_a_location_that_may_not_be_read_costs_its_source_alone(settings: Settings, url: str, key: str) -> None:
    given = {"name": "s", "type": "git", key: url}
    spec, beside = load(settings, given, {"name": "b", "type": "folder", "path": "b"})
    assert (spec.location, beside.refusal) == ("", "")
    assert "source 's'" in spec.refusal
    assert "correct its `url`" in spec.refusal


def test_what_is_not_yaml_is_named_without_quoting_it(settings: Settings) -> None:
    settings.config.write_text(
        "sources:\n  - {name: a, type: git, url: 'https://h', credentials: {token: s3cret-value}\n"
    )
    with pytest.raises(SettingsError, match=r"not valid YAML, line \d+: ") as found:
        load_sources(settings.config, {})
    assert "s3cret" not in str(found.value)


def test_all_that_is_wrong_is_said_at_once(settings: Settings) -> None:
    settings.config.write_text(
        "sources:\n- {name: a, type: folder, path: ., ownr: x}\n- {name: b, type: folder, path: .}\n- {name: c, type: git}\n"
    )
    with pytest.raises(SettingsError) as wrong:
        load_sources(settings.config, {})
    assert "source 'a' has an unknown key" in str(wrong.value)
    assert "source 'c' needs one of" in str(wrong.value)
    assert "'b'" not in str(wrong.value)


def test_a_file_that_is_not_utf_8_says_so(settings: Settings) -> None:
    settings.config.write_bytes("sources: # gr\u00fcn".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"not UTF-8 \(byte 13\); save it as UTF-8"):
        load_sources(settings.config, {})


def test_a_password_in_a_url_is_written_nowhere() -> None:
    with pytest.raises(SettingsError, match="without one") as wrong:
        first_config(["https://me:hunter2@example.org/x.git"])
    assert "hunter2" not in str(wrong.value)
