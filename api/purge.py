"""Purging: a document or a leaked value goes from every stored version, the indexes, what runs said, our copies of repositories
and backups; then every file is searched for it.

Order matters, as a kill may come at any step: first it is remembered, so that nothing brings it back; then what can be made anew
goes; then the catalog is cleaned. The same command again does the rest. `api.purge_cli` calls this.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from api import side_files
from api.backup import ENDING, catalog_file, remove_indexes
from api.owner import Owner, open_owner
from api.settings import Settings
from ingest.embedding import embed_missing
from ingest.git import GitRepository
from ingest.sources import Credentials
from rag import doctor, gaps
from rag.backup import CATALOG, read_manifest, settle, unpack, write_backup
from rag.catalog import Catalog, CatalogWriter
from rag.catalog.writer import now
from rag.errors import NotFoundError, SettingsError, SourceError, WaypostError
from rag.likeness import Sketch, sketches
from rag.owner import WriterLock
from rag.purged import FILE, MARK, Purged, PurgedDocument, Scrubber, forms_of, patterns_of, values_in
from rag.threads import Turn
from rag.traces import Trace, traces

_LINES, _SHORTEST_LINE = (
    12,
    24,
)  # lines of a purged document that the scan looks for, and the letters that each must have

_TEXTS = 8  # versions of a purged document that it is known again by
_DELETE = "delete this file, and make a new backup"


@dataclass(frozen=True)
class PurgeReport:
    """What a purge did: rows changed or removed by table, repositories' copies removed, backups rewritten, texts embedded anew or
    waiting for it, what remains: (where, what), and the masked names (SOURCE/PATH) of files that have it in their name, which
    are left out until they are renamed."""

    erased: Mapping[str, int]
    mirrors: tuple[str, ...]
    backups: tuple[str, ...]
    embedded: int
    waiting: int
    left_out: int
    remains: tuple[Trace, ...]
    names: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        return not self.remains


@dataclass
class _Purge:
    """One purge: how it is remembered, what it does to a catalog and to a text, which turns of threads hold it, and
    the bytes that the scan looks for, which `look` may learn from a catalog before that is cleaned."""

    remember: Callable[[Purged], Purged]
    erase: Callable[[CatalogWriter], Mapping[str, int]]
    clean: Callable[[str], str]
    patterns: dict[bytes, str]
    look: Callable[[Catalog], None] = lambda catalog: None
    clean_gaps: Callable[[list[gaps.Gap]], list[gaps.Gap]] = list
    holds: Callable[[Turn], bool] = lambda turn: False
    asks: Callable[[str], bool] = lambda words: False
    left_out: int = 0
    erased: Mapping[str, int] = field(default_factory=dict)
    mirrors: list[str] = field(default_factory=list)
    backups: list[str] = field(default_factory=list)
    remains: list[Trace] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


def purge_value(settings: Settings, secret: str, backups: Sequence[Path]) -> PurgeReport:
    """Takes a value out of everything. Raises: SettingsError when it is too short; WriterBusyError; StorageError."""
    values, left_out = values_in(secret)
    scrubber = Scrubber([form for value in values for form in forms_of(value)])

    def remember(purged: Purged) -> Purged:
        for value in values:
            purged = purged.with_value(value, now())
        return purged

    def erase(writer: CatalogWriter) -> Mapping[str, int]:
        purge.names |= {f"{source}/{scrubber(path)}" for source, path in writer.paths_with(scrubber)}
        return writer.scrub(scrubber)

    def clean_gaps(found: list[gaps.Gap]) -> list[gaps.Gap]:
        return gaps.cleaned(found, scrubber, lambda source, path: False)

    def holds(turn: Turn) -> bool:
        return any(scrubber(text) != text for text in turn.words)

    purge = _Purge(
        remember, erase, scrubber, patterns_of(values), clean_gaps=clean_gaps, holds=holds,
        asks=lambda words: scrubber(words) != words, left_out=left_out,
    )  # fmt: skip
    return _run(settings, purge, backups)


def purge_document(settings: Settings, source: str, path: str, backups: Sequence[Path]) -> PurgeReport:
    """Removes a document, what it said before, and what is known from it.

    Raises: NotFoundError when nothing is known of it and no backup is named; WriterBusyError; StorageError.
    """
    if not backups and catalog_file(settings).exists() and not _known(settings, source, path):
        raise NotFoundError(
            f"nothing is known of a document {source}/{path}; write SOURCE/PATH as `waypost search` shows it"
        )
    at = now()
    key = Purged.load(settings.home).key()
    document = PurgedDocument(
        source, path, at, key=key, texts=tuple(_sketches(settings, source, path, bytes.fromhex(key)))
    )
    patterns: dict[bytes, str] = {}
    ids: set[str] = set()

    def look(catalog: Catalog) -> None:
        if now_there := catalog.document_at(source, path):
            ids.add(now_there.id)
        for line in _own_lines(catalog, source, path):
            patterns.update(
                {line.encode("utf-8", "surrogatepass"): "UTF-8", line.encode("utf-16-le", "surrogatepass"): "UTF-16"}
            )

    def erase(writer: CatalogWriter) -> Mapping[str, int]:
        return writer.erase_document(source, path, document.reason)

    def clean_gaps(found: list[gaps.Gap]) -> list[gaps.Gap]:
        return gaps.cleaned(found, lambda text: text, lambda *place: place == (source, path))

    def quotes(words: str) -> bool:
        told = words.encode("utf-8", "surrogatepass")
        return f"{source}/{path}" in words or any(pattern in told for pattern in patterns)

    def holds(turn: Turn) -> bool:
        named = any(one in ids or (at, where) == (source, path) for one, at, where in turn.documents)
        return named or quotes("\n".join(turn.words))

    purge = _Purge(
        lambda purged: purged.with_document(document), erase, lambda text: text, patterns, look, clean_gaps, holds,
        quotes,
    )  # fmt: skip
    return _run(settings, purge, backups)


def _sketches(settings: Settings, source: str, path: str, key: bytes) -> Iterator[Sketch]:
    """What the document is known again by under another name: what it alone says, now and in the versions that are kept."""
    if not catalog_file(settings).exists():
        return
    catalog = Catalog(settings.catalog_url)
    try:
        texts = catalog.texts_at(source, path)[:_TEXTS]
        yield from sketches(texts, (text for text in catalog.other_texts(source, path)), key)
    finally:
        catalog.close()


def _known(settings: Settings, source: str, path: str) -> bool:
    catalog = Catalog(settings.catalog_url)
    try:
        return bool(catalog.texts_at(source, path)) or path in catalog.items(source)
    finally:
        catalog.close()


def _own_lines(catalog: Catalog, source: str, path: str) -> list[str]:
    """Some lines that stand in this document alone, the longest: what a byte scan can know it by."""
    texts = catalog.texts_at(source, path)
    lines = {line.strip() for text in texts for line in text.split("\n") if len(line.strip()) >= _SHORTEST_LINE}
    ordered = sorted(lines, key=lambda line: (-len(line), line))[: 10 * _LINES]
    return [line for line in ordered if not catalog.stands_elsewhere(line, source, path)][:_LINES]


def lift(settings: Settings, *, value: str = "", source: str = "", path: str = "") -> bool:
    """Lets the next sync read a purged document, or a purged value, again; False when it was not purged."""
    with open_owner(settings, "purge") as owner:
        before = after = Purged.load(settings.home)
        doubtful = {(source, path)}
        if value:
            for one in values_in(value)[0]:
                after = after.without_value(one)
            doubtful = {(name, where) for name, where, _ in owner.catalog.marked(MARK)}
        else:
            after = after.without_document(source, path)
        after.save(settings.home)
        with owner.catalog.write() as writer:
            for name, where in doubtful:
                writer.doubt_item(name, where)
    return after != before


def _run(settings: Settings, purge: _Purge, backups: Sequence[Path]) -> PurgeReport:
    for file in backups:
        if not file.is_file():
            raise SettingsError(f"there is no file {file}; name backups as `waypost backup` wrote them")
        if file.suffix not in (
            ENDING,
            ".zip",
        ):  # one that is, and can't be read, is a damaged backup: that it remains is told
            read_manifest(file)
    here = catalog_file(settings)
    if not here.exists() and not backups:
        raise SettingsError(
            f"nothing has been synced into {settings.home}, and no backup is named: nothing is there to purge"
        )
    embedded, waiting, synced = 0, 0, here.exists()
    lock = WriterLock.acquire(settings.home, "purge")
    try:
        purge.remember(Purged.load(settings.home)).save(settings.home)
        forgotten = gaps.rewrite(settings.home, purge.clean_gaps)
        if synced:
            remove_indexes(settings.home)
            _look(here, purge)
            beside = side_files.erase(settings.home, purge.holds, purge.asks)  # while the catalog still knows what goes
            purge.erased = {**_erase(here, purge), **beside, **({"gaps": forgotten} if forgotten else {})}
    except BaseException:
        lock.release()
        raise
    if synced:
        with open_owner(settings, "purge", lock=lock) as owner:
            embedded, waiting = _make_anew(owner, purge)
            _remove_mirrors(settings, owner.catalog, purge)
            _remove_caches(settings, owner.catalog, purge)
    else:
        lock.release()
    kept = sorted(settings.home.glob(f"before-restore-*{ENDING}"))
    for file in dict.fromkeys(path.absolute() for path in (*kept, *backups)):
        _rewrite(settings, file, purge)
    for place in (settings.home, *(() if here.is_relative_to(settings.home.absolute()) else (here,)), *backups):
        purge.remains += (_advised(settings, trace, here, {*kept, *backups}) for trace in traces(place, purge.patterns))
    remains, names = tuple(dict.fromkeys(purge.remains)), tuple(sorted(purge.names))
    return PurgeReport(
        purge.erased, tuple(purge.mirrors), tuple(purge.backups), embedded, waiting, purge.left_out, remains, names
    )


def _advised(settings: Settings, trace: Trace, catalog: Path, backups: set[Path]) -> Trace:
    """A trace that the scan found, with what a person can do: what Waypost can take out is out by now."""
    file, home = Path(trace.file), settings.home
    inside = file.relative_to(home).parts[0] if file.is_relative_to(home) else ""
    if file.absolute() in {backup.absolute() for backup in backups}:
        advice = _DELETE
    elif file.name.startswith(catalog.name) or inside == "documents" or inside.startswith("generation-"):
        advice = (
            "it is in the name of a source or of a group: change that in waypost.yaml, sync, `waypost forget` the source of "
            "the old name, and purge again"
        )
    else:
        advice = "Waypost can't clean this file: take it out by hand, or delete the file"
    return replace(trace, remedy=advice)


def _look(catalog_at: Path, purge: _Purge) -> None:
    """Learns from the catalog in a file what is looked for."""
    catalog = Catalog(f"sqlite:///{catalog_at.absolute()}")
    try:
        purge.look(catalog)
    finally:
        catalog.close()


def _erase(catalog_at: Path, purge: _Purge) -> Mapping[str, int]:
    """Cleans the catalog in a file, and the file of what was deleted."""
    catalog = Catalog(f"sqlite:///{catalog_at.absolute()}")
    try:
        purge.look(catalog)
        with catalog.write() as writer:
            erased = dict(purge.erase(writer))
        catalog.compact()
    finally:
        catalog.close()
    return erased


def _make_anew(owner: Owner, purge: _Purge) -> tuple[int, int]:
    """Gives a vector to what was changed, and makes the indexes anew: (how many texts, how many wait)."""
    catalog, vectors = owner.catalog, owner.projections.vectors
    try:
        embedded, waiting = embed_missing(
            catalog, owner.generation, owner.embedder, lambda step: None, lambda: False, vectors.catch_up
        )
    except SettingsError:  # the embedder can't be loaded: words find those texts meanwhile
        embedded, waiting = 0, len(catalog.unembedded(owner.generation))
    for projection in owner.projections.by_name().values():
        projection.catch_up()
    report = doctor.examine(catalog, owner.projections)
    if not report.sound and not doctor.repair(catalog, owner.projections, report).sound:
        purge.remains.append(
            Trace(str(owner.settings.home), "indexes that differ from the catalog", "run `waypost doctor --repair`")
        )
    return embedded, waiting


def _remove_mirrors(settings: Settings, catalog: Catalog, purge: _Purge) -> None:
    """Removes our copies of repositories that hold it in some object: they are of the source's own text, unredacted, and can be
    fetched anew. What can't be read goes too."""
    for folder in sorted((settings.home / "git").glob("*/")):
        shutil.rmtree(folder / "blobs", ignore_errors=True)  # of a sync that was killed
        try:
            objects = GitRepository(folder, str(folder), Credentials(), folder.name).contents()
            held = any(pattern in data for data in objects for pattern in purge.patterns)
        except (SourceError, SettingsError):
            held = True
        if held:
            _remove_kept(folder, catalog, purge)


