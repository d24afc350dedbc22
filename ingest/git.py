"""Reading a git repository, local or remote: no checkout, no hooks, no submodules, nothing run and nothing read outside.

Repositories are read through a bare repository of our own that is lent the objects of another (`objects/info/alternates`).
Of a local repository that is the user's (`ingest.git_local`), in which no git is run. Of a remote one
it is our partial clone beside it; since the reading repository knows no remote, a blob that was left out is plainly missing,
and is never fetched alone behind our back. What files say, with the secrets that they may hold, is kept only while a sync reads
it: those blobs come into a folder of their own, which `forget_blobs` empties. `ingest.sources.git` calls this.
Threats: GHSA-8h77-4q3w-gfgv, CVE-2022-24439, CVE-2024-32002; docs/decisions/0017-egress.md
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ingest.addresses import Origin, doubtful, origin_of, shown
from ingest.git_local import LocalRepository
from ingest.git_process import Git, authorization
from ingest.refusals import too_large
from ingest.sources import Credentials
from rag.errors import DocumentError, RefusedError, SettingsError, SourceError

_HEAD = "refs/waypost/head"
_FETCH = ("fetch", "-q", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
_MOST_PATHS = 500_000  # of one commit's tree
_MOST_TREE = 100_000_000  # bytes of its listing
_LAST_SECOND = 253402300799  # of the year 9999
_SSH_URL = re.compile(r"ssh://(?:\w[\w.+-]*@)?(?:\w[\w.-]*|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?/[^\s]+")
_SCP = re.compile(r"(?:\w[\w.+-]*@)(?:\w[\w.-]*):(?![-:])[^\s]+")
_HEX = re.compile(r"[0-9a-f]{40,64}")
# path to git's raw row ":mode mode blob blob letter" (git-diff-tree(1), Raw output format)
Changes = Mapping[bytes, bytes]


@dataclass(frozen=True)
class TreeEntry:
    """One path of a commit's tree: mode (100644, 120000 = link, 160000 = submodule), object id, size (-1: not here)."""

    path: str
    mode: str
    oid: str
    size: int


