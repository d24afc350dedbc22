"""Exports of a Confluence space on disk are read as the wiki would be, and opened with care."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from ingest.rendering import Rendered
from ingest.sources import Listed, Listing, Previous, Source, SourceSpec
from ingest.sources.confluence import TYPE, ConfluenceOptions
from rag.errors import SettingsError, SourceError


def _object(kind: str, number: str, id_name: str = "id", **properties: str) -> str:
    told = "".join(
        f'<property name="{name}" class="X" package="y"><id name="id">{value[1:]}</id></property>'
        if value.startswith("#")
        else f'<property name="{name}"><![CDATA[{value}]]></property>'
        for name, value in properties.items()
    )
    return f'<object class="{kind}" package="p"><id name="{id_name}">{number}</id>{told}</object>'


CODE = (
    '<ac:structured-macro ac:name="code"><ac:plain-text-body><![CDATA[<!DOCTYPE html> kubectl get pods]] >'
    "</ac:plain-text-body></ac:structured-macro>"
)
INCLUDE = (
    '<ac:structured-macro ac:name="include"><ac:parameter ac:name=""><ri:page ri:content-title="{}" /></ac:parameter>'
    "</ac:structured-macro>"
)
OBJECTS = [
    _object("Space", "9", name="Operations", key="OPS"),
    _object("ConfluenceUserImpl", "k1", "key", name="ada", lowerName="ada"),
    _object("Page", "1", title="Home", version="4", space="#9", contentStatus="current", lastModifier="#k1",
            lastModificationDate="2024-05-06 07:08:09.123"),
    _object("Page", "2", title="Runbook", version="2", space="#9", parent="#1", contentStatus="current"),
    _object("Page", "3", title="Runbook", version="1", originalVersion="#2", contentStatus="current"),
    _object("Page", "4", title="Binned", version="1", space="#9", contentStatus="deleted"),
    _object("Page", "5", title="Keys", version="1", space="#9", parent="#2", contentStatus="current"),
    _object("BodyContent", "11", body="<p>Home page.</p>" + INCLUDE.format("Keys"), content="#1", bodyType="2"),
    _object("BodyContent", "12", body=f"<p>Run.</p>{CODE}", content="#2", bodyType="2"),
    _object("BodyContent", "13", body="<p>Old words.</p>", content="#3", bodyType="2"),
    _object("BodyContent", "15", body="<p>Where keys are.</p>", content="#5", bodyType="2"),
    _object("ContentPermissionSet", "21", type="View", owningContent="#2"),
    _object("ContentPermission", "31", type="View", groupName="security", owningSet="#21"),
    _object("ContentPermission", "32", type="View", userSubject="#k1", owningSet="#21"),
    _object("ContentPermissionSet", "22", type="Edit", owningContent="#1"),
    _object("ContentPermission", "33", type="Edit", groupName="few", owningSet="#22"),
    _object("ContentPermissionSet", "23", type="View", owningContent="#5"),
    _object("Label", "41", name="runbook"),
    _object("Labelling", "42", label="#41", content="#2"),
    _object("Attachment", "51", title="run.sh", version="3", containerContent="#2", contentStatus="current"),
]  # fmt: skip


def _zip(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            made.writestr(name, text)
    return path


def _entities(objects: list[str]) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><hibernate-generic datetime="x">{"".join(objects)}</hibernate-generic>'
    )


def _source(path: Path, **options: object) -> Source:
    return TYPE.make(SourceSpec("e", "confluence", str(path), options=ConfluenceOptions(**options)), path.parent)


def _read(path: Path, **options: object) -> tuple[dict[str, Listed], dict[str, str]]:
    source = _source(path, **options)
    listing = source.listing(Previous())
    assert isinstance(listing, Listing)
    assert listing.complete
    texts = {i.path: read.text if isinstance(read, Rendered) else str(read) for i, read in source.fetch(listing.items)}
    return {item.path: item for item in listing.items}, texts


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    return _zip(
        tmp_path / "export.zip",
        {"entities.xml": _entities(OBJECTS), "attachments/2/51/3": "echo run\n", "exportDescriptor.properties": "x"},
    )


def test_an_export_of_xml(exported: Path) -> None:
    items, texts = _read(exported)
    assert set(items) == {"OPS/Home.md", "OPS/Home/Runbook.md", "OPS/Home/Runbook/Keys.md", "OPS/Home/Runbook/run.sh"}
    assert (items["OPS/Home.md"].owner, items["OPS/Home.md"].updated_at) == ("ada", "2024-05-06T07:08:09Z")
    assert texts["OPS/Home/Runbook.md"] == "Labels: runbook\n\nRun.\n\n```\n<!DOCTYPE html> kubectl get pods\n```\n"
    assert "echo run" in texts["OPS/Home/Runbook/run.sh"]
    assert items["OPS/Home/Runbook.md"].version == "2"


def test_its_restrictions_count(exported: Path) -> None:
    items, texts = _read(exported)
    clause = ("security", "user:ada")
    assert items["OPS/Home.md"].access.clauses == ()
    assert items["OPS/Home/Runbook.md"].access.clauses == (clause,)
    assert items["OPS/Home/Runbook/run.sh"].access.clauses == (clause,)
    assert items["OPS/Home/Runbook/Keys.md"].access.clauses == ((), clause)
    assert "Where keys are" not in texts["OPS/Home.md"]


def test_only_spaces_and_labels_that_are_wanted(exported: Path) -> None:
    assert set(_read(exported, labels=("runbook",))[0]) == {"OPS/Home/Runbook.md", "OPS/Home/Runbook/run.sh"}
    assert not _source(exported, spaces=("NET",)).listing(Previous()).complete


def test_a_page_that_moved_is_told(exported: Path) -> None:
    source = _source(exported)
    before = source.listing(Previous())
    _zip(exported, {"entities.xml": _entities([o.replace("CDATA[Home]", "CDATA[Start]") for o in OBJECTS])})
    after = source.listing(Previous("", {item.path: item.signature for item in before.items}))
    assert after.moved["OPS/Start/Runbook.md"] == "OPS/Home/Runbook.md"


def test_an_export_of_html(tmp_path: Path) -> None:
    page = (
        '<html><head><title>Operations : {0}</title></head><body><ol id="breadcrumbs"><li>Operations</li>{1}</ol>'
        '<h1>{0}</h1><div id="main-content" class="wiki-content"><p>Text of {0}.</p></div><section id="footer">By Confluence'
        "</section></body></html>"
    )
    path = _zip(
        tmp_path / "html.zip",
        {
            "OPS/index.html": "<html><body>index</body></html>", "OPS/Home_1.html": page.format("Home", ""),
            "OPS/Runbook_2.html": page.format("Runbook", "<li><span><a>Home</a></span></li>"),
        },
    )  # fmt: skip
    items, texts = _read(path)
    assert set(items) == {"OPS/Home.md", "OPS/Home/Runbook.md"}
    assert texts["OPS/Home/Runbook.md"].strip() == "Text of Runbook."


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"entities.xml": '<!DOCTYPE x [<!ENTITY a "b">]><hibernate-generic>&a;</hibernate-generic>'}, "document type"),
        ({"entities.xml": "<hibernate-generic><object"}, "not XML that can"),
        ({"../entities.xml": "<x/>"}, "leads out"),
        ({"entities.xml": " " * 5_000_000}, "zip bomb"),
        ({"readme.txt": "x"}, "neither"),
    ],
)
def test_what_is_no_export_or_a_trap(tmp_path: Path, files: dict[str, str], told: str) -> None:
    with pytest.raises(SourceError, match=told):
        _source(_zip(tmp_path / "x.zip", files)).listing(Previous())


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no file"):
        _source(tmp_path / "no.zip").listing(Previous())
