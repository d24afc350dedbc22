"""The git command line, hardened: no checkout, no hooks, no submodules, no configuration but ours, no prompts.

Repositories are read through a bare repository of our own that is lent the objects of another (`objects/info/alternates`).
Of a local repository that is the user's: its configuration, which could name programs to run, is never ours. Of a remote one
it is our partial clone beside it; since the reading repository knows no remote, a blob that was left out is plainly missing,
and is never fetched alone behind our back. `ingest.sources.git` calls this.
Threats: GHSA-8h77-4q3w-gfgv, CVE-2022-24439, CVE-2024-32002; options: https://git-scm.com/docs/git
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ingest.refusals import too_large
from ingest.sources import Credentials
from rag.errors import DocumentError, RefusedError, SettingsError, SourceError

_HARDENED = (
    "protocol.allow=never", "protocol.https.allow=always", "protocol.http.allow=always", "protocol.ssh.allow=always",
    "protocol.git.allow=always", "core.hooksPath=/dev/null", "core.symlinks=false", "core.fsmonitor=false",
    "core.attributesFile=/dev/null", "submodule.recurse=false", "fetch.recurseSubmodules=false", "gc.auto=0",
    "maintenance.auto=false", "credential.helper=", "core.askPass=", "http.followRedirects=initial", "fetch.fsckObjects=false",
    "http.lowSpeedLimit=500", "http.lowSpeedTime=60",
    "safe.directory=*", "transfer.credentialsInUrl=die",
)  # fmt: skip
_HEAD = "refs/waypost/head"
_FETCH = ("fetch", "-q", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
_TIMEOUT = 1800  # seconds for one fetch
_HEX = re.compile(r"[0-9a-f]{40,64}")


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

    def __init__(self, folder: Path, location: str, credentials: Credentials, name: str) -> None:
        if location.startswith("-"):
            raise SettingsError(f"source {name!r}: {location!r} is not a repository's location")
        self._reading = folder / "read"
        self._clone = folder / "clone"
        self._location = location
        self._credentials = credentials
        self._name = name
        self._local = not is_url(location)
        self._origin: str | None = None  # a local repository's own remote, not asked yet

    # -- bringing our repository up to date ---------------------------------------------------------------------------

    def update(self, ref: str) -> str:
        """Brings `ref` (a branch, tag or commit; "" for the remote's HEAD) up to date, and gives its commit."""
        if self._local:
            self._lend(self._local_objects())
            commit = self._resolve(ref)
        else:
            self._make(self._clone)
            self._run(self._clone, "config", "remote.origin.url", self._location)
            self._lend(self._clone / "objects")
            commit = self._resolve(ref)
            self._fetch(ref, commit)
        if not self._has(commit):
            raise SettingsError(
                f"source {self._name!r}: {self._location} has no commit {commit}; set `ref` to one it has"
            )
        return commit

    def origin(self) -> str:
        """The URL that the repository is (or, a local one, was) cloned from; "" where there is none."""
        if not self._local:
            return self._location
        if self._origin is None:
            config = self._local_objects().parent / "config"
            command = ["git", "config", "--no-includes", "--file", str(config), "--get", "remote.origin.url"]
            done = subprocess.run(command, env=self._environment(), capture_output=True, check=False)
            self._origin = done.stdout.decode("utf-8", "replace").strip()
        return self._origin

    def _local_objects(self) -> Path:
        root = Path(self._location)
        if not root.exists():
            raise SettingsError(f"source {self._name!r}: there is no {root}; correct its path")
        objects = next((folder for folder in _object_folders(root) if folder.is_dir()), None)
        if objects is None:
            raise SettingsError(
                f"source {self._name!r}: {root} is not a git repository; for plain files use type: folder"
            )
        return objects.resolve()

    def _make(self, folder: Path) -> None:
        if not (folder / "HEAD").exists():
            folder.mkdir(parents=True, exist_ok=True)
            self._finish(["git", *_options(_HARDENED), "init", "-q", "--bare", "--template=", str(folder)], b"")

    def _lend(self, objects: Path) -> None:
        """Lets the reading repository see the objects of another, and where that one's history is cut off."""
        self._make(self._reading)
        (self._reading / "objects" / "info").mkdir(exist_ok=True)
        (self._reading / "objects" / "info" / "alternates").write_text(f"{objects}\n")
        theirs, ours = objects.parent / "shallow", self._reading / "shallow"
        ours.unlink(missing_ok=True)
        if theirs.is_file():
            ours.write_bytes(theirs.read_bytes())

    def _resolve(self, ref: str) -> str:
        """The commit that `ref` names at the source, asked of the source itself."""
        if _HEX.fullmatch(ref):
            return ref
        patterns = [f"refs/heads/{ref}", f"refs/tags/{ref}^{{}}", f"refs/tags/{ref}", ref] if ref else ["HEAD"]
        listed = self._run(self._reading, "ls-remote", "--", self._location, *patterns)
        found = {name: commit for commit, name in (line.split("\t", 1) for line in listed.splitlines() if "\t" in line)}
        for pattern in patterns:
            if pattern in found:
                return found[pattern]
        what = f"no branch or tag {ref!r}" if ref else "no commits on its default branch"
        raise SettingsError(f"source {self._name!r}: {self._location} has {what}; set `ref` to one that it has")

    def _fetch(self, ref: str, commit: str) -> None:
        """Fetches the ref, without blobs where the server can; then, if it moved on meanwhile, the very commit."""
        named = [f"refs/heads/{ref}", f"refs/tags/{ref}"] if ref and not _HEX.fullmatch(ref) else [ref or "HEAD"]
        for wanted in (*named, commit):
            if self._has(commit):
                return
            with contextlib.suppress(SourceError) if wanted != commit else contextlib.nullcontext():
                self._run(self._clone, *_FETCH, "--filter=blob:none", "origin", f"+{wanted}:{_HEAD}")

    def _has(self, commit: str) -> bool:
        command = self._command(self._reading, "cat-file", "-e", f"{commit}^{{commit}}")
        return subprocess.run(command, env=self._environment(), capture_output=True, check=False).returncode == 0

    def fetch_blobs(self, oids: Sequence[str]) -> None:
        """Brings the blobs that a partial clone left out, in one go."""
        if self._local:
            return
        missing = [oid for oid, size in self.sizes(oids).items() if size < 0]
        if missing:
            wanted = "\n".join(missing).encode() + b"\n"
            noop = ("-c", "fetch.negotiationAlgorithm=noop")
            self._run_bytes(self._clone, *noop, *_FETCH, "--filter=blob:none", "--stdin", "origin", stdin=wanted)

    # -- reading ------------------------------------------------------------------------------------------------------

    def tree(self, commit: str) -> list[TreeEntry]:
        """Every path of a commit, without sizes (-1)."""
        entries = []
        for row in self._read("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
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
        """The content of each blob, in order; why not, for one that is not here or too large."""
        reader = subprocess.Popen(
            self._command(self._reading, "cat-file", "--batch"), env=self._environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert reader.stdin and reader.stdout
        try:
            for oid in oids:
                reader.stdin.write(oid.encode() + b"\n")
                reader.stdin.flush()
                head = reader.stdout.readline().split()
                if not head:
                    raise SourceError(f"source {self._name!r}: git stopped while reading; sync again")
                yield _blob(head, reader.stdout)
        finally:
            for stream in (reader.stdin, reader.stdout):
                with contextlib.suppress(OSError):
                    stream.close()
            reader.kill()
            reader.wait()

    def contents(self) -> Iterator[bytes]:
        """Every object that our own copy of a remote repository holds, reachable or not; of a local one there is no copy.

        Raises: SourceError when the copy can't be read.
        """
        if not self._clone.exists():
            return
        command = self._command(self._clone, "cat-file", "--batch-all-objects", "--batch", "--unordered", "--buffer")
        with subprocess.Popen(
            command, env=self._environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as reader:  # fmt: skip
            assert reader.stdout
            while head := reader.stdout.readline().split():
                yield reader.stdout.read(int(head[2]))
                reader.stdout.read(1)
        if reader.returncode:
            raise SourceError(f"source {self._name!r}: our copy of its repository is damaged")

    def history(self, commit: str) -> list[tuple[str, str, int, list[str]]]:
        """(commit, tree, committer's time in seconds, parents) from `commit` back, children before parents."""
        rows = []
        for line in self._read("log", "--topo-order", "--format=%H %T %ct %P", commit).decode().splitlines():
            name, tree, seconds, *parents = line.split()
            rows.append((name, tree, int(seconds), parents))
        return rows

    def tree_changes(self, pairs: Sequence[tuple[str, str]]) -> Iterator[set[str]]:
        """For each pair of trees, the paths that differ between them."""
        differing = [pair for pair in dict.fromkeys(pairs) if pair[0] != pair[1]]
        lines = "".join(f"{a} {b}\n" for a, b in differing).encode()
        out = self._read("diff-tree", "--stdin", "-r", "--name-only", "-z", "--no-renames", stdin=lines)
        found: dict[tuple[str, str], set[str]] = {pair: set() for pair in differing}
        current: set[str] = set()
        at = 0
        headers = {f"{a} {b}".encode(): pair for pair in differing for a, b in [pair]}
        while at < len(out):  # a header line "tree tree\n", then paths ended by NUL
            newline = out.find(b"\n", at, at + 140)
            header = headers.get(out[at:newline]) if newline >= 0 else None
            if header is not None:
                current = found[header]
                at = newline + 1
                continue
            end = out.index(b"\0", at)
            current.add(out[at:end].decode("utf-8", "surrogateescape"))
            at = end + 1
        for pair in pairs:
            yield found.get(pair, set())

    def subjects(self, commit: str, limit: int) -> Iterator[tuple[str, list[str]]]:
        """(subject, paths changed) of the last commits up to `commit` that are no merges, newest first."""
        out = self._read("log", "--no-merges", f"--max-count={limit}", "--format=%x01%s", "--name-only", "-z", commit)
        for record in out.split(b"\1")[1:]:
            subject, *paths = record.replace(b"\n", b"").split(b"\0")
            yield (
                subject.decode("utf-8", "replace"),
                [path.decode("utf-8", "surrogateescape") for path in paths if path],
            )

    def moves(self, old: str, new: str) -> dict[str, str]:
        """New path to old path of files that moved between two commits (git's rename detection)."""
        rows = self._read("diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status", old, new).split(b"\0")
        names = [row.decode("utf-8", "surrogateescape") for row in rows]
        return {names[i + 2]: names[i + 1] for i in range(0, len(names) - 2, 3) if names[i].startswith("R")}

    def removals(self, commit: str) -> list[tuple[str, int, list[str]]]:
        """(commit, committer's time in seconds, paths of the files removed) up to `commit`, newest first."""
        out = self._read("log", "--diff-filter=D", "--no-renames", "--name-only", "-z", "--format=%x01%H %ct", commit)
        found = []
        for record in out.split(b"\1")[1:]:
            head, *paths = record.split(b"\0")
            name, seconds = head.split()
            gone = [path.strip(b"\n").decode("utf-8", "surrogateescape") for path in paths]
            found.append((name.decode(), int(seconds), [path for path in gone if path]))
        return found

    def removed_lines(self, commit: str, ending: str) -> Iterator[tuple[str, int, str]]:
        """(commit, committer's time in seconds, line) of lines taken out of files with this ending, newest commit first.

        Raises: SourceError where the repository holds no old texts.
        """
        options = ("-p", "-U0", "--no-color", "--no-ext-diff", "--no-textconv", "--format=%x01%H %ct")
        name, seconds = "", 0
        for line in self._read("log", *options, commit, "--", f"*{ending}").split(b"\n"):
            if line.startswith(b"\1"):
                head = line[1:].decode().split()
                name, seconds = head[0], int(head[1])
            elif line.startswith(b"-") and not line.startswith(b"---"):
                yield name, seconds, line[1:].decode("utf-8", "replace")

    def has_commit(self, commit: str) -> bool:
        return bool(_HEX.fullmatch(commit)) and self._has(commit)

    # -- running git --------------------------------------------------------------------------------------------------

    def _command(self, repository: Path, *arguments: str) -> list[str]:
        options = (*_HARDENED, "protocol.file.allow=always") if self._local else _HARDENED
        return ["git", "--no-pager", "--git-dir", str(repository), *_options(options), *arguments]

    def _environment(self) -> Mapping[str, str]:
        keep = {k: os.environ[k] for k in ("PATH", "HOME", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "GIT_SSL_CAINFO", "LANG",
                                           "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy") if k in os.environ}  # fmt: skip
        ssh = "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes"
        if self._credentials.ssh_key:
            key = str(Path(self._credentials.ssh_key).expanduser())
            ssh += f" -o IdentitiesOnly=yes -i '{key}'"
        environment = {
            **keep, "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_SSH_COMMAND": ssh, "GIT_ASKPASS": "true", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C",
        }  # fmt: skip
        if self._credentials.token:  # by environment: a command line can be read by every user of the machine
            user = self._credentials.username or "x-access-token"
            basic = base64.b64encode(f"{user}:{self._credentials.token}".encode()).decode()
            environment |= {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"http.{_origin(self._location)}.extraHeader",
                "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
            }
        return environment

    def _read(self, *arguments: str, stdin: bytes = b"") -> bytes:
        return self._run_bytes(self._reading, *arguments, stdin=stdin)

    def _run(self, repository: Path, *arguments: str) -> str:
        return self._run_bytes(repository, *arguments).decode("utf-8", "surrogateescape")

    def _run_bytes(self, repository: Path, *arguments: str, stdin: bytes = b"") -> bytes:
        return self._finish(self._command(repository, *arguments), stdin)

    def _finish(self, command: Sequence[str], stdin: bytes) -> bytes:
        try:
            done = subprocess.run(
                command, input=stdin, env=self._environment(), capture_output=True, check=False, timeout=_TIMEOUT
            )
        except FileNotFoundError as error:
            raise SettingsError("the `git` command is not installed; install it and sync again") from error
        except subprocess.TimeoutExpired as error:
            raise SourceError(f"source {self._name!r}: git took longer than {_TIMEOUT} s; sync again later") from error
        if done.returncode:
            said = self._without_secrets(done.stderr.decode("utf-8", "replace").strip())
            raise SourceError(
                f"source {self._name!r}: git can't read {self._location}: {said[-400:] or 'no reason given'}"
            )
        return done.stdout

    def _without_secrets(self, text: str) -> str:
        for secret in self._credentials.secrets:
            text = text.replace(secret, "***")
        return re.sub(r"(\w+://)[^/@\s]+@", r"\1***@", text)


def _options(settings: Sequence[str]) -> list[str]:
    return [word for setting in settings for word in ("-c", setting)]


def _blob(head: Sequence[bytes], content: IO[bytes]) -> bytes | DocumentError:
    """One object from `git cat-file --batch`, whose first line was `head`."""
    if head[-1] in (b"missing", b"ambiguous"):
        return DocumentError("its content is not in this copy of the repository")
    left = int(head[2])
    reason = too_large(left) or ("" if head[1] == b"blob" else f"a {head[1].decode()}, not a file")
    parts = []
    while left:
        parts.append(content.read(min(left, 1 << 20)))
        left -= len(parts[-1]) or left
        if reason:
            parts.clear()
    content.read(1)
    return RefusedError(reason) if reason else b"".join(parts)


def is_url(location: str) -> bool:
    """Whether a location is a URL or an ssh address (`git@host:path`), rather than a local path."""
    return "://" in location or bool(re.match(r"[\w.-]+@[\w.-]+:", location))


def _object_folders(root: Path) -> Iterator[Path]:
    """Where a local repository may keep its objects: bare, with a work tree, or a linked work tree."""
    if (root / "HEAD").is_file():
        yield root / "objects"
    yield root / ".git" / "objects"
    pointer = root / ".git"
    if pointer.is_file():
        target = pointer.read_text(errors="replace").removeprefix("gitdir:").strip()
        git_folder = (root / target).resolve()
        with contextlib.suppress(OSError):
            yield (git_folder / (git_folder / "commondir").read_text().strip() / "objects").resolve()
        yield git_folder / "objects"


def _origin(url: str) -> str:
    match = re.match(r"(https?://[^/]+)", url)
    return match.group(1) + "/" if match else url