class GitRepository:
    """One repository to read, local or remote; `folder` is where ours live.

    Raises: SettingsError when the location is not a repository, or the ref is not in it; SourceError when it can't be
    reached or read now.
    """

    def __init__(
        self, folder: Path, location: str, credentials: Credentials, name: str,
        resolve: Callable[[str, int], Sequence[str]] | None = None,
    ) -> None:  # fmt: skip
        self._reading = folder / "read"
        self._clone = folder / "clone"
        self._blobs = folder / "blobs"
        self._location = location
        self._credentials = credentials
        self._name = name
        self._local = not is_url(location)
        self._resolve_name = resolve
        self._web: Origin | None = None
        self._git = Git(name, location, credentials, self._transport())
        self._origin: str | None = None  # a local repository's own remote, not asked yet
        self._commit = ""  # the last one that `update` gave

    def _transport(self) -> str:
        """The one transport that this location may be read by, "" for a local path.

        Raises: SettingsError for a location that is none, or could be read in two ways.
        """
        location = self._location
        if location.startswith("-") or "\0" in location:
            raise SettingsError(f"source {self._name!r}: {location!r} is not a repository's location")
        if self._local:
            return ""
        reason = doubtful(location)
        if not reason:
            reason = "only https, http and ssh URLs are read, and user@host:path"
            if _SSH_URL.fullmatch(location) or ("://" not in location and _SCP.fullmatch(location)):
                return "ssh"
            try:
                self._web = origin_of(
                    re.sub(r"^(https?://)[\w.+-]+@", r"\1", location)
                )  # a user's name alone is no secret
                return self._web.scheme
            except ValueError as error:
                if location.lower().startswith(("http://", "https://")):
                    reason = str(error)
        raise SettingsError(f"source {self._name!r}: {shown(location)} can't be read: {reason}")

    # -- bringing our repository up to date ---------------------------------------------------------------------------

    def update(self, ref: str) -> str:
        """Brings `ref` (a branch, tag or commit; "" for the remote's HEAD) up to date, and gives its commit."""
        if self._local:
            local = LocalRepository(Path(self._location), self._name)
            self._lend(local.objects(), local.shallow())
            commit = self._local_commit(local, ref)
        else:
            self._pin()
            self._make(self._clone)
            self._sweep()
            self.forget_blobs()  # of a sync that was killed
            self._lend(self._clone / "objects", b"")
            commit = self._moved_within(lambda: self._remote_commit(ref))
            self._git.read(self._clone, "config", "remote.origin.url", self._location)
            self._fetch(ref, commit)
            self._lend(self._clone / "objects", (self._clone / "shallow").read_bytes() if self._is_shallow() else b"")
        if not self._has(commit):
            raise SettingsError(
                f"source {self._name!r}: {self._location} has no commit {commit}; set `ref` to one it has"
            )
        self._commit = commit
        return commit

    def _is_shallow(self) -> bool:
        return (self._clone / "shallow").is_file()

    def _pin(self) -> None:
        """Lets git connect to the very addresses that were looked at: a second answer of the name server counts for nothing."""
        if self._web is None:
            return
        from ingest.egress import resolve, usable

        host, port = self._web.host, self._web.port
        try:
            addresses = usable(host, port, self._resolve_name or resolve)
        except ValueError as error:
            raise SourceError(f"source {self._name!r}: {error}") from None
        except OSError as error:
            if self._web.scheme == "https" and {"HTTPS_PROXY", "https_proxy"} & os.environ.keys():
                return  # the proxy that the user set resolves it
            raise SourceError(f"source {self._name!r}: the name {host} can't be resolved; sync again later") from error
        shown_as = ",".join(f"[{address}]" if ":" in address else address for address in addresses)
        self._git.options = (f"http.curloptResolve={host}:{port}:{shown_as}",)

    def _moved_within(self, ask: Callable[[], str]) -> str:
        """Asks, and once more where the server says the repository has moved to, if that is within the same origin.

        git itself follows no redirect: it would hand the token on (seen with git 2.39, `http.followRedirects=initial`).
        """
        try:
            return ask()
        except SourceError as error:
            if self._web is None or not re.search(r"returned error: 30\d", str(error)):
                raise
        from ingest.egress import Network, open_client, resolve

        probe = "/info/refs?service=git-upload-pack"
        base = re.sub(r"^(https?://)[^/@]*@", r"\1", self._location).rstrip("/")
        headers = {"Authorization": basic} if (basic := authorization(self._credentials)) else {}
        network = Network(resolve=self._resolve_name or resolve)
        with (
            open_client(self._name, base, headers=headers, network=network) as client,
            client.stream("GET", base + probe) as response,
        ):
            found = str(response.url)
        if not found.endswith(probe) or response.is_error:
            raise SourceError(
                f"source {self._name!r}: {shown(base)} redirects to a page that is no repository; correct its url"
            )
        self._location = found.removesuffix(probe)
        return ask()

    def origin(self) -> str:
        """The URL that the repository is (or, a local one, was) cloned from; "" where there is none."""
        if not self._local:
            return self._location
        if self._origin is None:
            self._origin = LocalRepository(Path(self._location), self._name).origin()
        return self._origin

    def _make(self, folder: Path) -> None:
        if not (folder / "HEAD").exists():
            folder.mkdir(parents=True, exist_ok=True)
            self._git.read(folder, "init", "-q", "--bare", "--template=")

    def _sweep(self) -> None:
        """Removes what fetches that were cut off have left: nothing else would."""
        for left in (self._clone / "objects" / "pack").glob("tmp_*"):
            left.unlink(missing_ok=True)

    def _lend(self, objects: Path, shallow: bytes) -> None:
        """Lets the reading repository see the objects of another, and where that one's history is cut off."""
        self._make(self._reading)
        (self._reading / "objects" / "info").mkdir(exist_ok=True)
        lent = [objects] if self._local else [objects, self._blobs]
        (self._reading / "objects" / "info" / "alternates").write_text("".join(f"{folder}\n" for folder in lent))
        (self._reading / "shallow").unlink(missing_ok=True)
        if shallow:
            (self._reading / "shallow").write_bytes(shallow)

    def _local_commit(self, local: LocalRepository, ref: str) -> str:
        found = ref if _HEX.fullmatch(ref) else local.object_of(ref)
        if not found:
            raise self._no_ref(ref)
        if found == ref:
            return found
        try:
            return self._run(self._reading, "rev-parse", "--verify", "--end-of-options", f"{found}^{{commit}}").strip()
        except SourceError as error:
            raise SettingsError(
                f"source {self._name!r}: {ref or 'HEAD'} is no commit of {self._location}: {error}"
            ) from error

    def _no_ref(self, ref: str) -> SettingsError:
        what = f"no branch or tag {ref!r}" if ref else "no commits on its default branch"
        return SettingsError(f"source {self._name!r}: {self._location} has {what}; set `ref` to one that it has")

    def _remote_commit(self, ref: str) -> str:
        """The commit that `ref` names at the source, asked of the source itself."""
        if _HEX.fullmatch(ref):
            return ref
        patterns = [f"refs/heads/{ref}", f"refs/tags/{ref}^{{}}", f"refs/tags/{ref}", ref] if ref else ["HEAD"]
        listed = self._run(self._reading, "ls-remote", "--", self._location, *patterns)
        found = {name: commit for commit, name in (line.split("\t", 1) for line in listed.splitlines() if "\t" in line)}
        for pattern in patterns:
            if pattern in found and _HEX.fullmatch(found[pattern]):
                return found[pattern]
        raise self._no_ref(ref)

    def _fetch(self, ref: str, commit: str) -> None:
        """Fetches the ref, without blobs where the server can; then, if it moved on meanwhile, the very commit."""
        named = [f"refs/heads/{ref}", f"refs/tags/{ref}"] if ref and not _HEX.fullmatch(ref) else [ref or "HEAD"]
        for wanted in (*named, commit):
            if self._has(commit):
                return
            with contextlib.suppress(SourceError) if wanted != commit else contextlib.nullcontext():
                self._run(self._clone, *_FETCH, "--filter=blob:none", "origin", f"+{wanted}:{_HEAD}")

    def _has(self, commit: str) -> bool:
        return self._git.succeeds(self._reading, "cat-file", "-e", f"{commit}^{{commit}}")

    def fetch_blobs(self, oids: Sequence[str]) -> None:
        """Brings the blobs that a partial clone left out, in one go; they stay until `forget_blobs`."""
        if self._local:
            return
        missing = [oid for oid, size in self.sizes(oids).items() if size < 0]
        if missing:
            wanted = "\n".join(missing).encode() + b"\n"
            noop = ("-c", "fetch.negotiationAlgorithm=noop")
            command = (*noop, *_FETCH, "--filter=blob:none", "--stdin", "origin")
            self._git.read(self._clone, *command, stdin=wanted, into=self._blobs)

    def forget_blobs(self) -> None:
        """Removes what `fetch_blobs` brought: it was not redacted."""
        if not self._local:
            shutil.rmtree(self._blobs, ignore_errors=True)
            self._blobs.mkdir(parents=True, exist_ok=True)

    # -- reading ------------------------------------------------------------------------------------------------------

    def tree(self, commit: str) -> list[TreeEntry]:
        """Every path of a commit, without sizes (-1). Raises: SourceError when there are too many."""
        entries = []
        listed = self._read("ls-tree", "-r", "-z", "--full-tree", commit, most=_MOST_TREE)
        if listed.count(b"\0") > _MOST_PATHS:
            raise SourceError(
                f"source {self._name!r}: it has more than {_MOST_PATHS} files; split it into several repositories"
            )
        for row in listed.split(b"\0"):
            if row:
                meta, path = row.split(b"\t", 1)
                mode, _, oid = meta.decode().split()
                entries.append(TreeEntry(path.decode("utf-8", "surrogateescape"), mode, oid, -1))
        return entries

    def sizes(self, oids: Sequence[str]) -> dict[str, int]:
        """Bytes of each object, -1 for one that is not here."""
        if not oids:
            return {}
        out = self._read(
            "cat-file", "--batch-check=%(objectname) %(objectsize)", stdin="\n".join(oids).encode() + b"\n"
        )
        sizes = {}
        for line in out.decode().splitlines():
            oid, size = line.split()[:2]
            sizes[oid] = int(size) if size.isdigit() else -1
        return sizes

    def blobs(self, oids: Sequence[str]) -> Iterator[bytes | DocumentError]:
        """The content of each blob, in order; why not, for one that is not here, too large, or not to be read.

        Raises: SourceError when nothing more can be read.
        """
        sizes = self.sizes([oid for oid in oids if oid])
        if -1 in sizes.values():
            self._still_there()
        reader = self._reader()
        try:
            for oid in oids:
                if reason := too_large(sizes.get(oid, 0)):  # not asked for: git would take all of it into memory
                    yield RefusedError(reason)
                    continue
                found = _ask(reader, oid) if oid else DocumentError("it is no file of the repository")
                if found is None:  # it ended: by this blob, or for good
                    reader = self._again(reader)
                    found = DocumentError("git can't read it: it is damaged, or takes more memory or time than it may")
                yield found
        finally:
            _end(reader)

    def _reader(self) -> subprocess.Popen[bytes]:
        return self._git.start(self._reading, "cat-file", "--batch")

    def _again(self, reader: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        _end(reader)
        self._still_there()
        return self._reader()

    def _still_there(self) -> None:
        """Raises: SourceError when not even the commit can be read: then it is the repository that is missing, not a blob."""
        if not self._has(self._commit):
            raise SourceError(f"source {self._name!r}: {self._location} went away while it was read; sync again")

    def contents(self) -> Iterator[bytes]:
        """Every object that our own copy of a remote repository holds, reachable or not; of a local one there is no copy.

        Raises: SourceError when the copy can't be read.
        """
        if not self._clone.exists():
            return
        every = ("cat-file", "--batch-all-objects", "--batch", "--unordered", "--buffer")
        with self._git.start(self._clone, *every, stdin=subprocess.DEVNULL) as reader:
            assert reader.stdout
            while head := reader.stdout.readline().split():
                yield reader.stdout.read(int(head[2]))
                reader.stdout.read(1)
        if reader.returncode:
            raise SourceError(f"source {self._name!r}: our copy of its repository is damaged")

    def history(self, commit: str) -> list[tuple[str, str, int, list[str]]]:
        """(commit, tree, committer's time in seconds, parents) from `commit` back, children before parents."""
        rows = []
        for line in self._read("log", "--topo-order", "--format=%H %T %P%x09%ct", commit).decode().splitlines():
            ids, _, seconds = line.partition("\t")
            name, tree, *parents = ids.split()
            rows.append((name, tree, _seconds(seconds), parents))
        return rows

    def cut_off(self) -> frozenset[str]:
        """The commits whose parents are not here, though they have some: history is cut off at them (a shallow clone)."""
        shallow = self._reading / "shallow"
        return frozenset(shallow.read_text().split()) if shallow.is_file() else frozenset()

    def tree_changes(self, pairs: Sequence[tuple[str, str]]) -> list[Changes]:
        """For each pair of trees, the paths that differ between them."""
        differing = [pair for pair in dict.fromkeys(pairs) if pair[0] != pair[1]]
        lines = "".join(f"{a} {b}\n" for a, b in differing).encode()
        fields = self._read("diff-tree", "--stdin", "-r", "--raw", "-z", "--no-renames", stdin=lines).split(b"\0")
        rows, paths = fields[:-1:2], fields[1::2]  # the last field is empty, or a pair's with nothing after it
        starts = [at for at, row in enumerate(rows) if row[:1] != b":"]  # before a pair's first row stands the pair
        found: dict[bytes, Changes] = {}
        for start, end in zip(starts, [*starts, len(rows)][1:], strict=True):
            pair, _, rows[start] = rows[start].rpartition(b"\n")
            found[pair.rpartition(b"\n")[2]] = dict(zip(paths[start:end], rows[start:end], strict=True))
        return [found.get(f"{a} {b}".encode(), {}) for a, b in pairs]

    def subjects(self, commit: str, limit: int) -> Iterator[tuple[str, list[str]]]:
        """(subject, paths changed) of the last commits up to `commit` that are no merges, newest first."""
        out = self._read("log", "--no-merges", f"--max-count={limit}", "--format=%x01%s", "--name-only", "-z", commit)
        for record in out.split(b"\1")[1:]:
            subject, *paths = record.replace(b"\n", b"").split(b"\0")
            yield (
                subject.decode("utf-8", "replace"),
                [path.decode("utf-8", "surrogateescape") for path in paths if path],
            )

    def moves(self, old: str, new: str, *, exact: bool = False) -> dict[str, str]:
        """New path to old path of files that moved between two commits (git's rename detection); `exact`: of those alone
        whose content is the same, which need not be here.

        Raises: SourceError when contents are needed that are not here.
        """
        alike = "-M100%" if exact else "-M"
        rows = self._read("diff-tree", "-r", "-z", alike, "--diff-filter=R", "--name-status", old, new).split(b"\0")
        names = [row.decode("utf-8", "surrogateescape") for row in rows]
        return {names[i + 2]: names[i + 1] for i in range(0, len(names) - 2, 3) if names[i].startswith("R")}

    def removals(self, commit: str) -> list[tuple[str, int, list[str]]]:
        """(commit, committer's time in seconds, paths of the files removed) up to `commit`, newest first."""
        out = self._read("log", "--diff-filter=D", "--no-renames", "--name-only", "-z", "--format=%x01%H %ct", commit)
        found = []
        for record in out.split(b"\1")[1:]:
            head, *paths = record.split(b"\0")
            if not re.fullmatch(rb"[0-9a-f]+ -?\d*", head):
                continue  # a part of a path that holds the mark
            name, seconds = head.split(b" ")
            gone = [path.strip(b"\n").decode("utf-8", "surrogateescape") for path in paths]
            found.append((name.decode(), _seconds(seconds.decode()), [path for path in gone if path]))
        return found

    def removed_lines(self, commit: str, ending: str) -> Iterator[tuple[str, int, str]]:
        """(commit, committer's time in seconds, line) of lines taken out of files with this ending, newest commit first.

        Raises: SourceError where the repository holds no old texts.
        """
        options = ("-p", "-U0", "--no-color", "--no-ext-diff", "--no-textconv", "--format=%x01%H %ct")
        name, seconds = "", 0
        for line in self._read("log", *options, commit, "--", f"*{ending}").split(b"\n"):
            if line.startswith(b"\1"):
                name, _, time = line[1:].decode().partition(" ")
                seconds = _seconds(time)
            elif line.startswith(b"-") and not line.startswith(b"---"):
                yield name, seconds, line[1:].decode("utf-8", "replace")

    def has_commit(self, commit: str) -> bool:
        return bool(_HEX.fullmatch(commit)) and self._has(commit)

    def _read(self, *arguments: str, stdin: bytes = b"", most: int = 0) -> bytes:
        return self._git.read(self._reading, *arguments, stdin=stdin, most=most)

    def _run(self, repository: Path, *arguments: str) -> str:
        return self._git.read(repository, *arguments).decode("utf-8", "surrogateescape")


def _ask(reader: subprocess.Popen[bytes], oid: str) -> bytes | DocumentError | None:
    """One blob of `git cat-file --batch`; None when it has ended."""
    assert reader.stdin and reader.stdout
    try:
        reader.stdin.write(oid.encode() + b"\n")
        reader.stdin.flush()
        head = reader.stdout.readline().split()
        return _blob(head, reader.stdout) if head else None
    except BrokenPipeError:
        return None


def _end(reader: subprocess.Popen[bytes]) -> None:
    for stream in (reader.stdin, reader.stdout):
        with contextlib.suppress(OSError):
            if stream:
                stream.close()
    reader.kill()
    reader.wait()


def _blob(head: Sequence[bytes], content: IO[bytes]) -> bytes | DocumentError | None:
    """One object from `git cat-file --batch`, whose first line was `head`; None when it is cut off."""
    if head[-1] in (b"missing", b"ambiguous"):
        return DocumentError("its content is not in this copy of the repository")
    left = int(head[2])
    reason = too_large(left) or ("" if head[1] == b"blob" else f"a {head[1].decode()}, not a file")
    parts = []
    while left:
        piece = content.read(min(left, 1 << 20))
        if not piece:
            return None
        left -= len(piece)
        if not reason:
            parts.append(piece)
    content.read(1)
    return RefusedError(reason) if reason else b"".join(parts)


def _seconds(text: str) -> int:
    """A committer's time, within the years that a date can have: a commit may claim any, or none."""
    return min(max(int(text), 0), _LAST_SECOND) if re.fullmatch(r"-?\d+", text) else 0


def is_url(location: str) -> bool:
    """Whether a location is a URL or an ssh address (`git@host:path`), rather than a local path."""
    return "://" in location or bool(re.match(r"[\w.-]+@[\w.-]+:", location))
