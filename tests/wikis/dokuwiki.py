"""A real DokuWiki: create, edit, move, delete, restrict, kill, switch off, and compare after every step.

    python -m tests.wikis.dokuwiki [--pages 500] [--port 8092] [--folder FOLDER] [--wiki FOLDER-OF-ANOTHER-RELEASE]

The truth is read from the wiki's disk (data/pages, conf/acl.auth.php), never through the source's code. By default the wiki is
Debian 12's "Igor" of 2022, which speaks XML-RPC alone; `--wiki` takes the unpacked sources of any other release.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sqlite3
import subprocess
import tempfile
import time
import xmlrpc.client
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.wikis import WORD, Steps, Waypost, Web, install, run

PHP = "php-cli php-mbstring php-xml php-intl php-phpseclib php-random-compat php-geshi libphp-simplepie".split()
ADMIN, READER = ("admin", "admin-pw-for-test"), ("bob", "bob-pw-for-test")
SETTINGS = """<?php
$conf['title']='Ops wiki'; $conf['useacl']=1; $conf['authtype']='authplain'; $conf['superuser']='@admin'; $conf['updatecheck']=0;
$conf['remote']=%d; $conf['remoteuser']='%s'; $conf['savedir']='%s'; $conf['baseurl']='%s'; $conf['disableactions']='register';
"""
ACL = "*\t@ALL\t0\n*\t@user\t8\nsecret:*\t@user\t0\nsecret:*\t@admin\t16\n"
PAGE = """====== Runbook {number} of the team ======
The mark of this page is mark{number}x{edition}; see [[.:page{other}]] and https://example.org/{number}.

===== Steps of {number} =====
  - Look at the **dashboard** of app{number}
  - Run this:
<code bash restart{number}.sh>
kubectl rollout undo deployment/app{number} --to-revision={edition}
</code>

^ Name ^ Port ^
| app{number} | {port} |

==== Who ====
Ask team{number}.((Or the book of {number}.))
"""
SYNTAX = frozenset({"code"})  # what of such a page is no word of its text


class Wiki:
    """The wiki, as its administrator uses it, and its disk."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.url, self._port = folder / "D", f"http://127.0.0.1:{port}", port
        self.pages, self.acl = self.folder / "data" / "pages", self.folder / "conf" / "acl.auth.php"
        self.http = httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def install(self, unpacked: Path | None) -> Web:
        folder = self.folder.parent
        if unpacked:
            shutil.copytree(unpacked, self.folder)
        else:
            install(PHP, folder, ["dokuwiki"])
            run(["cp", "-a", "unpacked/usr/share/dokuwiki", "D"], folder)
            for name in ("lib/plugins", "lib/tpl"):  # links that lead to where nothing is installed
                (self.folder / name).unlink()
                run(["cp", "-a", f"unpacked/var/lib/dokuwiki/{name}", f"D/{name}"], folder)
            (self.folder / "inc" / "preload.php").unlink()
            run(["cp", "-a", "unpacked/etc/dokuwiki", "D/conf"], folder)
            run(["cp", "-a", "unpacked/var/lib/dokuwiki/data", "D/data"], folder)
        for name in ("acl.auth.php", "users.auth.php"):
            (self.folder / "conf" / name).unlink(missing_ok=True)
        self.configure()
        self.acl.write_text(ACL)
        users = [f"{name}:{self._hash(word)}:{name}:{name}@example.org:{groups}" for (name, word), groups in
                 ((ADMIN, "admin,user"), (READER, "user"))]  # fmt: skip
        (self.folder / "conf" / "users.auth.php").write_text("\n".join(users) + "\n")
        web = Web(self.folder, self._port)
        self.reached()
        return web

    def _hash(self, password: str) -> str:
        return run(["php", "-r", f"echo password_hash('{password}', PASSWORD_BCRYPT);"], self.folder)

    def configure(self, remote: int = 1, remoteuser: str = "@admin,@user") -> None:
        settings = SETTINGS % (remote, remoteuser, self.folder / "data", self.url)
        (self.folder / "conf" / "local.php").write_text(settings)
        time.sleep(2.5)  # PHP looks at its files every two seconds

    def reached(self) -> None:
        for _ in range(100):
            try:
                self.http.get("/")
                return
            except httpx.TransportError:
                time.sleep(0.1)

    def call(self, method: str, *arguments: Any) -> Any:
        """A method of XML-RPC, as the administrator."""
        body = xmlrpc.client.dumps(arguments, method).encode()
        answer = self.http.post("/lib/exe/xmlrpc.php", content=body, auth=ADMIN, headers={"Content-Type": "text/xml"})
        return xmlrpc.client.loads(answer.content)[0][0]

    def save(self, page: str, text: str) -> None:
        self.call("wiki.putPage", page, text, {"sum": "test"})

    def put_on_disk(self, page: str, text: str) -> None:
        """Writes a page as no DokuWiki does: without a past."""
        file = self.file(page)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def file(self, page: str) -> Path:
        return self.pages / f"{page.replace(':', '/')}.txt"

    def on_disk(self) -> dict[str, tuple[str, str]]:
        """Text and time of change of each page, by its path."""
        return {
            str(file.relative_to(self.pages))[:-4]: (file.read_text(), str(int(file.stat().st_mtime)))
            for file in self.pages.rglob("*.txt")
        }  # fmt: skip

    def readable(self, path: str) -> bool:
        """Whether the reader may read a page, by the wiki's rules: https://www.dokuwiki.org/acl"""
        rules = [line.split("\t") for line in self.acl.read_text().splitlines() if line.strip() and line[0] != "#"]
        page = path.replace("/", ":")
        parts = page.split(":")
        scopes = [page, *(":".join([*parts[:at], "*"]) for at in range(len(parts) - 1, -1, -1))]
        for scope in scopes:
            if levels := [
                int(level) for where, who, level in rules if where == scope and who in ("@ALL", "@user", "bob")
            ]:
                return max(levels) >= 1
        return False


