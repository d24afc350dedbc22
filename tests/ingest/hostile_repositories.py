"""Git repositories that mean harm, made by code. Each has a page that says HARMLESS, and traps beside it.

`canary` is a program that leaves a mark when anything runs it; `secret` is another repository on the same machine, and a file,
that must never be read. A maker gets its folder, makes a repository there, and says what a sync may do with it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import commit, git, write

PAGE = "# Page\n\nHARMLESS words of this repository.\n"
SECRET = "CANARY-SECRET-7f3a of another repository"


@dataclass(frozen=True)
class Trap:
    """Where to put a trap, and what must not be touched."""

    repo: Path
    canary: Path  # a program
    mark: Path  # what the program leaves
    secret: Path  # a repository
    file: Path  # a file

    @property
    def git(self) -> Path:
        return self.repo / ".git"


@dataclass(frozen=True)
class Expected:
    """`refused` is what the report says of the whole source; else `pages` are indexed, and `skipped` are with their reasons."""

    pages: frozenset[str] = frozenset({"page.md"})
    refused: str = ""
    skipped: int = 0
    quarantined: int = 0


Maker = Callable[[Trap], Expected]
MAKERS: dict[str, Maker] = {}


def hostile(maker: Maker) -> Maker:
    MAKERS[maker.__name__.replace("_", " ")] = maker
    return maker


def plain(trap: Trap, **files: str | bytes) -> str:
    return commit(trap.repo, {"page.md": PAGE, **files})


def configured(trap: Trap, *settings: tuple[str, str]) -> Expected:
    plain(trap)
    configure(trap, *settings)
    return Expected()


def configure(trap: Trap, *settings: tuple[str, str]) -> None:
    """Written by hand: git itself stops at some of it."""
    with (trap.git / "config").open("a") as config:
        for key, value in settings:
            section, _, name = key.rpartition(".")
            kind, _, sub = section.partition(".")
            config.write(f'[{kind} "{sub}"]\n' if sub else f"[{kind}]\n")
            config.write(f'\t{name} = "{value}"\n')


# -- raw objects ------------------------------------------------------------------------------------------------------


def put(repo: Path, kind: str, data: bytes) -> str:
    """A loose object, whatever git would say of it."""
    raw = f"{kind} {len(data)}\0".encode() + data
    name = hashlib.sha1(raw).hexdigest()
    file = repo / ".git" / "objects" / name[:2] / name[2:]
    file.parent.mkdir(exist_ok=True)
    if not file.exists():
        file.write_bytes(zlib.compress(raw, 1))
    return name


def tree(repo: Path, *entries: tuple[str, bytes, str]) -> str:
    """A tree of (mode, name, object)."""
    return put(
        repo, "tree", b"".join(mode.encode() + b" " + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries)
    )


def record(repo: Path, root: str, seconds: str = "1772366400 +0000", parent: str = "") -> str:
    """A commit of a tree, and main on it."""
    who = f"a <a@example.org> {seconds}"
    above = f"parent {parent}\n" if parent else ""
    name = put(repo, "commit", f"tree {root}\n{above}author {who}\ncommitter {who}\n\nchange\n".encode())
    (repo / ".git" / "refs" / "heads" / "main").write_text(name + "\n")
    return name


def empty(trap: Trap) -> tuple[Path, tuple[str, bytes, str]]:
    """A repository without commits, and the entry of its page."""
    trap.repo.mkdir(parents=True)
    git(trap.repo, "init", "-q", "-b", "main")
    return trap.repo, ("100644", b"page.md", put(trap.repo, "blob", PAGE.encode()))


# -- programs that a repository names ---------------------------------------------------------------------------------


@hostile
def hooks(trap: Trap) -> Expected:
    plain(trap)
    for hook in ("post-checkout", "post-merge", "reference-transaction", "post-index-change", "pre-auto-gc", "fsmonitor-watchman",
                 "pre-receive", "update", "post-update", "post-rewrite", "sendemail-validate", "proc-receive"):  # fmt: skip
        (trap.git / "hooks").mkdir(exist_ok=True)
        shutil.copy(trap.canary, trap.git / "hooks" / hook)
    return Expected()


@hostile
def hooks_elsewhere(trap: Trap) -> Expected:
    found = configured(trap, ("core.hooksPath", str(trap.git / "more")))
    (trap.git / "more").mkdir()
    shutil.copy(trap.canary, trap.git / "more" / "reference-transaction")
    return found


@hostile
def fsmonitor(trap: Trap) -> Expected:
    return configured(trap, ("core.fsmonitor", str(trap.canary)))


@hostile
def filters_and_drivers(trap: Trap) -> Expected:
    drivers = "* filter=evil diff=evil merge=evil ident export-subst text eol=crlf\n"
    plain(trap, **{".gitattributes": drivers})
    (trap.git / "info").mkdir(exist_ok=True)
    (trap.git / "info" / "attributes").write_text(drivers)
    for key in ("filter.evil.smudge", "filter.evil.clean", "filter.evil.process", "diff.evil.textconv", "diff.evil.command",
                "merge.evil.driver", "diff.external"):  # fmt: skip
        git(trap.repo, "config", key, str(trap.canary))
    return Expected(frozenset({"page.md", ".gitattributes"}))


@hostile
def ssh_and_proxy_commands(trap: Trap) -> Expected:
    return configured(
        trap, ("core.sshCommand", str(trap.canary)), ("core.gitProxy", str(trap.canary)), ("remote.origin.url", "ssh://x/y"),
        ("remote.origin.vcs", "evil"), ("remote.origin.proxy", "http://127.0.0.1:9/"),
    )  # fmt: skip


@hostile
def aliases_pagers_and_editors(trap: Trap) -> Expected:
    names = ("log", "ls-tree", "cat-file", "ls-remote", "rev-parse", "diff-tree", "upload-pack")
    return configured(
        trap, *((f"alias.{name}", f"!{trap.canary}") for name in names), *((f"pager.{name}", str(trap.canary)) for name in names),
        ("core.pager", str(trap.canary)), ("core.editor", str(trap.canary)), ("sequence.editor", str(trap.canary)),
    )  # fmt: skip


@hostile
def upload_pack_hook(trap: Trap) -> Expected:
    return configured(
        trap, ("uploadpack.packObjectsHook", str(trap.canary)), ("remote.origin.uploadpack", str(trap.canary)),
        ("transfer.hideRefs", "refs/heads"), ("uploadpack.hideRefs", "HEAD"),
    )  # fmt: skip


@hostile
def helpers_and_signers(trap: Trap) -> Expected:
    return configured(
        trap, ("credential.helper", f"!{trap.canary}"), ("core.askPass", str(trap.canary)), ("gpg.program", str(trap.canary)),
        ("log.showSignature", "true"), ("core.alternateRefsCommand", str(trap.canary)), ("trailer.x.command", str(trap.canary)),
        ("interactive.diffFilter", str(trap.canary)), ("core.notesRef", "refs/notes/x"),
    )  # fmt: skip


@hostile
def included_configuration(trap: Trap) -> Expected:
    more = (
        write(trap.repo, {"more.cfg": f"[core]\n\tfsmonitor = {trap.canary}\n[alias]\n\tlog = !{trap.canary}\n"})
        / "more.cfg"
    )
    found = configured(
        trap, ("include.path", str(more)), ("includeIf.gitdir:/.path", str(more)), ("include.path", str(trap.file)),
        ("includeIf.hasconfig:remote.*.url:**.path", str(more)),
    )  # fmt: skip
    return Expected(found.pages | {"more.cfg"})


@hostile
def broken_configuration(trap: Trap) -> Expected:
    plain(trap)
    (trap.git / "config").write_bytes(b"[core\n\0\xff" * 5000)
    return Expected()


@hostile
def promises_of_another(trap: Trap) -> Expected:
    """A partial clone: a missing blob would be fetched by a program."""
    entry = empty(trap)[1]
    gone = hashlib.sha1(b"blob 4\0gone").hexdigest()
    record(trap.repo, tree(trap.repo, ("100644", b"gone.md", gone), entry))
    configure(
        trap, ("core.repositoryformatversion", "1"), ("extensions.partialClone", "evil"), ("remote.evil.promisor", "true"),
        ("remote.evil.url", f"ext::{trap.canary}"), ("remote.evil.uploadpack", str(trap.canary)),
        ("protocol.ext.allow", "always"),
    )  # fmt: skip
    return Expected(quarantined=1)


@hostile
def submodules_that_run_programs(trap: Trap) -> Expected:
    repo, entry = empty(trap)
    urls = (
        "ext::sh -c " + str(trap.canary),
        "-u./evil",
        "--upload-pack=" + str(trap.canary),
        "file://" + str(trap.secret),
    )
    modules = "".join(f'[submodule "{n}"]\n\tpath = sub{n}\n\turl = {url}\n' for n, url in enumerate(urls)).encode()
    links = [("160000", f"sub{n}".encode(), git(trap.secret, "rev-parse", "HEAD")) for n in range(4)]
    record(repo, tree(repo, ("100644", b".gitmodules", put(repo, "blob", modules)), entry, *links))
    for number in range(4):
        git(repo, "config", f"submodule.{number}.update", f"!{trap.canary}")
    return Expected(frozenset({"page.md", ".gitmodules"}), skipped=4)


@hostile
def lfs(trap: Trap) -> Expected:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"
    lfsconfig = '[lfs]\n\turl = http://169.254.169.254/\n[lfs "customtransfer.x"]\n\tpath = ' + str(trap.canary) + "\n"
    plain(trap, **{".gitattributes": "*.md filter=lfs\n", "big.md": pointer, ".lfsconfig": lfsconfig})
    for key in ("filter.lfs.smudge", "filter.lfs.process"):
        git(trap.repo, "config", key, str(trap.canary))
    return Expected(frozenset({"page.md", ".gitattributes", ".lfsconfig"}), skipped=1)


# -- ways out of the repository ---------------------------------------------------------------------------------------


def secret_objects(trap: Trap) -> Path:
    return trap.secret / ".git" / "objects"


@hostile
def borrowed_objects(trap: Trap) -> Expected:
    plain(trap)
    (trap.git / "objects" / "info").mkdir(exist_ok=True)
    (trap.git / "objects" / "info" / "alternates").write_text(f"{secret_objects(trap)}\n")
    (trap.git / "refs" / "heads" / "main").write_text(git(trap.secret, "rev-parse", "HEAD") + "\n")
    return Expected(refused="borrows objects of another")


@hostile
def pointer_to_another(trap: Trap) -> Expected:
    trap.repo.mkdir(parents=True)
    trap.git.write_text(f"gitdir: {trap.secret / '.git'}\n")
    return Expected(refused="does not know of it")


@hostile
def pointer_by_way_of_a_worktree(trap: Trap) -> Expected:
    """A folder that knows of us, whose objects are another's: only what `git worktree` itself wrote is believed."""
    trap.repo.mkdir(parents=True)
    own = trap.repo / "own"
    write(own, {"HEAD": "ref: refs/heads/main\n", "commondir": "../link\n", "gitdir": f"{trap.git}\n"})
    (trap.repo / "link").symlink_to(trap.secret / ".git")
    trap.git.write_text("gitdir: own\n")
    return Expected(refused="does not know of it|leads to")


