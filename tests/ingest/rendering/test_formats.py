"""PDF, DOCX, notebooks and diagrams as Markdown; and what is done about those made to do harm."""

from __future__ import annotations

import io
import json
import random
import time
import zipfile

import pytest

from ingest.rendering import Rendered, render
from ingest.rendering.pdf import _Lines
from rag.errors import DocumentError, RefusedError
from tests.ingest.rendering.files import W, archive, deflated, diagram, docx, graph, notebook, paragraph, pdf

BODY = (11, "Plain words that make up most of the letters of this page, line by line.")


def read(path: str, data: bytes) -> Rendered:
    found = render(path, data)
    assert found is not None
    return found


def refusal(path: str, data: bytes) -> str:
    with pytest.raises(RefusedError) as error:
        read(path, data)
    return str(error.value)


def broken(path: str, data: bytes) -> str:
    with pytest.raises(DocumentError) as error:
        read(path, data)
    assert not isinstance(error.value, RefusedError)
    return str(error.value)


def names(found: Rendered) -> list[tuple[int, int, str, str]]:
    return [(place.start, place.end, place.name, place.anchor) for place in found.places]


# -- PDF ------------------------------------------------------------------------------------------------------------------


def test_pages_headings_and_cut_words() -> None:
    pages = [
        [(20, "Failover"), BODY, BODY, (11, "The standby takes over the infra-"), (11, "structure when on-call says so, on-"),
         (11, "call.")],
        [],
        [(15, "Steps"), BODY, (11, "# promote-now (as root)"), (11, "oﬃce".replace("ﬃ", "ffi"))],
    ]  # fmt: skip
    found = read("a.pdf", pdf(pages, info="Runbook of the database"))
    lines = found.text.split("\n")
    assert (lines[0], found.title) == ("# Failover", "Runbook of the database")
    assert "The standby takes over the infrastructure" in lines
    assert "when on-call says so, on-call." in lines
    assert "## Steps" in lines
    assert "\\# promote-now (as root)" in lines
    assert names(found) == [(1, 6, "page 1", "#page=1"), (8, 12, "page 3", "#page=3")]
    assert found.notes == ("no text on page 2: scanned, or a picture",)


def test_words_that_were_placed_one_by_one_make_lines() -> None:
    """As pypdf hands out what browsers print: each word with an end of line behind it."""
    turned, found = [0.75, 0, 0, -0.75, 72, 585], _Lines()
    for text, x, y in (("Test", 60, 32), (" ", 115, 32), ("Master", 141, 32), ("below", 60, 70), ("left", 0, 70)):
        found.visit(text, turned, [1, 0, 0, -1, x, y], None, 34)
        found.visit("\n", turned, [1, 0, 0, 1, 0, 0], None, 34)
    found.end_line()
    assert [line.text for line in found.lines] == ["Test Master", "below", "left"]


def test_an_outline_names_the_headings() -> None:
    pages = [[(11, "1 Before you start"), BODY, (18, "Not in the outline")], [(11, "2 Rotate"), BODY]]
    text = read("a.pdf", pdf(pages, [("Before you start", 0), ("Rotate", 1)])).text
    assert [line for line in text.split("\n") if line.startswith("#")] == ["# 1 Before you start", "# 2 Rotate"]


def test_pdfs_that_are_not_read() -> None:
    from pypdf import PdfReader, PdfWriter

    assert refusal("a.pdf", pdf([[], []])) == "no text in it: scanned?"
    locked = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([[BODY]]))))
    locked.encrypt("secret", algorithm="RC4-128")
    made = io.BytesIO()
    locked.write(made)
    assert refusal("a.pdf", made.getvalue()) == "encrypted: it needs a password; save it without one"
    opened = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([[BODY]]))))
    opened.encrypt("", "owner", algorithm="RC4-128")
    made = io.BytesIO()
    opened.write(made)
    assert "Plain words" in read("a.pdf", made.getvalue()).text
    for data in (b"", b"%PDF-1.4\n", b"no pdf at all", pdf([[BODY]])[:300]):
        assert "PDF that can be read" in broken("a.pdf", data)


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_a_pdf_that_only_its_owner_may_change_is_read(algorithm: str) -> None:
    from pypdf import PdfReader, PdfWriter

    locked = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([[BODY]]))))
    locked.encrypt("", "secret", algorithm=algorithm)
    made = io.BytesIO()
    locked.write(made)
    rendered = render("a.pdf", made.getvalue())
    assert rendered
    assert BODY[1] in rendered.text


