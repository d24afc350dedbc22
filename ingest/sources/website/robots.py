"""What a site lets robots read: its /robots.txt. `ingest.sources.website` calls this.

Spec: RFC 9309. Python's `urllib.robotparser` is older: it takes the first rule that fits where the longest is meant, and
knows no `*` in paths.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

MOST = 512_000  # bytes that are read; the RFC asks for 500 kibibytes at least
_LINE = re.compile(r"\s*([A-Za-z-]+)\s*:\s*([^#]*)")


@dataclass(frozen=True)
class Rule:
    """`allow` or not, for the paths that begin with a pattern."""

    allow: bool
    pattern: str

    def fits(self, path: str) -> bool:
        parts = self.pattern.removesuffix("$").split("*")
        end = self.pattern.endswith("$")
        if not path.startswith(parts[0]):
            return False
        at = len(parts[0])
        for part in parts[1:-1]:
            found = path.find(part, at)
            if found < 0:
                return False
            at = found + len(part)
        if len(parts) == 1:
            return not end or at == len(path)
        return (path.endswith(parts[-1]) and len(path) - len(parts[-1]) >= at) if end else parts[-1] in path[at:]


@dataclass(frozen=True)
class Robots:
    """The rules of a site for one robot, and the sitemaps that it names."""

    rules: tuple[Rule, ...] = ()
    sitemaps: tuple[str, ...] = ()

    def admits(self, path: str) -> bool:
        """Whether a path (with its query, as in a URL) may be read: the longest rule that fits says so, the kinder of two."""
        path = _normal(path)
        fitting = [rule for rule in self.rules if rule.fits(path)]
        return max(fitting, key=lambda rule: (len(rule.pattern), rule.allow)).allow if fitting else True


def parse(data: bytes, robot: str) -> Robots:
    """The file's groups for `robot` (its name alone), or else those for all; what can't be understood is passed over."""
    groups: dict[str, list[Rule]] = {}
    sitemaps: list[str] = []
    agents: list[str] = []
    naming = False
    for line in data[:MOST].decode("utf-8-sig", "replace").splitlines():
        if not (match := _LINE.match(line)):
            continue
        key, value = match[1].lower(), match[2].strip()
        if key == "user-agent":
            agents = [*agents, value.lower()] if naming else [value.lower()]
            groups.setdefault(value.lower(), [])
        elif key in ("allow", "disallow") and value:
            for agent in agents:
                groups[agent].append(Rule(key == "allow", _normal(value)))
        elif key == "sitemap":
            sitemaps.append(match.string[match.start(2) :].strip())
        naming = key == "user-agent" or (naming and key not in ("allow", "disallow"))
    return Robots(tuple(groups.get(robot.lower(), groups.get("*", []))), tuple(sitemaps))


def _normal(path: str) -> str:
    """A path with the same characters quoted, whoever wrote it."""
    return quote(unquote_to_bytes(path.replace("%2F", "%252F").replace("%2f", "%252F")), safe="/*$?=&;:@!'()+,~%")
