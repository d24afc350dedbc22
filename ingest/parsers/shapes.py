"""What YAML and JSON files are by their keys and paths, and what in them has a name of its own: rules, operations, panels, jobs.

A shape is a tree of keys: `"*"` stands for any key or list item, a `Unit` for what is named (and mostly stands alone), a plain
tree for a container on the way there, which gives no name. `ingest.parsers.yaml` cuts by it. New shapes go into
`_SHAPES`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import yaml as pyyaml

_NAMING_KEYS = ("alert", "record", "name", "id", "title", "job_name", "key")
_TEMPLATE = re.compile(r"\{\{.{0,200}?\}\}|\{%.{0,200}?%\}")
_MOST = 100  # characters of a summary or an address in a name

Namer = Callable[[Sequence[str], pyyaml.Node], tuple[str, ...]]
Tree = Mapping[str, Any]  # of Unit or Tree


@dataclass(frozen=True)
class Unit:
    """What has a name; `name` is given the keys down to it and its node. `inner`: what in it has names again."""

    name: Namer
    alone: bool = True
    inner: Tree = field(default_factory=dict)


@dataclass(frozen=True)
class Shape:
    """How a document is cut: its tree, what all its passages are named after, the title, whether it holds files as text."""

    tree: Tree = field(default_factory=dict)
    names: tuple[str, ...] = ()
    title: str = ""
    embeds: bool = False


def shape_of(path: str, node: pyyaml.Node) -> Shape:
    """The shape of a document; an empty one when it is of no known kind."""
    place = _Place(f"/{path.lower()}", PurePosixPath(path), child_keys(node), scalars(node), node)
    for known in _SHAPES:
        if shape := known(place):
            return shape
    return Shape(names=_names_by_path(place))


def scalars(node: pyyaml.Node | None) -> dict[str, str]:
    """The values of a mapping that are plain words or numbers, without what a template would put there."""
    if not isinstance(node, pyyaml.MappingNode):
        return {}
    return {
        key.value: _TEMPLATE.sub("", value.value).strip("- \n") if "{" in value.value else value.value
        for key, value in node.value
        if isinstance(key, pyyaml.ScalarNode) and isinstance(value, pyyaml.ScalarNode)
    }


def child(node: pyyaml.Node | None, *keys: str) -> pyyaml.Node | None:
    """The value under some keys, one in the other."""
    for wanted in keys:
        pairs = node.value if isinstance(node, pyyaml.MappingNode) else []
        node = next((v for k, v in pairs if isinstance(k, pyyaml.ScalarNode) and k.value == wanted), None)
    return node


def child_keys(node: pyyaml.Node | None) -> frozenset[str]:
    """The keys of a mapping."""
    pairs = node.value if isinstance(node, pyyaml.MappingNode) else []
    return frozenset(key.value for key, _ in pairs if isinstance(key, pyyaml.ScalarNode))


def usual_name(node: pyyaml.Node) -> str:
    """`alert QueueStuck` of a list's item that says what it is called, or nothing."""
    entries = scalars(node)
    return next((f"{key} {entries[key]}" for key in _NAMING_KEYS if entries.get(key)), "")


@dataclass(frozen=True)
class _Place:
    """What a shape is told by: the path in small letters after a slash, the path, the keys and values of the document's top."""

    lower: str
    path: PurePosixPath
    keys: frozenset[str]
    entries: Mapping[str, str]
    node: pyyaml.Node

    def calls_itself(self, *names: str) -> bool:
        return any(self.path.name.lower().startswith(name) for name in names)


def _named(what: str) -> Namer:
    """`job build` by the key or the item's own name, and its `name:` where that says more."""

    def name(trail: Sequence[str], node: pyyaml.Node) -> tuple[str, ...]:
        own, key = scalars(node).get("name", ""), trail[-1].removeprefix("name ").removeprefix("id ")
        return (f"{what} {key}: {own}" if own and own != key else f"{what} {key}",)

    return name


# -- Prometheus, Alertmanager, Grafana ----------------------------------------------------------------------------------


