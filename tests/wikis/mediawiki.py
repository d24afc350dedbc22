"""A real MediaWiki 1.39: create, edit, move, delete, restrict, kill, and compare after every step.

    python -m tests.wikis.mediawiki [--pages 500] [--port 8091] [--folder FOLDER]

The truth is read from the wiki's SQLite (pages, latest revisions) and from what its index.php shows an administrator
(`action=render`), never through the source's code. About ten minutes, of which most go into the wiki's own saves and renderings.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.wikis import Steps, Waypost, Web, install, lost, run, words_of

PHP = "php-cli php-sqlite3 php-mbstring php-xml php-intl php-curl php-apcu php-yaml php-gd".split()
ADMIN = "Adm1n-pass-for-test"
SETTINGS = """
$wgJobRunRate = 0; $wgEnableUploads = true;
$wgGroupPermissions['*']['read'] = false; $wgGroupPermissions['*']['edit'] = false;
$wgNamespacesWithSubpages[0] = true;
$wgExtraNamespaces[3000] = 'Ops'; $wgExtraNamespaces[3001] = 'Ops_talk'; $wgContentNamespaces[] = 3000;
wfLoadExtensions(['Cite', 'SyntaxHighlight_GeSHi', 'ParserFunctions']);
if (file_exists("$IP/restrict.php")) { require "$IP/restrict.php"; }
"""
RESTRICT = """<?php
$wgHooks['getUserPermissionsErrors'][] = function ($title, $user, $action, &$result) {
    $groups = MediaWiki\\MediaWikiServices::getInstance()->getUserGroupManager()->getUserGroups($user);
    if ($action === 'read' && (%s) && !in_array('sysop', $groups)) {
        $result = ['badaccess-group0']; return false;
    }
    return true;
};
"""
PAGE = """Runbook {number} of the team {{{{Team|number={number}}}}}. Its mark is mark{number}x{edition}.

== Steps of {number} ==
# Look at [[Page {other}]] first.<ref>See the book of {number}.</ref>
# Run this:
<{code}>
kubectl rollout undo deployment/app{number} --to-revision={edition}
</{end}>

