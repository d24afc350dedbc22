"""Texts that would make a careless detector take time with the square of their length; each was such a text once, or could be."""

from __future__ import annotations

import json
import time

from ingest.redaction import redact

UNITS = {
    "a.yaml assignments on one line": "password=a1b2c3d4 ",
    "a.yaml cells on one line": "|token|a1b2c3d4e|",
    "a.yaml options on one line": "mysql -pabc1 --token x1y2z3a4 ",
    "a.yaml key without an end": "-----BEGIN PRIVATE KEY-----\nAAAA\n",
    "a.yaml Secrets": "kind: Secret\ndata:\n",
    "a.yaml names over names": "- name: password\n  value: a1b2c3d4e\n",
    "a.tf open strings": 'password = "${',
    "a.tf strings on one line": 'password = "a" "b" ',
    "a.tfvars a list on one line": 'hidden = ["one", ',
    "a.md cells of AsciiDoc": "|===\n|Password\n|a1b2c3d4\n",
    "a.md accounts": "Username: a\nPassword: b\n",
    "a.md fences": "```hcl\n",
    "a.md table with free lines": "|===\n|token|a\n\n",
    "a.md sentences": "the password is a1b2c3d4e5, ",
    "a.sql inserts on one line": "insert into t (a, password) values (1, 'a1b2c3d4', ",
    "a.js collections on one line": "passwords = [ 'a1b2c3d4', ",
    "a.md headings": "# Password\n\na1b2c3d4\n",
    "a.sh heredocs on one line": "chpasswd <<EOF ",
    "a.yaml maps on one line": "passwords: {a: b1c2d3e4, ",
    "a.yaml maps in maps on one line": "passwords: {a: {",
    "a.yaml lists of options": '["-p", "x1y2z3a4", ',
    "a.yaml lists without an end": '["--password", ',
    "a.yaml options item by item": "- -p\n- x1y2z3a4\n",
    "a.html terms without details": "password <dt>password",
    "a.json texts in texts": '"{\\"password\\": \\"a1b2c3d4\\"}" ',
    "a.json a text without an end": '\\"password\\n',
    "a.md key ids": "AKIA" + "Q3EGRIXZ7NWYB2KL ",
    "a.md definitions": "Password:: a1b2c3d4\n",
    "a.tf interpolations": 'password = "${a}-b1c2d3" ',
    "a.yaml data on one line": "kind: Secret, data: {a: b1c2, ",
    "a.yaml entries": "kind: Secret\nstringData:\n  a: {{ b }}-c\n",
    "a.yaml literals": "secretGenerator: literals: [a=b, ",
    "a.py formats": '"://%s:%s@x", "a", ',
    "a.py fallbacks on one line": 'password = x("y") or ',
}


def hostile(length: int) -> dict[str, str]:
    """Path and what it is, and a text of about so many characters."""
    deep = range(int((2 * length) ** 0.5))
    texts = {name: unit * (length // len(unit)) for name, unit in UNITS.items()}
    texts["a.md cells without an end"] = "password " + "<td>" * (length // 4)
    texts["a.yaml passwords in passwords"] = "".join(" " * i + "passwords:\n" for i in deep)
    texts["a.md a border without an end"] = "|===\n|Password |b\n|" + "-" * length + "x"
    texts["a.tf a string without an end"] = 'password = "' + '\\"' * (length // 2)
    texts["a.yaml blocks in blocks"] = "".join(" " * i + "password: |\n" for i in deep)
    texts["a.yaml data in data"] = "kind: Secret\n" + "".join(" " * i + "data:\n" for i in deep)
    texts["a.tfvars.json many values"] = json.dumps({"hidden": [f"v{i:09}" for i in range(length // 16)]}, indent=0)
    return texts


def seconds(text: str, path: str) -> float:
    """What its redaction takes of the processor."""
    began = time.process_time()
    redact(text, path, {"hidden"})
    return time.process_time() - began


def report() -> None:
    """The time for 0.5 and 1 MB of each."""
    halves = hostile(500_000)
    for name, text in hostile(1_000_000).items():
        path = name.split()[0]
        half, whole = (min(seconds(one, path) for _ in range(2)) for one in (halves[name], text))
        print(f"{half:6.2f} s {whole:6.2f} s  x{whole / max(half, 0.001):.2f}  {name}")
