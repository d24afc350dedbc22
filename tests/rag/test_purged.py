"""Knowing a purged value again without keeping it."""

from __future__ import annotations

import base64
import html
import json
import os
import random
import stat
import string
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import SettingsError, WaypostError
from rag.purged import FILE, MARK, Purged, PurgedByNow, Scrubber, forms_of, values_in

VALUE = 'Zq8"vK\\p0sLw&7/ß'
PURGED = Purged().with_value(VALUE, "2026-01-01T00:00:00Z")
WRITTEN = {
    "as it is": VALUE,
    "small": VALUE.lower(),
    "json": json.dumps(VALUE)[1:-1],
    "json, not ASCII": json.dumps(VALUE, ensure_ascii=False)[1:-1],
    "html": html.escape(VALUE),
    "url": quote(VALUE, safe=""),
    **{f"base64 behind {n}": base64.b64encode(b"x" * n + VALUE.encode() + b"yyyy").decode() for n in range(7)},
    "base64 for URLs": base64.urlsafe_b64encode(b"??>" + VALUE.encode()).decode(),
    "base64 alone": base64.b64encode(VALUE.encode()).decode(),
}


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("clean", [PURGED.scrub, Scrubber(forms_of(VALUE))])
def test_each_way_of_writing_it_is_found(written: str, clean: Scrubber) -> None:
    text = f"# Page\npassword: {WRITTEN[written]}\nüber {WRITTEN[written]}, {WRITTEN[written]} end\n"
    assert clean(text) == f"# Page\npassword: {MARK}\nüber {MARK}, {MARK} end\n"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=8), st.text(alphabet=string.printable, min_size=8, max_size=40))
def test_both_scrubbers_say_the_same(parts: list[str], secret: str) -> None:
    try:
        values, _ = values_in(secret)
    except SettingsError:
        return
    purged = Purged()
    for value in values:
        purged = purged.with_value(value, "")
    text = values[0].join(parts)
    clean = Scrubber([form for value in values for form in forms_of(value)])(text)
    assert purged.scrub(text) == clean
    assert text.count("\n") == clean.count("\n")
    assert (
        not any(value in clean.replace(MARK, "") for value in values if len(parts) > 1 and value not in MARK)
        or MARK in clean
    )


def test_other_texts_stay_as_they_are() -> None:
    letters = random.Random(3)
    text = "\n".join("".join(letters.choices(string.printable[:94] + "äß€😀", k=80)) for _ in range(4000))
    assert PURGED.scrub(text) == text
    assert PURGED.scrub("") == ""
    assert PURGED.scrub(VALUE[:-1]) == VALUE[:-1]


def test_the_file_tells_nothing_of_the_value_and_is_for_few_eyes(tmp_path: Path) -> None:
    PURGED.save(tmp_path)
    file = tmp_path / "purged.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not any(form.data in file.read_bytes() for form in forms_of(VALUE))
    assert all(value.filter < 1 << 20 for value in PURGED.values)
    assert Purged.load(tmp_path) == PURGED
    file.write_text("{")
    with pytest.raises(WaypostError, match="mend it"):
        Purged.load(tmp_path)
    assert Purged.load(tmp_path / "none") == Purged()


def test_a_value_is_remembered_once_and_can_be_lifted() -> None:
    twice = PURGED.with_value(VALUE, "later")
    assert twice == PURGED
    other = PURGED.with_value("another-value", "later")
    assert len(other.values) > len(PURGED.values)
    assert other.without_value("another-value") == PURGED
    assert other.beyond(PURGED).merged(PURGED).scrub(f"{VALUE} another-value") == f"{MARK} {MARK}"


def test_of_several_lines_each_is_a_value() -> None:
    key = "-----BEGIN PRIVATE KEY-----\n  MIIEvQIBADANBgkqhki\n\tq83vEjRWeJASNFZ4\nab==\n-----END PRIVATE KEY-----\n"
    assert values_in(key) == (["MIIEvQIBADANBgkqhki", "q83vEjRWeJASNFZ4"], 3)
    assert values_in("hunter22\n") == (["hunter22"], 0)
    for short in ("", "12345", "a\nb\n"):
        with pytest.raises(SettingsError, match="6 characters"):
            values_in(short)


def test_what_was_purged_is_read_once_and_again_when_another_process_purges(tmp_path: Path) -> None:
    by_now = PurgedByNow(tmp_path)
    assert by_now().scrub("first-secret second-secret") == "first-secret second-secret"
    Purged().with_value("first-secret", "2026-01-01").save(tmp_path)
    assert by_now().scrub("first-secret second-secret") == f"{MARK} second-secret"
    file = tmp_path / FILE
    before, said = file.stat(), file.read_bytes()
    file.write_bytes(b"?" * len(said))  # in its place and with its times: whoever reads it now can't
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert by_now().scrub("first-secret") == MARK
    file.write_bytes(said)
    Purged.load(tmp_path).with_value("second-secret", "2026-01-02").save(tmp_path)
    assert by_now().scrub("first-secret second-secret") == f"{MARK} {MARK}"
    file.write_bytes(b"?")
    with pytest.raises(WaypostError, match="can't be read"):
        by_now()
    file.unlink()
    assert not by_now()
