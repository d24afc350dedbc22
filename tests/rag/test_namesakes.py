"""Documents of the one that a question names, and names that nothing has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.answers.judging.unheard import of_nobody, possible_names, unheard
from rag.ask import Asker
from rag.namesakes import Namesakes, bears
from rag.owned import Owned
from rag.records import Answer, Viewer
from rag.terraform.standings import Named, Standings
from tests.conftest import configure, write
from tests.rag.conftest import LookUp

CLUSTERS = ("acme", "blue-harbour", "east-2", "orchid")
WIKI = {
    **{
        f"clusters/{name}/cluster.jsonnet": f"cluster(\n  name='{name}',\n  version='1.{at}',\n  coreNodeType='m{at}.large',\n)\n"
        for at, name in enumerate(CLUSTERS, 31)
    },
    "docs/upgrades.md": (
        "# Kubernetes versions\n\nThe Kubernetes version of a cluster is raised one minor version at a time.\n"
        "Which Kubernetes version a cluster runs stands in its file.\n"
    ),
    "docs/nodes.md": "# Core nodes\n\nThe core node type of a cluster must have 16 GiB of memory.\n",
}
Ask = Callable[[str, Viewer], Answer]
OPS = Viewer.of(["ops"])


@pytest.fixture
def ask(owner: Owner, sync: Callable[..., SyncReport], tmp_path: Path, settings: Settings) -> Ask:
    """Answers over clusters that all may read, and one that only the operators may."""
    write(tmp_path / "wiki", WIKI)
    hidden = {
        f"clusters/vault-{n}/cluster.jsonnet": f"cluster(\n  name='vault-{n}',\n  version='1.4{n}',\n)\n"
        for n in range(3)
    }
    write(tmp_path / "hidden", hidden)
    configure(
        settings,
        {"name": "wiki", "type": "folder", "path": str(tmp_path / "wiki")},
        {"name": "hidden", "type": "folder", "path": str(tmp_path / "hidden"), "audience": ["ops"]},
    )
    sync()
    reader = owner.reader()
    return Asker(owner.catalog, reader.retriever, "", terraform=reader.terraform).answer


@pytest.mark.parametrize(("name", "version"), [("blue-harbour", "1.32"), ("orchid", "1.34")])
def test_what_stands_in_the_documents_of_the_one_that_is_named_comes_first(ask: Ask, name: str, version: str) -> None:
    answer = ask(f"Which Kubernetes version does {name} run?", Viewer())
    assert answer.citations[0].path == f"clusters/{name}/cluster.jsonnet"
    assert f"version='{version}'" in answer.citations[0].quote
    assert answer.evidence[0].document.path == f"clusters/{name}/cluster.jsonnet"
    assert len([one for one in answer.evidence if one.document.path.startswith("clusters/")]) == 1
    assert {one.path for one in answer.citations if one.path.startswith("clusters/")} == {answer.citations[0].path}


def test_both_of_two_that_are_named_are_told(ask: Ask) -> None:
    answer = ask("Which core node type have orchid and acme?", Viewer())
    assert {"clusters/orchid/cluster.jsonnet", "clusters/acme/cluster.jsonnet"} <= {
        one.path for one in answer.citations
    }


def test_of_a_name_that_nothing_has_nothing_is_told_of_others(ask: Ask) -> None:
    answer = ask("What core node type does the dusty-lane cluster use?", Viewer())
    assert "Nothing is known of dusty-lane: no document and no code has the name." in answer.text
    assert answer.verdict in ("partial", "not_found")
    assert answer.missing[0] == "dusty-lane"
    assert not any(one.document.path.startswith("clusters/") for one in answer.evidence)


def test_what_others_have_is_no_evidence_of_one_that_nothing_has(ask: Ask) -> None:
    evidence = ask("Which Kubernetes version does orchid run?", Viewer()).evidence
    namesakes = Namesakes([("wiki", path) for path in WIKI])
    assert {one.document.path for one in of_nobody(evidence, namesakes)} <= {"docs/upgrades.md", "docs/nodes.md"}


@pytest.mark.parametrize("slip", ["blue-harbor", "blue-harbuor"])
def test_a_slip_is_asked_for(ask: Ask, slip: str) -> None:
    assert "did you mean blue-harbour?" in ask(f"What core node type does {slip} use?", Viewer()).text


def test_names_like_it_are_told(ask: Ask) -> None:
    assert "names like it: blue-harbour." in ask("What core node type does blue-river use?", Viewer()).text


def test_what_may_not_be_read_has_no_name(ask: Ask, owner: Owner) -> None:
    assert {source for source, _ in owner.catalog.paths_for(Viewer())} == {"wiki"}
    assert {source for source, _ in owner.catalog.paths_for(OPS)} == {"wiki", "hidden"}
    question = "Which Kubernetes version does vault-1 run?"
    assert "clusters/vault-1/cluster.jsonnet" in {one.path for one in ask(question, OPS).citations}
    answer = ask(question, Viewer())
    assert "Nothing is known of vault-1: no document and no code has the name" in answer.text
    assert "vault" not in "".join(one.path for one in answer.citations)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Which machine type do core nodes have in dusty-lane?", ["dusty-lane"]),
        ("Which version does the zanzibar cluster run?", ["zanzibar"]),
        ("What is the region of cluster zanzibar?", ["zanzibar"]),
        ("How many nodes has dusty-lane-2?", ["dusty-lane-2"]),
        ("How do I grow the disk of dusty-lane?", []),  # there it is a circumstance
        ("Which steps upgrade the dusty-lane cluster?", []),
        ("Is there a high-availability cluster in dusty-lane?", ["dusty-lane"]),
        ("Which size has a multi-zone cluster?", []),
        ("What runs on-call in real-time?", []),
        ("What does \"in dusty-lane\" mean?", []),
        ("Which nodes run in m5 or on v1-30?", []),
        ("What retention do we use for zanzibar logs?", []),
    ],
)  # fmt: skip
def test_a_name_of_one_among_several(question: str, names: list[str]) -> None:
    assert [name for name in possible_names(question) if name != "high-availability"] == names


def test_a_plain_word_that_is_a_slip_is_none() -> None:
    question, nothing = "Which version does the orchd cluster run?", Namesakes(())
    assert unheard(question, lambda name: name == "orchid", lambda word: word, nothing)
    assert not unheard(
        question, lambda name: name == "orchid", lambda word: {"orchd": "orchid"}.get(word, word), nothing
    )


def test_names_are_those_of_settings_that_are_alike() -> None:
    paths = [
        f"{folder}/{name}.{ending}"
        for name in ("ada", "bob", "cyd")
        for folder, ending in (("p", "tfvars"), ("d", "md"))
    ]
    paths += [f"env/{name}/main.yaml" for name in ("dan", "eve", "fay")] + [
        "m/gil.tf",
        "m/hal.tf",
        "m/ian.tf",
        "two/jo1.yaml",
        "two/kim.yaml",
    ]
    paths += [f".hidden/w/{name}.yaml" for name in ("lea", "mia", "noa")] + [
        f"e/{name}.yaml" for name in ("prod", "staging", "oak")
    ]
    names = Namesakes([("wiki", path) for path in paths])
    assert set(names.names) == {"ada", "bob", "cyd", "dan", "eve", "fay", "oak"}
    assert names.named("Which size in ada, and on the eve cluster?") == ("ada", "eve")
    assert names.named("why did fay leave?") == ()
    assert names.named("where is the oak table?") == ()
    assert Namesakes([("wiki", f"c/{name}/x.yaml") for name in ("account", "cluster", "oak")]).names == {"oak": "oak"}


def test_a_document_bears_the_name_of_its_stem_and_of_its_folders() -> None:
    assert bears("acme", "clusters/acme/x.yaml")
    assert bears("acme", "p/acme.prod.tfvars")
    assert not bears("logging", "cloudfront/logging.tf")  # a part of cloudfront
    assert not bears("acme", "p/acme-2/acmes.yaml")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("version='1.3'", 1), ("version:", 0), ("coreNodeInstanceType: x", 3), ("core_node_disk_size = 3", 0),
        ("enabled: true", 0), ("node_type = {", 2),
    ],
)  # fmt: skip
def test_a_setting_is_known_by_all_words_of_its_key_but_one(line: str, words: int) -> None:
    asked = Owned("Which version, and is a core node type enabled on acme?", ("acme",))
    assert asked.sets("clusters/acme/a.yaml", line) == words
    assert asked.sets("clusters/orchid/a.yaml", line) == 0


def test_what_a_resource_of_another_root_has_by_default_is_no_clusters(look_up: LookUp) -> None:
    files = {
        "t/aws/main.tf": 'variable "size" {}\n\nresource "x_disk" "home" {\n  size = var.size\n}\n',
        "t/open/main.tf": 'variable "most" {\n  default = 5\n}\n\nresource "x_group" "core" {\n  max_count = var.most\n}\n',
        "t/aws/projects/acme.tfvars": "size = 1\n", "t/aws/projects/orchid.tfvars": "size = 2\n",
        "t/open/projects/dusty.tfvars": "most = 7\n", "t/open/projects/rusty.tfvars": "most = 8\n",
    }  # fmt: skip
    lookup = look_up(files)
    block = next(one for one in lookup.symbols(kind="resource") if one.symbol.name == "core")
    told = block.symbol.attribute("max_count")
    assert told is not None
    assert not Standings(lookup).holdings(block, told, Named(known=("acme",)))
    assert [one.value.value for one in Standings(lookup).holdings(block, told, Named(known=("dusty",)))] == [7]