@hostile
def git_folder_by_link(trap: Trap) -> Expected:
    trap.repo.mkdir(parents=True)
    trap.git.symlink_to(trap.secret / ".git")
    return Expected(refused="symbolic link")


@hostile
def objects_by_link(trap: Trap) -> Expected:
    plain(trap)
    shutil.rmtree(trap.git / "objects")
    (trap.git / "objects").symlink_to(secret_objects(trap))
    (trap.git / "refs" / "heads" / "main").write_text(git(trap.secret, "rev-parse", "HEAD") + "\n")
    return Expected(refused="symbolic link")


@hostile
def one_object_by_link(trap: Trap) -> Expected:
    plain(trap)
    for file in secret_objects(trap).glob("??/*"):
        target = trap.git / "objects" / file.parent.name / file.name
        target.parent.mkdir(exist_ok=True)
        if not target.exists():
            target.symlink_to(file)
    (trap.git / "refs" / "heads" / "main").write_text(git(trap.secret, "rev-parse", "HEAD") + "\n")
    return Expected(refused="is a link")


@hostile
def a_pack_by_link(trap: Trap) -> Expected:
    plain(trap)
    (trap.git / "objects" / "pack").mkdir(exist_ok=True)
    (trap.git / "objects" / "pack" / "pack-0.pack").symlink_to(trap.file)
    return Expected(refused="is a link")


