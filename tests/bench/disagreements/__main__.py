"""How many planted disagreements are noticed, and how many innocents are taken for one, by form: pages against Terraform
(`rag.drift`) and pages against pages (`rag.answers.caveats.conflicts`).

    python -m tests.bench.disagreements

`cases`, `second` and `aside` were written before the code that is measured was read (see the history): mend by the reasons, never
by these wordings. Rules were built with the first two in sight; of `aside` only figures are printed, since a list of its failures
would use it up. `innocents` were written against the rules, and mended on. `quarry` has its code in folders of two environments.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from api.owner import Owner, open_owner
from api.settings import Settings
from rag.answers.caveats.conflicts import conflicts
from rag.drift import REPORTED, Drift, facts_for, find_drift
from rag.records import Document, Passage, ScoredPassage, Viewer

HERE = Path(__file__).parent
SETS = {
    "cases": "ledger.tf",
    "second": "harbour.tf",
    "aside": "harbour.tf",
    "innocents": "harbour.tf",
    "quarry": "quarry",
    "weir": "weir",
}
UNSEEN = ("aside", "weir")
Case = dict[str, Any]


def main() -> None:
    for name, code in SETS.items():
        print(f"-- {name}")
        _measure(name, code)


def _measure(name: str, code: str) -> None:
    cases: list[Case] = [json.loads(line) for line in (HERE / f"{name}.jsonl").read_text().splitlines()]
    with TemporaryDirectory() as folder:
        seen = _noticed(cases, HERE / code, Path(folder))
    counts = Counter((case["form"], case["disagree"], case["id"] in seen) for case in cases)
    for form in ("page/terraform", "page/page"):
        found, missed = counts[form, True, True], counts[form, True, False]
        false, silent = counts[form, False, True], counts[form, False, False]
        print(f"{form}: {found} of {found + missed} found, {false} of {false + silent} innocents flagged")
    for case in cases if name not in UNSEEN else ():
        if case["disagree"] != (case["id"] in seen):
            print(f"{'missed' if case['disagree'] else 'FALSE'} {case['id']}: {case['why']}", *seen.get(case["id"], ()))


def _noticed(cases: list[Case], code: Path, folder: Path) -> dict[str, list[str]]:
    """What is said of each case of which anything is said."""
    for case in cases:
        for path, text in case["pages"].items():
            file = folder / "wiki" / case["id"] / Path(path).name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    for file in sorted(code.rglob("*.tf")) if code.is_dir() else [code]:
        copy = folder / "code" / (file.relative_to(code) if code.is_dir() else "main.tf")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(file.read_text())
    sources = [{"name": name, "type": "folder", "path": str(folder / name)} for name in ("wiki", "code")]
    (folder / "waypost.yaml").write_text(yaml.safe_dump({"sources": sources}))
    settings = Settings(home=folder / "home", config=folder / "waypost.yaml", embedder="hashing")
    with open_owner(settings, "sync") as owner:
        owner.sync((), lambda step: None, lambda: False)
        told_of = _drifts(owner)
        return {case["id"]: told for case in cases if (told := _told(case, *told_of))}


def _drifts(owner: Owner) -> tuple[list[Document], list[Drift]]:
    catalog = owner.catalog
    found = find_drift(catalog, Viewer(), facts_for(catalog, Viewer()))
    drifts = [drift for drift in found if drift.kind == "value" and drift.confidence >= REPORTED]
    return catalog.documents_for(Viewer()), drifts


def _told(case: Case, documents: list[Document], drifts: list[Drift]) -> list[str]:
    mine = [one for one in documents if one.source == "wiki" and one.path.startswith(f"{case['id']}/")]
    assert len(mine) == len(case["pages"]), case["id"]
    if case["form"] == "page/terraform":
        return [drift.summary for drift in drifts if drift.document_id == mine[0].id]
    return [conflict.reason for conflict in conflicts([_whole(one) for one in mine])]


def _whole(document: Document) -> ScoredPassage:
    """A short page as the one passage that it is."""
    lines = document.text.count("\n") + 1
    whole = Passage(document.id, document.id, 0, (document.title,), document.text, 1, lines, "section")
    return ScoredPassage(whole, document, 1.0)


if __name__ == "__main__":
    main()