def _remove_caches(settings: Settings, catalog: Catalog, purge: _Purge) -> None:
    """Removes what sources of other types keep: only they can read it, and they can make it anew."""
    for folder in sorted((settings.home / "sources").glob("*/*/")):
        _remove_kept(folder, catalog, purge)


def _remove_kept(folder: Path, catalog: Catalog, purge: _Purge) -> None:
    """Removes what the source that the folder is named after keeps, so that it begins anew."""
    shutil.rmtree(folder)
    purge.mirrors.append(folder.name)
    if folder.name in {row.name for row in catalog.sources()}:
        with catalog.write() as writer:
            writer.put_source(folder.name, head="")


def _rewrite(settings: Settings, file: Path, purge: _Purge) -> None:
    """Cleans a backup; its catalog gets this program's schema."""
    folder = file.with_name(f".{file.name}.purging")
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        manifest = unpack(file, folder)
        _erase(folder / CATALOG, purge)
        settle(folder / CATALOG)
        side_files.erase(folder, purge.holds, purge.asks)
        texts = {
            name: (folder / name).read_text(encoding="utf-8")
            for name in manifest.parts
            if name not in (CATALOG, *side_files.NAMES)
        }
        extras = {name: purge.clean(text) for name, text in texts.items()}
        if gaps.FILE in texts:
            extras[gaps.FILE] = gaps.text_of(purge.clean_gaps(gaps.parsed(texts[gaps.FILE])))
        extras[FILE] = Purged.load(folder).merged(Purged.load(settings.home)).text()
        beside = side_files.beside(folder)
        write_backup(folder / CATALOG, file, extras, manifest.waypost, manifest.created_at, beside, force=True)
        purge.backups.append(str(file))
    except (OSError, WaypostError) as error:
        purge.remains.append(Trace(str(file), f"a backup that could not be rewritten: {error}", _DELETE))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
