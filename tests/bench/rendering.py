"""How many words that a reader sees are lost when files are rendered, by readers that share nothing with ours.

    python -m tests.bench.rendering GIT_DIRECTORY-OR-FOLDER… [--files 20] [--only pdf,docx] [--lost 5]

For each format it takes files of the newest commits, spread over each repository, and counts the words of their text as lxml's
`itertext` (HTML), pdftotext (PDF, where it is installed), the XML of the archive (DOCX), the cells (notebooks) and the attributes
(diagrams) have it. A word counts as lost once for each time that the rendering has it less often.
"""

from __future__ import annotations

import argparse
import base64
import html
import io
import json
import re
import shutil
import subprocess
import time
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

from ingest.rendering import render
from ingest.rendering.elements import Elements
from ingest.rendering.html import content_of, parsed, text_of
from rag.errors import DocumentError

_ENDINGS = {
    "html": (".html", ".htm"), "pdf": (".pdf",), "docx": (".docx",), "ipynb": (".ipynb",), "drawio": (".drawio", ".svg", ".xml"),
}  # fmt: skip
_UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff]")
_SIGNS = re.compile(r"\*\*|~~|`|<br>|\\(?=[#<|=`~-])")


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", unicodedata.normalize("NFKC", _UNSEEN.sub("", text))))


def of_html(data: bytes) -> str:
    page = parsed(text_of(data)[0])
    if page is None:
        return ""
    content = content_of(page, Elements())
    for name in ("script", "style", "noscript", "template", "nav", "head", "iframe", "svg"):
        for element in list(content.iter(name)):
            tail = element.tail or ""
            before, parent = element.getprevious(), element.getparent()
            if before is not None:
                before.tail = (before.tail or "") + " " + tail
            elif parent is not None:
                parent.text = (parent.text or "") + " " + tail
            if parent is not None:
                parent.remove(element)
    return "".join(
        ("" if element.tag in _INLINE else " ") + (element.text or "") if event == "start"
        else ("" if element.tag in _INLINE else " ") + (element.tail or "")
        for event, element in _walk(content)
    )  # fmt: skip


_INLINE = {
    "a",
    "b",
    "i",
    "em",
    "strong",
    "span",
    "code",
    "tt",
    "kbd",
    "samp",
    "sub",
    "small",
    "u",
    "font",
    "var",
    "abbr",
    "wbr",
}


def _walk(root: object) -> Iterator[tuple[str, object]]:
    from lxml import etree

    return etree.iterwalk(root, events=("start", "end"))


def of_pdf(data: bytes) -> str:
    done = subprocess.run(["pdftotext", "-", "-"], input=data, capture_output=True, check=False)
    return re.sub(r"(?<=[^\W\d_])[-\u2010]\n(?=[a-z])", "", done.stdout.decode("utf-8", "replace"))


