"""A repository on this machine, read without running git in it: its configuration, hooks and helpers never come into play.

Only its objects are lent (see `ingest.git`), and only when they lie inside it: a repository that another user fills must not lead
us, by links or borrowed objects, to what else we may read on this machine.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from rag.errors import SettingsError, SourceError

_HEX = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"refs(/[^\x00-\x20~^:?*\[\\/\x7f]+)+")
_SMALL = 1_000_000  # bytes of a ref, HEAD, config, pointer
_PACKED = 300_000_000  # bytes of packed-refs, shallow
_SYMBOLIC = 5  # how many refs may point on to another


class LocalRepository:
    """The repository at `root`: bare, with a work tree, or a linked work tree.

    Raises: SettingsError when it is none, or is not to be read, saying why.
    """

    def __init__(self, root: Path, name: str) -> None:
        self._root = root
        self._name = name
        if not root.exists():
            raise SettingsError(f"source {name!r}: there is no {root}; correct its path")
        self._own, self._common = self._folders()
        if not (self._common / "objects").is_dir():
            raise SettingsError(f"source {name!r}: {root} is not a git repository; for plain files use type: folder")
        if (self._common / "reftable").exists():
            raise self._refused("its references are in the reftable format, which is read over https or ssh only")

    def objects(self) -> Path:
        """The folder of its objects, after a look that they are all its own."""
        folder = self._common / "objects"
        if folder.is_symlink():
            raise self._refused("its objects are a symbolic link; name the repository that it leads to")
        for path, entry in _entries(folder):
            if not (entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False)):
                raise self._refused(f"objects/{path} is a link or no file; `git clone --no-local` makes a sound copy")
            if path in ("info/alternates", "info/http-alternates"):
                raise self._refused(
                    "it borrows objects of another; run `git repack -ad && rm .git/objects/info/alternates`"
                )
        return folder.resolve()

    def shallow(self) -> bytes:
        """Where its history is cut off: commits, one a line."""
        lines = _read(self._common, "shallow", _PACKED).decode("ascii", "replace").splitlines()
        return "".join(f"{line}\n" for line in lines if _HEX.fullmatch(line)).encode()

    def origin(self) -> str:
        """The URL that it was cloned from, or ""."""
        return self._setting(self._common, "remote.origin.url")

    def object_of(self, ref: str) -> str:
        """The object that a branch, tag or full reference names, or that HEAD does for ""; "" if there is none."""
        if ref in ("", "HEAD"):
            return self._follow(_read(self._own, "HEAD", _SMALL))
        for name in (f"refs/heads/{ref}", f"refs/tags/{ref}", ref):
            if found := self._follow(f"ref: {name}".encode()):
                return found
        return ""

    def _follow(self, content: bytes) -> str:
        for _ in range(_SYMBOLIC):
            text = content.decode("utf-8", "surrogateescape").strip()
            if _HEX.fullmatch(text):
                return text
            name = text.removeprefix("ref:").strip()
            if not _NAME.fullmatch(name) or any(part.startswith(".") for part in name.split("/")):
                return ""
            content = _read(self._common, name, _SMALL) or self._packed(name)
        return ""

    def _packed(self, name: str) -> bytes:
        packed = _read(self._common, "packed-refs", _PACKED)
        found = re.search(rb"^([0-9a-f]{40}) " + re.escape(os.fsencode(name)) + rb"$", packed, re.M)
        return found[1] if found else b""

    def _folders(self) -> tuple[Path, Path]:
        """The folder with this work tree's HEAD, and the one with objects and references."""
        if (self._root / "HEAD").is_file() and (self._root / "objects").is_dir():
            return self._root, self._root
        pointer = self._root / ".git"
        if pointer.is_symlink():
            raise self._refused("its .git is a symbolic link; name the repository that it leads to")
        if not pointer.is_file():
            return pointer, pointer
        target = _read(self._root, ".git", _SMALL).decode("utf-8", "surrogateescape").removeprefix("gitdir:").strip()
        own = self._at(self._root, target)
        common = _read(own, "commondir", _SMALL).decode("utf-8", "surrogateescape").strip()
        back = _read(own, "gitdir", _SMALL).decode("utf-8", "surrogateescape").strip()
        if not back and (worktree := self._setting(own, "core.worktree")):  # a submodule
            back = f"{worktree}/.git"
        if not back or self._at(own, back) != pointer.resolve():
            raise self._refused(f"its .git leads to {own}, which does not know of it; name the repository itself")
        if not common:
            return own, own
        if (
            own.parent.name != "worktrees" or self._at(own, common) != own.parent.parent
        ):  # as `git worktree` lays it out
            raise self._refused(f"its .git leads to {own}, which leads to {common}; name the repository itself")
        return own, own.parent.parent

    def _at(self, base: Path, path: str) -> Path:
        try:
            return (base / path).resolve()
        except (OSError, ValueError, RuntimeError):
            raise self._refused("its .git leads nowhere") from None

    def _setting(self, folder: Path, key: str) -> str:
        config = _read(folder, "config", _SMALL)
        command = ["git", "config", "--no-includes", "--file", "-", "--get", key]
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        try:
            done = subprocess.run(
                command, input=config, env=environment, cwd="/", capture_output=True, check=False, timeout=60
            )
        except FileNotFoundError as error:
            raise SettingsError("the `git` command is not installed; install it and sync again") from error
        except subprocess.TimeoutExpired as error:
            raise SourceError(f"source {self._name!r}: git does not come to an end with its config") from error
        return done.stdout.decode("utf-8", "surrogateescape").strip() if not done.returncode else ""

    def _refused(self, reason: str) -> SettingsError:
        return SettingsError(f"source {self._name!r}: {self._root} is not read: {reason}")


def _entries(folder: Path, below: str = "", depth: int = 2) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Every entry of the object store: fan-out folders, packs and what lies in them."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            yield below + entry.name, entry
            if depth > 1 and entry.is_dir(follow_symlinks=False):
                yield from _entries(folder / entry.name, f"{below}{entry.name}/", depth - 1)


def _read(folder: Path, path: str, most: int) -> bytes:
    """A file's content, empty where there is none, or it is not a plain file, too large, or behind a link at any step."""
    with contextlib.ExitStack() as opened, contextlib.suppress(OSError, ValueError):
        at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        opened.callback(os.close, at)
        *parents, name = path.split("/")
        for parent in parents:
            at = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            opened.callback(os.close, at)
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
        with os.fdopen(file, "rb") as stream:
            status = os.fstat(file)
            return stream.read() if stat.S_ISREG(status.st_mode) and status.st_size <= most else b""
    return b""