def text_of(number: int, edition: int) -> str:
    return PAGE.format(number=number, edition=edition, other=(number * 7) % 500, port=1000 + number)


def page_of(number: int) -> str:
    return f"ops:n{number % 10}:page{number}"


class Trial:
    """One wiki, and Waypost beside it."""

    def __init__(self, wiki: Wiki, folder: Path, pages: int) -> None:
        self.wiki, self.steps, self.number = wiki, Steps(), pages
        self._folder = folder / "waypost"
        self.source: dict[str, Any] = {
            "type": "dokuwiki", "url": wiki.url,
            "credentials": {"username": "${WIKI_USER}", "token": "${WIKI_PASSWORD}"},
        }  # fmt: skip
        environment = {"WIKI_USER": READER[0], "WIKI_PASSWORD": READER[1]}
        self.waypost = Waypost(self._folder, self.source, environment)

    # -- comparing ----------------------------------------------------------------------------------------------------

    def visible(self) -> dict[str, Any]:
        """The documents that everyone may see, by path."""
        connection = sqlite3.connect(f"file:{self._folder / 'home' / 'catalog.db'}?mode=ro", uri=True, timeout=30)
        rows = connection.execute("select path from documents where access = 'everyone'").fetchall()
        connection.close()
        everyone = {path for (path,) in rows}
        return {path: held for path, held in self.waypost.documents().items() if path in everyone}

    def differences(self) -> Iterator[str]:
        held, disk = self.visible(), self.wiki.on_disk()
        there = {path: page for path, page in disk.items() if self.wiki.readable(path)}
        yield from (f"not found: {path}" for path in sorted(there.keys() - held.keys()))
        yield from (f"still found: {path}" for path in sorted(held.keys() - there.keys()))
        for path in there.keys() & held.keys():
            text, changed = there[path]
            if held[path].version != changed:
                yield f"{path}: version {held[path].version}, on disk {changed}"
            if f"rev={changed}" not in held[path].url:
                yield f"{path}: linked as {held[path].url}"
            if path.startswith("ops/") and (lost := _words(text) - _words(held[path].text)):
                yield f"{path}: lacks {sorted(lost)[:5]}"

    def compare(self, name: str, outcome: str = "done", **counts: int) -> dict[str, Any]:
        """Syncs and compares; `counts` are expected of the report."""
        report = self.waypost.sync()
        faults = list(self.differences()) if outcome == "done" else []
        if report["outcome"] != outcome:
            faults.append(f"expected {outcome}")
        faults += [
            f"{what}: {report['counts'].get(what, 0)}, expected {number}" for what, number in counts.items()
            if report["counts"].get(what, 0) != number
        ]  # fmt: skip
        self.steps.told(name, report, faults)
        return report

    def check(self, name: str, faults: list[str]) -> None:
        self.steps.told(name, {"outcome": "checked"}, faults)

    # -- steps --------------------------------------------------------------------------------------------------------

    def create(self) -> None:
        for number in range(self.number):
            put = self.wiki.put_on_disk if number % 10 == 9 else self.wiki.save
            put(page_of(number), text_of(number, 1))
        self.wiki.save("secret:keys", "====== Keys ======\nThe word is xyzzyplugh.")
        killed = self.waypost.kill_sync(lambda: len(self.waypost.documents()) >= self.number // 4)
        self.check(
            f"SIGKILL of the first sync at {len(self.waypost.documents())} documents",
            [] if killed else ["it ended first"],
        )
        self.compare(f"{self.number} pages")
        listed = len([path for path in self.wiki.on_disk() if self.wiki.readable(path)])
        self.compare("nothing changed", unchanged=listed, indexed=0)
        found = self.waypost.search("xyzzyplugh")
        self.check("the secret page is not found", ["it is"] if "xyzzyplugh" in found and "Keys" in found else [])

    def edit(self) -> None:
        before = self.waypost.documents()
        time.sleep(1.1)
        for number in range(0, 120):
            put = self.wiki.put_on_disk if number % 10 == 9 else self.wiki.save
            put(page_of(number), text_of(number, 2))
        self.wiki.save("ops:start", "====== Start ======\nA new page.")
        self._kill_at(lambda: any(held.version != before[path].version for path, held in self.waypost.documents().items()
                                  if path in before))  # fmt: skip
        self.compare("120 edited, one new")
        old = before["ops/n1/page1"]
        shown = self._shown(old.url)
        self.check("an old link shows the old revision", [] if "mark1x1" in shown else [f"{old.url} does not"])

    def _kill_at(self, when: Callable[[], bool]) -> None:
        killed = self.waypost.kill_sync(when)
        changed = sum("x2" in held.text for held in self.waypost.documents().values())
        self.check(f"SIGKILL of a sync of edits, {changed} of them stored", [] if killed else ["it ended first"])

    def move(self) -> None:
        before = self.waypost.documents()
        moved = {page_of(number): f"team:moved{number}" for number in range(10, 20)}
        for old, new in moved.items():
            self.wiki.save(new, self.wiki.file(old).read_text())
            self.wiki.save(old, "")
        self.compare("10 moved: saved elsewhere, and emptied", gone=0)
        after = self.waypost.documents()
        other = [
            new for old, new in moved.items()
            if after[new.replace(":", "/")].id != before[old.replace(":", "/")].id
        ]  # fmt: skip
        self.check("moved pages are the same documents", [f"{new} is another" for new in other])

    def delete(self) -> None:
        for number in range(20, 30):
            self.wiki.save(page_of(number), "")
        self.compare("10 deleted", gone=10)
        for number in range(130, 190):
            self.wiki.save(page_of(number), "")
        report = self.compare("60 deleted at once", "held", held=60)
        self.check("what it says of that", [] if "waypost approve wiki" in report["message"] else [report["message"]])
        subprocess.run(
            self.waypost._command("approve", "wiki"), env=self.waypost._environment, check=True, capture_output=True
        )
        self.compare("the same, approved")

    def restrict(self) -> None:
        self.wiki.acl.write_text(f"{ACL}{page_of(31)}\t@user\t0\n")
        self.compare("one page restricted", gone=1)
        self.wiki.acl.write_text(f"{ACL}ops:n3:*\t@user\t0\nops:n4:*\t@user\t0\n")
        self.compare("two namespaces restricted at once", gone=0, held=0)
        self.compare("they stay so")
        self.wiki.acl.write_text(ACL)
        self.compare("and are open again", indexed=0)
        self.wiki.acl.write_text("*\t@ALL\t0\n*\t@user\t0\n")
        report = self.waypost.sync()
        self.steps.told("everything restricted", report, [f"still found: {path}" for path in self.visible()][:5])
        self.wiki.acl.write_text(ACL)
        self.compare("and open again", indexed=0)

    def refuse(self) -> None:
        """What a user is told who may not read the wiki; nothing is lost by it."""
        before = self.visible()
        nobody = {key: value for key, value in self.source.items() if key != "credentials"}
        stranger = {**self.source, "credentials": {"username": "bob", "token": "${WIKI_USER}"}}
        elsewhere = {**self.source, "url": f"{self.wiki.url}/conf"}
        cases: list[tuple[str, Callable[[], None], str]] = [
            ("without an account", lambda: self.waypost.configure(nobody), "credentials"),
            ("a wrong password", lambda: self.waypost.configure(stranger), "credentials"),
            ("not named in remoteuser", lambda: self.wiki.configure(remoteuser="@admin"), "`remoteuser`"),
            ("the remote API is off", lambda: self.wiki.configure(remote=0), "`remote`"),
            ("a url of no wiki", lambda: self.waypost.configure(elsewhere), "doku.php"),
        ]
        for name, change, word in cases:
            change()
            report = self.waypost.sync()
            faults = [] if report["outcome"] == "failed" and word in report["message"] else ["it does not say so"]
            faults += ["documents changed"] if self.visible() != before else []
            self.steps.told(name, report, faults)
            self.waypost.configure(self.source)
        self.wiki.configure()
        self.compare("all is well again", indexed=0)

    def media(self) -> None:
        text = "host;role\nlighthouse;keeper\n"
        with (self.wiki.folder / "conf" / "mime.local.conf").open("w") as kinds:
            kinds.write("csv !text/csv\n")
        self.wiki.configure()
        self.wiki.call("wiki.putAttachment", "ops:notes.csv", xmlrpc.client.Binary(text.encode()), {"ow": True})
        self.waypost.configure({**self.source, "media": True})
        self.compare_files("a file of the media manager", {"_media/ops/notes.csv": text})
        self.wiki.call("wiki.deleteAttachment", "ops:notes.csv")
        self.compare_files("is deleted", {})
        self.waypost.configure(self.source)

    def compare_files(self, name: str, expected: dict[str, str]) -> None:
        report = self.waypost.sync()
        found = {path: held.text for path, held in self.waypost.documents().items() if path.startswith("_media/")}
        self.steps.told(name, report, [] if found == expected else [f"held: {found}"])

    def links(self) -> None:
        """Twenty links of search results lead to the words, and their anchors are on the page."""
        faults = []
        for number in range(200, 220):
            found = re.findall(r'"(http[^"]*rev=[^"]*)"', self.waypost.search(f"team{number} book"))
            if not found:
                faults.append(f"no link for {number}")
                continue
            url, _, anchor = found[0].partition("#")
            shown = self._shown(url)
            if f"team{number}" not in shown or (anchor and f'id="{anchor}"' not in shown) or not anchor:
                faults.append(f"{found[0]} does not lead there")
        self.check("links of search results", faults)

    def _shown(self, url: str) -> str:
        return self.wiki.http.get(url, auth=READER).text


def _words(text: str) -> set[str]:
    return set(WORD.findall(text)) - SYNTAX


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pages", type=int, default=500)
    options.add_argument("--port", type=int, default=8092)
    options.add_argument("--folder", type=Path)
    options.add_argument("--wiki", type=Path)
    given = options.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="dokuwiki-"))
    folder.mkdir(parents=True, exist_ok=True)
    wiki = Wiki(folder, given.port)
    web = wiki.install(given.wiki)
    print(f"{wiki.call('dokuwiki.getVersion')} at {wiki.url}", flush=True)
    trial = Trial(wiki, folder, max(given.pages, 220))
    try:
        for step in (
            trial.create,
            trial.edit,
            trial.move,
            trial.delete,
            trial.restrict,
            trial.refuse,
            trial.media,
            trial.links,
        ):
            step()
    finally:
        web.close()
        if not given.folder:
            shutil.rmtree(folder, ignore_errors=True)
    trial.steps.end()


if __name__ == "__main__":
    main()
