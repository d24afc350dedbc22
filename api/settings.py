"""What the user sets: `Settings` from the environment (WAYPOST_…), and `waypost.yaml` for sources. Read once, by
`api.compose`, and passed down as plain values.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.schedule import next_sync
from ingest.git import is_url
from ingest.sources import Credentials, Options, SourceSpec, SourceType
from ingest.sources.registry import names, source_type
from rag.errors import SettingsError, UnsetVariableError
from rag.records import KINDS

CONFIG_NAME = "waypost.yaml"
_KEYS = {
    "name", "type", "path", "url", "include", "exclude", "kind", "owner", "audience", "ref", "web_url", "site_url",
    "schedule", "credentials",
}  # fmt: skip
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}")


class Settings(BaseSettings):
    """One place for every setting; each can be given as an environment variable WAYPOST_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="WAYPOST_", env_ignore_empty=True, extra="ignore")

    home: Path = Field(default_factory=lambda: default_home(), description="the folder that holds catalog and indexes")
    models: Path | None = Field(
        default=None, description="where the built-in model is kept; `models` in the home if unset"
    )
    config: Path = Field(default=Path(CONFIG_NAME), description="the file that names the sources")
    database_url: str = Field(
        default="", description="the catalog's SQLAlchemy URL; SQLite in the home folder if unset"
    )
    embedder: str = Field(
        default="all-MiniLM-L6-v2", description="a sentence-transformers model, or `hashing` for tests"
    )
    reranker: str = Field(
        default="", description="orders the first results anew: a sentence-transformers cross-encoder, or `model`"
    )
    groups: str = Field(default="", description="the groups of whoever asks on this machine, separated by commas")
    persona: str = Field(default="senior-devops-engineer", description="a built-in persona, or the path of a .md file")
    personas: Path | None = Field(default=None, description="a folder of your own personas, named by their files")
    keep_threads_days: int = Field(
        default=30, ge=0, le=3650, description="how long a thread of questions can be followed up; 0: none is kept"
    )
    model: str = Field(default="claude-sonnet-5-5", description="the Claude model, or the model at `model_url`")
    model_url: str = Field(
        default="", repr=False, description="an OpenAI-compatible server, such as http://127.0.0.1:11434/v1"
    )
    model_key: str = Field(default="", repr=False, description="the key that this server asks for, where it does")
    llama_index_llm: str = Field(default="", description="an LLM class of llama-index, as package.module:Class")
    llama_index_options: str = Field(
        default="", repr=False, description="what the class is made with, in JSON; secrets as ${VARIABLE}"
    )
    effort: Literal["", "low", "medium", "high"] = Field(
        default="", description="how much Claude thinks: low, medium, high; its own default if unset"
    )
    model_timeout: float = Field(
        default=30.0, gt=0, le=600, description="seconds for one answer, with all lookups and repetitions"
    )
    max_tokens: int = Field(default=3000, ge=200, le=32000, description="tokens of one reply, its thinking included")
    evidence_tokens: int = Field(default=4000, ge=500, le=100_000, description="tokens of documents in one question")
    lookups: int = Field(default=2, ge=0, le=8, description="how often Claude may look further in one answer; 0: never")
    cost_limit: int = Field(
        default=100_000,
        ge=0,
        description="what one answer may cost, in tokens of input (one of output: 5); 0: anything",
    )
    anthropic_api_key: str = Field(default="", validation_alias="ANTHROPIC_API_KEY", repr=False)
    anthropic_base_url: str = Field(default="", validation_alias="ANTHROPIC_BASE_URL")
    webhook_secret: str = Field(default="", repr=False, description="what git hosts sign their push webhooks with")
    keep_versions_days: int = Field(
        default=90,
        ge=0,
        le=36500,
        description="how long what a document said before is kept for old citations; 0: not at all",
    )
    audit: Literal["on", "required", "off"] = Field(
        default="on", description="who was shown what is recorded; `required`: or the request is refused"
    )
    audit_days: int = Field(default=365, ge=1, le=36500, description="how long the audit is kept")
    audit_questions: Literal["text", "hashed", "off"] = Field(
        default="text", description="how the audit keeps questions: redacted, as a hash, or not at all"
    )
    log: Literal["text", "json"] = Field(default="text", description="how `waypost serve` logs on stderr")
    log_questions: bool = Field(default=False, description="whether questions stand in the log, redacted")
    traces_url: str = Field(
        default="", description="where traces go by OTLP over HTTP, as http://127.0.0.1:4318/v1/traces"
    )
    traces_content: bool = Field(default=False, description="whether traces hold questions and answers, redacted")
    allowed_hosts: str = Field(default="", description="further names that HTTP requests may call this host by")
    anonymous: Literal["off", "loopback", "everyone"] = Field(
        default="loopback", description="who may ask by HTTP without saying who they are: off, loopback, everyone"
    )
    search_processes: int | None = Field(
        default=None, ge=0, le=32,
        description="processes of `serve` that search when several ask at once; unset: one for each of several cores, at most 3",
    )  # fmt: skip
    requests_per_minute: int = Field(
        default=3000,
        ge=0,
        description="requests of one caller in a minute, where its key says nothing else; 0: any number",
    )
    tokens_per_day: int = Field(
        default=0,
        ge=0,
        description="the model's tokens of one caller in a day, where its key says nothing else; 0: any number",
    )
    session_hours: float = Field(default=12, gt=0, le=720, description="how long one is signed in to the web page")
    oidc_issuer: str = Field(default="", description="the OpenID Connect issuer whose tokens are taken, by its URL")
    oidc_audience: str = Field(default="", description="whom tokens must be for: the `aud` of Waypost at the issuer")
    oidc_jwks_url: str = Field(default="", description="where the issuer's keys are; found from the issuer if unset")
    oidc_algorithms: str = Field(default="RS256,ES256", description="how tokens may be signed: asymmetric ones only")
    oidc_groups_claim: str = Field(
        default="groups", description="the claim that holds groups; a.b for one within another"
    )
    oidc_groups: str = Field(
        default="",
        description="their-group=audience, separated by commas: only these count; if unset, groups are audiences",
    )
    oidc_scopes: str = Field(default="read,ask,write", description="what users with such a token may do")
    trusted_proxies: str = Field(
        default="", description="addresses and networks of proxies that check users and name them in headers"
    )
    proxy_user_header: str = Field(
        default="X-Forwarded-User", description="the header in which such a proxy names the user"
    )
    proxy_groups_header: str = Field(
        default="X-Forwarded-Groups", description="and the user's groups, separated by commas"
    )
    proxy_scopes: str = Field(default="read,ask,write", description="what users whom such a proxy names may do")

    slack_signing_secret: str = Field(default="", repr=False, description="what Slack signs its requests with")
    slack_token: str = Field(default="", repr=False, description="the Slack app's bot token (xoxb-…)")
    slack_users: Path | None = Field(
        default=None, description="a YAML file: Slack user ids or e-mail addresses to lists of groups"
    )
    slack_api_url: str = Field(default="https://slack.com/api/", description="Slack's Web API, where it is another")
    notice_url: str = Field(
        default="", repr=False, description="where the runbook of each alert that comes in is posted"
    )
    notice_secret: str = Field(default="", repr=False, description="what notices are signed with")
    notice_slack_channel: str = Field(default="", description="the Slack channel that is told of them, by its id")

    @property
    def catalog_url(self) -> str:
        return self.database_url or f"sqlite:///{self.home.absolute() / 'catalog.db'}"

    @property
    def trouble(self) -> str:
        """What is wrong with the file of sources, in words, or "": where what was synced before can answer, it does beside this.

        A ${VARIABLE} that isn't set here is nothing wrong with the file: it is set where sources are synced.
        """
        if self.config_is_missing:
            return f"there is no {self.config}, which --config or WAYPOST_CONFIG names"
        if not os.path.lexists(self.config):
            return ""
        try:
            load_sources(self.config, os.environ)
        except UnsetVariableError:
            return ""
        except SettingsError as error:
            return str(error)
        return ""

    @property
    def config_is_missing(self) -> bool:
        """Whether somebody names a file of sources that isn't there."""
        return "config" in self.model_fields_set and not self.config.is_file()


