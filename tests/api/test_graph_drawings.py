"""A graph as SVG and as Mermaid text: complete, and harmless whatever names say."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree

import pytest

from api.graph_layout import Box
from api.graph_mermaid import draw_mermaid
from api.graph_svg import draw_svg
from rag.terraform.records import Edge, Graph, Node
from tests.api.test_graph_layout import apart

SVG = "{http://www.w3.org/2000/svg}"
ODD = [
    "<script>alert(1)</script>", '"] --> n0; click n0 call alert(1)', "`md` %% #quot; end", "日本 & \x00\x1b\ud800]",
    "<img src=x onerror=alert(1)>", "x" * 300,
]  # fmt: skip


def graph_of(names: list[str], left_out: int = 0, **more: object) -> Graph:
    nodes = tuple(
        Node(f"id{n}", "resource" if n % 2 else "variable", name, "s", f"f{n % 2}", f"f{n % 2}/{name}.tf", n + 1)
        for n, name in enumerate(names)
    )
    edges = tuple(Edge(f"id{n + 1}", f"id{n}", (name,)) for n, name in enumerate(names[:-1]))
    return Graph(nodes, edges, left_out, **more)  # type: ignore[arg-type]


@pytest.fixture
def odd() -> Graph:
    return graph_of(ODD, 7, centre="id2")


def test_an_svg_stands_by_itself_and_runs_nothing(odd: Graph) -> None:
    text = draw_svg(odd)
    root = ElementTree.fromstring(text)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        "svg", "title", "style", "defs", "marker", "path", "rect", "text", "g", "circle",
    }  # fmt: skip
    assert {
        name for element in root.iter() for name in element.attrib if name.startswith("on") or "href" in name
    } == set()
    assert re.findall(r"""https?://[^"']*""", text) == ["http://www.w3.org/2000/svg"]
    assert re.findall(r"url\([^)]*\)|@import", text) == ["url(#tip)"] * 5


def test_an_svg_tells_everything_in_light_and_dark(odd: Graph) -> None:
    text = draw_svg(odd)
    root = ElementTree.fromstring(text)
    titles = [element.text or "" for element in root.iter(f"{SVG}title")]
    assert "<script>alert(1)</script>\nvariable, s/f0/<script>alert(1)</script>.tf:1" in titles
    assert f"{ODD[1]} uses {ODD[0]}\n{ODD[0]}" in titles
    assert len([element for element in root.iter(f"{SVG}path") if element.get("class") == "line"]) == 5
    assert "7 more are not drawn" in text
    assert "prefers-color-scheme: dark" in text
    (centre,) = [group for group in root.iter(f"{SVG}g") if "centre" in group.get("class", "")]
    assert centre.findtext(f"{SVG}title") == f"{ODD[2]}\nvariable, s/f0/{ODD[2]}.tf:3"


def test_no_box_lies_upon_another_and_texts_fit(odd: Graph) -> None:
    many = graph_of([f"aws_some_resource_type.with_name_{'x' * (n % 30)}" for n in range(60)])
    for graph in (odd, many):
        root = ElementTree.fromstring(draw_svg(graph))
        found = [
            (Box(*(float(rect.attrib[key]) for key in ("x", "y", "width", "height"))), group)
            for group in root.iter(f"{SVG}g")
            for rect in group.findall(f"{SVG}rect[@class='box']")
        ]
        assert len(found) == len(graph.nodes)
        assert all(apart(one, other) for (one, _), (other, _) in combinations(found, 2))
        for box, group in found:
            for text in group.findall(f"{SVG}text"):
                letter = 7.2 if text.get("class") == "name" else 6.0
                assert float(text.attrib["x"]) + len(text.text or "") * letter <= box.x + box.width


def test_mermaid_text_holds_no_sign_of_a_name_that_could_be_syntax(odd: Graph) -> None:
    lines = draw_mermaid(odd).splitlines()
    assert lines[:3] == ["flowchart LR", '  subgraph f0["s/f0"]', "    direction LR"]
    labels = [line.split('"') for line in lines if ":::" in line]
    assert all(len(parts) == 3 for parts in labels)
    assert all(re.fullmatch(r"[\w ./:,()-]*(?:#\d+;[\w ./:,()-]*)*", parts[1]) for parts in labels)
    assert '    n0(["#60;script#62;alert(1)#60;/script#62;"]):::variable' in lines
    assert [line for line in lines if "-->" in line] == [f"  n{n} --> n{n + 1}" for n in range(5)]
    assert '  more["7 more are not drawn"]' in lines
    assert lines.count("  end") == 2


def test_repeats_are_on_the_label() -> None:
    node = Node("a", "resource", "x.y", "s", "", "main.tf", 3, ("for_each", "dynamic tag"))
    assert 'n0["x.y<br/>for_each, dynamic tag"]:::resource' in draw_mermaid(Graph((node,), ()))
    assert ">main.tf:3 · for_each, dynamic tag<" in draw_svg(Graph((node,), ()))
    many = replace(node, repeats=("count", "dynamic a", "dynamic b"))
    assert ">main.tf:3 · count, 2 dynamic blocks<" in draw_svg(Graph((many,), ()))
    assert "count, dynamic a, dynamic b" in draw_svg(Graph((many,), ()))


def test_nothing_is_drawn_as_nothing() -> None:
    assert "nothing to draw" in draw_svg(Graph((), ()))
    assert draw_mermaid(Graph((), (), 3)) == 'flowchart LR\n  more["3 more are not drawn"]\n'