=== Who ===
{{| class="wikitable"
! Name !! Port
|-
| app{number} || {port}
|}}
<div class="mw-collapsible mw-collapsed">Folded note {edition} of {number}.</div>
<references />
[[Category:Runbooks]]
"""


class Wiki:
    """The wiki, as its administrator uses it, and its database."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.url = folder / "W", f"http://127.0.0.1:{port}"
        self._database = folder / "mwdata" / "kbwiki.sqlite"
        self._port = port
        self._http = httpx.Client(base_url=self.url, timeout=120, trust_env=False)
        self._token = ""
        self.bot_password = ""

    def install(self) -> Web:
        folder = self.folder.parent
        install(PHP, folder, ["mediawiki", "mediawiki-classes"])
        run(["cp", "-a", "unpacked/usr/share/mediawiki", "W"], folder)
        for name in ("LocalSettings.php", "config", "extensions", "images"):
            (self.folder / name).unlink()  # links that lead nowhere
        for name in ("images", "cache", "../mwdata"):
            (self.folder / name).mkdir()
        (self.folder / "extensions").symlink_to("extensions-core")
        self.php("install.php", "--dbtype", "sqlite", "--dbpath", str(folder / "mwdata"), "--dbname", "kbwiki", "--scriptpath",
                 "", "--server", self.url, "--pass", ADMIN, "Ops wiki", "Admin")  # fmt: skip
        with (self.folder / "LocalSettings.php").open("a") as settings:
            settings.write(SETTINGS)
        self.php("createAndPromote.php", "Reader", "Read3r-pass-test")
        said = self.php("createBotPassword.php", "--appid", "kb", "--grants", "basic,highvolume", "Reader")
        self.bot_password = re.findall(r"password:'(\w+)'", said)[0]
        web = Web(self.folder, self._port)
        for _ in range(100):
            try:
                self._http.get("/api.php")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        self._log_in()
        return web

    def php(self, script: str, *words: str) -> str:
        return run(["php", f"maintenance/{script}", *words], self.folder)

    def import_quietly(self, texts: dict[str, str]) -> None:
        """Pages that no list of changes tells of."""
        with tempfile.TemporaryDirectory() as folder:
            for title, text in texts.items():
                (Path(folder) / f"{title}.txt").write_text(text)
            files = sorted(map(str, Path(folder).glob("*.txt")))
            self.php("importTextFiles.php", "-u", "Admin", "--overwrite", *files)

    def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self._database, timeout=60)
        with connection:
            rows = connection.execute(query, values).fetchall()
        connection.close()
        return rows

    def act(self, action: str, **parameters: object) -> dict[str, Any]:
        form = {"action": action, "format": "json", "formatversion": "2", "token": self._token, **parameters}
        answer: dict[str, Any] = self._http.post("/api.php", data=form).json()
        if "error" in answer:
            sys.exit(f"the wiki refuses {action} {parameters}: {answer['error']}")
        return answer

    def edit(self, title: str, text: str) -> None:
        self.act("edit", title=title, text=text, bot="1")

    def move(self, title: str, to: str, redirect: bool = True) -> None:
        self.act("move", **{"from": title, "to": to, **({} if redirect else {"noredirect": "1"})})

    def shown(self, title: str) -> str:
        """What the wiki's page shows to an administrator, without the marks that edit and go back."""
        html = self._http.get("/index.php", params={"title": title, "action": "render"}).text
        html = re.sub(r'<span class="mw-editsection">.*?\]</span></span>', "", html)
        html = re.sub(r"<div class=.patrollink.*?</div>", "", html, flags=re.S)
        html = re.sub(r'<div id="toc".*?</ul>\n</div>', "", html, flags=re.S)
        return re.sub(r'<span class="mw-cite-backlink">.*?</span>', "", html)

    def _log_in(self) -> None:
        ask = {"action": "query", "meta": "tokens", "format": "json", "formatversion": "2"}
        token = self._http.get("/api.php", params={**ask, "type": "login"}).json()["query"]["tokens"]["logintoken"]
        self.act("login", lgname="Admin", lgpassword=ADMIN, lgtoken=token)
        self._token = self._http.get("/api.php", params=ask).json()["query"]["tokens"]["csrftoken"]

    def pages(self) -> dict[str, tuple[int, int]]:
        """Id and latest revision of each content page that is no redirect, by its title."""
        rows = self.sql(
            "select page_namespace, page_title, page_id, page_latest from page where page_is_redirect = 0"
            " and page_namespace in (0, 3000)"
        )
        names = {0: "", 3000: "Ops:"}

        def title(value: object) -> str:
            return (value.decode() if isinstance(value, bytes) else str(value)).replace("_", " ")

        return {names[space] + title(name): (number, latest) for space, name, number, latest in rows}


