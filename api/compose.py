"""Where implementations are picked: the only place that knows which catalog, indexes, embedder, model and sources there are.

`Reader` serves a question in any process; `api.owner` is the process that writes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from api.access.metering import Metered
from api.alerts.runbooks import Runbooks
from api.observability.audit import Audit
from api.observability.chain import FILE as AUDIT
from api.observability.chain import Chain
from api.observability.recorder import Recorder
from api.settings import Settings, llama_index_options, load_sources, parts_of
from ingest.git import is_url
from ingest.redaction import redact
from ingest.sources import BrokenSource, Source, SourceSpec
from ingest.sources.git import GitSource, web_url_of
from ingest.sources.git_wiki import is_wiki
from ingest.sources.registry import source_type
from rag.alerts.addresses import Site
from rag.answers.outgoing.outlet import Redact
from rag.ask import Asker, Budget
from rag.catalog import Catalog
from rag.catalog.kept import Kept
from rag.drift import Drift, DriftWatch
from rag.drift.gone import Went
from rag.embedders.hashing import HashingEmbedder
from rag.embedders.onnx import OnnxEmbedder
from rag.embedders.sentence_transformer import PACKAGED, SentenceTransformerEmbedder
from rag.errors import SettingsError, SourceError, WaypostError
from rag.feedback import FILE as FEEDBACK
from rag.feedback import Feedback
from rag.gaps import Gaps
from rag.indexes.exact import ExactVectors
from rag.indexes.lexical import DOCUMENTS, TantivyIndex
from rag.models.openai_compatible import OpenAICompatibleModel, address_of
from rag.namesakes import Namesakes
from rag.owner import owner_of
from rag.persona import Personas
from rag.ports import ChatModel, Embedder, Progress, Reranker
from rag.purged import PurgedByNow
from rag.records import EVERYONE, Generation, Passage, Viewer
from rag.remote import RemoteDense
from rag.rerankers.cross_encoder import CrossEncoderReranker
from rag.rerankers.model import ModelReranker
from rag.search import Dense, Elsewhere, Filters, LocalDense, NoDense, Retriever, Serving, VectorSearch, here
from rag.spans import Spans
from rag.suggestions import Suggester
from rag.terraform.lookup import TerraformLookup
from rag.threads import FILE as THREADS
from rag.threads import Conversation, Threads

_HASHED = (8, 4096)  # dimensions of the embedder for tests
_GPU = Path("/dev/nvidiactl")  # there when NVIDIA's driver is: asking torch would cost two seconds


def viewer_from(groups: str) -> Viewer:
    """The viewer of these comma-separated groups; `everyone` is among them always."""
    return Viewer.of(parts_of(groups)) if groups else Viewer.of([EVERYONE])


def embedder_from(settings: Settings) -> Embedder:
    """The packaged model on onnxruntime, or on torch where there is a GPU; any other model on torch."""
    if match := re.fullmatch(r"hashing(?:-(.*))?", settings.embedder):
        wanted = match[1] or "384"
        if not wanted.isdecimal() or not _HASHED[0] <= int(wanted) <= _HASHED[1]:
            raise SettingsError(
                f"WAYPOST_EMBEDDER={settings.embedder}: write hashing or hashing-N with N from {_HASHED[0]} to {_HASHED[1]}"
            )
        return HashingEmbedder(int(wanted))
    if settings.embedder == PACKAGED and not _GPU.exists():
        return OnnxEmbedder(settings.models or settings.home / "models")
    return SentenceTransformerEmbedder(settings.embedder)


@dataclass(frozen=True)
class ModelChoice:
    """Which model answers: its name, through what (`claude`, `openai-compatible`, `llama-index`; "" for none), where, and what of
    the settings goes unused."""

    name: str = "extractive"
    via: str = ""
    at: str = ""
    note: str = ""

    @property
    def told(self) -> str:
        """In words, for a person."""
        through = f" ({self.via}{', ' if self.at else ''}{self.at})" if self.via else ", without a model"
        return f"answers: {self.name}{through}" + (f"; {self.note}" if self.note else "")


def model_choice(settings: Settings) -> ModelChoice:
    """A model that is named wins over Claude, for which a key may be set for other programs. Raises: SettingsError."""
    if settings.model_url and settings.llama_index_llm:
        raise SettingsError(
            "WAYPOST_MODEL_URL and WAYPOST_LLAMA_INDEX_LLM each name a model that answers; unset one of them"
        )
    winner = (
        "WAYPOST_MODEL_URL" if settings.model_url else "WAYPOST_LLAMA_INDEX_LLM" if settings.llama_index_llm else ""
    )
    note = f"ANTHROPIC_API_KEY is not used, for {winner} is set" if winner and settings.anthropic_api_key else ""
    if settings.model_url:
        if "model" not in settings.model_fields_set:
            raise SettingsError("WAYPOST_MODEL_URL is set: set WAYPOST_MODEL too, to a model that is served there")
        return ModelChoice(settings.model, "openai-compatible", address_of(settings.model_url), note)
    if settings.llama_index_llm:
        return ModelChoice(settings.llama_index_llm, "llama-index", note=note)
    return ModelChoice(settings.model, "claude") if settings.anthropic_api_key else ModelChoice()


def model_view(settings: Settings) -> dict[str, str]:
    """Which model answers, as JSON; where the settings are wrong, what is wrong with them."""
    try:
        choice = model_choice(settings)
    except SettingsError as error:
        return {"name": "", "via": "", "at": "", "note": str(error), "told": f"answers: none, for {error}"}
    return {**asdict(choice), "told": choice.told}


def model_from(settings: Settings) -> ChatModel | None:
    """The model that the settings name; without any none, and answers are extractive. Raises: SettingsError."""
    via = model_choice(settings).via
    if via == "openai-compatible":
        return OpenAICompatibleModel(
            settings.model_url, settings.model, settings.model_key, timeout=settings.model_timeout
        )
    if via == "llama-index":
        from rag.models.llama_index_model import LlamaIndexModel

        options, secrets = llama_index_options(settings, os.environ)
        return LlamaIndexModel(settings.llama_index_llm, options, secrets, settings.model_timeout)
    if not via:
        return None
    from rag.models.claude import AnthropicModel

    return AnthropicModel(
        settings.anthropic_api_key, settings.model, settings.anthropic_base_url or None, settings.model_timeout,
        effort=settings.effort,
    )  # fmt: skip


def budget_from(settings: Settings) -> Budget:
    """What one answer may take."""
    return Budget(
        settings.evidence_tokens, settings.max_tokens, settings.lookups, settings.model_timeout, settings.cost_limit
    )


def without_secrets(text: str) -> str:
    """A text that leaves, without credentials: by the rules for what is stored."""
    return redact(text, "answer.md")[0]


def reranker_from(settings: Settings, model: ChatModel | None) -> Reranker | None:
    """The reranker that the settings name: none, the answer model (`model`), or a cross-encoder by its name."""
    if not settings.reranker:
        return None
    if settings.reranker == "model":
        if model is None:
            raise SettingsError(
                "WAYPOST_RERANKER=model needs a model: set ANTHROPIC_API_KEY, WAYPOST_MODEL_URL or "
                "WAYPOST_LLAMA_INDEX_LLM, or name a cross-encoder"
            )
        return ModelReranker(model)
    return CrossEncoderReranker(settings.reranker)


def source_from(spec: SourceSpec, home: Path) -> Source:
    """The source of an entry; where it can't be made, one that says so when it is listed, so that the others are synced."""
    if spec.refusal:
        return BrokenSource(SettingsError(spec.refusal))
    try:
        return source_type(spec.type).make(spec, folder_of(spec, home))
    except WaypostError as error:
        return BrokenSource(error)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # it may be others' code
        return BrokenSource(SourceError(f"source {spec.name!r} can't be made: {type(error).__name__}: {error}"))


