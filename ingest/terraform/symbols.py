"""From a file's blocks to the symbols that it defines, each with its attributes, references and lines.

What is secret by declaration (a sensitive variable's default) or by name (a password set to a literal) leaves this module as
`["secret"]`. The parsers call `symbols`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

from ingest.redaction.names import names_secret
from ingest.terraform.json_syntax import read_json, read_json_values
from ingest.terraform.reading import Attribute, Block, File, read
from ingest.terraform.references import Reference
from rag.terraform.records import Expression, Symbol, SymbolAttribute, SymbolReference

_TWO_LABELS = ("resource", "data", "ephemeral")
_OF_STATE = frozenset(  # arguments of backends whose text may be a secret, or hold one
    "client_key client_private_key_pem conn_str credentials encryption_key http_auth secret_id sse_customer_key".split()
)
_MOST = 2000  # attributes of one symbol


def read_file(path: str, text: str) -> File:
    """The blocks of a file in either syntax."""
    lowered = path.lower()
    if lowered.endswith(".tfvars.json"):
        return read_json_values(text)
    return read_json(text) if lowered.endswith(".json") else read(text)


def symbols(path: str, file: File) -> tuple[Symbol, ...]:
    """What a file defines: blocks of .tf files by their kind, each local by itself, each value of a .tfvars file."""
    found: list[Symbol] = []
    for block in file.blocks:
        found.extend(_locals(block) if block.type == "locals" else [_symbol(block)])
    kind = "value" if PurePosixPath(path).name.endswith((".tfvars", ".tfvars.json")) else "other"
    found.extend(_assigned(attribute, kind) for attribute in file.attributes)
    return tuple(found)


def _symbol(block: Block) -> Symbol:
    kind, type_, name = _names(block)
    sensitive = kind == "variable" and _says(block, "sensitive")
    secret = _names_secret_of_state if kind == "terraform" or type_ == "remote_state" else names_secret
    attributes: list[SymbolAttribute] = []
    references: list[SymbolReference] = []
    for path, attribute in _flat(block, ""):
        named = name if kind == "variable" and path == "default" else attribute.name
        hidden = sensitive and path == "default"
        expression = ["secret"] if hidden else _told(named, attribute.expression, secret)
        attributes.append(SymbolAttribute(path, attribute.start, attribute.end, expression))
        references.extend(SymbolReference(target, path, r.line) for r in attribute.references if (target := _target(r)))
    sensitive = sensitive or (kind == "output" and _says(block, "sensitive"))
    return Symbol(
        _address(kind, type_, name, block), kind, type_, name, block.start, block.end, block.comment, _provider(block),
        sensitive, tuple(attributes[:_MOST]), tuple(dict.fromkeys(references)),
    )  # fmt: skip


def _provider(block: Block) -> str:
    """The provider that a resource or data source names (`aws.east`), or the one that its type begins with."""
    named = block.attribute("provider")
    if named and named.expression[0] == "ref":
        return ".".join(step for step in named.expression[1] if isinstance(step, str))
    return block.labels[0].partition("_")[0] if block.type in _TWO_LABELS and block.labels else ""


def _names(block: Block) -> tuple[str, str, str]:
    """Kind, type and name: of `resource "aws_vpc" "main"` resource, aws_vpc and main."""
    if block.type in _TWO_LABELS and len(block.labels) >= 2:
        return block.type, block.labels[0], block.labels[1]
    known = ("variable", "output", "module", "provider", "terraform", "moved", "import", "removed", "check")
    kind = block.type if block.type in known else "other"
    return kind, "" if kind != "other" else block.type, ".".join(block.labels)


def _address(kind: str, type_: str, name: str, block: Block) -> str:
    match kind:
        case "resource":
            return f"{type_}.{name}"
        case "data" | "ephemeral":
            return f"{kind}.{type_}.{name}"
        case "variable":
            return f"var.{name}"
        case "provider":
            alias = block.attribute("alias")
            told = f".{alias.expression[1]}" if alias and alias.expression[0] == "lit" else ""
            return f"provider.{name}{told}"
        case "output" | "module" | "check":
            return f"{kind}.{name}"
    return ".".join(filter(None, (block.type, name)))


def _locals(block: Block) -> Iterator[Symbol]:
    for attribute in block.attributes:
        yield _assigned(attribute, "local")


def _assigned(attribute: Attribute, kind: str) -> Symbol:
    """A local, a value for a variable, or an attribute at the top of a Terragrunt file."""
    prefix = {"local": "local.", "value": "var."}.get(kind, "")
    expression = _told(attribute.name, attribute.expression)
    return Symbol(
        prefix + attribute.name, kind, "", attribute.name, attribute.start, attribute.end,
        attributes=(SymbolAttribute("value", attribute.start, attribute.end, expression),),
        references=tuple(SymbolReference(t, "value", r.line) for r in attribute.references if (t := _target(r))),
    )  # fmt: skip


def _flat(block: Block, prefix: str) -> Iterator[tuple[str, Attribute]]:
    """Every attribute with its path through nested blocks; blocks of one type are numbered where there are several. One that is
    empty stands as an empty object: `backend "s3" {}` says something."""
    for attribute in block.attributes:
        yield prefix + attribute.name, attribute
    many = Counter(nested.type for nested in block.blocks)
    seen: Counter[str] = Counter()
    for nested in block.blocks:
        name = ".".join((nested.type, *nested.labels))
        index = f"[{seen[nested.type]}]" if many[nested.type] > 1 and not nested.labels else ""
        seen[nested.type] += 1
        if not nested.attributes and not nested.blocks:
            yield prefix + name + index, Attribute(name, nested.lead, nested.start, nested.end, ["obj", []])
        yield from _flat(nested, f"{prefix}{name}{index}.")


def _says(block: Block, name: str) -> bool:
    attribute = block.attribute(name)
    return attribute is not None and attribute.expression == ["lit", True]


def _names_secret_of_state(name: str) -> bool:
    return names_secret(name) or name.lower() in _OF_STATE


def _told(  # noqa: PLR0911  # one line a form
    name: str, expression: Expression, secret: Callable[[str], bool] = names_secret
) -> Expression:
    """The expression without what must not be told: a text set for a secret's name, also within an object. References and numbers
    are no secrets."""
    if secret(name) and _holds_text(expression):
        return ["secret"]
    match expression:
        case ["lit", str(text)] if "[REDACTED:" in text:
            return ["secret"]
        case ["obj", entries]:
            named = [(str(key[1]) if key[0] == "lit" else "", key, value, line) for key, value, line in entries]
            return ["obj", [[key, _told(key_name, value, secret), line] for key_name, key, value, line in named]]
        case ["list", items]:
            return ["list", [_told("", item, secret) for item in items]]
        case ["call", function, arguments, expands]:
            return ["call", function, [_told("", argument, secret) for argument in arguments], expands]
        case ["if", condition, yes, no]:
            return ["if", condition, _told("", yes, secret), _told("", no, secret)]
    return expression


def _holds_text(expression: Any) -> bool:
    """Whether some text stands in an expression as it is, not as a name."""
    match expression:
        case ["lit", value]:
            return isinstance(value, str) and value != ""
        case ["raw", _]:
            return True
        case ["ref", _] | ["get", _, _]:
            return False
        case ["obj", entries]:
            return any(_holds_text(value) for _, value, _ in entries)
        case list():
            return any(map(_holds_text, expression))
    return False


def _target(reference: Reference) -> str:
    """The address that a reference names: `var.region`, `module.vpc.subnets` (module and output), `data.aws_ami.x`,
    `aws_vpc.main`."""
    return ".".join(reference.steps[: 3 if reference.steps[0] in ("data", "module") else 2])