@hostile
def references_by_link(trap: Trap) -> Expected:
    plain(trap)
    (trap.git / "refs" / "heads" / "main").unlink()
    (trap.git / "refs" / "heads" / "main").symlink_to(trap.file)
    (trap.git / "packed-refs").symlink_to(trap.file)
    return Expected(refused="no commits")


@hostile
def head_outside(trap: Trap) -> Expected:
    plain(trap)
    (trap.git / "HEAD").write_text(f"ref: refs/heads/../../../../{trap.file}\n")
    return Expected(refused="no commits")


@hostile
def history_cut_off_by_a_link(trap: Trap) -> Expected:
    """git would say what stands in the file: "bad shallow line"."""
    plain(trap)
    (trap.git / "shallow").symlink_to(trap.file)
    return Expected()


@hostile
def history_cut_off_by_nonsense(trap: Trap) -> Expected:
    plain(trap)
    (trap.git / "shallow").write_bytes(SECRET.encode() + b"\n\0\xff" * 100)
    return Expected()


@hostile
def configuration_by_link(trap: Trap) -> Expected:
    """The other repository's address would stand in our links."""
    plain(trap)
    git(trap.secret, "config", "remote.origin.url", f"https://git.example.org/{SECRET.split(maxsplit=1)[0]}.git")
    (trap.git / "config").unlink()
    (trap.git / "config").symlink_to(trap.secret / ".git" / "config")
    return Expected()


