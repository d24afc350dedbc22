"""`waypost backup | restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from api import failures
from api.console import ConfigOption, JsonOption, err, out, print_json, settings_from


def backup(
    target: Annotated[Path, typer.Argument(help="A file to write, or a folder: then its name bears the time.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the catalog, keys, threads, feedback, the audit and waypost.yaml into one file, also while a sync or `serve` runs."""
    from api.backup import back_up

    settings = settings_from(config, told=False)
    made = back_up(settings, target, force=force)
    manifest, size = made.manifest, made.file.stat().st_size
    if as_json:
        told = {"schema": manifest.schema, "waypost": manifest.waypost, "created_at": manifest.created_at}
        parts = {name: part.sha256 for name, part in manifest.parts.items()}
        print_json({"backup": str(made.file), "bytes": size, "documents": manifest.documents, **told, "sha256": parts})
    else:
        out.print(f"Wrote {escape(str(made.file))}: {manifest.documents} documents, {size / 1e6:.1f} MB")
    if not settings.config.is_file():
        err.print(
            f"[yellow]without {escape(str(settings.config))}, which isn't here: name it with --config FILE[/yellow]"
        )


def restore(
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help="A file that `waypost backup` wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the catalog that is there; it is kept.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a backup into WAYPOST_HOME (keys, threads, feedback are added to those there), and rebuild the indexes, offline."""
    from api.backup import restore as put_back

    settings = settings_from(config, told=False)  # it may be what is written
    done = put_back(settings, source, force=force)
    if as_json:
        told = {"documents": done.manifest.documents, "passages": done.passages, "waiting": done.waiting}
        kept = {"created_at": done.manifest.created_at, "config": done.config, "before": done.before}
        print_json(
            {
                "restored": str(source),
                "home": str(settings.home),
                **told,
                **kept,
                "added": dict(done.added),
                "sound": done.sound,
            }
        )
    else:
        out.print(
            f"{done.manifest.documents} documents of {done.manifest.created_at}, {done.passages} passages indexed"
        )
        if done.added:
            out.print("Put back: " + ", ".join(f"{n} {what}" if n > 1 else what for what, n in done.added.items()))
        if "keys" in done.added:
            out.print("A key that was revoked since the backup is live again: look at `waypost keys list`")
        if done.waiting:
            out.print(f"{done.waiting} passages wait for their vectors, as they did then: run `waypost sync`")
        if done.config == "kept":
            out.print(f"{escape(str(settings.config))} was there and stays as it is")
        if done.before:
            out.print(f"What was there before is kept: {escape(done.before)}")
        if not done.sound:
            out.print("[red]the indexes differ from the catalog: run `waypost doctor --repair`[/red]")
    raise typer.Exit(failures.DONE if done.sound else failures.FAILED)