class Trial:
    """The wiki, Waypost, and what was seen."""

    def __init__(self, wiki: Wiki, waypost: Waypost, steps: Steps, number: int) -> None:
        self.wiki, self.waypost, self.steps, self.number = wiki, waypost, steps, number
        self.denied: set[str] = set()
        self._random = random.Random(1)

    def page(self, number: int, edition: int = 1) -> str:
        code = "pre" if number % 20 else 'syntaxhighlight lang="bash"'  # which starts Python, and is slow
        return PAGE.format(
            number=number,
            edition=edition,
            other=(number + 1) % self.number,
            port=8000 + number,
            code=code,
            end=code.split(maxsplit=1)[0],
        )

    def check(self, name: str, looked_at: int = 25, more: Iterator[str] | None = None) -> dict[str, Any]:
        """Syncs, and compares."""
        report = self.waypost.sync()
        faults = list(self.compare(looked_at)) if report["outcome"] == "done" else [f"the sync is {report['outcome']}"]
        self.steps.told(name, report, [*faults, *(more or ())])
        return report

    def compare(self, looked_at: int) -> Iterator[str]:
        """What differs: pages by title, their revisions, and every word that some of them show."""
        pages, documents = self.wiki.pages(), self.waypost.documents()
        readable = pages.keys() - self.denied
        yield from (f"missing: {title}" for title in sorted(readable - documents.keys()))
        yield from (f"should not be there: {title}" for title in sorted(documents.keys() - readable))
        both = sorted(readable & documents.keys())
        yield from (
            f"{title}: revision {documents[title].version}, the wiki has {pages[title][1]}"
            for title in both
            if documents[title].version != str(pages[title][1])
        )
        newest = sorted(both, key=lambda title: -pages[title][1])[: looked_at // 2]
        for title in {*newest, *self._random.sample(both, min(looked_at, len(both)))}:
            gone = lost(words_of(self.wiki.shown(title)), documents[title].text)
            if gone:
                yield f"{title}: its words {dict(gone)} are not held"
            if f"oldid={pages[title][1]}" not in documents[title].url:
                yield f"{title}: its link is {documents[title].url}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--port", type=int, default=8091)
    parser.add_argument("--folder", type=Path, default=None)
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="waypost-mediawiki-"))
    folder.mkdir(parents=True, exist_ok=True)
    wiki = Wiki(folder, given.port)
    web = wiki.install()
    try:
        source = {
            "type": "mediawiki", "url": wiki.url, "credentials": {"username": "Reader@kb", "token": "${WIKI_PASSWORD}"},
        }  # fmt: skip
        waypost = Waypost(folder / "waypost", source, {"WIKI_PASSWORD": wiki.bot_password})
        steps = Steps()
        history(Trial(wiki, waypost, steps, given.pages), web)
    finally:
        web.close()
        if given.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    steps.end()


def history(trial: Trial, web: Web) -> None:
    wiki = trial.wiki
    wiki.edit("Template:Team", "called Team {{{number}}} of the harbour")
    wiki.import_quietly({f"Page {number}": trial.page(number) for number in range(trial.number)})
    trial.check(f"{trial.number} pages at first", looked_at=60)
    trial.check("nothing changed")
    creations(trial)
    moves(trial)
    deletions(trial)
    restrictions(trial)
    what_no_change_tells(trial)
    kills(trial)
    trial.check("at the end, every word", looked_at=10_000)


def creations(trial: Trial) -> None:
    wiki = trial.wiki
    for title in (
        "Deploying/Staging",
        "Ops:On call",
        "Ünïcode — ñ",
        'A "quoted" & odd page?',
        "Restoring terraform.tfstate",
    ):
        wiki.edit(title, f"A new page: {title} zebra.")
    wiki.edit("Main talk", "#REDIRECT [[Page 1]]")
    wiki.act(
        "edit", title="Settings.json", text='{"retries": 7}', contentmodel="json", contentformat="application/json"
    )
    trial.check("8 pages made")
    for number in range(5, 15):
        wiki.edit(f"Page {number}", trial.page(number, 2))
    report = trial.check("10 pages edited")
    if report["counts"].get("indexed") != 10:
        trial.steps.told("10 pages edited: no more is read", report, [f"{report['counts']} and not 10 indexed"])


def moves(trial: Trial) -> None:
    wiki, before = trial.wiki, trial.waypost.documents()
    wiki.move("Page 20", "Moved 20")
    wiki.move("Page 21", "Moved 21", redirect=False)
    wiki.move("Page 22", "Ops:Moved 22")
    wiki.move("Page 23", "Aside", redirect=False)
    wiki.move("Page 24", "Page 23", redirect=False)
    wiki.move("Aside", "Page 24", redirect=False)
    wiki.move("Page 25", "Page 25 b")
    wiki.move("Page 25 b", "Page 25")  # back over its own redirect
    wiki.edit("Page 20", "Another page where a redirect was: yak.")
    was = {"Moved 20": "Page 20", "Moved 21": "Page 21", "Ops:Moved 22": "Page 22", "Page 23": "Page 24", "Page 24": "Page 23",
           "Page 25": "Page 25"}  # fmt: skip

    def kept() -> Iterator[str]:
        now = trial.waypost.documents()
        for title, old in was.items():
            if title not in now or now[title].id != before[old].id:
                yield f"{title} is not the document that was {old}"

    trial.check("moves, a swap among them", more=kept())


