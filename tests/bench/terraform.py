"""How well Terraform is read, over public repositories laid out by ../shared/eval/corpora.py: `make bench-terraform`.

    python -m tests.bench.terraform CORPORA

Prints: equality with the expected outputs of terraform-config-inspect; blocks against an independent count of headers in
column 0; hcl's specsuite, valid and invalid; blocks kept of 200 files with a token broken; files a second, and python-hcl2's in
the same run where it is installed.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from ingest.terraform.reading import read
from ingest.terraform.symbols import read_file, symbols
from rag.terraform.overrides import is_override
from tests.bench.terraform_lookup import looked_up

TYPES = (
    "resource", "data", "module", "variable", "output", "locals", "provider", "terraform", "moved", "import", "check",
    "removed", "ephemeral",
)  # fmt: skip
HEADER = re.compile(rf'^(?:{"|".join(TYPES)})(?:\s+"[^"\n]*")*\s*\{{', re.M)
REPOSITORIES = ("cloud-platform-infrastructure", "terraform-aws-eks", "cloud-foundation-fabric", "terragrunt")
BROKEN, SEED = 200, 4
INSPECTED = {
    "variable": "variables", "output": "outputs", "resource": "managed_resources", "data": "data_resources",
    "module": "module_calls",
}  # fmt: skip


def texts(folder: Path, endings: tuple[str, ...] = (".tf", ".tofu", ".hcl", ".tfvars")) -> Iterator[tuple[Path, str]]:
    """Every readable Terraform file below a folder."""
    for file in sorted(folder.rglob("*")):
        if file.suffix in endings and file.is_file() and ".git" not in file.parts:
            try:
                yield file, file.read_text()
            except UnicodeDecodeError:
                print(f"   left out, not text: {file.name}")


def inspected(testdata: Path) -> None:
    """Names and lines of variables, outputs, resources, data sources and module calls, equal to the expected output."""
    equal = compared = 0
    for folder in sorted(testdata.iterdir()):
        wanted = json.loads((folder / f"{folder.name}.out.json").read_text())
        found: dict[str, dict[str, tuple[str, int]]] = {name: {} for name in INSPECTED.values()}
        for file in sorted(folder.iterdir(), key=lambda file: (is_override(file.name), file.name)):
            for symbol in symbols(file.name, read_file(file.name, file.read_text())) if ".tf" in file.suffixes else ():
                if part := INSPECTED.get(symbol.kind):
                    name = symbol.address if symbol.kind in ("resource", "data") else symbol.name
                    if is_override(file.name) or name not in found[part]:  # the one that is merged in last is named
                        found[part][name] = (file.name, symbol.start)
        for part, ours in found.items():
            theirs = {n: (Path(v["pos"]["filename"]).name, v["pos"]["line"]) for n, v in wanted.get(part, {}).items()}
            compared += 1
            equal += ours == theirs
            if ours != theirs:
                print(f"   {folder.name}, {part}: expected {theirs}, found {ours}")
    print(f"terraform-config-inspect: {equal} of {compared} lists of names with file and line are equal")


def counted(corpora: Path) -> None:
    """Blocks against headers in column 0; heredocs that hold Terraform have headers too, and broken files lack blocks."""
    for name in REPOSITORIES:
        blocks = headers = files = 0
        differing = []
        began = time.process_time()
        for file, text in texts(corpora / name):
            parsed = read(text)
            ours, theirs = sum(block.type in TYPES for block in parsed.blocks), len(HEADER.findall(text))
            blocks, headers, files = blocks + ours, headers + theirs, files + 1
            if ours != theirs:
                differing.append(
                    "heredoc"
                    if "<<" in text and not parsed.error_line
                    else "broken"
                    if parsed.error_line
                    else str(file)
                )
        spent = time.process_time() - began
        print(f"{name}: {files} files, {files / spent:.0f} a second; {blocks} blocks, {headers} headers in column 0")
        for reason in sorted(set(differing)):
            print(f"   {differing.count(reason)} files differ: {reason}")


def specsuite(folder: Path) -> None:
    """What hcl's own suite calls valid is read, what it calls invalid is flagged."""
    for file, text in texts(folder, (".hcl",)):
        specification = file.with_suffix(".t")
        invalid = specification.exists() and "diagnostics" in specification.read_text()
        flagged = bool(read(text).error_line)
        said = "flagged" if flagged else "read"
        print(f"   {file.relative_to(folder)}: {said}{'' if invalid == flagged else ' (other than expected)'}")


def broken(corpora: Path) -> None:
    """Blocks that are kept when one token of a file is broken."""
    rng = random.Random(SEED)
    files = [(f, t) for name in REPOSITORIES[:3] for f, t in texts(corpora / name, (".tf",)) if len(read(t).blocks) > 1]
    whole = kept = 0
    for _, text in rng.sample(files, BROKEN):
        tokens = list(re.finditer(r'[{}=\[\]"]', text))
        at = rng.choice(tokens).start()
        whole += len(read(text).blocks)
        kept += min(len(read(text[:at] + text[at + 1 :]).blocks), len(read(text).blocks))
    print(f"{BROKEN} files with a token broken: {kept} of {whole} blocks kept, {kept / whole:.1%}")


def beside_hcl2(corpora: Path) -> None:
    """Files a second, extraction included, and those of python-hcl2 in the same run."""
    files = [(f, t) for name in REPOSITORIES[:3] for f, t in texts(corpora / name, (".tf",))]
    files = random.Random(SEED).sample(files, min(150, len(files)))
    try:
        import hcl2
    except ImportError:
        print(
            "python-hcl2 is not installed beside, so no speed is compared: pip install --target DIR python-hcl2; PYTHONPATH=DIR:."
        )
        return
    rounds = [
        (_seconds(files, lambda f, t: symbols(f.name, read(t))), _seconds(files, lambda _, t: hcl2.loads(t)))
        for _ in range(5)
    ]
    ours, theirs = (len(files) / median(column) for column in zip(*rounds, strict=True))
    ratios = ", ".join(f"{theirs / ours:.1f}" for ours, theirs in rounds)
    print(
        f"{ours:.0f} files a second, python-hcl2 {theirs:.0f}, medians of five: {ours / theirs:.1f} times (rounds: {ratios})"
    )


def _seconds(files: list[tuple[Path, str]], task: Callable[[Path, str], object]) -> float:
    began = time.process_time()
    for file, text in files:
        task(file, text)
    return time.process_time() - began


def main() -> None:
    corpora = Path(sys.argv[1])
    inspected(corpora / "terraform-config-inspect" / "tfconfig" / "testdata")
    counted(corpora)
    print("hcl specsuite:")
    specsuite(corpora / "hcl" / "specsuite")
    broken(corpora)
    beside_hcl2(corpora)
    looked_up(corpora)


if __name__ == "__main__":
    main()