def folder_of(spec: SourceSpec, home: Path) -> Path:
    """What a source may fill; `api.purge` knows of these."""
    return home / "git" / spec.name if spec.type == "git" else home / "sources" / spec.type / spec.name


def embedder_of(settings: Settings, generation: Generation) -> Embedder | None:
    """The embedder of a generation, which may be another than the settings ask for; None when it is not to be had."""
    named = settings.model_copy(update={"embedder": generation.embedder})
    candidates = [embedder_from(settings), embedder_from(named), SentenceTransformerEmbedder(generation.embedder)]
    return next((embedder for embedder in candidates if embedder.name == generation.model), None)


def dense_over(generation: Generation, embedder: Embedder | None, index: VectorSearch) -> Dense:
    """Vector search in this process over an index of a generation's vectors; without its embedder there is none."""
    if embedder is None:
        return NoDense(f"{generation.model}, which embedded the documents, can't be loaded")
    return LocalDense(embedder, index)


def gaps_of(settings: Settings, catalog: Catalog) -> Gaps:
    """What was asked in vain."""
    return Gaps(settings.home, catalog, _to_be_kept(settings))


def threads_of(settings: Settings) -> Threads:
    """The threads in the data folder."""
    return Threads(settings.home / THREADS, settings.keep_threads_days, _to_be_kept(settings))


def _to_be_kept(settings: Settings) -> Redact:
    """A text that was asked or answered as it may be kept: without credentials, and without what was purged."""

    purged = PurgedByNow(settings.home)
    return lambda text: purged().scrub(without_secrets(text))


