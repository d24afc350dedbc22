"""Running the git command line: no configuration but ours, no prompts, one transport; limits on memory, time, output, disk.

What a repository or a server holds can't name a program (hooks, filters, helpers, ssh commands), a file or another host.
Each git is started through sh, whose `ulimit` holds for it and for what it starts: a pack can be made to ask for any amount of
memory, time and disk. `ingest.git` calls this. Options: https://git-scm.com/docs/git-config
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shlex
import subprocess
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from ingest.sources import Credentials
from rag.errors import SettingsError, SourceError

_HARDENED = (
    "protocol.allow=never", "core.hooksPath=/dev/null", "core.symlinks=false", "core.fsmonitor=false",
    "core.attributesFile=/dev/null", "core.commitGraph=false", "core.multiPackIndex=false", "core.useReplaceRefs=false",
    "core.packedGitWindowSize=64m", "core.packedGitLimit=1g", "core.bigFileThreshold=8m",
    "submodule.recurse=false", "fetch.recurseSubmodules=false",
    "gc.auto=0", "maintenance.auto=false", "credential.helper=", "core.askPass=", "fetch.fsckObjects=false",
    "http.followRedirects=false", "http.lowSpeedLimit=500", "http.lowSpeedTime=60", "http.maxRequests=2",
    "transfer.bundleURI=false", "fetch.uriProtocols=", "safe.directory=*", "transfer.credentialsInUrl=die",
)  # fmt: skip
_SSH = (
    "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ForwardAgent=no -o ForwardX11=no -o ClearAllForwardings=yes"
    " -o PermitLocalCommand=no"
)
_TIMEOUT = 1800  # seconds on the clock for one command
_FETCHING, _READING = 1800, 300  # seconds of the processor for one command
_OUTPUT = 300_000_000  # bytes that one command may say
_MEMORY = 4_000_000  # kibibytes of address space
_FILE = 16_000_000  # blocks of 512 bytes: the largest pack, 8 GB
_LIMITED = 'ulimit -f "$1"; ulimit -v "$2" 2>/dev/null; ulimit -t "$3"; ulimit -c 0; shift 3; exec "$@"'
_SAID = 4096  # bytes kept of what git says on stderr


class Git:
    """The git command for one source. `protocol` is the only transport it may use ("" for none); `options` are more settings."""

    def __init__(self, name: str, location: str, credentials: Credentials, protocol: str) -> None:
        self._name = name
        self._location = location
        self._credentials = credentials
        self._protocol = protocol
        self.options: tuple[str, ...] = ()

    def read(
        self, repository: Path, *arguments: str, stdin: bytes = b"", most: int = 0, into: Path | None = None
    ) -> bytes:
        """What git says, at most `most` bytes; new objects go `into` a folder, if that is named, and not into the repository.

        Raises: SettingsError when there is no git; SourceError when it fails, or says or takes more than it may.
        """
        said: deque[bytes] = deque(maxlen=2)
        process = self.start(repository, *arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE, into=into)
        assert process.stdin and process.stdout and process.stderr
        threads = [
            threading.Thread(target=_feed, args=(process.stdin, stdin), daemon=True),
            threading.Thread(target=_drain, args=(process.stderr, said), daemon=True),
        ]
        late: list[bool] = []
        timer = threading.Timer(_TIMEOUT, _stop, (process, late))
        try:
            for thread in (*threads, timer):
                thread.start()
            out = _up_to(process.stdout, most or _OUTPUT)
            if out is None:
                raise SourceError(
                    f"source {self._name!r}: git has more than {(most or _OUTPUT) / 1e6:g} MB to say of {arguments[0]}:"
                    " the repository is larger than Waypost reads, or made to look so"
                )
            process.wait()
        finally:
            timer.cancel()
            process.kill()
            process.wait()
            for thread in threads:
                thread.join(5)
            for stream in (process.stdin, process.stdout, process.stderr):
                with contextlib.suppress(OSError):
                    stream.close()
        if late:
            raise SourceError(f"source {self._name!r}: git took longer than {_TIMEOUT} s; sync again later")
        if process.returncode:
            raise self._failure(process.returncode, b"".join(said))
        return out

    def succeeds(self, repository: Path, *arguments: str) -> bool:
        """Whether git exits with 0."""
        process = self.start(repository, *arguments, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.communicate(timeout=_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        return process.returncode == 0

    def start(
        self, repository: Path, *arguments: str, stdin: int = subprocess.PIPE, stderr: int = subprocess.DEVNULL,
        into: Path | None = None,
    ) -> subprocess.Popen[bytes]:  # fmt: skip
        """Starts git in a repository of ours. The caller ends it."""
        settings = (*_HARDENED, *([f"protocol.{self._protocol}.allow=always"] if self._protocol else []), *self.options)
        git = ["git", "--no-pager", "--git-dir", str(repository), *(w for s in settings for w in ("-c", s)), *arguments]
        limits = [str(limit) for limit in (_FILE, _MEMORY, _FETCHING if "fetch" in arguments else _READING)]
        command = ["/bin/sh", "-c", _LIMITED, "sh", *limits, *git]
        environment = {**self._environment()}
        if into:
            environment["GIT_OBJECT_DIRECTORY"] = str(into)
            environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = str(repository / "objects")
        return subprocess.Popen(command, env=environment, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr)

    def _environment(self) -> Mapping[str, str]:
        keep = {k: os.environ[k] for k in ("PATH", "HOME", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "GIT_SSL_CAINFO", "LANG",
                                           "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy") if k in os.environ}  # fmt: skip
        ssh = _SSH
        if self._credentials.ssh_key:
            key = str(Path(self._credentials.ssh_key).expanduser())
            ssh += f" -o IdentitiesOnly=yes -i {shlex.quote(key)}"
        environment = {
            **keep, "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_SSH_COMMAND": ssh, "GIT_ASKPASS": "true", "GIT_OPTIONAL_LOCKS": "0", "GIT_ATTR_NOSYSTEM": "1",
            "GIT_NO_REPLACE_OBJECTS": "1", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C",
        }  # fmt: skip
        if self._credentials.token:  # by environment: a command line can be read by every user of the machine
            environment |= {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"http.{_origin(self._location)}.extraHeader",
                "GIT_CONFIG_VALUE_0": f"Authorization: {authorization(self._credentials)}",
            }
        return environment

    def _failure(self, code: int, said: bytes) -> Exception:
        text = self._without_secrets(said.decode("utf-8", "replace").strip())[-400:]
        if code == 127 and "not found" in text:
            return SettingsError("the `git` command is not installed; install it and sync again")
        if code < 0 and not text:
            text = f"it ended by signal {-code}, as it does when it takes too much memory, time or disk"
        return SourceError(f"source {self._name!r}: git can't read {self._location}: {text or 'no reason given'}")

    def _without_secrets(self, text: str) -> str:
        """What git said, without credentials and without what a server may have put in to steer a terminal."""
        for secret in self._credentials.secrets:
            text = text.replace(secret, "***")
        text = re.sub(r"(\w+://)[^/@\s]+@", r"\1***@", text)
        return "".join(character if character.isprintable() or character == "\n" else " " for character in text)


def authorization(credentials: Credentials) -> str:
    """The value of the Authorization header that opens a repository over HTTP; "" without a token."""
    if not credentials.token:
        return ""
    user = credentials.username or "x-access-token"
    return "Basic " + base64.b64encode(f"{user}:{credentials.token}".encode()).decode()


def _origin(url: str) -> str:
    match = re.match(r"(https?://[^/]+)", url)
    return match.group(1) + "/" if match else url


def _stop(process: subprocess.Popen[bytes], late: list[bool]) -> None:
    late.append(True)
    process.kill()


def _feed(stream: IO[bytes], data: bytes) -> None:
    with contextlib.suppress(OSError):
        stream.write(data)
        stream.close()


def _drain(stream: IO[bytes], said: deque[bytes]) -> None:
    """Keeps the end of what a stream says, however long it is."""
    with contextlib.suppress(OSError, ValueError):
        while piece := stream.read(_SAID):
            said.append(piece)


def _up_to(stream: IO[bytes], most: int) -> bytes | None:
    """All that a stream says, or None when that is more than `most` bytes."""
    pieces, size = [], 0
    while piece := stream.read(1 << 16):
        size += len(piece)
        if size > most:
            return None
        pieces.append(piece)
    return b"".join(pieces)
