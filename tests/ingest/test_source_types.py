"""Types of sources: ours by name, others' by the entry points of packages that are installed, broken ones included."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.sources import SourceSpec
from ingest.sources.folder import FolderSource
from ingest.sources.registry import GROUP, names, source_type
from rag.errors import SettingsError

MODULE = """
from ingest.sources import Options, SourceType
from ingest.sources.folder import FolderSource
class ShelfOptions(Options):
    shelf: str
TYPE = SourceType(lambda spec, folder: FolderSource(spec), ShelfOptions, ("path",))
"""
Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a package as pip does: a module and a folder of what is known of it, on the search path."""

    def installed(package: str, points: str, module: str = MODULE) -> Path:
        site = tmp_path / f"site-{package}"
        info = site / f"{package}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{points}\n")
        (site / f"{package}.py").write_text(module)
        monkeypatch.syspath_prepend(site)
        monkeypatch.delitem(sys.modules, package, raising=False)
        return site

    source_type.cache_clear()
    yield installed
    source_type.cache_clear()


def test_a_package_that_is_installed_adds_a_type(install: Install, tmp_path: Path) -> None:
    assert "shelf" not in names()
    install("acme_shelf", "shelf = acme_shelf:TYPE")
    assert "shelf" in names()
    found = source_type("shelf")
    assert set(found.options.model_fields) == {"shelf"}
    assert isinstance(found.make(SourceSpec("s", "shelf", str(tmp_path)), tmp_path), FolderSource)


@pytest.mark.parametrize(
    ("points", "module", "said"),
    [
        (
            "shelf = acme_shelf:TYPE",
            "import no_such_module_at_all",
            "acme_shelf, which can't be loaded: ModuleNotFound",
        ),
        ("shelf = acme_shelf:TYPE", "raise SystemExit(3)", "acme_shelf, which can't be loaded: SystemExit"),
        ("shelf = acme_shelf:TYPE", "1 / 0", "can't be loaded: ZeroDivisionError"),
        ("shelf = acme_shelf:KIND", MODULE, "can't be loaded: AttributeError"),
        ("shelf = acme_shelf:ShelfOptions", MODULE, "acme_shelf:ShelfOptions is no ingest.sources.SourceType"),
    ],
)
def test_a_package_that_is_broken_is_named(install: Install, points: str, module: str, said: str) -> None:
    install("acme_shelf", points, module)
    with pytest.raises(SettingsError, match=said):
        source_type("shelf")


def test_two_packages_that_claim_a_name(install: Install) -> None:
    install("acme_shelf", "shelf = acme_shelf:TYPE")
    install("other_shelf", "shelf = other_shelf:TYPE")
    with pytest.raises(SettingsError, match="acme_shelf, other_shelf; uninstall all but one"):
        source_type("shelf")


def test_nobody_takes_a_name_of_ours(install: Install) -> None:
    install("acme_shelf", "folder = acme_shelf:TYPE")
    assert source_type("folder").options.model_fields == {}
    assert names().count("folder") == 1


@pytest.mark.parametrize("name", ["../up", "Shelf", "a b", "a/b"])
def test_a_name_that_names_no_folder(install: Install, name: str) -> None:
    install("acme_shelf", f"{name} = acme_shelf:TYPE")
    with pytest.raises(SettingsError, match="small letters"):
        source_type(name)


def test_an_unknown_type_is_told_what_there_is(install: Install) -> None:
    install("acme_shelf", "shelf = acme_shelf:TYPE")
    with pytest.raises(SettingsError, match=f"this Waypost knows: {', '.join(names())}; did you mean 'shelf'"):
        source_type("shelv")