def test_a_pdf_whose_pages_hold_each_other_ends() -> None:
    data = pdf([[BODY]]).replace(b"/Kids [5 0 R]", b"/Kids [2 0 R]")
    with pytest.raises((DocumentError, RecursionError)):
        read("a.pdf", data)


# -- DOCX -----------------------------------------------------------------------------------------------------------------

RUN = "<w:r><w:rPr>{}</w:rPr><w:t>{}</w:t></w:r>"


def test_a_document_s_sections() -> None:
    body = (
        paragraph("Before any heading")
        + paragraph("Failover", "Heading1")
        + paragraph(RUN.format("<w:b/>", "bold") + RUN.format("", " and ")
                    + RUN.format('<w:rFonts w:ascii="Consolas"/>', "psql -c x"))
        + paragraph("one", "Bullets") + paragraph("two", "Bullets")
        + paragraph("first", properties='<w:numPr><w:ilvl w:val="0"/><w:numId w:val="2"/></w:numPr>')
        + paragraph("second", properties='<w:numPr><w:ilvl w:val="0"/><w:numId w:val="2"/></w:numPr>')
        + paragraph("Steps", "Mine")
        + paragraph("kubectl get pods", "Code") + paragraph("  # all of them", "Code")
        + paragraph('<w:r><w:t>See</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r>')
        + paragraph('<w:ins><w:r><w:t>added</w:t></w:r></w:ins><w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>')
        + paragraph('<w:r><w:t>hidden:</w:t></w:r>' + RUN.format("<w:vanish/>", "no"))
    )  # fmt: skip
    notes = f'<w:footnotes {W}><w:footnote w:id="2">{paragraph("the wiki")}</w:footnote></w:footnotes>'
    found = read("a.docx", docx(body, {"word/footnotes.xml": notes}))
    assert found.text == (
        "Before any heading\n\n# Failover\n\n**bold** and `psql -c x`\n\n- one\n- two\n1. first\n2. second\n\n## Steps\n\n"
        "```\nkubectl get pods\n  # all of them\n```\n\nSee[^1]\n\nadded\n\nhidden:\n\n[^1]: the wiki\n"
    )
    assert names(found) == [
        (1, 1, "the beginning", ""), (3, 10, "section Failover", ""), (12, 25, "section Steps", ""),
    ]  # fmt: skip


def test_tables_boxes_and_controls_of_a_document() -> None:
    def cell(text: str, properties: str = "") -> str:
        return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"

    wide, first, more = '<w:gridSpan w:val="2"/>', '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    rows = (
        f"<w:tr>{cell('Zone')}{cell('Where', wide)}</w:tr><w:tr>{cell('a', first)}{cell('x|y')}{cell('1')}</w:tr>"
        f"<w:tr>{cell('', more)}{cell('z')}{cell('2')}</w:tr>"
    )
    box = f"<w:r><w:pict><w:txbxContent>{paragraph('in a box')}</w:txbxContent></w:pict></w:r>"
    control = f"<w:sdt><w:sdtPr/><w:sdtContent>{paragraph('in a control')}</w:sdtContent></w:sdt>"
    nested = f"<w:tbl><w:tr><w:tc>{paragraph('outer')}<w:tbl><w:tr>{cell('inner')}</w:tr></w:tbl></w:tc></w:tr></w:tbl>"
    found = read("a.docx", docx(f"<w:tbl>{rows}</w:tbl>{paragraph(box)}{control}{nested}"))
    assert found.text == (
        "| Zone | Where | Where |\n| --- | --- | --- |\n| a | x\\|y | 1 |\n| a | z | 2 |\n\nin a box\n\nin a control\n\n"
        "outer\n\ninner\n"
    )


BOMB = b"\0" * 60_000_000


