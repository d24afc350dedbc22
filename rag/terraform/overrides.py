"""Override files (`override.tf`, `*_override.tf`): what they say replaces what the block of the same address says elsewhere.

Rules: https://developer.hashicorp.com/terraform/language/files/override
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rag.catalog.symbols import StoredSymbol
from rag.terraform.records import SymbolAttribute

_OVERRIDE = re.compile(r"(^|/)(override|[^/]*_override)\.(tf|tofu)(\.json)?$")


def is_override(path: str) -> bool:
    """Whether a file's blocks are merged over those of the other files of its folder."""
    return bool(_OVERRIDE.search(path))


def merged(definitions: Iterable[StoredSymbol]) -> list[StoredSymbol]:
    """Definitions with those of override files merged into the ones that they override, in the order of these.

    An attribute that comes from an override file bears that file's path; a nested block replaces all of its type.
    """
    groups: dict[tuple[str, str, str, str], list[StoredSymbol]] = {}
    for found in definitions:
        groups.setdefault((found.source, found.folder, found.symbol.address, found.symbol.kind), []).append(found)
    out: list[StoredSymbol] = []
    for group in groups.values():
        bases = [one for one in group if not is_override(one.path)]
        overrides = sorted((one for one in group if is_override(one.path)), key=lambda one: one.path)
        if not overrides:
            out.extend(bases)
        elif bases:
            out.extend(_over(base, overrides) for base in bases)
        else:
            out.append(_over(overrides[0], overrides[1:]))
    return out


def _over(base: StoredSymbol, overrides: Sequence[StoredSymbol]) -> StoredSymbol:
    attributes = list(base.symbol.attributes)
    for override in overrides:
        theirs = [replace(attribute, file=override.path) for attribute in override.symbol.attributes]
        names = {_top(attribute) for attribute in theirs}
        attributes = [*(attribute for attribute in attributes if _top(attribute) not in names), *theirs]
    sensitive = base.symbol.sensitive or any(override.symbol.sensitive for override in overrides)
    return replace(base, symbol=replace(base.symbol, attributes=tuple(attributes), sensitive=sensitive))


def _top(attribute: SymbolAttribute) -> str:
    """The attribute's own name, or the type of the block in which it stands."""
    return re.split(r"[.\[]", attribute.path, maxsplit=1)[0]
