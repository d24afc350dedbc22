"""What docs/access.md shows of Apache is what `tests.openid.test_sign_in` runs."""

from __future__ import annotations

import re
from pathlib import Path

CONFIGURATION = Path(__file__).with_name("apache.conf")
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "access.md"
SHOWN = {
    "issuer": "https://login.example.org/realms/staff", "secret": "…", "passphrase": "…", "waypost": "http://127.0.0.1:8765",
    "address": "https://waypost.example.org",
}  # fmt: skip


def test_apache_is_shown_as_it_is_tried() -> None:
    tried = CONFIGURATION.read_text().split("# -- from here\n")[1].split("# -- to here")[0].format(**SHOWN)
    shown = re.findall(r"```apache\n(.*?)```", DOCUMENT.read_text(), re.S)
    assert [text.split("\n") for text in shown] == [tried.split("\n")]
