"""The dialects of log files: what their lines mean, and that nothing in them makes a reader fail."""

from __future__ import annotations

import io
import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.domain.agents import Role
from data.domain.money import Tokens
from orchestrator_adapter.ingest import log_dialects as d
from orchestrator_adapter.runners import Job
from orchestrator_adapter.runners.agent_log import AgentLog
from tests.ingest import dialect

BERLIN = ZoneInfo("Europe/Berlin")
BEGINS = datetime(2026, 1, 1, tzinfo=UTC)
quick = settings(deadline=None, max_examples=60)


def clock() -> d.Clock:
    return d.Clock(BERLIN, BEGINS)


def read(folder: Path, name: str) -> list[d.Piece]:
    reader = {"tools.jsonl": d.tools, "text.txt": d.texts, "summary.jsonl": d.summary}[name]
    with (folder / name).open("rb") as file:
        return list(reader(file, clock()))


def test_their_tools_are_read_with_their_quirks(tmp_path: Path):
    found = read(dialect.run(tmp_path).folder, "tools.jsonl")
    uses = [piece for piece in found if isinstance(piece, d.Use)]
    results = {piece.key: piece for piece in found if isinstance(piece, d.Result)}
    assert [use.tool for use in uses] == ["Read", "Bash", "Edit", "Write", "Bash"]
    assert uses[0].at == datetime(2026, 3, 1, 13, 0, 4, 120000, UTC), "a time of Berlin"
    assert results["toolu_1"].text == "def add(a, b):\n    return a - b  # é", "written as Python writes a list"
    assert [result.is_error for result in results.values()] == [False, True, False, False, False]
    assert [result.cut for result in results.values()] == [False, False, False, False, True]
    assert results["toolu_5"].text.endswith("... (truncated 1000 chars)")


def test_an_answer_cut_in_the_middle_of_a_list_is_kept_and_said_to_be_cut():
    assert d.answer(str([{"type": "text", "text": "y" * 3000}])[:2000]) == (
        "[{'type': 'text', 'text': '" + "y" * 1973,
        True,
    )
    assert d.answer("[{'not closed") == ("[{'not closed", False)
    assert d.answer(None) == ("", False)
    assert d.answer([{"type": "image"}]) == ('[{"type": "image"}]', False)


def test_their_summary_tells_model_session_and_figures(tmp_path: Path):
    begun, total = read(dialect.run(tmp_path).folder, "summary.jsonl")
    assert isinstance(begun, d.Begun)
    assert (begun.model, begun.session, begun.folder) == (dialect.MODEL, "sess-1", "/src/calc")
    assert isinstance(total, d.Total)
    assert (total.total_usd, total.is_error, total.result) == (0.0123, False, "Fixed.")
    assert total.tokens == Tokens(120, 45, 5000, 1000)


def test_our_own_dialect_is_read_too(tmp_path: Path):
    job = Job("t1", "a1", "builder", Role.BUILDER, "Fix it", "You are BUILDER.", tmp_path, tmp_path / "log")
    log = AgentLog(job)
    call = {"type": "tool_use", "id": "u1", "name": "Bash", "input": {"command": "ls"}}
    log.message({"type": "system", "subtype": "init", "session_id": "s1", "model": "m1", "cwd": "/w"})
    log.message({"type": "assistant", "content": [{"type": "text", "text": "One\n\ntwo"}, call]})
    block = {"type": "tool_result", "tool_use_id": "u1", "content": [{"type": "text", "text": "a"}], "is_error": True}
    log.message({"type": "user", "content": [block], "tool_use_result": {"stdout": "a"}})
    usage = {"input_tokens": 3, "cache_creation": {"ephemeral_1h_input_tokens": 7}, "cache_creation_input_tokens": 9}
    log.message({"type": "result", "is_error": False, "total_cost_usd": 0.5, "usage": usage, "session_id": "s1"})
    log.ended("stopped")
    used, returned = read(tmp_path / "log", "tools.jsonl")
    assert isinstance(used, d.Use)
    assert isinstance(returned, d.Result)
    assert (used.tool, used.given, returned.text, returned.is_error) == ("Bash", {"command": "ls"}, "a", True)
    assert returned.detail == {"stdout": "a"}
    (said,) = read(tmp_path / "log", "text.txt")
    assert isinstance(said, d.Block)
    assert (said.kind, said.text) == ("AssistantMessage", "One\n\ntwo")
    first, init, total, ended = read(tmp_path / "log", "summary.jsonl")
    assert isinstance(first, d.Begun)
    assert isinstance(init, d.Begun)
    assert isinstance(total, d.Total)
    assert (init.model, init.session, init.folder) == ("m1", "s1", "/w")
    assert total.tokens == Tokens(3, 0, 0, 2, 7)
    assert isinstance(ended, d.Ended)
    assert (ended.ok, ended.error) == (False, "stopped")