@hostile
def pipes_instead_of_files(trap: Trap) -> Expected:
    plain(trap)
    for name in ("config", "packed-refs", "shallow", "commondir"):
        (trap.git / name).unlink(missing_ok=True)
        os.mkfifo(trap.git / name)
    return Expected()


@hostile
def a_pipe_instead_of_a_pack(trap: Trap) -> Expected:
    plain(trap)
    (trap.git / "objects" / "pack").mkdir(exist_ok=True)
    for ending in ("idx", "pack"):
        os.mkfifo(trap.git / "objects" / "pack" / f"pack-{'0' * 40}.{ending}")
    return Expected(refused="is a link or no file")


@hostile
def links_in_the_tree(trap: Trap) -> Expected:
    repo, entry = empty(trap)
    outside = put(repo, "blob", str(trap.file).encode())
    folder = put(repo, "blob", str(trap.file.parent).encode())
    within = tree(repo, ("100644", trap.file.name.encode(), put(repo, "blob", b"# Within\n\nHARMLESS\n")))
    record(
        repo,
        tree(repo, ("120000", b"docs", folder), ("40000", b"docs", within), ("120000", b"link.md", outside), entry),
    )
    return Expected(frozenset({"page.md", f"docs/{trap.file.name}"}), skipped=2)


@hostile
def paths_that_lead_out(trap: Trap) -> Expected:
    repo, entry = empty(trap)
    blob = put(repo, "blob", b"# Evil\n\nEVIL words.\n")
    names = (b".git", b".GIT", b"git~1", ".g\u200cit".encode())
    folders = [("40000", name, tree(repo, ("100644", b"config", blob))) for name in (*names, b"..", b".")]
    up = tree(repo, ("40000", b"..", tree(repo, ("100644", b"up.md", blob))))
    record(
        repo,
        tree(
            repo,
            *folders,
            ("100644", b"../../up.md", blob),
            ("100644", b"/etc/abs.md", blob),
            entry,
            ("40000", b"x", up),
        ),
    )
    return Expected(skipped=9)


@hostile
def replaced_objects(trap: Trap) -> Expected:
    plain(trap)
    page = git(trap.repo, "rev-parse", "HEAD:page.md")
    other = put(trap.repo, "blob", b"# Page\n\nEVIL words.\n")
    git(trap.repo, "update-ref", f"refs/replace/{page}", other)
    (trap.git / "info").mkdir(exist_ok=True)
    (trap.git / "info" / "grafts").write_text("0" * 40 + " " + "1" * 40 + "\n")
    return Expected()


