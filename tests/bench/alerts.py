"""Alerts and their runbooks, over the rules of kube-prometheus and the pages of prometheus-operator/runbooks, which others
paired: how many are found first without the rule's link, how many by it, and whether exactly the dead links are told.

`make bench-alerts ARGS="HOME CONFIG PAIRS.json"`: a data folder that holds both repositories, its waypost.yaml, whose runbooks
have `site_url: https://runbooks.prometheus-operator.dev/runbooks/`, and the pairs (../shared/eval/pairs). With `--search` also
how many a search alone finds, and with a HOME and CONFIG alone, what is wrong with the rules there.
"""

from __future__ import annotations

import argparse
import json
import posixpath
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from api.alerts.runbooks import CheckedRule
from api.compose import Reader, open_reader
from api.settings import Settings
from rag.alerts.records import Alert, Runbook
from rag.records import Viewer

SITE = "https://runbooks.prometheus-operator.dev/runbooks/"
_SHOWN = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("config", type=Path)
    parser.add_argument("pairs", type=Path, nargs="?")
    parser.add_argument("--search", action="store_true", help="also by search alone (slower)")
    given = parser.parse_args()
    settings = Settings(home=given.home, config=given.config, models=Settings().models)
    with open_reader(settings) as reader:
        began = time.perf_counter()
        rules = reader.runbooks.rules(Viewer())
        report_rules(rules, time.perf_counter() - began)
        if given.pairs:
            pairs = json.loads(given.pairs.read_text())
            report_pairs(reader, rules, pairs, given.search)
            report_links(reader, rules)


def report_rules(rules: Sequence[CheckedRule], seconds: float) -> None:
    print(f"{len(rules)} rules in {seconds:.1f} s")
    for what, counts in (
        ("link", Counter(one.runbook.link for one in rules)),
        ("found by", Counter(one.runbook.found_by or "nothing" for one in rules)),
        ("problem", Counter(one.problem or "none" for one in rules)),
    ):
        print(f"  {what:<10}" + ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))


def report_pairs(reader: Reader, rules: Sequence[CheckedRule], pairs: Sequence[dict[str, Any]], search: bool) -> None:
    """The share of the pairs whose runbook is found first, in each way."""
    own = {one.stored.rule.alert.name: one.stored.rule.alert for one in rules}
    ways = {"without the link": without_link, "with the link": lambda alert: alert}
    if search:
        ways["by search alone"] = nameless
    for way, made in ways.items():
        told = {pair["alert"]: found(reader, made(own[pair["alert"]])) for pair in pairs if pair["alert"] in own}
        right = [pair for pair in pairs if _is(told.get(pair["alert"]), pair["runbook"])]
        by = Counter(one.found_by or "nothing" for one in told.values())
        print(f"{way:<18}{len(right)} of {len(pairs)} first ({len(right) / len(pairs):.3f}); by {dict(by)}")
        for pair in [pair for pair in pairs if pair not in right][:_SHOWN]:
            document = told[pair["alert"]].document if pair["alert"] in told else None
            print(f"    {pair['alert']}: {document.path if document else 'nothing'}, not {pair['runbook']}")


def without_link(alert: Alert) -> Alert:
    return replace(alert, annotations={key: value for key, value in alert.annotations.items() if key != "runbook_url"})


def nameless(alert: Alert) -> Alert:
    """The alert under a name that no page bears, so that what is said of it must lead to its runbook."""
    return replace(without_link(alert), name="Fired")


def found(reader: Reader, alert: Alert) -> Runbook:
    return reader.runbooks.answer([alert], Viewer())[0].runbook


def _is(runbook: Runbook | None, path: str) -> bool:
    return bool(runbook and runbook.document and runbook.document.path == path)


def report_links(reader: Reader, rules: Sequence[CheckedRule]) -> None:
    """Whether exactly the dead links are told: those below the site that no file's path is like, compared here by names alone."""
    files = {
        "/".join(page.path.split("/")[-2:]).removesuffix(".md").lower()
        for page in reader.catalog.listed.of_kinds(reader.catalog.access_keys(Viewer()))
        if page.path.startswith("content/runbooks/")
    }
    dead = {
        one.stored.place
        for one in rules
        if (link := one.stored.rule.alert.link).startswith(SITE) and _tail(link) not in files
    }
    told = {one.stored.place for one in rules if one.runbook.link == "dead"}
    print(f"dead links: {len(told)} told, {len(dead)} there are, {len(told & dead)} of both")
    print(f"  of {len({one.stored.rule.alert.link for one in rules if one.stored.place in dead})} different addresses")
    for place in sorted(told ^ dead):
        print(f"    wrong: {posixpath.join(*place[:2])}:{place[2]}")


def _tail(link: str) -> str:
    return urlsplit(link).path.strip("/").removeprefix("runbooks/").lower()


if __name__ == "__main__":
    main()
