"""What is refused by rule, with the reason that `waypost status` shows: by name before reading, by content after.

Nothing is left out silently: each refusal is a row of the ledger.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from charset_normalizer import from_bytes

from rag.errors import DocumentError, RefusedError

MAX_BYTES = 5_000_000
_SNIFFED = 8192  # bytes looked at to tell text from binary
_GUESSED = 1_000_000  # bytes up to which an encoding is guessed
_COMMONEST = "cp1252"  # Windows' Western code page, which holds latin-1
_ENCODINGS = (
    _COMMONEST, "cp1250", "cp1251", "cp1253", "cp1254", "koi8_r", "cp932", "euc_jp", "euc_kr", "gb18030", "big5",
)  # fmt: skip
_ALIKE = 0.02  # difference in charset-normalizer's measure of mess that says nothing

_BINARY = frozenset(
    """.png .jpg .jpeg .gif .webp .ico .bmp .tiff .zip .gz .tgz .bz2 .xz .zst .7z .tar .jar .war .whl .exe .dll
    .so .dylib .bin .o .a .class .pyc .woff .woff2 .ttf .otf .eot .mp3 .mp4 .mov .avi .webm .wav .xlsx .pptx
    .odt .ods .sqlite .db .parquet .gpg .kdbx .jks .keystore .p12 .pfx .der .drawio.png""".split()
)
_NAMED = (
    (re.compile(r"\.tfstate(\.|$)|(^|/)terraform\.tfstate", re.I), "Terraform state: it holds secrets in plain text"),
    (re.compile(r"\.tfplan$|(^|/)tfplan(\.|$)", re.I), "Terraform plan: it holds secrets in plain text"),
    (re.compile(r"(^|/)\.(terraform|terragrunt-cache)/"), "Terraform's working folder: copies, not sources"),
    (re.compile(r"\.(pem|key|ppk)$|(^|/)id_(rsa|dsa|ecdsa|ed25519)$", re.I), "a key file by its name"),
    (
        re.compile(r"(^|/)(package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|Gemfile\.lock|poetry\.lock|"
                   r"Pipfile\.lock|composer\.lock|Cargo\.lock|uv\.lock|go\.sum)$"),
        "a lock file: checksums, not knowledge",
    ),
    (re.compile(r"\.min\.(js|css)$|\.(js|css)\.map$", re.I), "generated: minified"),
    (re.compile(r"(?<!\.drawio)\.svg$", re.I), "a picture"),
)  # fmt: skip
_PLAN = re.compile(rb'^\s*\{\s*"format_version"\s*:\s*"[\d.]+"\s*,\s*"terraform_version"')
_STATE = re.compile(rb'^\s*\{\s*"version"\s*:\s*[34]\s*,\s*"terraform_version"')


def refuse_by_name(path: str, size: int) -> str:
    """The reason not to read a file at all, from its path and size in bytes; "" to read it."""
    for pattern, reason in _NAMED:
        if pattern.search(path):
            return reason
    if PurePosixPath(path.lower()).suffix in _BINARY:
        return f"binary ({PurePosixPath(path.lower()).suffix})"
    return too_large(size)


def too_large(size: int) -> str:
    """The reason to refuse a file of this many bytes, or ""."""
    return f"too large: {size / 1e6:.0f} MB, the limit is {MAX_BYTES / 1e6:.0f} MB" if size > MAX_BYTES else ""


def decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    """The text of a file with newlines as \\n, and notes on how it was read.

    Raises: RefusedError for binary, ciphertext, state or plan; DocumentError when no encoding fits.
    """
    if reason := too_large(len(data)):
        raise RefusedError(reason)
    if data.startswith(b"\0GITCRYPT\0"):
        raise RefusedError("git-crypt ciphertext")
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return _clean(data.decode("utf-32", "replace")), ("read as UTF-32",)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _clean(data.decode("utf-16", "replace")), ("read as UTF-16",)
    if data.startswith(b"version https://git-lfs.github.com/spec/"):
        raise RefusedError("a Git LFS pointer: its content is not in the repository")
    if b"\0" in data[:_SNIFFED]:
        raise RefusedError("binary (NUL bytes)")
    if _STATE.match(data) or _PLAN.match(data):
        raise RefusedError("Terraform state or plan by its content: it holds secrets in plain text")
    try:
        return _clean(data.decode("utf-8-sig")), ()
    except UnicodeDecodeError:
        return _guess(data)


def _guess(data: bytes) -> tuple[str, tuple[str, ...]]:
    matches = from_bytes(data[:_GUESSED], cp_isolation=list(_ENCODINGS))
    best = matches.best()
    if best is None:
        raise DocumentError("its encoding is neither UTF-8 nor one that can be guessed; save it as UTF-8")
    # Code pages of one byte look alike in a short text: of equally likely ones take the commonest.
    likely = {match.encoding for match in matches if match.chaos <= best.chaos + _ALIKE}
    encoding = _COMMONEST if _COMMONEST in likely else best.encoding
    return _clean(data.decode(encoding, "replace")), (f"not UTF-8: read as {encoding}; save it as UTF-8",)


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\0", "\N{REPLACEMENT CHARACTER}")