@hostile
def lying_shortcuts(trap: Trap) -> Expected:
    """A commit graph and a multi-pack index that are rubbish."""
    plain(trap)
    git(trap.repo, "commit-graph", "write", "--reachable")
    graph = trap.git / "objects" / "info" / "commit-graph"
    graph.chmod(0o644)
    graph.write_bytes(graph.read_bytes()[:-60] + os.urandom(60))
    (trap.git / "objects" / "pack").mkdir(exist_ok=True)
    (trap.git / "objects" / "pack" / "multi-pack-index").write_bytes(b"MIDX\x01\x01" + os.urandom(400))
    return Expected()


# -- odd content ------------------------------------------------------------------------------------------------------


@hostile
def colliding_names(trap: Trap) -> Expected:
    repo, entry = empty(trap)
    names = ("README.md", "ReadMe.md", "readme.md", "caf\u00e9.md", "cafe\u0301.md")
    blobs = [("100644", name.encode(), put(repo, "blob", f"# {name}\n\nHARMLESS\n".encode())) for name in names]
    record(repo, tree(repo, *blobs, entry))
    return Expected(frozenset({"page.md", *names}))


@hostile
def one_name_twice(trap: Trap) -> Expected:
    repo, entry = empty(trap)
    twice = [("100644", b"twice.md", put(repo, "blob", f"# {n}\n\nHARMLESS\n".encode())) for n in range(3)]
    record(repo, tree(repo, *twice, entry))
    return Expected(frozenset({"page.md", "twice.md"}))


@hostile
def odd_names(trap: Trap) -> Expected:
    repo, entry = empty(trap)
    blob = put(repo, "blob", b"# Odd\n\nHARMLESS\n")
    names = (
        b"new\nline.md",
        b"esc\x1b[2J.md",
        b"bad\xff\xfe.md",
        b"r\xe2\x80\xaedm.md",
        b"bell\x07.md",
        b"--option.md",
        b"$(touch x).md",
    )
    record(repo, tree(repo, *(("100644", name, blob) for name in names), entry))
    return Expected(frozenset({"page.md", "--option.md", "$(touch x).md"}), skipped=5)


@hostile
def bomb_of_trees(trap: Trap) -> Expected:
    """Ten levels of ten times the same folder: ten thousand million files in eleven objects."""
    repo, entry = empty(trap)
    below = tree(repo, entry)
    for _ in range(10):
        below = tree(repo, *(("40000", f"d{n}".encode(), below) for n in range(10)))
    record(repo, below)
    return Expected(refused="larger than Waypost reads|more than .* files")


@hostile
def bomb_in_the_past(trap: Trap) -> Expected:
    """The same, taken back by the last commit."""
    bomb_of_trees(trap)
    before = (trap.git / "refs" / "heads" / "main").read_text().strip()
    record(trap.repo, tree(trap.repo, ("100644", b"page.md", put(trap.repo, "blob", PAGE.encode()))), parent=before)
    return Expected(refused="larger than Waypost reads|out of memory|signal")


@hostile
def folders_without_end(trap: Trap) -> Expected:
    repo, entry = empty(trap)
    below = tree(repo, entry)
    for _ in range(3000):
        below = tree(repo, ("40000", b"d", below))
    record(repo, tree(repo, ("40000", b"d", below), entry))
    return Expected(frozenset({"page.md", "d/" * 3001 + "page.md"}))


@hostile
def a_huge_blob(trap: Trap) -> Expected:
    repo, entry = empty(trap)
    huge = put(repo, "blob", bytes(60_000_000))
    record(repo, tree(repo, ("100644", b"huge.md", huge), entry))
    return Expected(skipped=1)