def parts_of(given: str) -> tuple[str, ...]:
    """The parts of a list as variables, options and headers have it: separated by commas (or lines), none empty or twice."""
    return tuple(dict.fromkeys(part.strip() for part in re.split(r"[,\n]", given) if part.strip()))


def default_home() -> Path:
    """`$XDG_DATA_HOME/waypost`, or ~/.local/share/waypost."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "waypost"


def load_sources(config: Path, environment: Mapping[str, str], only: str = "") -> list[SourceSpec]:
    """The sources that a waypost.yaml names, or those of one type; relative paths are relative to the file.

    Raises: SettingsError, saying which entry is wrong and what to do.
    """
    try:
        text = config.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SettingsError(
            f"there is no {config}; run `waypost init PATH…` to write one, or use --config FILE"
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{config} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise SettingsError(f"{config} can't be read: {error}") from error
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)  # without the lines that it quotes, which may hold a secret
        where = f", line {mark.line + 1}" if mark else ""
        raise SettingsError(f"{config} is not valid YAML{where}: {getattr(error, 'problem', None) or error}") from error
    entries = loaded.get("sources") if isinstance(loaded, dict) else None
    for key in loaded if isinstance(loaded, dict) else ():
        if key != "sources":
            raise SettingsError(f"{config} has an unknown key {key!r} beside `sources:`")
    if not isinstance(entries, list) or not entries:
        raise SettingsError(
            f"{config} must have `sources:` with a list of at least one source; see `waypost init --help`"
        )
    chosen = [
        (number, entry) for number, entry in enumerate(entries, 1)
        if not only or (isinstance(entry, dict) and entry.get("type") == only)
    ]  # fmt: skip
    specs: list[SourceSpec] = []
    wrong: list[SettingsError] = []
    for number, entry in chosen:
        try:
            specs.append(_source(entry, number, config, environment))
        except SettingsError as error:
            wrong.append(error)
    if wrong:
        unset = all(isinstance(error, UnsetVariableError) for error in wrong)
        raise (UnsetVariableError if unset else SettingsError)("\n".join(map(str, wrong)))
    given = [spec.name for spec in specs]
    for name in given:
        if given.count(name) > 1:
            raise SettingsError(f"{config}: two sources are named {name!r}; names must differ")
    return specs


def _source(entry: Any, number: int, config: Path, environment: Mapping[str, str]) -> SourceSpec:
    if not isinstance(entry, dict):
        raise SettingsError(f"{config}: source {number} must be a mapping with name, type and path or url")
    name = entry.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SettingsError(f"{config}: source {number} needs a name of letters, digits, '.', '_' and '-'")
    where = f"{config}: source {name!r}"
    kind = entry.get("type")
    try:
        found = source_type(str(kind))
    except SettingsError as error:
        raise SettingsError(f"{where} has type {kind!r}: {error}") from error
    keys = _KEYS | set(found.options.model_fields)
    for key in entry:
        if key not in keys:
            near = difflib.get_close_matches(str(key), keys, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise SettingsError(f"{where} has an unknown key {key!r}{hint}")
    location, refusal = _location(entry, found, where, config.parent)
    spec = SourceSpec(
        name=name,
        type=str(kind),
        location=location,
        refusal=refusal,
        options=_options(entry, found.options, where, environment),
        include=_strings(entry, "include", where),
        exclude=_strings(entry, "exclude", where),
        audience=_audience(entry, where),
        credentials=replace(
            _credentials(entry.get("credentials"), where, environment),
            others=tuple(_variables([entry.get(key) for key in found.options.model_fields], environment)),
        ),
        **{key: _string(entry, key, where) for key in ("owner", "ref", "web_url", "site_url", "schedule")},
        kind=_string(entry, "kind", where) or "auto",
    )
    if spec.kind not in ("auto", *KINDS):
        raise SettingsError(f"{where} has kind {spec.kind!r}; there are: auto, {', '.join(KINDS)}")
    spec.selects()
    try:
        next_sync(spec.schedule, datetime.now(UTC))
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from None
    return spec


def _location(entry: Mapping[str, Any], found: SourceType, where: str, base: Path) -> tuple[str, str]:
    """Where an entry's source is; or "" and why that may not be read, which costs this source alone."""
    given = [_string(entry, key, where) for key in ("path", "url") if entry.get(key)]
    if not found.locations and given:
        raise SettingsError(f"{where}: sources of this type have neither `path` nor `url`")
    if not found.locations:
        return "", ""
    if len(given) != 1:
        keys = " and ".join(f"`{key}`" for key in found.locations)
        raise SettingsError(f"{where} needs {'one of ' if len(found.locations) > 1 else ''}{keys}")
    location = given[0]
    if is_url(location):
        if "url" not in found.locations:
            hint = "; for a repository use type: git" if entry["type"] == "folder" else ""
            raise SettingsError(f"{where}: a {entry['type']} has a path, not a URL{hint}")
        if _PASSWORD.match(location):
            raise SettingsError(
                f"{where}: take the password out of the url and put it under `credentials: token: ${{VARIABLE}}`"
            )
        if not re.match(r"(https?|ssh)://|[\w.-]+@[\w.-]+:", location):
            return "", f"{where}: only https, http and ssh URLs can be read; correct its `url`"
        return location, ""
    if re.match(r"-|\w[\w+.-]*::", location):
        return "", f"{where}: its location is neither a path nor the URL of a repository; correct its `url`"
    if "path" not in found.locations:
        raise SettingsError(f"{where}: `url` must be the address of a site, such as https://wiki.example.org")
    return str((base / Path(location).expanduser()).absolute()), ""