def _rule(trail: Sequence[str], node: pyyaml.Node) -> tuple[str, ...]:
    entries, labels, notes = scalars(node), scalars(child(node, "labels")), scalars(child(node, "annotations"))
    if not entries.get("alert"):
        return (f"record {entries.get('record', '')}".strip(),)
    severity = f" severity {labels['severity']}" if labels.get("severity") else ""
    runbook = next((notes[key] for key in ("runbook_url", "runbook") if notes.get(key)), "")
    return f"alert {entries['alert']}{severity}", f"runbook {runbook[:_MOST]}" if runbook else ""


_GROUPS: Tree = {
    "*": Unit(lambda trail, node: (f"group {scalars(node).get('name', '')}",), False, {"rules": {"*": Unit(_rule)}})
}
_RULES: Tree = {"groups": _GROUPS}


def _route(trail: Sequence[str], node: pyyaml.Node) -> tuple[str, ...]:
    entries, tests = scalars(node), child(node, "matchers") or child(node, "match") or child(node, "match_re")
    told = [f"{k}={v}" for k, v in scalars(tests).items()]
    if isinstance(tests, pyyaml.SequenceNode):
        told = [str(item.value) for item in tests.value if isinstance(item, pyyaml.ScalarNode)]
    to = f"route to {entries['receiver']}" if entries.get("receiver") else "route"
    return (f"{to} for {', '.join(told)[:_MOST]}" if told else to,)


def _receiver(trail: Sequence[str], node: pyyaml.Node) -> tuple[str, ...]:
    ways = sorted(key.removesuffix("_configs").removesuffix("Configs") for key in child_keys(node) if key != "name")
    return (f"receiver {scalars(node).get('name', '')}" + (f" ({', '.join(ways)})" if ways else ""),)


_INNER_ROUTES: dict[str, Any] = {}
_INNER_ROUTES["routes"] = {"*": Unit(_route, False, _INNER_ROUTES)}
_ROUTING: Tree = {
    "route": Unit(_route, True, _INNER_ROUTES),
    "receivers": {"*": Unit(_receiver)},
    "inhibit_rules": Unit(lambda trail, node: ("inhibit_rules",), False),
}


def _panel(trail: Sequence[str], node: pyyaml.Node) -> tuple[str, ...]:
    entries = scalars(node)
    kind = entries.get("type", "")
    return (f"{'row' if kind == 'row' else 'panel'} {entries.get('title', '')}".strip(), kind if kind != "row" else "")


def _query(trail: Sequence[str], node: pyyaml.Node) -> tuple[str, ...]:
    return (f"query {scalars(node).get('legendFormat', '')}".strip(),)


_PANELS: dict[str, Any] = {}
_PANELS["panels"] = {"*": Unit(_panel, True, {"targets": {"*": Unit(_query, False)}})}
_PANELS["panels"]["*"].inner["panels"] = _PANELS["panels"]
_DASHBOARD: Tree = {**_PANELS, "rows": {"*": Unit(_panel, False, _PANELS)}}


def _monitoring(place: _Place) -> Shape | None:
    keys = place.keys
    if "groups" in keys and _any_item_has(child(place.node, "groups"), "rules"):
        return Shape(_RULES)
    if "route" in keys and "receivers" in keys:
        return Shape(_ROUTING, ("Alertmanager configuration",))
    if "scrape_configs" in keys:
        return Shape({"scrape_configs": {"*": Unit(_job_name)}}, ("Prometheus configuration",))
    top = child(place.node, "dashboard") if "dashboard" in keys else place.node
    inside = child_keys(top)
    if ("panels" in inside or "rows" in inside) and inside & {"schemaVersion", "templating", "timezone", "editable"}:
        title = scalars(top).get("title", "")
        return Shape(
            _DASHBOARD if top is place.node else {"dashboard": _DASHBOARD}, (f"dashboard {title}".strip(),), title
        )
    return None


def _job_name(trail: Sequence[str], node: pyyaml.Node) -> tuple[str, ...]:
    return (f"scrape job {scalars(node).get('job_name', '')}",)


def _any_item_has(node: pyyaml.Node | None, key: str) -> bool:
    return isinstance(node, pyyaml.SequenceNode) and any(key in child_keys(item) for item in node.value)


# -- OpenAPI ------------------------------------------------------------------------------------------------------------

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


def _operation(trail: Sequence[str], node: pyyaml.Node) -> tuple[str, ...]:
    entries = scalars(node)
    own = entries.get("operationId", "")
    summary = (entries.get("summary") or entries.get("description", "")).split("\n")[0][:_MOST]
    return (f"{trail[-1].upper()} {trail[-2]} {own}".strip() + (f": {summary}" if summary else ""),)


