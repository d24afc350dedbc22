"""`GitSource`: the files of one ref of a git repository, local or remote, read from the object store.

A document's version is the last commit that changed its path; its link is pinned to that one. Its date is that of the last
commit that changed what it says (`ingest.history`), "" where history is cut off before it. A wiki's pages are linked as the
wiki shows them (`ingest.sources.git_wiki`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from ingest.departures import departures
from ingest.git import GitRepository, TreeEntry, is_url
from ingest.history import IGNORED, Change, ignored_commits, last_changes
from ingest.owners import PLACES, owners
from ingest.rendering import Rendered, wiki_page
from ingest.sandbox import shared
from ingest.sources import Link, Listed, Listing, Previous, SourceSpec, SourceType, git_wiki
from ingest.sources.moves import moved_by_content
from rag.errors import DocumentError, SourceError

_FILES = ("100644", "100755", "100664")
_REFUSED_MODES = {"120000": "symbolic link: not followed", "160000": "submodule: add its repository as a source"}
_DATED = "content"  # what dates in signatures are of: those that an older Waypost wrote are found anew
_EMPTY = (
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
)  # SHA-1, SHA-256
_IGNORED = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")  # what some file systems overlook in a name


class GitSource:
    """One ref of the repository at `spec.location`; `folder` is where our bare repository of it lives."""

    def __init__(self, spec: SourceSpec, folder: Path) -> None:
        self._spec = spec
        self._repository = GitRepository(folder, spec.location, spec.credentials, spec.name)

    def listing(self, previous: Previous) -> Listing:
        head = self._repository.update(self._spec.ref)
        selected = self._spec.selects()
        tree = list({entry.path: entry for entry in reversed(self._repository.tree(head))}.values())[::-1]
        entries = [entry for entry in tree if selected(entry.path)]
        if not entries:
            return Listing((), complete=False, head=head, message="no file that its include and exclude globs admit")
        owner_of = self._owners(tree)
        changes = self._changes(previous, head, tree, {entry.path for entry in entries})
        items = [_listed(entry, changes.get(entry.path), owner_of(entry.path)) for entry in entries]
        if self._is_wiki:
            items = list(map(_of_wiki, items))
        return Listing(tuple(items), complete=True, head=head, moved=self._moves(previous, head, entries))

    def _changes(
        self, previous: Previous, head: str, tree: Sequence[TreeEntry], paths: Set[str]
    ) -> Mapping[str, Change]:
        known = {path: change for path, s in previous.signatures.items() if (change := _change_in(s))}
        if head == previous.head and paths <= known.keys():
            return known
        place = _at(tree, IGNORED)
        if known and previous.head != head and _at(self._tree_of(previous.head), IGNORED) != place:
            known = {}  # they were dated by other rules
        return last_changes(self._repository, head, paths, previous.head, known, ignored_commits(self._content(place)))

    def _tree_of(self, commit: str) -> Sequence[TreeEntry]:
        return self._repository.tree(commit) if self._repository.has_commit(commit) else ()

    @property
    def _is_wiki(self) -> bool:
        origin = self._repository.origin()  # a local copy of a wiki may have any name
        return any(git_wiki.is_wiki(location, self._spec.web_url) for location in (self._spec.location, origin))

    def _owners(self, tree: Sequence[TreeEntry]) -> Callable[[str], str]:
        place = next((oid for place in PLACES if (oid := _at(tree, place))), "")
        return owners(self._content(place)) if place else lambda _: ""

    def _content(self, oid: str) -> bytes:
        """A file that says something of the others; empty where there is none, or it can't be read."""
        if not oid:
            return b""
        self._repository.fetch_blobs([oid])
        data = next(iter(self._repository.blobs([oid])))
        return data if isinstance(data, bytes) else b""

    def _moves(self, previous: Previous, head: str, entries: Sequence[TreeEntry]) -> dict[str, str]:
        if not previous.head or previous.head == head or not self._repository.has_commit(previous.head):
            return {}
        now = {entry.path: entry.oid for entry in entries}
        before = {path: signature.split(" ")[0] for path, signature in previous.signatures.items()}
        alike = moved_by_content({path: "" if oid in _EMPTY else oid for path, oid in now.items()}, before)
        new, gone = now.keys() - before.keys(), before.keys() - now.keys()
        if not new or not gone:
            return alike
        try:  # git compares contents to see a rename
            self._repository.fetch_blobs([*(now[path] for path in new), *(before[path] for path in gone)])
            renamed = self._repository.moves(previous.head, head)
        except SourceError:  # the host no longer gives what a file said
            renamed = self._repository.moves(previous.head, head, exact=True)
        taken = set(alike.values())
        also = {path: was for path, was in renamed.items() if path in new - alike.keys() and was in gone - taken}
        return {**alike, **also}

    def fetch(self, items: Sequence[Listed]) -> Iterator[tuple[Listed, bytes | Rendered | Exception]]:
        oids = [item.handle for item in items]
        self._repository.fetch_blobs(oids)
        for item, data in zip(items, self._repository.blobs(oids), strict=True):
            yield item, _page(item.path, data) if item.is_page and isinstance(data, bytes) else data

    def close(self) -> None:
        self._repository.forget_blobs()

    def subjects(self, head: str, limit: int) -> Iterator[tuple[str, list[str]]]:
        """(subject, paths changed) of the last commits up to the one that was synced, newest first."""
        return self._repository.subjects(head, limit)

    def departures(self, head: str, paths: Sequence[str], names: Sequence[str]) -> dict[str, str]:
        """When these paths and Terraform addresses went, up to the commit that was synced."""
        return departures(self._repository, head, paths, names)

    def link(self, item: Listed, version: str) -> Link:
        web_url = self._spec.web_url or web_url_of(self._repository.origin())
        if self._is_wiki:
            return git_wiki.page_link(web_url, version, item.path)
        return pinned_link(web_url, version, item.path)