def _options(entry: Mapping[str, Any], options: type[Options], where: str, environment: Mapping[str, str]) -> Options:
    """What an entry says under the keys of its type, its ${VARIABLE}s filled in."""
    given = {key: _filled(entry[key], f"{where}: `{key}`", environment) for key in options.model_fields if key in entry}
    try:
        return options(**given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        at = ".".join(map(str, first["loc"])) or ", ".join(options.model_fields)
        raise SettingsError(f"{where}: `{at}`: {first['msg'].removeprefix('Value error, ')}") from None


def _filled(value: Any, where: str, environment: Mapping[str, str]) -> Any:
    """A value with each ${VARIABLE} in its texts replaced. Raises: SettingsError for one that is not set."""
    if isinstance(value, dict):
        return {key: _filled(inner, where, environment) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, where, environment) for inner in value]
    if not isinstance(value, str):
        return value
    for variable in _VARIABLE.findall(value):
        if not environment.get(variable):
            raise UnsetVariableError(f"{where}: the environment variable {variable} is not set")
    return _VARIABLE.sub(lambda match: environment[match[1]], value)


def _variables(value: Any, environment: Mapping[str, str]) -> Iterator[str]:
    """What the environment holds for each ${VARIABLE} in a value."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _variables(inner, environment)
    elif isinstance(value, str):
        yield from (environment[variable] for variable in _VARIABLE.findall(value))


def _string(entry: Mapping[str, Any], key: str, where: str) -> str:
    value = entry.get(key, "")
    if not isinstance(value, str | int | float):
        raise SettingsError(f"{where}: `{key}` must be a text")
    return str(value)


def _strings(entry: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = entry.get(key) or []
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise SettingsError(f"{where}: `{key}` must be a list of texts")
    return tuple(value)


def _audience(entry: Mapping[str, Any], where: str) -> tuple[str, ...]:
    groups = _strings(entry, "audience", where)
    if "audience" in entry and not groups:
        raise SettingsError(f"{where}: `audience` is empty; name the groups, or leave it out to let everyone read")
    return groups


def _credentials(given: Any, where: str, environment: Mapping[str, str]) -> Credentials:
    if given is None:
        return Credentials()
    if not isinstance(given, dict) or not set(given) <= {"token", "username", "ssh_key"}:
        raise SettingsError(f"{where}: `credentials` takes token, username and ssh_key")
    values = {}
    for key, value in given.items():
        text = str(value)
        if key == "token" and not _VARIABLE.search(text):
            raise SettingsError(
                f"{where}: write the token as ${{VARIABLE}} and set that in the environment, not in the file"
            )
        values[key] = _filled(text, where, environment)
    return Credentials(**values)


def llama_index_options(settings: Settings, environment: Mapping[str, str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The options of the LLM class, their ${VARIABLE}s filled in, and what these hold. Raises: SettingsError."""
    where = "WAYPOST_LLAMA_INDEX_OPTIONS"
    try:
        given = json.loads(settings.llama_index_options or "{}")
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise SettingsError(f"{where} must be a JSON object, such as " + """'{"model": "llama3.1"}'""")
    return _filled(given, where, environment), tuple(_variables(given, environment))


