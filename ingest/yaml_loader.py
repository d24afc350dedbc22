"""PyYAML's loader for what anyone may have written: it makes no objects, and in C its time does not grow with the square of what
nests. Everything here that reads YAML, or JSON with its marks, loads with it.
"""

from __future__ import annotations

from typing import Any

import yaml

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