def _at(tree: Sequence[TreeEntry], path: str) -> str:
    """The blob of a file at this path, "" where there is none."""
    return next((entry.oid for entry in tree if entry.path == path and entry.mode in _FILES), "")


def _of_wiki(item: Listed) -> Listed:
    """A file of a wiki: those in Markdown are pages, which may bear any title."""
    refusal = item.refusal or git_wiki.refusal(item.path)
    return replace(item, refusal=refusal, is_page=git_wiki.is_markdown(item.path))


def _page(path: str, data: object) -> Rendered | DocumentError:
    """A page of a wiki, or why there is none."""
    try:
        return shared().run(wiki_page.page, path, data)
    except DocumentError as error:
        return error


def _listed(entry: TreeEntry, change: Change | None, owner: str) -> Listed:
    path = entry.path
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return Listed(shown, entry.oid, refusal="its name is not UTF-8; rename it")
    commit, date = change or Change("", "")
    return Listed(
        path,
        f"{entry.oid} {commit} {date} {_DATED}",
        version=commit,
        updated_at=date,
        refusal=_refused(path, entry.mode),
        handle=entry.oid,
        owner=owner,
    )


def _refused(path: str, mode: str) -> str:
    """The reason not to read an entry that git itself would not check out, or that is no file; "" where there is none."""
    if mode not in _FILES:
        return _REFUSED_MODES.get(mode, f"not a file (mode {mode})")
    for part in path.split("/"):
        if part in ("", ".", "..") or _IGNORED.sub("", part).lower() in (".git", "git~1"):
            return "a path that git itself would not write: it leads out of the repository, or into .git"
    return ""


def _change_in(signature: str) -> Change | None:
    parts = signature.split(" ")
    return Change(parts[1], parts[2]) if len(parts) == 4 and parts[3] == _DATED and all(parts) else None


def web_url_of(location: str) -> str:
    """The web page of a repository, guessed from the address that it is cloned from; "" for a local one."""
    if not is_url(location):
        return ""
    match = re.match(r"(?:\w+://)?(?:[^@/]+@)?([\w.-]+)(?::\d+)?[:/](.+?)(?:\.git)?/?$", location)
    return f"https://{match.group(1)}/{match.group(2)}" if match else ""


def pinned_link(web_url: str, commit: str, path: str) -> Link:
    """The link to a file at a commit, in the form of the repository's host.

    Forms: GitHub, GitLab, Bitbucket and Gitea's documentation of permanent links.
    """
    base = web_url.rstrip("/")
    quoted = quote(path)
    host = re.sub(r"^https?://", "", base).split("/")[0].lower()
    if not base:
        return Link(f"{path}@{commit}", ":{start}-{end}")
    if "gitlab" in host:
        return Link(f"{base}/-/blob/{commit}/{quoted}", "#L{start}-{end}")
    if "bitbucket" in host:
        return Link(f"{base}/src/{commit}/{quoted}", "#lines-{start}:{end}")
    if "gitea" in host or "forgejo" in host or "codeberg" in host:
        return Link(f"{base}/src/commit/{commit}/{quoted}", "#L{start}-L{end}")
    return Link(f"{base}/blob/{commit}/{quoted}", "?plain=1#L{start}-L{end}")


TYPE = SourceType(GitSource, locations=("path", "url"))
