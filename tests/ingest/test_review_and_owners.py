"""Review days from front matter, and owners from CODEOWNERS."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from api.compose import source_from
from api.owner import Owner
from api.settings import Settings
from ingest.owners import owners
from ingest.parsers import parse
from ingest.sources import Previous, SourceSpec
from ingest.sync import SyncReport
from rag.records import Viewer
from tests.conftest import commit, configure, git, write

Sync = Callable[..., SyncReport]


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ("last_reviewed_on: 2026-01-31\nreview_in: 1 month", ("2026-01-31", "2026-02-28")),
        ("last_reviewed_on: '2025-03-01'\nreview_in: 90 days", ("2025-03-01", "2025-05-30")),
        ("reviewed_on: 2025-03-01T10:00:00Z\nreview_every: 2 Years", ("2025-03-01", "2027-03-01")),
        ("next_review: 2026-12-24", ("", "2026-12-24")),
        ("last_reviewed_on: 2026-01-31\nreview_by: 2026-03-01\nreview_in: 1 week", ("2026-01-31", "2026-03-01")),
        ("last_reviewed_on: 2026-01-31\nreview_in: P6M", ("2026-01-31", "2026-07-31")),
        ("last_reviewed_on: 2026-01-31\nreview_in: P1Y2W", ("2026-01-31", "2027-02-14")),
        ("last-reviewed-on: 2026-01-31\nreviewIn: 3 weeks", ("2026-01-31", "2026-02-21")),
        ("Last Reviewed: 31 January 2026\nreview_every: every 6 months", ("2026-01-31", "2026-07-31")),
        ("last_reviewed_on: January 31st, 2026\nreview_cycle: Quarterly", ("2026-01-31", "2026-04-30")),
        ("last_reviewed_on: 2026/1/31\nreview_in: a year and 6 months", ("2026-01-31", "2027-07-31")),
        ("last_reviewed_on: 2026-01-31T23:30:00-05:00\nreview_in: 1 day", ("2026-01-31", "2026-02-01")),
        ("last_reviewed_on: 2026-01-31 00:30:00 +09:00\nreview_in: 2-month", ("2026-01-31", "2026-03-31")),
        ("last_reviewed_on: '20260131T101500Z'\nreview_in: 6m", ("2026-01-31", "")),
        ("last_reviewed_on: 2026-01-31\nreview_in: P\nreview_every: 6 months or so", ("2026-01-31", "")),
        ("last_reviewed_on: 01/02/2026\nreview_in: 6 months", ("", "")),
        ("last_reviewed_on: 2026-01-311\nreview_in: 6 months", ("", "")),
        ("last_reviewed_on: soon\nreview_in: 6 months", ("", "")),
        ("last_reviewed_on: 2026-13-45\nreview_in: 6 months", ("", "")),
        ("last_reviewed_on: 9990-01-01\nreview_in: 9999 years", ("9990-01-01", "")),
        ("review_in: [6, months]", ("", "")),
        ("title: x", ("", "")),
    ],
)
def test_review_days(front: str, expected: tuple[str, str]) -> None:
    parsed = parse("a.md", f"---\n{front}\n---\n# A\n\ntext\n")
    assert (parsed.reviewed_at, parsed.review_due) == expected


def test_the_last_rule_that_matches_decides_and_a_bad_one_is_passed_over() -> None:
    of = owners(
        b"# all\n*  @org/all\n[ bad\n/terraform/  @org/infra @jane\n*.md  docs@example.org\n/none/\n\xff\xfe @x\n"
    )
    found = {path: of(path) for path in ("a.py", "terraform/x.tf", "terraform/README.md", "none/a.py")}
    assert found == {
        "a.py": "@org/all", "terraform/x.tf": "@org/infra, @jane", "terraform/README.md": "docs@example.org", "none/a.py": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("front", "owner"),
    [
        ("owner: sre", "sre"),
        ("owners: [sre, '@org/ops']", "sre, @org/ops"),
        ("owner: ''\nteam: ops", "ops"),
        ("owner: {}", ""),
    ],
)
def test_owners_that_a_page_names(front: str, owner: str) -> None:
    assert parse("a.md", f"---\n{front}\n---\n# A\n").owner == owner


@pytest.mark.parametrize(
    ("rules", "owned"),
    [
        ("* @a\n*.md @b\n", {"x.md": "@b", "d/x.md": "@b", "x.py": "@a"}),
        ("/docs/* @a\n", {"docs/x.md": "@a", "docs/d/x.md": "", "docs/my file.md": "@a"}),
        ("docs/ @a\n", {"docs/d/x": "@a", "d/docs/x": "@a", "my docs/x": "", "docs": ""}),
        ("/docs/ @a\n", {"docs/x": "@a", "d/docs/x": ""}),
        ("**/logs @a\n", {"logs/x": "@a", "build/logs/x": "@a", "logs2/x": ""}),
        ("/a/**/z.md @a\n/b/** @b\n", {"a/z.md": "@a", "a/b/c/z.md": "@a", "b/c/d": "@b"}),
        ("/my\\ docs/ @a\n*.m? @b # @c owns it not\n", {"my docs/x": "@a", "my/docs/x": "", "x.md": "@b"}),
        ("/apps/ @a\n/apps/own\n", {"apps/x": "@a", "apps/own/x": ""}),
        ("/apps/ @a\n/apps/x somebody\n", {"apps/x": "@a"}),
        ("* @a\n!x.md @b\n", {"x.md": "@a"}),
        ("* @a me@example.org @org/team\n", {"x": "@a, me@example.org, @org/team"}),
        ("* @a\n[Docs] @docs @b\n/docs/\n/docs/api @api\n^[Ops][2] @ops\n*.tf\n",
         {"x": "@a", "docs/x": "@a, @docs, @b", "docs/api": "@a, @api", "docs/x.tf": "@a, @docs, @b, @ops"}),
        ("[Two Words]\n/x @a\n[two words] @d\n/y\n/x\n", {"x": "@d", "y": "@d", "Two": ""}),
        ("* @a\n" + "/none @b\n" * 30_000, {"x": ""}),
    ],
)  # fmt: skip
def test_rules_of_codeowners(rules: str, owned: dict[str, str]) -> None:
    of = owners(rules.encode())
    assert {path: of(path) for path in owned} == owned


@pytest.mark.parametrize(
    ("places", "owner_of_it"),
    [
        ((".github/", "", "docs/"), ".github/"),
        (("", "docs/", ".gitlab/"), ""),
        (("docs/", ".gitlab/"), "docs/"),
        ((".gitlab/",), ".gitlab/"),
    ],
)
@pytest.mark.parametrize("kind", ["git", "folder"])
def test_the_file_that_the_host_would_go_by_decides(
    tmp_path: Path, kind: str, places: tuple[str, ...], owner_of_it: str
) -> None:
    files: dict[str, str | bytes] = {f"{place}CODEOWNERS": f"* @o{place}\n" for place in places}
    (commit if kind == "git" else write)(tmp_path / "repo", {**files, "a.md": "# A\n"})
    spec = SourceSpec("s", kind, str(tmp_path / "repo"))
    listing = source_from(spec, tmp_path / "home").listing(Previous())
    assert next(item.owner for item in listing.items if item.path == "a.md") == f"@o{owner_of_it}"


@pytest.mark.parametrize("kind", ["git", "folder"])
def test_owners_follow_codeowners_without_reading_anything_anew(
    owner: Owner, sync: Sync, settings: Settings, tmp_path: Path, kind: str
) -> None:
    files = {
        "docs/a.md": "# A\n\nalpha\n",
        "docs/b.md": "---\nowner: team-b\n---\n# B\n\nbeta\n",
        "c/c.md": "# C\n\nc\n",
    }
    place = commit if kind == "git" else write
    place(tmp_path / "repo", {**files, "CODEOWNERS": "* @all\n/docs/ @docs\n"})
    configure(settings, {"name": "r", "type": kind, "path": str(tmp_path / "repo"), "include": ["*.md"], "owner": "us"})
    sync()

    def told() -> dict[str, str]:
        return {document.path: document.owner for document in owner.catalog.documents_for(Viewer())}

    assert told() == {"docs/a.md": "@docs", "docs/b.md": "team-b", "c/c.md": "@all"}
    place(tmp_path / "repo", {"CODEOWNERS": "/docs/ @writers\n"})
    report = sync()
    assert report.embedded == 0
    assert kind == "folder" or report.sources[0].counts["unchanged"] == 3
    assert told() == {"docs/a.md": "@writers", "docs/b.md": "team-b", "c/c.md": "us"}


@pytest.mark.parametrize("inside", ["", ".git/", ".hg/"])
def test_a_folder_gives_its_files_dates_and_a_checkout_gives_none(tmp_path: Path, inside: str) -> None:
    write(tmp_path / "top" / "docs", {"a.md": "# A\n"})
    (tmp_path / "top" / inside).mkdir(exist_ok=True)
    os.utime(tmp_path / "top/docs/a.md", (1_600_000_000, 1_600_000_000))
    spec = SourceSpec("s", "folder", str(tmp_path / "top" / "docs"))
    (item,) = source_from(spec, tmp_path / "home").listing(Previous()).items
    assert item.updated_at == ("" if inside else "2020-09-13T12:26:40Z")


def test_what_is_dated_anew_is_in_the_catalog_and_embeds_nothing(
    owner: Owner, sync: Sync, settings: Settings, tmp_path: Path
) -> None:
    repo = tmp_path / "repo"
    commit(repo, {"a.md": "# A\n\nalpha\n"}, date="2020-01-01T00:00:00Z")
    formatted = commit(repo, {"a.md": "# A\n\nalpha!\n"}, date="2021-01-01T00:00:00Z")
    configure(settings, {"name": "r", "type": "git", "path": str(repo), "include": ["*.md"]})
    sync()

    def dated() -> list[str]:
        return [document.updated_at for document in owner.catalog.documents_for(Viewer())]

    assert dated() == ["2021-01-01T00:00:00Z"]
    commit(repo, {".git-blame-ignore-revs": f"{formatted}\n"})
    assert sync().embedded == 0
    assert dated() == ["2020-01-01T00:00:00Z"]
    git(repo, "mv", "a.md", "b.md")
    commit(repo, {})
    assert sync().sources[0].counts["gone"] == 0
    assert dated() == ["2020-01-01T00:00:00Z"]


def test_an_answer_says_that_a_review_is_overdue_and_that_a_source_could_not_be_read(
    owner: Owner, sync: Sync, settings: Settings, tmp_path: Path
) -> None:
    pages = {
        "old.md": "---\nlast_reviewed_on: 2020-01-01\nreview_in: 6 months\n---\n# Alpaca\n\nThe alpaca service runs in Paris.\n",
        "new.md": "---\nnext_review: 2999-01-01\n---\n# Bison\n\nThe bison service runs in us-east-1.\n",
    }
    configure(settings, {"name": "wiki", "type": "folder", "path": str(write(tmp_path / "wiki", pages))})
    sync()
    asker = owner.reader().asker()
    answer = asker.answer("where does the alpaca service run?", Viewer())
    assert answer.citations[0].review_due == "2020-07-01"
    assert ("review overdue", "2020-07-01", "wiki/old.md") in [(f.kind, f.text, f.reason) for f in answer.flags]
    assert not [f for f in answer.flags if f.kind == "stale"]
    (tmp_path / "wiki").rename(tmp_path / "elsewhere")
    sync()
    answer = asker.answer("where does the bison service run?", Viewer())
    stale = [f for f in answer.flags if f.kind == "stale"]
    assert stale[0].text == "wiki"
    assert "there is no folder" in stale[0].reason
