"""The command line as scripts see it: JSON on stdout, messages on stderr, exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rag.indexes.lexical import TantivyIndex
from rag.owner import WriterLock
from tests.api.conftest import WIKI, Run, loaded
from tests.conftest import commit, write
from tests.model_server import ModelServer, call, claude
from tests.model_server import text as said


def test_from_nothing_to_a_cited_answer(run: Run, tmp_path: Path) -> None:
    commit(tmp_path / "infra", WIKI)
    assert run("init", "infra")[0] == 0
    report = loaded(run("sync", "--json"))
    assert report["sources"][0]["counts"]["indexed"] == 2
    answer = loaded(run("ask", "How do I force-unlock terraform?", "--json"))
    assert answer["verdict"] == "answered"
    assert set(answer) >= {
        "answer",
        "verdict",
        "citations",
        "flags",
        "degraded",
        "nearest",
        "model",
        "usage",
        "took_ms",
    }
    citation = answer["citations"][0]
    assert set(citation) >= {
        "number", "source", "path", "title", "start_line", "end_line", "quote", "url", "version", "updated_at", "owner"
    }  # fmt: skip
    assert citation["path"] == "unlock.md"
    assert citation["quote"] in WIKI["unlock.md"]


def test_search_has_the_promised_keys(synced: Run) -> None:
    found = loaded(synced("search", "aws_vpc.main", "-k", "1", "--json"))
    assert set(found) == {"results", "coverage", "took_ms"}
    assert set(found["results"][0]) >= {
        "id", "document_id", "source", "path", "title", "heading", "kind", "start_line", "end_line", "text", "score",
        "url", "version", "updated_at", "owner",
    }  # fmt: skip
    assert len(found["results"]) == 1
    assert found["results"][0]["path"] == "vpc.tf"
    assert found["coverage"]["complete"]


def test_filters(synced: Run) -> None:
    for options in (("--kind", "page"), ("--path", "*.md"), ("--source", "wiki", "--path", "unlock*")):
        found = loaded(synced("search", "lock vpc main", "--json", *options))
        assert {result["path"] for result in found["results"]} == {"unlock.md"}
    for option in ("--source", "--kind"):
        code, _, error = synced("search", "lock", option, "other")
        assert code == 2
        assert "there is no" in error


def test_commands_for_people(synced: Run) -> None:
    assert "unlock.md:1-3" in synced("search", "force-unlock")[1]
    code, out, _ = synced("ask", "How do I force-unlock terraform?")
    assert code == 0
    assert "[1]" in out
    assert "wiki/unlock.md" in out
    assert "2 indexed" in synced("status")[1]
    assert "sound" in synced("doctor")[1]


def test_not_found_is_done(synced: Run) -> None:
    answer = loaded(synced("ask", "Who won the chess tournament in Reykjavik?", "--json"))
    assert answer["verdict"] == "not_found"


def test_status_lists_what_was_refused_and_redacted(synced: Run, tmp_path: Path) -> None:
    write(tmp_path / "wiki", {"x.png": b"\x89PNG", "db.md": "password: hunter2-Zq8v\n"})
    assert synced("sync")[0] == 0
    source = loaded(synced("status", "--json"))["sources"][0]
    assert source["not_indexed"] == [{"path": "x.png", "outcome": "skipped", "reason": "binary (.png)", "retry_at": ""}]
    assert source["redactions"] == [{"path": "db.md", "line": 1, "rule": "assignment", "place": ""}]
    assert source["counts"] == {"indexed": 3, "skipped": 1}


def test_names_and_texts_move_no_terminal(run: Run, tmp_path: Path) -> None:
    write(
        tmp_path / "w",
        {"a\x1b[2J\nforged  ok.md": "# A\n", "b.md": "# B \x1b]0;title\x07\n\nalpaca \x1b[31m red \u202e\n"},
    )
    assert run("init", "w")[0] == 0
    said = [run("sync"), run("status"), run("search", "alpaca"), run("ask", "alpaca")]
    assert "its name holds control characters; rename it" in said[1][1]
    assert "alpaca" in said[2][1]
    for _, out, err in said:
        assert not {"\x1b", "\x07", "\u202e"} & set(out + err)
        assert not [line for line in out.split("\n") if line.startswith("forged")]
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0


def test_doctor_finds_a_difference(synced: Run, tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path / "home/generation-1/lexical", writable=True)
    index.apply([], list(index.stamps())[:1], index.watermark())
    del index  # tantivy's writer holds a lock on the folder
    result = loaded(synced("doctor", "--json"), code=1)
    assert not result["sound"]
    assert loaded(synced("doctor", "--repair", "--json"))["repaired"] == ["lexical"]
    assert loaded(synced("doctor", "--json"))["sound"]


INDEXES = ("documents", "generation-1", "generation-1/lexical", "generation-1/vectors", "generation-1/vectors/chroma")
LOST = [*INDEXES, "documents/meta.json", "generation-1/lexical/meta.json", "documents/watermark.json"]


@pytest.mark.parametrize("lost", LOST)
def test_a_lost_index_is_told_by_the_doctor_who_changes_nothing_and_then_mends(
    synced: Run, tmp_path: Path, lost: str
) -> None:
    found = tmp_path / "home" / lost
    shutil.rmtree(found) if found.is_dir() else found.unlink()
    before = stored(tmp_path / "home")
    told = loaded(synced("doctor", "--json"), code=1)
    assert not told["sound"]
    assert "waypost doctor --repair" in synced("doctor")[1]
    assert stored(tmp_path / "home") == before
    for command in ("search", "ask"):
        code, out, err = synced(command, "force-unlock")
        assert (code == 0 and "unlock.md" in out) or (code == 1 and "waypost doctor --repair" in err)
    mended = loaded(synced("doctor", "--repair", "--json"))
    assert mended["sound"]
    assert set(mended["repaired"]) == {d["index"] for d in told["diagnoses"] if d["error"] or d["missing"]} != set()
    assert loaded(synced("doctor", "--json"))["sound"]
    assert loaded(synced("search", "force-unlock", "--json"))["results"][0]["path"] == "unlock.md"


def stored(home: Path) -> dict[str, bytes]:
    """Every file of a data folder but those of the lock."""
    files = [file for file in home.rglob("*") if file.is_file() and file.name not in ("writer.lock", "catalog.db-shm")]
    return {str(file.relative_to(home)): file.read_bytes() for file in files}


def test_a_sound_folder_stays_as_it_is_under_the_doctor(synced: Run, tmp_path: Path) -> None:
    before = stored(tmp_path / "home")
    assert loaded(synced("doctor", "--json"))["sound"]
    assert stored(tmp_path / "home") == before


def test_what_a_stopped_sync_left_to_do_is_no_damage(synced: Run, tmp_path: Path) -> None:
    late = loaded(synced("search", "aws_vpc.main", "-k", "1", "--json"))["results"][0]["id"]
    states = ["generation-1/lexical", "documents"]
    for state in states:
        file = tmp_path / "home" / state / "watermark.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "watermark": 1}))
    index = TantivyIndex(tmp_path / "home/generation-1/lexical", writable=True)
    index.apply([], [late], 1)
    del index
    told = loaded(synced("doctor", "--json"))
    assert [(d["index"], d["behind"]) for d in told["diagnoses"] if d["behind"]] == [("lexical", 1)]
    assert "wait for the next sync" in synced("doctor")[1]
    assert synced("sync")[0] == 0
    assert not any(d["behind"] for d in loaded(synced("doctor", "--json"))["diagnoses"])


def test_eval_has_the_promised_keys(synced: Run, tmp_path: Path) -> None:
    gold = [{"repo": "wiki", "path": "unlock.md", "start_line": 3, "end_line": 3, "quote": "x"}]
    rows = [
        {"id": "1", "kind": "howto", "question": "force-unlock", "gold": gold, "answer": "", "must_contain": ["force-unlock"]},
        {"id": "2", "kind": "unanswerable", "question": "Who won in Reykjavik?", "gold": [], "answer": "", "must_contain": []},
    ]  # fmt: skip
    (tmp_path / "q.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    figures = loaded(synced("eval", "questions", "q.jsonl", "--answers", "--json"))
    assert figures["hit@1"] == figures["hit@2000tok"] == figures["must_contain"] == figures["citation_validity"] == 1.0
    assert figures["refused_unanswerable"] == 1.0
    assert figures["refused_answerable"] == 0.0
    assert set(figures) >= {"hit@3", "hit@5", "hit@10", "hit@20", "mrr@10", "hit@4000tok", "by_kind", "latency_p50_ms"}
    assert "hit@2000tok" in synced("eval", "questions", "q.jsonl")[1]


BAD_CONFIGS = {
    "[nothing, here]": "must have `sources:`",
    "source: []": "unknown key 'source'",
    "sources: [{name: a, type: folder, path: .}]\nexclude: [x]": "unknown key 'exclude'",
    "sources: [{name: a, type: folder, path: [x]}]": "`path` must be a text",
    "sources: [{name: a, type: folder, path: ., kind: poem}]": "has kind 'poem'",
    "sources: [{name: a, type: folder, path: ., include: ['[z-a]']}]": "a glob in include or exclude",
    "sources: []": "at least one source",
    "sources: [{name: x}]": "type None",
    "sources: [{name: x, type: sharepoint, path: .}]": "has type 'sharepoint': this Waypost knows: ",
    "sources: [{name: x, type: folder}]": "needs `path`",
    "sources: [{name: 'a/b', type: folder, path: .}]": "needs a name",
    "sources: [{name: x, type: folder, path: ., ownr: me}]": "did you mean 'owner'?",
    "sources: [{name: x, type: folder, path: .}, {name: x, type: folder, path: .}]": "two sources",
    "sources: [{name: x, type: folder, path: ., audience: []}]": "`audience` is empty",
    "sources: [{name: x, type: git, url: 'https://u:p@h/r'}]": "take the password out",
    "sources: [{name: x, type: git, url: 'https://h/r', credentials: {token: abc}}]": "write the token as ${VARIABLE}",
    "sources: [{name: x, type: git, url: 'https://h/r', credentials: {token: '${NO_SUCH}'}}]": "NO_SUCH is not set",
    "sources: [": "not valid YAML",
}


@pytest.mark.parametrize(("text", "message"), BAD_CONFIGS.items())
def test_wrong_settings_are_named(run: Run, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "waypost.yaml").write_text(text)
    code, out, err = run("sync")
    assert (code, out) == (2, "")
    assert message in err.replace("\n", " ")


@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_file_of_sources_that_is_named_and_not_there_is_said(
    synced: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    option = ("--config", "nowhere.yaml") if by == "option" else ()
    if by == "environment":
        monkeypatch.setenv("WAYPOST_CONFIG", "nowhere.yaml")
    for command in (("sync",), ("serve",), ("forget", "wiki"), ("approve", "wiki"), ("backup", "b.waypost")):
        code, _, err = synced(*command, *option)
        assert (command, code, "there is no nowhere.yaml" in err) == (command, 2, True)
    assert not (tmp_path / "b.waypost").exists()
    for command in (("search", "force-unlock"), ("ask", "force-unlock?"), ("status",), ("gaps",), ("personas",)):
        code, out, err = synced(*command, *option)
        assert (command, code, "there is no nowhere.yaml" in err) == (command, 0, True)
        assert out


@pytest.mark.parametrize(
    "text", ["sources: [", "", "sources: [{name: x, type: gti, path: .}]", "sources: [{name: x, type: git, paht: .}]"]
)
def test_a_broken_file_of_sources_is_said_beside_what_was_synced_before(synced: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "waypost.yaml").write_text(text)
    for command in (("search", "force-unlock"), ("ask", "force-unlock?"), ("status",), ("gaps",), ("doctor",)):
        code, out, err = synced(*command)
        assert (command, code, err.count("waypost.yaml")) == (command, 0, 1)
        assert "this is of what was synced before" in err
        assert out
    assert "waypost.yaml" in loaded(synced("status", "--json"))["settings"]


def test_a_variable_that_is_not_set_where_one_only_asks_is_no_trouble(
    synced: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "waypost.yaml").write_text(
        "sources: [{name: wiki, type: git, url: 'https://h/r', credentials: {token: '${NO_SUCH}'}}]"
    )
    assert synced("search", "force-unlock")[2] == ""
    assert synced("sync")[0] == 2


def test_what_needs_no_file_of_sources_is_silent_where_none_is_named(
    synced: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert "waypost.yaml" not in synced("search", "force-unlock")[2]
    code, _, err = synced("backup", "b.waypost")
    assert (code, "without waypost.yaml" in err) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sync",), "waypost init"),
        (("sync", "--config", "nowhere.yaml"), "there is no nowhere.yaml"),
        (("search", "x"), "waypost sync"),
        (("ask", "x"), "waypost sync"),
        (("doctor",), "waypost sync"),
        (("status",), "waypost sync"),
        (("init", "no-such-folder"), "there is no folder"),
        (("serve", "--host", "0.0.0.0"), "keys create"),
        (("nonsense",), "No such command"),
        (("search",), "Missing argument"),
        (("search", "x", "-k", "0"), "greater than or equal to 1"),
    ],
)
def test_wrong_usage_is_named(run: Run, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in err.replace("\n", " ")


def test_an_unknown_source_and_a_bad_question_set(synced: Run, tmp_path: Path) -> None:
    assert "has no source 'other'" in synced("sync", "other")[2]
    (tmp_path / "q.jsonl").write_text('{"id": 1}\n')
    code, _, err = synced("eval", "questions", "q.jsonl")
    assert code == 2
    assert "line 1" in err
    assert "no persona" in synced("ask", "x", "--persona", "pirate")[2]


def test_init_never_overwrites(synced: Run) -> None:
    code, _, err = synced("init", "wiki")
    assert code == 2
    assert "is there already" in err


def test_a_source_that_cannot_be_read_needs_a_person(synced: Run, tmp_path: Path) -> None:
    (tmp_path / "wiki").rename(tmp_path / "elsewhere")
    report = loaded(synced("sync", "--json"), code=3)
    assert "there is no folder" in report["sources"][0]["message"]
    assert loaded(synced("search", "force-unlock", "--json"))["results"]


def test_a_deletion_that_is_held_is_shown_and_approved(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "wiki", {f"{n}.md": f"# Page {n}\n\nword{n}\n" for n in range(30)})
    assert run("init", "wiki")[0] == 0
    assert run("sync")[0] == 0
    for n in range(25):
        (tmp_path / "wiki" / f"{n}.md").unlink()
    code, text, _ = run("sync")
    assert (code, "waypost approve wiki" in text) == (3, True)
    shown = run("status")[1]
    assert "wiki (folder) held" in shown
    assert "and 5 more" in shown
    assert len(loaded(run("status", "--json"))["sources"][0]["held"]) == 25
    write(tmp_path / "wiki", {"0.md": "# Page 0\n\nit came back\n"})
    approved = loaded(run("approve", "wiki", "--json"))
    assert (approved["source"], approved["removed"], approved["outcome"]) == ("wiki", 24, "done")
    assert loaded(run("search", "came back", "--json"))["results"][0]["path"] == "0.md"
    code, _, err = run("approve", "wiki")
    assert (code, "nothing of source 'wiki' is held" in err) == (2, True)
    assert run("sync")[0] == 0


def test_a_second_writer_is_refused(synced: Run, tmp_path: Path) -> None:
    lock = WriterLock.acquire(tmp_path / "home", "sync")
    code, _, err = synced("sync")
    lock.release()
    assert code == 1
    assert "is in use by process" in err


def test_as_groups(synced: Run, tmp_path: Path) -> None:
    write(tmp_path / "wiki", {"pay.md": "---\naudience: payments\n---\n# Payouts\n\nAt 04:10 the batch runs.\n"})
    synced("sync")
    assert not [r for r in loaded(synced("search", "payouts batch", "--json"))["results"] if r["path"] == "pay.md"]
    found = loaded(synced("search", "payouts batch", "--as-groups", "payments,ops", "--json"))
    assert found["results"][0]["path"] == "pay.md"


def test_a_source_that_is_no_longer_named_needs_a_person_until_it_is_forgotten(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "a", {"a.md": "# A\n\nalpaca\n"})
    config = tmp_path / "waypost.yaml"
    config.write_text("sources: [{name: old, type: folder, path: a}]")
    assert run("sync")[0] == 0
    config.write_text("sources: [{name: new, type: folder, path: a, audience: [dba]}]")
    code, text, _ = run("sync")
    assert code == 3
    assert "waypost forget old" in text
    assert loaded(run("search", "alpaca", "--json"))["results"]
    assert run("forget", "new")[0] == 2  # still named
    assert run("forget", "never")[0] == 2
    assert loaded(run("forget", "old", "--json")) == {"forgotten": ["old"]}
    assert loaded(run("search", "alpaca", "--json"))["results"] == []
    assert loaded(run("search", "alpaca", "--as-groups", "dba", "--json"))["results"][0]["source"] == "new"
    assert run("sync")[0] == 0
    assert run("doctor")[0] == 0


def test_a_setting_that_is_not_valid_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("abc", "-3", "0"):
        monkeypatch.setenv("WAYPOST_MODEL_TIMEOUT", value)
        code, _, error = run("ask", "x")
        assert code == 2
        assert "WAYPOST_MODEL_TIMEOUT" in error


def test_empty_and_endless_questions_are_wrong_usage(synced: Run) -> None:
    for text in ("", "  ", "x" * 5000):
        for command in ("search", "ask"):
            assert synced(command, text)[0] == 2


def test_eval_tells_where_misses_were_lost_compares_and_reports(synced: Run, tmp_path: Path) -> None:
    def question(name: str, path: str, text: str) -> str:
        gold = [{"repo": "wiki", "path": path, "start_line": 1, "end_line": 1, "quote": "x"}]
        return json.dumps({"id": name, "kind": "howto", "question": text, "gold": gold, "must_contain": []})

    (tmp_path / "q.jsonl").write_text(
        question("a", "unlock.md", "force-unlock <b>") + "\n" + question("b", "none.md", "lock")
    )
    figures = loaded(synced("eval", "questions", "q.jsonl", "--json"))
    assert figures["misses"] == {"not_retrieved": 1, "ranked_low": 0, "cut": 0, "unanswered": 0}
    assert [row["miss"] for row in figures["rows"]] == ["", "not_retrieved"]
    assert figures["intervals"]["hit@1"] == [0.0, 1.0]
    (tmp_path / "run.json").write_text(json.dumps(figures))
    code, text, _ = synced("eval", "questions", "q.jsonl", "--compare", "run.json", "--html", "r.html")
    assert code == 0
    assert "neither index found it: b" in text
    assert "0 won" in text
    page = (tmp_path / "r.html").read_text()
    assert "force-unlock &lt;b&gt;" in page
    assert "<script" not in page
    assert synced("eval", "questions", "q.jsonl", "--compare", "q.jsonl")[0] == 2


def test_eval_beir(run: Run, tmp_path: Path) -> None:
    corpus = {
        "d1": ("Locks", "Run force-unlock."),
        "d2": ("Parcels", "Sort by hub."),
        "d3": ("", "No title at all: vicuna."),
    }
    rows = [json.dumps({"_id": name, "title": title, "text": text}) for name, (title, text) in corpus.items()]
    queries = [json.dumps({"_id": "q1", "text": "force unlock"}), json.dumps({"_id": "q2", "text": "vicuna"})]
    qrels = "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td3\t1\n"
    files = {"corpus.jsonl": "\n".join(rows), "queries.jsonl": "\n".join(queries), "qrels/test.tsv": qrels}
    write(tmp_path / "beir", files)
    figures = loaded(run("eval", "beir", "beir", "--json"))
    keys = ("ndcg@10", "P@3", "recall@3", "recall@10", "pass@5", "pass@10", "pass@20", "mrr@3", "mrr@10")
    assert figures["queries"] == 2
    assert {key: figures[key] for key in keys} == {key: 0.3333 if key == "P@3" else 1.0 for key in keys}
    assert "ndcg@10" in run("eval", "beir", "beir")[1]
    (tmp_path / "beir/queries.jsonl").write_text("{}")
    code, _, error = run("eval", "beir", "beir")
    assert code == 2
    assert "line 1" in error
    assert run("eval", "beir", "nowhere")[0] == 2


def test_what_claude_would_be_sent_is_printed_without_a_key(synced: Run) -> None:
    code, shown, _ = synced("ask", "--show-prompt", "How do I force-unlock terraform?")
    assert code == 0
    assert "## System prompt (cached)" in shown
    assert "### Search result 0: wiki/unlock.md" in shown
    assert "| Run `terraform force-unlock` with the lock id." in shown
    assert shown.rstrip().endswith("| How do I force-unlock terraform?")
    request = loaded(synced("ask", "--show-prompt", "--json", "How do I force-unlock terraform?"))
    assert request["messages"][0]["content"][-1]["text"] == "How do I force-unlock terraform?"


def test_lookups_are_told_on_stderr(synced: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelServer() as server:
        server.replies(
            claude(call("search", {"query": "vpc"}), stop="tool_use"), claude(said("Our documents don't say."))
        )
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        code, out, err = synced("ask", "--json", "How do I force-unlock terraform?")
    assert code == 0
    assert json.loads(out)["usage"]["requests"] == 2
    assert "search vpc: " in err