LAUGHS = '<?xml version="1.0" encoding="{}"?><!DOCTYPE a [<!ENTITY l "ha">{}]><mxfile><diagram name="&l9;"/></mxfile>'
ENTITIES = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n > 1 else "&l;" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-7", "utf-32", "cp1252"])
def test_a_bomb_of_entities_is_not_expanded_in_any_encoding(encoding: str) -> None:
    began = time.process_time()
    with pytest.raises(DocumentError):
        read("a.drawio", LAUGHS.format(encoding, ENTITIES).encode(encoding))
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (archive({"word/document.xml": BOMB}), "a zip bomb?"),
        (archive({"word/document.xml": "<a/>", "word/media/x": BOMB}), "a zip bomb?"),
        (archive({f"p{n}": "x" for n in range(2001)}), "2001 parts in it"),
        (archive({"word/document.xml": "<a/>", "../../etc/passwd": "x"}), "leads out of it"),
        (archive({"word/document.xml": "<a/>", "/etc/passwd": "x"}), "leads out of it"),
        (archive({"word/document.xml": "<a/>", "..\\x": "x"}), "leads out of it"),
        (docx("", {"word/document.xml": f'<!DOCTYPE a [<!ENTITY x "y">]><w:document {W}/>'}), "declares a document type"),
        (docx("", {"word/document.xml": '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'.encode("utf-16")}), "document type"),
        (docx(""), "no text in it"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "an old .doc"),
    ],
)  # fmt: skip
def test_documents_that_are_refused(data: bytes, reason: str) -> None:
    began = time.process_time()
    assert reason in refusal("a.docx", data)
    assert time.process_time() - began < 1


def test_a_part_that_lies_about_its_size_is_not_unpacked() -> None:
    data = archive({"word/document.xml": b"x" * 900_000})
    assert "can't be read" in broken(
        "a.docx", data.replace((900_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    )


def test_two_parts_of_one_name() -> None:
    file = io.BytesIO(docx(paragraph("x")))
    with zipfile.ZipFile(file, "a") as made, pytest.warns(UserWarning, match="Duplicate"):
        made.writestr("word/document.xml", "<other/>")
    assert refusal("a.docx", file.getvalue()) == "two parts of one name in it"


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\3\4", b"no zip", archive({"a": "b"}), docx(paragraph("x"), {"word/document.xml": "<w:not>closed"}),
     docx("<w:sdt>" * 300 + paragraph("x") + "</w:sdt>" * 300), docx(paragraph("x"))[:-30]],
)  # fmt: skip
def test_documents_that_are_broken(data: bytes) -> None:
    broken("a.docx", data)


# -- notebooks --------------------------------------------------------------------------------------------------------------


def test_the_cells_of_a_notebook() -> None:
    picture = {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"}}
    printed = {
        "output_type": "stream",
        "text": ["\x1b[31mred\x1b[0m\n", "10%\r100%\n"] + [f"line {n}\n" for n in range(60)],
    }
    found = read("a.ipynb", notebook(
        {"cell_type": "markdown", "source": ["# Capacity\n", "\n", "![plot](attachment:x.png) see"]},
        {"cell_type": "code", "source": "print(1)", "outputs": [printed, picture]},
        {"cell_type": "code", "source": "", "outputs": []},
        {"cell_type": "code", "source": ["x = '''\n", "```\n", "'''"], "outputs": [{"ename": "KeyError", "evalue": "'a'\nb"}]},
        {"cell_type": "raw", "source": "raw"},
    ))  # fmt: skip
    lines = found.text.split("\n")
    assert lines[:9] == ["# Capacity", "", "![plot]() see", "", "```python", "print(1)", "```", "", "Output:"]
    assert lines[10:15] == ["```", "red", "100%", "line 0", "line 1"]
    assert "… 23 more lines" in lines
    assert "iVBOR" not in found.text
    assert "````python\nx = '''\n```\n'''\n````\n\nOutput:\n\n```\nKeyError: 'a'\n```\n\nraw\n" in found.text
    assert [name for _, _, name, _ in names(found)] == ["cell 1", "cell 2", "cell 4", "cell 5"]
    old = json.dumps({"nbformat": 3, "worksheets": [{"cells": [
        {"cell_type": "heading", "level": 2, "source": "Old"}, {"cell_type": "code", "language": "ruby", "input": "puts 1"},
    ]}]})  # fmt: skip
    assert read("a.ipynb", old.encode()).text == "## Old\n\n```ruby\nputs 1\n```\n"


@pytest.mark.parametrize("data", [b"{", b"[]", b"[" * 100_000, b'"x"'])
def test_notebooks_that_are_broken(data: bytes) -> None:
    assert "notebook" in broken("a.ipynb", data)


@pytest.mark.parametrize(
    "data",
    [b"{}", b'{"cells": 1}',
     b'{"cells": [1, {"source": 1, "outputs": 2, "cell_type": []}, {"outputs": [3, {"data": 4, "text": {}}]}]}',
     b'{"worksheets": [{"cells": null}, 5], "metadata": []}'],
)  # fmt: skip
def test_notebooks_of_odd_values_have_no_text(data: bytes) -> None:
    assert refusal("a.ipynb", data) == "no text in it"


# -- diagrams ---------------------------------------------------------------------------------------------------------------

CELLS = (
    '<mxCell id="v" value="&lt;b&gt;VPC&lt;/b&gt;" style="html=1" vertex="1" parent="1"/>',
    '<mxCell id="a" value="app" vertex="1" parent="v"/>',
    '<object id="b" label="orders-db %tier%" placeholders="1" tier="gold"><mxCell vertex="1" parent="v"/></object>',
    '<mxCell id="e" edge="1" source="a" target="b" parent="1" value="5432"/>',
    '<mxCell id="f" edge="1" source="b" parent="1"/>',
    '<mxCell id="l" value="TLS&lt;br&gt;only" style="html=1" vertex="1" parent="e"/>',
)
EXPECTED = "# {}\n\n- VPC\n  - app\n  - orders-db gold (tier: gold)\n\nConnections:\n\n- app → orders-db gold: 5432; TLS only\n"


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("net.drawio", diagram(("Network", graph(*CELLS)))),
        ("net.drawio", diagram(("Network", deflated(graph(*CELLS))))),
        ("net.xml", diagram(("Network", graph(*CELLS)))),
        ("net.drawio.svg", b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/x.dtd">\n<svg content="'
         + diagram(("Network", deflated(graph(*CELLS)))).replace(b"<", b"&lt;").replace(b'"', b"&quot;") + b'"/>'),
    ],
)  # fmt: skip
def test_what_leads_where(path: str, data: bytes) -> None:
    found = read(path, data)
    assert found.text == EXPECTED.format("Network")
    assert names(found) == [(1, 9, "page Network", "")]
    assert found.title == "net"


