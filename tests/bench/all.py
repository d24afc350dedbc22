"""Every figure of retrieval side by side: `make bench`. What a corpus is missing for is said, and the rest goes on.

    python -m tests.bench.all [FOLDER]

FOLDER keeps the synced corpora (default ~/.cache/waypost-bench): the sample, and, where ../shared and ../.mirror are there,
the three repositories of ../shared/eval, the runbooks of its alert pairs and the benchmark of ../shared/bench. With SCALE=1
also 200,000 passages (half an hour).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

SHARED, MIRROR = Path("../shared"), Path("../.mirror")
PAIRS = SHARED / "eval" / "pairs"
CORPORA = {
    "moj": ("cloud-platform", "cloud-platform-user-guide", "cloud-platform-infrastructure"),
    "runbooks": ("prometheus-runbooks",),
}


def sync(base: Path, name: str, config: Path) -> Path:
    """Brings a data folder in step with a corpus; all of them share one exported model."""
    home = base / name
    environment = {**os.environ, "WAYPOST_HOME": str(home), "WAYPOST_MODELS": str(base / "models")}
    subprocess.run([sys.executable, "-m", "api.cli", "sync", "--config", str(config)], env=environment, check=True)
    return home


def public(base: Path, name: str) -> Path | None:
    """The data folder of a public corpus, or None with a word of why not."""
    folders = [base / "corpora" / corpus for corpus in CORPORA[name]]
    script = SHARED / "eval" / "corpora.py"
    if script.exists() and MIRROR.exists():
        command = [sys.executable, str(script), str(MIRROR), str(base / "corpora"), *CORPORA[name]]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    if not all(folder.exists() for folder in folders):
        print(f"== left out: {name}; its repositories are not under {MIRROR} ==")
        return None
    config = base / f"{name}.yaml"
    config.write_text(yaml.safe_dump({"sources": [{"name": f.name, "type": "git", "path": str(f)} for f in folders]}))
    return sync(base, name, config)


def run(base: Path, module: str, *arguments: str) -> None:
    print(f"\n== python -m tests.bench.{module} {' '.join(arguments)} ==", flush=True)
    environment = {**os.environ, "WAYPOST_MODELS": str(base / "models")}
    subprocess.run([sys.executable, "-m", f"tests.bench.{module}", *arguments], env=environment, check=False)


def main() -> None:
    base = Path(sys.argv[1] if len(sys.argv) > 1 else "~/.cache/waypost-bench").expanduser().absolute()
    base.mkdir(parents=True, exist_ok=True)
    sample = sync(base, "sample", Path("data/sample/waypost.yaml"))
    moj, runbooks = public(base, "moj"), public(base, "runbooks")
    sets = [f"{sample}=data/sample/questions.jsonl"]
    if (SHARED / "bench" / "rag-guide").exists():
        sets.append(f"{base / 'rag-guide'}={SHARED / 'bench' / 'rag-guide'}")
    if moj:
        sets.append(f"{moj}={SHARED / 'eval' / 'moj_questions.jsonl'}")
        sets += [f"{moj}={file}" for file in sorted(PAIRS.glob("ministryofjustice__*anchor_target.json"))]
    if runbooks:
        sets.append(f"{runbooks}={PAIRS / 'kube-prometheus_alert_runbook.json'}")
    run(base, "ranking", *sets)
    run(base, "identifiers", f"sample={sample}", *([f"moj={moj}"] if moj else []))
    config = str(base / "moj.yaml" if moj else Path("data/sample/waypost.yaml"))
    run(base, "embedding", config)
    run(base, "sync", config)
    if os.environ.get("SCALE") and moj:
        run(base, "scale", str(moj), str(base / "scale"))


if __name__ == "__main__":
    main()