def feedback_of(settings: Settings) -> Feedback:
    """What readers thought of answers."""
    return Feedback(settings.home / FEEDBACK, threads_of(settings), _to_be_kept(settings))


def audit_of(settings: Settings, catalog: Catalog) -> Audit:
    """What the faces tell of what they show."""
    recorder = None
    if settings.audit != "off":
        chain = Chain(settings.home / AUDIT)
        recorder = Recorder(chain, _to_be_kept(settings), settings.audit_days, required=settings.audit == "required")
    return Audit(recorder, catalog.versions, settings.audit_questions)


def lexical_index(settings: Settings, generation: Generation, *, writable: bool) -> TantivyIndex:
    """The index of a generation's passages by words."""
    return TantivyIndex(settings.home / generation.folder / "lexical", writable=writable)


class Reader:
    """What answers questions: the catalog, and the generation that `serving` gives for each of them."""

    def __init__(
        self, settings: Settings, catalog: Catalog, serving: Callable[[], Serving], elsewhere: Elsewhere = here
    ) -> None:
        self.catalog = catalog
        self._settings = settings
        self._serving = serving
        model = model_from(settings)  # one for the process: its connections and its breaker are shared
        self._model = Metered(model) if model else None
        self._reranker = reranker_from(settings, self._model)
        self.spans = Spans()
        self.retriever = Retriever(catalog, serving, self._reranker, spans=self.spans, elsewhere=elsewhere)
        self.suggester = Suggester(catalog, serving)
        self.gaps = gaps_of(settings, catalog)
        self.feedback = feedback_of(settings)
        self._drift = DriftWatch(catalog)
        self._terraform = Kept(catalog, lambda viewer: TerraformLookup(catalog, viewer))
        self._namesakes = Kept(catalog, lambda viewer: Namesakes(catalog.paths_for(viewer)))
        self.personas = Personas(settings.personas)

    @cached_property
    def runbooks(self) -> Runbooks:
        """Runbooks for alerts. Most commands need none, and need not read waypost.yaml for them."""
        return Runbooks(self.catalog, self.retriever, self._terraform, sites_from(self._settings))

    def warm_up(self) -> str:
        """Loads what the first question would wait for; in words, what can't be had, without which questions are answered."""
        try:
            if isinstance(self._reranker, CrossEncoderReranker):
                self._reranker.load()
        except SettingsError as error:
            return f"not reranked: {error}"
        return ""

    def terraform(self, viewer: Viewer) -> TerraformLookup:
        """Terraform as this viewer may see it; what was read of it is kept until the catalog changes."""
        return self._terraform.of(viewer)

    def drift(self, viewer: Viewer) -> list[Drift]:
        """Where documents disagree with code, with the days on which names went."""
        return self._drift.everything(viewer, departures_from(self._settings, self.catalog))

    def passages_of(self, document_id: str) -> list[Passage]:
        """A document's passages, in order."""
        return self.catalog.passages_of(document_id, self._serving().generation)

    def asker(self, persona: str = "", *, files: bool = False) -> Asker:
        """What answers in a persona's voice: one of a name, and with `files` one in a file too, which nobody from elsewhere may
        ask for. Raises: SettingsError."""
        own = self._settings.persona
        chosen = self.personas.chosen(persona or own) if files or not persona else self.personas.named(persona)
        return Asker(
            self.catalog, self.retriever, chosen, self._model, self._drift, self.terraform, without_secrets,
            budget_from(self._settings), self.spans, self._namesakes.of,
        )  # fmt: skip

    def watermarks(self) -> dict[str, int]:
        """By index, the last change of the catalog that it has applied, as far as this process can tell."""
        serving = self._serving()
        marks = {"lexical": serving.lexical.watermark(), "documents": serving.documents.watermark()}
        return {**marks, "vectors": serving.dense.watermark()} if isinstance(serving.dense, LocalDense) else marks

    def request(
        self, question: str, viewer: Viewer, filters: Filters, persona: str = ""
    ) -> tuple[dict[str, Any], bool]:
        """The request to Claude for a question, and whether it would be sent: it is not, and needs no key."""
        from rag.models.claude import AnthropicModel

        settings = self._settings
        prompt, verdict = self.asker(persona, files=True).prompt(question, viewer, filters)
        model = AnthropicModel("", settings.model, timeout=settings.model_timeout, effort=settings.effort)
        return model.request(prompt), verdict != "not_found"

    def conversation(self, face: str) -> Conversation:
        """What answers questions that follow up on earlier ones, which are kept; `face` is by what people ask."""
        return Conversation(threads_of(self._settings), self.catalog, face, self.gaps)


def chosen_sources(settings: Settings, names: Sequence[str]) -> list[SourceSpec]:
    """The sources that waypost.yaml names, or those of them. Raises: SettingsError."""
    return named_among(load_sources(settings.config, os.environ), names, settings.config)


