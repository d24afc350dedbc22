"""PyYAML's loader for what anyone may have written: it makes no objects, and in C its time does not grow with the square of what
nests. Everything here that reads YAML, or JSON with its marks, loads with it.
"""

from __future__ import annotations

from typing import Any

import yaml

_SAFE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_NUMBER = 100  # characters of a number: one by sixty (`1:1:1`) takes the square of its length


class Loader(_SAFE):  # type: ignore[misc]  # one of two
    """The safe loader, which takes long numbers for text."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if isinstance(node, yaml.ScalarNode) and len(node.value) > _MOST_NUMBER:
            return self.construct_scalar(node)
        return super().construct_object(node, deep)