def first_config(paths: Sequence[str]) -> str:
    """The text of a first waypost.yaml for these paths and URLs. Raises: SettingsError for a path that is not there."""
    entries: list[dict[str, str]] = []
    for given in paths:
        path = Path(given).expanduser()
        if _PASSWORD.match(given):
            raise SettingsError(
                "a URL with a password is not written into a file; give it without one, and put the password under"
                " `credentials: {token: ${VARIABLE}}` in waypost.yaml; it is in the shell's history now: remove it there"
            )
        if is_url(given):
            entry = {"type": _type_of(given), "url": given}
        elif path.is_dir():
            entry = {"type": "git" if _is_repository(path) else "folder", "path": str(path.absolute())}
        elif _EXPORT.search(given) and path.is_file() and "notion" in names():
            entry = {"type": "notion", "path": str(path.absolute())}
        else:
            raise SettingsError(f"there is no folder {given}")
        entries.append({"name": _free_name(given, [e["name"] for e in entries]), **entry})
    return _HEADER % ", ".join(names()) + yaml.safe_dump({"sources": entries}, sort_keys=False, allow_unicode=True)


def _type_of(url: str) -> str:
    """The type of source at a URL, as far as that alone tells it; a git repository otherwise."""
    found = next((type_ for pattern, type_ in _TYPES_OF_URLS if re.search(pattern, url, re.I)), "git")
    return found if found in names() else "git"


