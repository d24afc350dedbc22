"""How a name and its value are written: the parts that `assignments` and `calls` make their patterns of."""

from __future__ import annotations

from ingest.redaction.marks import compiled
from ingest.redaction.names import SECRET_NAME

QUOTED = (
    r"[a-zA-Z@$]{0,2}(?:\"\"\"(?P<long>[^\"\n]{3,})\"\"\"|'''(?P<longer>[^'\n]{3,})'''|\\\"(?P<escaped>[^\"\\\n]{3,})\\\"|"
    r"\"(?P<double>(?:\\.|[^\"\\\n]){3,})\"|'(?P<single>(?:\\'|[^'\n]){3,})'|`(?P<tick>[^`\n]{3,})`)"
)
BARE = r"[^\s'\"`,;{}()<>\[\]\\]"
VALUE = rf"(?:{QUOTED}|(?P<bare>{BARE}{{6,}}))"
# Functions that give back what they are given, or what it comes out as.
WRAPPED = r"(?:optional\(\s*\w+\s*,\s*|(?:(?:non)?sensitive|base64\w*|b64enc|tostring|trimspace|chomp|quote|md5|sha\d+|bcrypt|SecretStr|Secret|str|bytes|String|new \w+)?\(\s*)?"
NAMED = rf"(?i)(?P<name>{SECRET_NAME})"
_GROUPS = ("long", "longer", "escaped", "double", "single", "tick", "bare")


class Form:
    """A way to write a name and its value. `strict`: what stands in quotes may be something else as well. `people`: it is a
    password's, though no name says so."""

    def __init__(self, pattern: str, *, strict: bool = False, people: bool = False) -> None:
        self.pattern = compiled(pattern)
        self.strict = strict
        self.people = people
        index = self.pattern.groupindex
        self.groups = [(name, index[name]) for name in _GROUPS if name in index]
        self.name = index.get("name", 0)