@hostile
def a_small_delta_of_a_huge_blob(trap: Trap) -> Expected:
    """4 bytes, made of a blob of 500 MB that packs to less than two."""
    repo, entry = empty(trap)
    size = 500_000_000
    digest, packing, parts = hashlib.sha1(f"blob {size}\0".encode()), zlib.compressobj(1), []
    for _ in range(size // 1_000_000):
        digest.update(ZEROS)
        parts.append(packing.compress(ZEROS))
    base = digest.digest()
    delta = number(size) + number(4) + bytes((0x90, 4))  # copy 4 bytes from offset 0
    objects = header(3, size) + b"".join(parts) + packing.flush() + header(7, len(delta)) + base + zlib.compress(delta)
    pack = b"PACK" + struct.pack(">II", 2, 2) + objects
    pack += hashlib.sha1(pack).digest()
    (repo / ".git" / "objects" / "pack").mkdir(exist_ok=True)
    subprocess.run(["git", "index-pack", "--stdin"], cwd=repo, input=pack, check=True, capture_output=True)
    small = hashlib.sha1(b"blob 4\0" + bytes(4)).hexdigest()
    record(repo, tree(repo, ("100644", b"a.md", small), entry, ("100644", b"z.md", entry[2])))
    return Expected(frozenset({"page.md", "z.md"}), quarantined=1)


ZEROS = bytes(1_000_000)


def number(value: int) -> bytes:
    """A size in a delta."""
    out = b""
    while value > 127:
        out += bytes((value & 127 | 128,))
        value >>= 7
    return out + bytes((value,))


def header(kind: int, size: int) -> bytes:
    """Of an object in a pack."""
    first, size = (kind << 4) | (size & 15), size >> 4
    return bytes((first | 128,)) + number(size) if size else bytes((first,))


@hostile
def a_damaged_blob(trap: Trap) -> Expected:
    repo, entry = empty(trap)
    blob = put(repo, "blob", b"damaged" * 100)
    (repo / ".git" / "objects" / blob[:2] / blob[2:]).write_bytes(b"\x78\x01" + os.urandom(80))
    record(repo, tree(repo, ("100644", b"a.md", blob), entry, ("100644", b"z.md", entry[2])))
    return Expected(frozenset({"page.md", "z.md"}), quarantined=1)


@hostile
def objects_of_the_wrong_kind(trap: Trap) -> Expected:
    repo, entry = empty(trap)
    folder = tree(repo, entry)
    record(repo, tree(repo, ("100644", b"folder.md", folder), entry, ("140000", b"socket.md", entry[2])))
    return Expected(skipped=2)


@hostile
def a_folder_that_is_a_file(trap: Trap) -> Expected:
    repo, entry = empty(trap)
    record(repo, tree(repo, ("40000", b"docs", entry[2]), entry))
    return Expected(refused="git can't read")


@hostile
def absurd_times(trap: Trap) -> Expected:
    repo, entry = empty(trap)
    first = record(repo, tree(repo, entry), "99999999999999 +9999")
    second = record(repo, tree(repo, entry, ("100644", b"b.md", entry[2])), "-5 +0000", first)
    record(repo, tree(repo, entry, ("100644", b"b.md", entry[2]), ("100644", b"c.md", entry[2])), "never", second)
    return Expected(frozenset({"page.md", "b.md", "c.md"}))


@hostile
def a_branch_that_is_a_file(trap: Trap) -> Expected:
    repo, entry = empty(trap)
    (repo / ".git" / "refs" / "heads" / "main").write_text(entry[2] + "\n")
    return Expected(refused="is no commit")


@hostile
def references_in_a_circle(trap: Trap) -> Expected:
    plain(trap)
    (trap.git / "refs" / "heads" / "main").write_text("ref: refs/heads/other\n")
    (trap.git / "refs" / "heads" / "other").write_text("ref: refs/heads/main\n")
    return Expected(refused="no commits")


@hostile
def very_many_references(trap: Trap) -> Expected:
    head = plain(trap)
    lines = [f"{head} refs/heads/branch-{n:06}\n" for n in range(200_000)]
    (trap.git / "packed-refs").write_text("# pack-refs with: peeled fully-peeled sorted \n" + "".join(lines))
    return Expected()


@hostile
def marks_in_names_and_messages(trap: Trap) -> Expected:
    """What separates records where git's output is read."""
    repo, entry = empty(trap)
    odd = ("100644", b"a\x01" + b"0" * 40 + b" 1\n.md", entry[2])
    first = record(repo, tree(repo, odd, entry))
    record(repo, tree(repo, entry), parent=first)
    return Expected()