def _is_repository(path: Path) -> bool:
    return (path / ".git").exists() or ((path / "HEAD").is_file() and (path / "objects").is_dir())


def _free_name(given: str, taken: Sequence[str]) -> str:
    stem = re.sub(r"(\.git)?/*$", "", given).replace("\\", "/").split("/")[-1].split(":")[-1]
    if stem in ("", ".", ".."):
        stem = Path(given).absolute().name
    name = re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "source"
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free


_PASSWORD = re.compile(r"\w+://[^/@]*:[^/@]*@")
_TYPES_OF_URLS = (
    (r"\.git/?$", "git"),
    (r"^https?://[^/]+\.atlassian\.net(?::\d+)?(?:/|$)", "confluence"),
    (r"^https?://[^?#]*/(?:doku|lib/exe/xmlrpc)\.php\b", "dokuwiki"),
    (r"^https?://[^?#]*/(?:api|index)\.php\b", "mediawiki"),
    (r"^https?://[^?#]*/sitemap[^/?#]*\.xml$", "website"),
)
_EXPORT = re.compile(r"(?:^|[/_])Export-[0-9a-f-]{8,}[^/]*\.zip$", re.I)  # what Notion calls an export of a workspace
_HEADER = """\
# Waypost's sources. Each needs a name and a type (%s), most a path or a url.
# docs/sources.md says what each type takes beside these optional keys:
#   include, exclude   lists of globs in .gitignore's syntax
#   kind               auto (by path and content), page, runbook, terraform, decision, incident, config, code
#   owner              who to ask about these documents
#   audience           list of groups that may read them; without it, everyone
#   ref                branch, tag or commit of a git repository; without it, its default branch
#   web_url            the repository's page, for links, when it can't be told from the url
#   site_url           where the rendered pages stand
#   credentials        token: ${VARIABLE} (and username:), or ssh_key: path
#   schedule           when `waypost serve` syncs it: 15m, 2h, 1d, five cron fields, or never; without it, every hour
"""