def test_a_heading_inside_a_text_parts_it_only_behind_an_empty_line():
    text = "[2026-03-01T14:00:00] AssistantMessage:\nIt wrote:\n[2026-03-01T14:00:01] THINKING:\nhm\n\n"
    (only,) = d.texts(io.BytesIO(text.encode()), clock())
    assert isinstance(only, d.Block)
    assert only.text == "It wrote:\n[2026-03-01T14:00:01] THINKING:\nhm"


def test_a_block_that_is_still_being_written_is_waited_for():
    whole = b"[2026-03-01T14:00:00] AssistantMessage:\nOne\n\n"
    found = list(d.texts(io.BytesIO(whole + b"[2026-03-01T14:00:01] AssistantMessage:\nTw"), clock()))
    assert [(piece.start, piece.end) for piece in found] == [(0, len(whole))]


def test_the_hour_that_comes_twice_is_told_apart_by_what_came_before():
    times = d.Clock(BERLIN, BEGINS)
    stamps = ["2026-10-25T02:30:00", "2026-10-25T02:59:59", "2026-10-25T02:10:00", "2026-10-25T03:00:00"]
    read = [times.read(stamp) for stamp in stamps]
    assert [at.hour for at in read] == [0, 0, 1, 2]
    assert read == sorted(read)


@pytest.mark.parametrize("stamp", [None, "", "yesterday", 17, "0001-01-01T00:00:00", "9999-12-31T23:59:59-14:00", [1]])
def test_a_time_that_cannot_be_read_is_as_late_as_the_one_before(stamp: object):
    times = clock()
    before = times.read("2026-03-01T14:00:00+00:00")
    assert times.read(stamp) == before or times.read(stamp).year in (1, 9999)


@given(st.binary(max_size=400))
@quick
def test_no_reader_fails_whatever_lies_in_the_file(content: bytes):
    for reader in (d.tools, d.texts, d.summary):
        for piece in reader(io.BytesIO(content), clock()):
            assert piece.end <= len(content)


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.none(), max_size=2)
LINES = st.fixed_dictionaries(
    {"type": st.sampled_from(["tool_use", "tool_result", "ResultMessage", "SystemMessage", "Started", "Ended", "new"])},
    optional={
        name: VALUES
        for name in (
            *("timestamp", "tool_name", "tool_use_id", "input", "content", "is_error", "detail", "subtype", "message"),
            *("data", "total_cost_usd", "usage", "result", "session_id", "ok", "error", "model", "parent_tool_use_id"),
        )
    },
)


@given(st.lists(LINES, max_size=5))
@quick
def test_no_reader_fails_whatever_type_a_field_has(values: list[dict]):
    content = "".join(json.dumps(value) + "\n" for value in values).encode()
    for reader in (d.tools, d.summary):
        assert len(list(reader(io.BytesIO(content), clock()))) == len(values)


@given(st.text(), st.text())
@quick
def test_no_answer_fails(start: str, rest: str):
    text, _ = d.answer("[{'" + start + rest)
    assert isinstance(text, str)


def test_prompts_are_parted_at_our_own_line():
    stamp = "2026-01-31T12:00:00.000000+00:00"
    assert d.prompts(f"one\n\n--- {stamp} ---\n\ntwo") == [("", "one"), (stamp, "two")]
    assert d.prompts(f"\n\n--- {stamp} ---\n\ntwo") == [(stamp, "two")]
    assert d.prompts("") == []


def test_times_grow_with_the_run(tmp_path: Path):
    found = read(dialect.run(tmp_path).folder, "tools.jsonl")
    assert all(b.at - a.at == timedelta(seconds=1) for a, b in itertools.pairwise(found))