def test_each_page_of_a_diagram_is_a_place() -> None:
    found = read("a.drawio", diagram(("One", graph(*CELLS)), ("Empty", graph()), ("Two", graph(CELLS[1]))))
    assert [name for _, _, name, _ in names(found)] == ["page One", "page Two"]


@pytest.mark.parametrize(
    ("path", "data", "reason"),
    [
        ("a.drawio.svg", b"<svg/>", "a picture"),
        ("a.drawio", diagram(("x", graph())), "no labels"),
        ("a.drawio", b'<!DOCTYPE x [<!ENTITY a "b">]><mxfile/>', "declares a document type"),
        ("a.drawio.svg", b'<svg content="&lt;!DOCTYPE x []&gt;&lt;mxfile/&gt;"/>', "declares a document type"),
        ("a.drawio", diagram(("x", deflated("<a>" + "b" * 30_000_000 + "</a>"))), "a bomb?"),
    ],
)
def test_diagrams_that_are_refused(path: str, data: bytes, reason: str) -> None:
    assert reason in refusal(path, data)


@pytest.mark.parametrize("data", [b"", b"<mxfile>", diagram(("x", "@@@@")), diagram(("x", deflated("<a>")))])
def test_diagrams_that_are_broken(data: bytes) -> None:
    broken("a.drawio", data)


def test_cells_that_stand_within_each_other_are_shown_once() -> None:
    loop = graph('<mxCell id="a" value="one" parent="b"/>', '<mxCell id="b" value="two" parent="a"/>')
    assert read("a.drawio", diagram(("x", loop))).text == "# x\n\n- one\n  - two\n"
    silent = graph(
        '<mxCell id="a" parent="b"/>', '<mxCell id="b" parent="a"/>', '<mxCell id="c" value="c" parent="a"/>'
    )
    assert read("a.drawio", diagram(("x", silent))).text == "# x\n\n- c\n"


def test_what_is_too_large_is_refused() -> None:
    for path in ("a.html", "a.pdf", "a.docx", "a.drawio"):
        assert "too large: 5 MB" in refusal(path, b"%PDF" + b"x" * 5_000_001)
    assert "its text is too large" in refusal("a.docx", docx(paragraph(random.Random(1).randbytes(3_000_000).hex())))