def of_docx(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        xml = archive.read("word/document.xml").decode("utf-8", "replace")
        for name in ("word/footnotes.xml", "word/endnotes.xml"):
            if name in archive.namelist():
                xml += archive.read(name).decode("utf-8", "replace")
    xml = re.sub(
        r"<mc:Fallback>.*?</mc:Fallback>|<w:moveFrom .*?</w:moveFrom>|<w:instrText.*?</w:instrText>",
        "",
        xml,
        flags=re.S,
    )
    xml = re.sub(r"<w:(?:tab|br|cr)(?: [^>]*)?/>|</w:p>", " ", xml)
    xml = re.sub(r"<w:r>(?:(?!</w:r>).)*?<w:vanish/>.*?</w:r>", "", xml, flags=re.S)
    return html.unescape("".join(re.findall(r"<w:t(?: [^>]*)?>([^<]*)</w:t>|(?<=>)( )(?=<)", xml) and [
        part for pair in re.findall(r"<w:t(?: [^>]*)?>([^<]*)</w:t>|( )(?=<)", xml) for part in pair
    ]))  # fmt: skip


def of_notebook(data: bytes) -> str:
    notebook = json.loads(data)
    cells = [
        *notebook.get("cells", ()),
        *(c for sheet in notebook.get("worksheets", ()) for c in sheet.get("cells", ())),
    ]
    sources = ["".join(cell.get("source", cell.get("input", ""))) for cell in cells]
    return re.sub(r"\((?:data|attachment):[^)]*\)", "()", "\n".join(sources))


def of_diagram(data: bytes) -> str:
    text = data.decode("utf-8", "replace")
    if match := re.search(r'\bcontent="([^"]*)"', text):
        text = html.unescape(match.group(1))
    for packed in re.findall(r"<diagram[^>]*>([^<]+)</diagram>", text):
        text += unquote(zlib.decompress(base64.b64decode(packed), -15).decode("utf-8", "replace"))
    labels = re.findall(r'<mxCell[^>]*?\svalue="([^"]*)"', text) + re.findall(
        r'<(?:object|UserObject)[^>]*?\slabel="([^"]*)"', text
    )
    plain = [re.sub(r"<style.*?</style>", " ", html.unescape(label), flags=re.S) for label in labels]
    plain = [re.sub(r"</?(?:br|div|p|li|td|tr|h\d|hr|ul|ol|pre|table)\b[^>]*>", " ", one) for one in plain]
    return " ".join(html.unescape(re.sub(r"</?[a-z][^>]*>", "", one)) for one in plain)


_READERS: dict[str, Callable[[bytes], str]] = {
    "html": of_html, "pdf": of_pdf, "docx": of_docx, "ipynb": of_notebook, "drawio": of_diagram,
}  # fmt: skip


def files(repository: str, endings: tuple[str, ...], number: int) -> Iterator[tuple[str, bytes]]:
    if not (Path(repository) / "HEAD").exists():
        paths = sorted(
            path for path in Path(repository).rglob("*") if path.name.lower().endswith(endings) and path.is_file()
        )
        for path in paths[:: max(1, len(paths) // (number * 2))]:
            yield str(path), path.read_bytes()
        return
    git = ["git", f"--git-dir={repository}"]
    names = subprocess.run(
        [*git, "ls-tree", "-r", "-z", "--name-only", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.split("\0")
    found = [name for name in names if name.lower().endswith(endings)]
    step = max(1, len(found) // (number * 2))
    for name in found[::step]:
        done = subprocess.run([*git, "cat-file", "blob", f"HEAD:{name}"], capture_output=True, check=False)
        if done.returncode == 0 and done.stdout:
            yield name, done.stdout


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("repositories", nargs="+")
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--only", default=",".join(_ENDINGS))
    parser.add_argument("--lost", type=int, default=0, help="so many lost words are printed")
    options = parser.parse_args()
    for kind in options.only.split(","):
        if kind == "pdf" and not shutil.which("pdftotext"):
            print("pdf: pdftotext is not installed")
            continue
        rows: list[tuple[int, int]] = []
        refused: Counter[str] = Counter()
        for repository in options.repositories:
            taken = 0
            for name, data in files(repository, _ENDINGS[kind], options.files):
                if taken == options.files:
                    break
                if name.endswith(".xml") and b"<mxfile" not in data[:4096] and b"<mxGraphModel" not in data[:4096]:
                    continue
                began = time.process_time()
                try:
                    rendered = render(name, data)
                except (DocumentError, RecursionError) as error:
                    refused[f"{type(error).__name__}: {str(error)[:60]}"] += 1
                    continue
                assert rendered is not None
                took = time.process_time() - began
                seen = words(_SIGNS.sub("", _READERS[kind](data)))
                lost = seen - words(_SIGNS.sub("", rendered.text))
                if not seen:
                    continue
                taken += 1
                rows.append((seen.total(), lost.total()))
                print(
                    f"{kind}\t{seen.total()}\t{lost.total()}\t{took:.2f} s\t{name}\t{' '.join(list(lost)[: options.lost])}",
                    flush=True,
                )
        total, lost_all = sum(row[0] for row in rows), sum(row[1] for row in rows)
        whole = sum(not row[1] for row in rows)
        print(
            f"== {kind}: {len(rows)} files, {total} words, {lost_all} lost ({lost_all / max(total, 1):.3%}); "
            f"{whole} files lost none"
        )
        for reason, number in refused.most_common():
            print(f"   not read: {number} × {reason}")


if __name__ == "__main__":
    main()