def named_among(specs: Sequence[SourceSpec], names: Sequence[str], config: Path) -> list[SourceSpec]:
    """The sources of these names, all without names. Raises: SettingsError for one that is not there."""
    known = {spec.name: spec for spec in specs}
    for name in names:
        if name not in known:
            raise SettingsError(f"{config} has no source {name!r}; it has: {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names)] if names else list(specs)


def sites_from(settings: Settings) -> dict[str, Site]:
    """Where readers find what each source holds, by the names of waypost.yaml; nothing where that can't be read."""
    try:
        return {spec.name: _site(spec) for spec in load_sources(settings.config, os.environ)}
    except SettingsError:
        return {}


def _site(spec: SourceSpec) -> Site:
    """A repository's page by its address, or a wiki's or site's own address."""
    wiki = spec.type != "git" or is_wiki(spec.location, spec.web_url)
    own = web_url_of(spec.location) if spec.type == "git" else spec.location
    address = spec.web_url or (own if is_url(own) else "")
    if wiki and not spec.web_url:  # its API, or its map, stands beside what it holds
        address = re.sub(r"/[^/]*\.(?:php|xml)$", "/", address.partition("?")[0])
    return Site(address, spec.site_url, spec.ref, repository=not wiki)


@contextmanager
def open_reader(settings: Settings) -> Iterator[Reader]:
    """What answers questions, beside whatever else works on the data folder.

    Raises: SettingsError when nothing has been synced yet.
    """
    with ExitStack() as stack:
        catalog = Catalog(settings.catalog_url, read_only=True)
        stack.callback(catalog.close)
        yield Reader(settings, catalog, _Following(settings, catalog))


@contextmanager
def open_retriever(settings: Settings) -> Iterator[Retriever]:
    """What searches alone, without a reranker, beside whatever else works on the data folder. Raises: as `open_reader`."""
    catalog = Catalog(settings.catalog_url, read_only=True)
    with closing(catalog):
        yield Retriever(catalog, _Following(settings, catalog))


class _Following:
    """What serves now, for a process that does not own the data folder: opened anew when the catalog says that it changed, or
    when an owner came or went."""

    def __init__(self, settings: Settings, catalog: Catalog) -> None:
        self._settings = settings
        self._catalog = catalog
        self._key: tuple[int, str] | None = None
        self._serving: Serving | None = None

    def __call__(self) -> Serving:
        generation = self._catalog.serving()
        if generation is None:
            raise SettingsError("nothing has been synced yet; run `waypost sync` first")
        key = (generation.number, str(owner_of(self._settings.home).get("socket", "")))
        if self._serving is None or key != self._key:
            lexical = lexical_index(self._settings, generation, writable=False)
            documents = TantivyIndex(self._settings.home / "documents", writable=False, weights=DOCUMENTS)
            self._serving = Serving(generation, lexical, documents, self._dense(generation, key[1]))
            self._key = key
        return self._serving

    def _dense(self, generation: Generation, address: str) -> Dense:
        """Vector search from the data folder's owner where there is one, else over the vectors in the catalog."""
        if address:
            return RemoteDense(address, generation)
        embedder = embedder_of(self._settings, generation)
        return dense_over(generation, embedder, ExactVectors(self._catalog, generation))


def _synced_repositories(settings: Settings, catalog: Catalog) -> dict[str, tuple[GitSource, str]]:
    """The git sources by name, each with the commit up to which it was synced."""
    heads = {row.name: row.head for row in catalog.sources() if row.type == "git" and row.head}
    if not heads:
        return {}
    specs = [
        spec for spec in load_sources(settings.config, os.environ, "git") if spec.name in heads and not spec.refusal
    ]
    return {spec.name: (GitSource(spec, folder_of(spec, settings.home)), heads[spec.name]) for spec in specs}


def commit_subjects(settings: Settings, catalog: Catalog, limit: int) -> Iterator[tuple[str, str, Sequence[str]]]:
    """(source, subject, paths changed) of the last commits of every git source, as far as they were synced."""
    for name, (source, head) in _synced_repositories(settings, catalog).items():
        yield from ((name, subject, paths) for subject, paths in source.subjects(head, limit))


def departures_from(settings: Settings, catalog: Catalog) -> Went:
    """Tells when names and paths went from the git sources, as far as they were synced."""
    repositories = _synced_repositories(settings, catalog)

    def went(name: str, paths: Sequence[str], names: Sequence[str]) -> Mapping[str, str]:
        if name not in repositories:
            return {}
        source, head = repositories[name]
        return source.departures(head, paths, names)

    return went


def progress_event(step: Progress) -> dict[str, Any]:
    return {"progress": asdict(step)}