def deletions(trial: Trial) -> None:
    wiki = trial.wiki
    for number in (30, 31, 32):
        wiki.act("delete", title=f"Page {number}")
    wiki.edit("Page 33", "#REDIRECT [[Page 34]]")

    def gone() -> Iterator[str]:
        for number in (30, 31, 32, 33):
            if f'Page {number}"' in trial.waypost.search(f"mark{number}x1"):
                yield f"Page {number} is still found"

    trial.check("3 pages deleted, 1 made a redirect", more=gone())
    wiki.act("undelete", title="Page 30")
    wiki.edit("Page 31", "Made anew: okapi.")
    wiki.edit("Page 33", trial.page(33, 3))
    trial.check("1 restored, 1 made anew, 1 no redirect any more")


def restrictions(trial: Trial) -> None:
    """As extensions restrict, by a hook: core has no rights of a page."""
    wiki = trial.wiki

    def hidden(*words: str) -> Iterator[str]:
        yield from (f"{word} is still found" for word in words if f"{word}" in trial.waypost.search(word))

    closed = {
        "1 page": ("$title->getText() === 'Page 40'", ("mark40x1",), lambda title: title == "Page 40"),
        "a namespace": ("$title->getNamespace() === 3000", ("mark22x1",), lambda title: title.startswith("Ops:")),
    }
    for what, (condition, words, chosen) in closed.items():
        (wiki.folder / "restrict.php").write_text(RESTRICT % condition)
        trial.denied = {title for title in wiki.pages() if chosen(title)}
        trial.check(f"{what} closed to the account", more=hidden(*words))
        (wiki.folder / "restrict.php").unlink()
        trial.denied = set()
        trial.check("and opened again")


def what_no_change_tells(trial: Trial) -> None:
    wiki = trial.wiki
    wiki.edit("Template:Team", "called Crew {{{number}}} of the lighthouse")
    wiki.php("runJobs.php")
    trial.check("a template edited, which all pages show", looked_at=40)
    wiki.import_quietly({"Quiet": "A page that came without a word: quokka.", "Page 50": trial.page(50, 9)})
    trial.check("1 page made and 1 edited without a change in the list")
    wiki.sql("delete from recentchanges")
    wiki.edit("Page 51", trial.page(51, 4))
    wiki.sql("delete from recentchanges")
    trial.check("the list of changes was pruned")
    account_lost(trial)


def account_lost(trial: Trial) -> None:
    """A bot password that is no good any more, a wiki that is down: nothing goes."""
    wiki, before = trial.wiki, trial.waypost.documents()
    rows = wiki.sql("select bp_user, bp_password from bot_passwords")
    wiki.sql("update bot_passwords set bp_password = ''")
    wiki.act("delete", title="Page 60")
    report = trial.waypost.sync()
    faults = [] if report["outcome"] == "failed" and trial.waypost.documents() == before else ["something changed"]
    trial.steps.told("the bot password was revoked", report, faults)
    wiki.sql("update bot_passwords set bp_password = ? where bp_user = ?", rows[0][1], rows[0][0])
    trial.check("and made good again")


def kills(trial: Trial) -> None:
    wiki = trial.wiki
    for round_, first in enumerate((100, 200)):
        for number in range(first, first + 100):
            wiki.edit(f"Page {number}", trial.page(number, 20 + round_))
        wiki.move(f"Page {first + 5}", f"Killed {first + 5}", redirect=False)
        wiki.act("delete", title=f"Page {first + 6}")
        mark = f"x{20 + round_}"

        def half(mark: str = mark) -> bool:
            return sum(mark in held.text for held in trial.waypost.documents().values()) >= 40

        killed = trial.waypost.kill_sync(half)
        done = sum(mark in held.text for held in trial.waypost.documents().values())
        wiki.edit(f"Page {first + 7}", trial.page(first + 7, 30))
        trial.check(f"a sync killed after {done} of 100 pages", more=iter([] if killed else ["it was not killed"]))


if __name__ == "__main__":
    try:
        main()
    except subprocess.SubprocessError as error:
        sys.exit(str(error))