_PATHS: Tree = {"*": {method: Unit(_operation) for method in _METHODS}}
_SCHEMAS: Tree = {"*": Unit(_named("schema"))}
_API: Tree = {
    "paths": _PATHS,
    "webhooks": _PATHS,
    "definitions": _SCHEMAS,
    "components": {
        "schemas": _SCHEMAS,
        **{
            part: {"*": Unit(_named(part.removesuffix("s") if part != "responses" else "response"), False)}
            for part in ("responses", "parameters", "examples", "requestBodies", "headers", "securitySchemes", "links")
        },
    },
}  # fmt: skip


def _api(place: _Place) -> Shape | None:
    if not place.keys & {"openapi", "swagger", "asyncapi"}:
        return None
    return Shape(_API, (), scalars(child(place.node, "info")).get("title", ""))


# -- Kubernetes, Helm ---------------------------------------------------------------------------------------------------


def _object(node: pyyaml.Node) -> str:
    entries, metadata = scalars(node), scalars(child(node, "metadata"))
    name = "/".join(filter(None, (metadata.get("namespace"), metadata.get("name") or metadata.get("generateName"))))
    return f"{entries.get('kind', '')} {name}".strip()


_HOLDERS = frozenset({"ConfigMap", "Secret", "GrafanaDashboard"})  # objects that hold files as text


def _manifest(place: _Place) -> Shape | None:
    if place.calls_itself("kustomization."):
        return Shape(names=(f"Kustomization {place.path.parent.name}".strip(),))
    kind = place.entries.get("kind", "")
    if not kind or not place.keys & {"apiVersion", "metadata"}:
        return None
    names = (_object(place.node),)
    if kind == "PrometheusRule":
        return Shape({"spec": _RULES}, names)
    if kind == "AlertmanagerConfig":
        return Shape({"spec": _ROUTING}, names)
    if kind.endswith("List") and "items" in place.keys:
        kinds = {"PrometheusRule": {"spec": _RULES}}
        items = child(place.node, "items")
        held = (
            {scalars(item).get("kind", "") for item in items.value} if isinstance(items, pyyaml.SequenceNode) else set()
        )
        inner = kinds.get(next(iter(held)), {}) if len(held) == 1 else {}
        return Shape({"items": {"*": Unit(lambda trail, node: (_object(node),), True, inner)}}, embeds=held <= _HOLDERS)
    return Shape(names=names, embeds=kind in _HOLDERS)


def _chart(place: _Place) -> Shape | None:
    if place.path.name == "Chart.yaml" and place.entries.get("name"):
        name = place.entries["name"]
        return Shape({}, (f"Helm chart {name}",), name)
    if re.match(r"values[\w.-]*\.ya?ml", place.path.name.lower()):
        folder = place.path.parent.name
        return Shape({}, (f"Helm values {folder}".strip(),))
    return None


# -- pipelines and services ---------------------------------------------------------------------------------------------

_JOBS: Tree = {"*": Unit(_named("job"))}
_STAGES: Tree = {
    "*": Unit(
        lambda t, node: (_azure("stage", node),), True, {"jobs": {"*": Unit(lambda t, node: (_azure("job", node),))}}
    )
}
_GITLAB = {
    **{key: {} for key in ("image", "cache", "before_script", "after_script", "services", "pages", "spec")},
    **{
        key: Unit(lambda trail, node: (trail[-1],), False)
        for key in ("stages", "variables", "include", "workflow", "default")
    },
}


def _azure(what: str, node: pyyaml.Node) -> str:
    entries = scalars(node)
    name = entries.get(what) or entries.get("deployment") or entries.get("template", "")
    shown = entries.get("displayName", "")
    return f"{what} {name}: {shown}" if name and shown else f"{what} {name or shown}".strip()


