"""How what strangers wrote may be read: no loader that makes objects, no XML that resolves anything, no code made of text.

ruff knows some of these rules too, but one comment silences it; here the exceptions are named.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [file for room in ("rag", "ingest", "api") for file in (ROOT / room).rglob("*.py")]
_UNSAFE_LOADER = re.compile(r"C?(Full|Unsafe)?Loader")
_UNSAFE_CALLS = frozenset({"unsafe_load", "unsafe_load_all", "full_load", "full_load_all"})
_TAKES_LOADER = frozenset({"load", "load_all", "compose", "compose_all", "parse", "scan"})
_PARSES_XML = frozenset({"fromstring", "fromstringlist", "parse", "iterparse", "XML", "HTML", "XMLID"})
_OBJECTS = frozenset(
    {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "jsonpickle"}
)
_XML = frozenset({"xml", "xmlrpc", "xmltodict", "untangle", "pulldom"})
_CODE = frozenset({"eval", "exec", "compile", "__import__"})
_SHELLS = frozenset({"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "pty.spawn"})
_EXCEPT = {
    ("ingest/worker.py", "pickle"): "reads what its own parent sent",
    ("ingest/sandbox.py", "pickle"): "reads answers with an unpickler that makes nothing but our records",
}


def wrong(source: str) -> Iterator[str]:
    """What a module does that it must not, each as `line: what`; the name of a module that makes objects by itself."""
    tree = ast.parse(source)
    named = _modules(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            yield from (root for module in modules if (root := module.partition(".")[0]) in _OBJECTS | _XML)
        elif isinstance(node, ast.Attribute) and named.get(_name(node.value)) == "yaml":
            if _UNSAFE_LOADER.fullmatch(node.attr) or node.attr in _UNSAFE_CALLS:
                yield f"{node.lineno}: yaml.{node.attr}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _UNSAFE_LOADER.fullmatch(node.value):
            yield f"{node.lineno}: {node.value}"
        elif isinstance(node, ast.Call):
            yield from (f"{node.lineno}: {what}" for what in _wrong_call(node, named))


def _modules(tree: ast.AST) -> dict[str, str]:
    """What each name of an imported module stands for, by its last part: {"pyyaml": "yaml", "etree": "etree"}."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {(alias.asname or alias.name): alias.name.rpartition(".")[2] for node in imports for alias in node.names}


def _name(node: ast.AST) -> str:
    """`a.b` of a name with its attributes, or ""."""
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _wrong_call(call: ast.Call, named: dict[str, str]) -> Iterator[str]:
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    name = _name(call.func)
    owner, _, last = name.rpartition(".")
    if name in _CODE or name in _SHELLS:
        yield name
    if given.get("shell", "False") != "False" or given.get("allow_pickle", "False") != "False":
        yield f"{name} with {'shell' if 'shell' in given else 'allow_pickle'}"
    if named.get(owner) == "yaml" and last in _TAKES_LOADER and "Loader" not in given:
        yield f"{name} without a loader"
    if named.get(owner) == "etree":
        if last in _PARSES_XML and len(call.args) < 2 and "parser" not in given:
            yield f"{name} without a parser"
        if last == "XMLParser" and (given.get("resolve_entities"), given.get("no_network")) != ("False", "True"):
            yield f"{name} that resolves entities"
        if last == "HTMLParser" and given.get("no_network") != "True":
            yield f"{name} with a network"
        if {given.get(option, "False") for option in ("load_dtd", "dtd_validation", "attribute_defaults")} != {"False"}:
            yield f"{name} that loads a DTD"
    if last == "load" and named.get(owner) == "torch" and given.get("weights_only") != "True":
        yield f"{name} that makes objects"


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_module_makes_objects_or_code_of_what_it_reads(file: Path) -> None:
    path = str(file.relative_to(ROOT))
    assert not [what for what in wrong(file.read_text()) if (path, what) not in _EXCEPT]


def test_the_exceptions_are_still_needed() -> None:
    assert {(path, what) for path, _ in _EXCEPT for what in wrong((ROOT / path).read_text())} >= set(_EXCEPT)


def test_answers_are_read_by_the_unpickler_that_makes_records_alone() -> None:
    sandbox = (ROOT / "ingest/sandbox.py").read_text()
    assert not re.search(r"pickle\.loads?\(", sandbox)
    assert "_Records(" in sandbox


@pytest.mark.parametrize(
    "source",
    [
        "import yaml; yaml.load(a, Loader=yaml.Loader)",
        "import yaml as y; y.load(a, Loader=y.FullLoader)",
        "import yaml; yaml.unsafe_load(a)",
        "import yaml; yaml.full_load_all(a)",
        "import yaml; yaml.compose(a)",
        "import yaml; L = getattr(yaml, 'CLoader', yaml.SafeLoader)",
        "import pickle",
        "from marshal import loads",
        "import xml.etree.ElementTree as tree",
        "from xml.dom import minidom",
        "from lxml import etree; etree.fromstring(a)",
        "from lxml import etree; etree.XMLParser(no_network=True)",
        "from lxml import etree; etree.XMLParser(resolve_entities=False)",
        "from lxml import etree; etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=True)",
        "from lxml import etree; etree.HTMLParser()",
        "from lxml import etree; etree.iterparse(a)",
        "import numpy as np; np.load(a, allow_pickle=True)",
        "import torch; torch.load(a)",
        "eval(a)",
        "exec(a)",
        "import os; os.system(a)",
        "import subprocess; subprocess.run(a, shell=True)",
        "import subprocess; subprocess.getoutput(a)",
    ],
)
def test_these_rules_find_what_they_forbid(source: str) -> None:
    assert list(wrong(source))


@pytest.mark.parametrize(
    "source",
    [
        "import yaml; yaml.safe_load(a); yaml.load(a, Loader=yaml.CSafeLoader)",
        "import re; re.compile(a)",
        "model.eval()",
        "from lxml import etree; etree.fromstring(a, etree.XMLParser(resolve_entities=False, no_network=True))",
        "import subprocess; subprocess.run(a, shell=False)",
        "import json; json.loads(a)",
    ],
)
def test_and_nothing_else(source: str) -> None:
    assert not list(wrong(source))
