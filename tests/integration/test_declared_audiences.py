"""Whoever a document names as its readers, in whatever form, is who finds it: through a sync, of files as people write them."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from rag.records import Viewer
from tests.conftest import commit, configure, write
from tests.ingest.rendering.files import docx, notebook, paragraph, pdf
from tests.integration.test_sync import Sync, paths

YAML = "---\ntitle: Plans\naudience: [sre]\n---\n"
FRONT = {
    "yaml": YAML,
    "spaces behind marks": "---  \naudience: sre\n---\t\n",
    "dots": "---\naudience: sre\n...\n",
    "crlf": "---\r\naudience: sre\r\n---\r\n",
    "cr": "---\raudience: sre\r---\r",
    "bom": f"\ufeff{YAML}",
    "blank lines before": f"\n \n{YAML}",
    "comment before": f"<!-- Copyright\n us -->\n{YAML}",
    "line comment before": f"// Copyright us\n{YAML}",
    "hash comment before": f"# yaml-language-server: x\n{YAML}",
    "template's comment before": f"{{# macros #}}\n{YAML}",
    "named language": "---yaml\naudience: sre\n---\n",
    "indented": "  ---\n  audience: sre\n  ---\n",
    "comment in it": "---\n# who may read it\naudience: # these\n  - sre\n---\n",
    "block": "---\naudience: |\n  sre\n---\n",
    "flow": "---\n{title: Plans, audience: sre}\n---\n",
    "two": "---\naudience: ops, sre\n---\n",
    "semicolons": "---\naudience: ops; sre;\n---\n",
    "two in an item": "---\naudience: ['ops, sre']\n---\n",
    "capitals": "---\nAUDIENCE: sre\n---\n",
    "capital": "---\nAudience : sre\n---\n",
    "merged": "---\nx: &x {audience: sre}\n<<: *x\n---\n",
    "twice the same": "---\naudience: sre\nAudience: [sre]\n---\n",
    "toml": '+++\naudience = ["sre"]\n+++\n',
    "toml text": '+++\ntitle = "Plans"\naudience = "ops, sre"\ndate = 2026-01-01\n+++\n',
    "toml between ---": '---toml\naudience = ["sre"]\n---\n',
    "json by marks": ';;;\n{"audience": ["sre"]}\n;;;\n',
    "json without braces": ';;;\n"audience": "sre"\n;;;\n',
    "beside its mark, and no flow": "--- audience: sre\n---\n",
    "anchored": "--- &page\naudience: sre\n---\n",
    "beside its mark": "--- {audience: sre}\n---\n",
    "json between ---": '---json\n{"audience": "sre"}\n---\n',
}
FRONT_OF_TEXT = {
    "json": '{\n  "title": "Plans",\n  "audience": ["sre"]\n}\n',
    "json in a line": '{"audience": "sre"}\n\n',
    "attribute": ":audience: sre\n",
    "attribute in capitals": "\n:Audience: ops, sre\n",
    "org": "#+TITLE: Plans\n#+AUDIENCE: sre\n",
    "drawer": ":PROPERTIES:\n:AUDIENCE: sre\n:END:\n",
    "multimarkdown": "Title: Plans\nAudience: ops,\n  sre\n\n",
    "comment": "<!-- Space: OPS -->\n<!-- Audience: sre -->\n\n",
    "comment of several lines": "<!-- title: Plans\n     audience: sre -->\n\n",
    "front matter in a comment": "<!-- ---\ntitle: Plans\naudience: ops, sre\n-->\n\n",
    "list in a comment": "<!--\n- audience: sre\n- title: Plans\n-->\n\n",
    "rst's meta in a language": ".. meta::\n   :audience lang=en: sre\n\n",
    "rst's meta": ".. meta::\n   :audience: sre\n\n",
    "both": "---\naudience: sre\n---\n\n:audience: sre\n",
}
TEXT = (
    "md", "MD", "mdx", "md.erb", "md.j2", "mdown", "mkd", "qmd", "Rmd", "txt", "org", "adoc", "rst", "wiki", "textile", "xyz",
    "html.erb", "html.j2", "astro",
)  # fmt: skip
OTHER = ("html", "htm", "xhtml", "tf", "hcl", "sh", "py", "conf", "sql", "csv", "toml", "yaml", "yml")

UNCLEAR = {
    "twice": "---\naudience: sre\naudience: everyone\n---\n",
    "twice in other letters": "---\nAudience: sre\naudience: everyone\n---\n",
    "twice in json": ';;;\n{"audience": "sre", "audience": "everyone"}\n;;;\n',
    "twice in toml": '+++\naudience = "sre"\naudience = "everyone"\n+++\n',
    "invalid yaml": "---\ntitle: a: b\naudience: sre\n---\n",
    "invalid flow": "---\n{title: a: b, audience: sre\n---\n",
    "wide colon": "---\ntitle: x\naudience\uff1a sre\n---\n",
    "no colon": "---\ntitle: x\naudience [sre]\n---\n",
    "tagged": "--- !page\naudience: sre\n---\n",
    "no space": "---\naudience:sre\n---\n",
    "invalid toml": "+++\naudience = [sre\n+++\n",
    "invalid json": ';;;\n{"audience": sre}\n;;;\n',
    "unknown language": "---coffee\naudience: 'sre'\n---\n",
    "no group": "---\naudience:\n---\n",
    "no text": "---\naudience: 7\n---\n",
    "of commas": "---\naudience: ','\n---\n",
    "misspelt": "---\naudiance: sre\n---\n",
    "plural": '+++\naudiences = ["sre"]\n+++\n',
    "no ASCII": "---\n\u0430udience: sre\n---\n",
    "one down": "---\nmetadata: {audience: sre}\n---\n",
    "one down in toml": '+++\n[params]\naudience = ["sre"]\n+++\n',
    "dotted": "---\nmetadata.audience: sre\n---\n",
    "bomb": "---\na: &a [x]\nb: [" + "*a, " * 30 + "]\naudience: sre\n---\n",
    "huge": "---\n" + "a: b\n" * 250_000 + "audience: sre\n---\n",
}
UNCLEAR_OF_TEXT = {
    "open": "---\naudience: sre\n\n# Text\n\nand [more",
    "open toml": '+++\naudience = "sre"\n\n# Text\n',
    "nothing but": "---\naudience: sre\n",
    "invalid object": '{\n  "title": "x",\n  "audience": "sre",\n}\n',
    "empty attribute": ":audience:\n",
    "unset attribute": ":!audience:\n",
    "two attributes": ":audience: sre\n:audience: everyone\n",
    "front matter and attribute": "---\naudience: everyone\n---\n:audience: sre\n",
    "misspelt in org": "#+AUDIANCE: sre\n",
}

MANIFEST = (
    "---\napiVersion: v1\nkind: Pod\nspec:\n  volumes:\n  - projected:\n      sources:\n      - serviceAccountToken:\n"
    "          audience: vault\n"
)
ORDINARY = {
    "pod.yaml": f"{MANIFEST}---\napiVersion: v1\nkind: Pod\nmetadata: {{audience: x}}\n",
    "pod.txt": MANIFEST,
    "two pods.txt": f"{MANIFEST}---\napiVersion: v1\n",
    "pod.yaml.j2": f"{MANIFEST}{{{{ if x }}}}\n---\naudience: {{{{ x }}}}\n",
    "values.yaml": "---\naudience: vault\nissuer: x\n---\naudience: other\n",
    "template.yaml": "---\n{{- if .Values.x }}\naudience: vault\n---\na: b\n",
    "login.json": '{"audience": "//iam.example.org", "type": "external_account"}',
    "claims.txt": '{\n  "audience": "vault"\n}\n',
    "claims.jsonl": '{"audience": "vault"}\n{"audience": "x"}\n',
    "vault.tf": 'resource "a" "b" {\n  audience = "vault"\n}\n',
    "vault.hcl": 'audience = "vault"\n',
    "app.toml": 'audience = "vault"\n',
    "app.conf": "audience: vault\n",
    "app.properties": "audience=vault\n",
    "app.jsonnet": "{\n  audience: 'x',\n}\n",
    "rules.md": "Text.\n\n---\n\nAudience: everyone on call\n\n---\n\nMore.\n",
    "title and rule.md": "# Title\n\n---\n\nAudience: everyone on call\n\n---\n\nMore.\n",
    "bold.md": "# Title\n\n**Audience:** those on call\n\nAudience: all\n",
    "change.diff": "--- a/x.md\n+++ b/x.md\n@@ -1 +1 @@\n+++\n+audience: sre\n",
    "plus.md": "Text.\n\n+++\naudience = 1\n+++\n",
    "example.md": "# How\n\n```yaml\n---\naudience: sre\n---\n```\n\n```\n:audience: sre\n```\n",
    "indented example.md": "    ---\n    audience: sre\n    ---\n\nSo it is written.\n",
    "jwt.md": "---\ntitle: Tokens\nclaims:\n- name: aud\n  audience: vault\n---\n# Tokens\n",
    "deep.md": "---\nspec: {token: {audience: vault}}\n---\n# Tokens\n",
    "below.md": "---\naudience_notes: x\ntarget_audience: beginners\nguidance: y\n---\n# Tokens\n",
    "overline.rst": "------\nTitle\n------\n\nText.\n",
    "listing.adoc": "----\naudience: vault\n----\n\nText.\n",
    "dc.html": '<html><head><meta name="dcterms.audience" content="all"></head><p>Words</p></html>',
    "escaped.html": "<pre>&lt;meta name=audience content=sre&gt;</pre>",
    "rule.html": "<hr><p>Audience: everyone</p><hr>",
}


def html(head: str) -> str:
    return f"<!DOCTYPE html><html><head>{head}</head><body><h1>Plans</h1><p>The llama is here.</p></body></html>"


def properties(name: str, value: str) -> dict[str, str]:
    return {
        "docProps/custom.xml": f'<Properties><property name="{name}"><lpwstr>{value}</lpwstr></property></Properties>'
    }


def cell(kind: str, text: str) -> dict[str, object]:
    return {"cell_type": kind, "source": text, "outputs": []}


TEMPLATES = ("html.twig", "html.ejs", "hbs", "njk", "php", "jsp", "aspx", "cshtml", "shtml", "vue", "liquid")
WORDS = cell("markdown", "The llama is here.")
RENDERED: dict[str, str | bytes] = {
    "meta.html": html('<meta name="audience" content="sre">'),
    "capitals.html": html('<META NAME="Audience" CONTENT="ops; sre">'),
    "property.htm": html('<meta property=audience content="sre">'),
    "order.xhtml": html("<meta content='sre' name='audience'/>"),
    "body.html": "<p>The llama is here.</p><meta name=audience content=sre>",
    "both.html": YAML + html('<meta name="audience" content="sre">'),
    "page.html.erb": html('<meta name="audience" content="sre">'),
    "page.html.j2": html("<meta content='sre' property='AUDIENCE'>"),
    **{f"page.{ending}": html('<meta name="audience" content="sre">') for ending in TEMPLATES},
    "utf-32.md": f"{YAML}The llama is here.\n".encode("utf-32"),
    "utf-32, big end first.md": codecs.BOM_UTF32_BE + f"{YAML}The llama is here.\n".encode("utf-32-be"),
    "raw.ipynb": notebook(cell("raw", YAML), WORDS),
    "markdown.ipynb": notebook(cell("markdown", YAML + "# Plans"), WORDS),
    "after code.ipynb": notebook(cell("code", "import llama"), cell("raw", "+++\naudience = 'sre'\n+++"), WORDS),
    "metadata.ipynb": json.dumps({"metadata": {"audience": ["sre"]}, "cells": [WORDS]}),
    "property.docx": docx(paragraph("The llama is here."), properties("Audience", "ops, sre")),
    "property.pdf": pdf([[(12, "The llama is here.")]], info="Plans) /Audience (sre"),
}
UNCLEAR_RENDERED: dict[str, str | bytes] = {
    "empty.html": html('<meta name="audience" content="">'),
    "none.html": html('<meta name="audience">'),
    "two.html": html('<meta name="audience" content="sre"><meta name="audience" content="everyone">'),
    "other.html": YAML + html('<meta name="audience" content="everyone">'),
    "misspelt.html": html('<meta name="audiences" content="sre">'),
    "computed.html.erb": html('<meta name="audience" content="<%= x %>">'),
    "cell.ipynb": notebook(cell("raw", "---\ntitle: a: b\naudience: sre\n---"), WORDS),
    "empty.docx": docx(paragraph("The llama is here."), properties("audience", "")),
}


def documents(forms: dict[str, str], endings: tuple[str, ...]) -> dict[str, str | bytes]:
    named = [
        (f"{form} {number}.{ending}", text) for form, text in forms.items() for number, ending in enumerate(endings)
    ]
    return {path: f"{text}\nThe llama is here.\n" for path, text in named}


def test_only_those_whom_a_document_names_find_it(owner: Owner, sync: Sync, settings: Settings, tmp_path: Path) -> None:
    usual = {form: FRONT[form] for form in ("yaml", "toml", "json by marks")}
    files = {
        **documents(FRONT, ("md", "txt", "rst", "html", "tf", "yml")), **documents(usual, (*TEXT, *OTHER)),
        **documents(FRONT_OF_TEXT, ("md", "txt", "org", "adoc", "rst", "html.j2", "xyz")), **RENDERED,
    }  # fmt: skip
    folder = write(tmp_path / "w", {**files, "open.md": "The llama is here.\n"})
    configure(settings, {"name": "w", "type": "folder", "path": str(folder)})
    sync()
    hidden = {row.path: row.reason for row in owner.catalog.items("w").values() if row.outcome != "indexed"}
    assert not hidden
    for asker in (Viewer(), Viewer.of(["dev"])):
        assert {document.path for document in owner.catalog.documents_for(asker)} == {"open.md"}
        assert set(paths(owner, "llama", asker)) == {"open.md"}
    assert {document.path for document in owner.catalog.documents_for(Viewer.of(["sre"]))} == {*files, "open.md"}
    found = owner.reader().retriever.search("llama", Viewer.of(["sre"]), 50).passages
    assert len({passage.document.path for passage in found} - {"open.md"}) > 20


def test_a_document_of_unclear_readers_is_found_by_nobody_and_status_says_why(
    owner: Owner, sync: Sync, settings: Settings, tmp_path: Path
) -> None:
    files = {
        **documents(UNCLEAR, ("md", "txt", "html", "org")),
        **documents(UNCLEAR_OF_TEXT, ("md", "txt", "org", "qmd", "adoc")), **UNCLEAR_RENDERED,
    }  # fmt: skip
    configure(settings, {"name": "w", "type": "folder", "path": str(write(tmp_path / "w", files))})
    assert sync().needs_a_person
    rows = owner.catalog.items("w")
    assert {path for path, row in rows.items() if row.outcome != "quarantined"} == set()
    assert {path for path, row in rows.items() if "audience" not in row.reason} == set()
    assert owner.catalog.documents_for(Viewer.of(["sre", "everyone", "ops"])) == []


@pytest.mark.parametrize("path", ORDINARY)
def test_an_ordinary_document_is_for_everyone(
    owner: Owner, sync: Sync, settings: Settings, tmp_path: Path, path: str
) -> None:
    text = ORDINARY[path]
    configure(settings, {"name": "w", "type": "folder", "path": str(write(tmp_path / "w", {path: text}))})
    sync()
    assert (owner.catalog.items("w")[path].outcome, owner.catalog.items("w")[path].reason.count("audience")) == (
        "indexed",
        0,
    )
    assert [document.path for document in owner.catalog.documents_for(Viewer())] == [path]


def test_what_a_rendering_declares_holds_when_only_the_settings_change(
    owner: Owner, sync: Sync, settings: Settings, tmp_path: Path
) -> None:
    commit(tmp_path / "w", RENDERED)
    entry = {"name": "w", "type": "git", "path": str(tmp_path / "w")}
    configure(settings, entry)
    sync()
    configure(settings, {**entry, "audience": ["staff"]})
    assert sync().sources[0].counts["unchanged"] == len(RENDERED)
    for groups in (["sre"], ["staff"]):
        assert owner.catalog.documents_for(Viewer.of(groups)) == []
    both = {document.path for document in owner.catalog.documents_for(Viewer.of(["sre", "staff"]))}
    assert both == set(RENDERED)