def _pipeline_by_path(place: _Place) -> Shape | None:
    name, keys = place.entries.get("name", ""), place.keys
    if "/.github/workflows/" in place.lower or ("jobs" in keys and keys & {"on", "true"}):
        return Shape({"jobs": _JOBS}, (f"workflow {name}",) if name else ())
    if place.lower.endswith(("gitlab-ci.yml", "gitlab-ci.yaml")) or "/.gitlab-ci/" in place.lower:
        return Shape({**_GITLAB, "*": Unit(_named("job"))})
    if "/.circleci/" in place.lower:
        return Shape(
            {"jobs": _JOBS, "workflows": {"*": Unit(_named("workflow"))}, "commands": {"*": Unit(_named("command"))}}
        )
    return None


def _pipeline_by_keys(place: _Place) -> Shape | None:
    name, keys = place.entries.get("name", ""), place.keys
    titled = (name,) if name else ()
    if "jobs" in keys and _any_item_has(child(place.node, "jobs"), "plan"):
        return Shape({"jobs": _JOBS, "resources": {"*": Unit(_named("resource"), False)}}, titled)
    if place.calls_itself("azure-pipelines") or (
        keys & {"stages", "steps", "jobs"} and keys & {"trigger", "pool", "parameters"}
    ):
        return Shape({"stages": _STAGES, "jobs": {"*": Unit(lambda t, node: (_azure("job", node),))}}, titled)
    return None


def _services(place: _Place) -> Shape | None:
    keys = place.keys
    if "services" in keys and (place.calls_itself("docker-compose", "compose") or not keys - _COMPOSE):
        kinds = {part: {"*": Unit(_named(part[:-1]), False)} for part in ("volumes", "networks", "secrets", "configs")}
        return Shape({"services": {"*": Unit(_named("service"))}, **kinds})
    if "AWSTemplateFormatVersion" in keys:
        return Shape({"Resources": {"*": Unit(_resource)}, "Parameters": {"*": Unit(_named("parameter"), False)}})
    return None


_COMPOSE = frozenset({"services", "version", "volumes", "networks", "secrets", "configs", "name", "include"})


def _resource(trail: Sequence[str], node: pyyaml.Node) -> tuple[str, ...]:
    return (f"{scalars(node).get('Type', 'resource')} {trail[-1]}",)


# -- Ansible ------------------------------------------------------------------------------------------------------------

_ROLE = re.compile(r"/roles/([^/]+)/(tasks|handlers|defaults|vars|meta)/")
_VARIABLES = re.compile(r"/(group_vars|host_vars)/([^/]+?)(?:\.ya?ml)?(?:/|$)")
_TASK_LISTS = ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always")


def _task(trail: Sequence[str], node: pyyaml.Node) -> tuple[str, ...]:
    entries = scalars(node)
    if entries.get("name"):
        return (f"task {entries['name']}",)
    return tuple(f"task {key} {value}".strip()[:_MOST] for key, value in list(entries.items())[:1])


def _play(trail: Sequence[str], node: pyyaml.Node) -> tuple[str, ...]:
    entries = scalars(node)
    hosts = f" on {entries['hosts']}" if entries.get("hosts") else ""
    name = entries.get("name") or entries.get("import_playbook") or entries.get("include", "")
    return (f"play {name}{hosts}",)


_TASKS: dict[str, Any] = {}
_TASKS.update({key: {"*": Unit(_task, False, _TASKS)} for key in _TASK_LISTS})


def _ansible(place: _Place) -> Shape | None:
    role = _ROLE.search(f"/{place.path}")
    names = (f"role {role[1]} {role[2]}",) if role else ()
    if variables := _VARIABLES.search(f"/{place.path}"):
        return Shape(names=(f"{variables[1]} {variables[2]}",))
    if isinstance(place.node, pyyaml.SequenceNode):
        if any(child_keys(item) & {"hosts", "import_playbook"} for item in place.node.value):
            return Shape({"*": Unit(_play, True, _TASKS)})
        if role or re.search(r"/(tasks|handlers)/", place.lower):
            return Shape({"*": Unit(_task, False, _TASKS)}, names)
    return Shape(names=names) if names else None


def _names_by_path(place: _Place) -> tuple[str, ...]:
    """`PrometheusRule queues` for what calls itself a kind; nothing for other documents."""
    kind = _object(place.node)
    return (kind,) if kind else ()


_SHAPES: tuple[Callable[[_Place], Shape | None], ...] = (
    _manifest, _api, _monitoring, _chart, _ansible, _pipeline_by_path, _pipeline_by_keys, _services,
)  # fmt: skip
