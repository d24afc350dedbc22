"""Small PDFs, DOCX files, diagrams and notebooks, made by code: what is in them can be read here."""

from __future__ import annotations

import base64
import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from urllib.parse import quote

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
STYLES = f"""<w:styles {W}>
<w:style w:styleId="Heading1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="Mine"><w:name w:val="Chapter"/><w:basedOn w:val="Heading2"/></w:style>
<w:style w:styleId="Heading2"><w:name w:val="heading 2"/></w:style>
<w:style w:styleId="Code"><w:name w:val="Source Code"/></w:style>
<w:style w:styleId="Bullets"><w:name w:val="List"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
</w:styles>"""
NUMBERING = f"""<w:numbering {W}>
<w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="8"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num>
</w:numbering>"""


def pdf(pages: Sequence[Sequence[tuple[int, str]]], outline: Sequence[tuple[str, int]] = (), info: str = "") -> bytes:
    """A PDF of lines (size, text); `outline` are titles with the number of their page, from 0."""
    objects: list[bytes] = [
        b"",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    kids: list[int] = []
    for lines in pages:
        y, content = 780, []
        for size, text in lines:
            escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
            content.append(f"BT /F1 {size} Tf 1 0 0 1 50 {y} Tm ({escaped}) Tj ET" if text else "")
            y -= size + 6
        stream = "\n".join(content).encode("cp1252")
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>"
            % len(objects)
        )
        kids.append(len(objects))
    more = ""
    if outline:
        root = len(objects) + 1
        last = root + len(outline)
        objects.append(b"<< /Type /Outlines /First %d 0 R /Last %d 0 R /Count %d >>" % (root + 1, last, len(outline)))
        for at, (title, page) in enumerate(outline, root + 1):
            siblings = f"/Next {at + 1} 0 R" if at < last else ""
            objects.append(
                f"<< /Title ({title}) /Parent {root} 0 R /Dest [{kids[page]} 0 R /Fit] {siblings} >>".encode()
            )
        more = f"/Outlines {root} 0 R"
    objects[0] = f"<< /Type /Catalog /Pages 2 0 R {more} >>".encode()
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>".encode()
    objects.append(f"<< /Title ({info}) >>".encode())
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        len(objects),
        start,
    )
    return bytes(out)


def archive(parts: Mapping[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return file.getvalue()


def paragraph(text: str, style: str = "", properties: str = "") -> str:
    """A paragraph of one run; text that begins with < is taken for runs."""
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    runs = text if text.startswith("<") else f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'
    return f"<w:p><w:pPr>{named}{properties}</w:pPr>{runs}</w:p>"


def docx(body: str, parts: Mapping[str, str | bytes] | None = None) -> bytes:
    """A DOCX of this body, with the styles and lists above."""
    known = {"[Content_Types].xml": "<Types/>", "word/styles.xml": STYLES, "word/numbering.xml": NUMBERING}
    return archive(
        {**known, "word/document.xml": f"<w:document {W}><w:body>{body}</w:body></w:document>", **(parts or {})}
    )


def notebook(*cells: Mapping[str, object]) -> bytes:
    return json.dumps(
        {"nbformat": 4, "metadata": {"kernelspec": {"language": "Python"}}, "cells": list(cells)}
    ).encode()


def deflated(graph: str) -> str:
    """A page's graph as draw.io packs it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(packer.compress(quote(graph, safe="").encode()) + packer.flush()).decode()


def graph(*cells: str) -> str:
    return f'<mxGraphModel><root><mxCell id="0"/><mxCell id="1" parent="0"/>{"".join(cells)}</root></mxGraphModel>'


def diagram(*pages: tuple[str, str]) -> bytes:
    made = "".join(f'<diagram name="{name}">{content}</diagram>' for name, content in pages)
    return f"<mxfile>{made}</mxfile>".encode()
