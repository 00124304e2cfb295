"""What a session used is read from its transcript as it grows: each reply once, a torn line later."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.domain.tasks import TaskStatus
from data.store import Store
from orchestrator_adapter.ingest import usage
from tests.ingest.reports import REQUEST_NANOUSD, SESSION, agents, hook, receive, request, task
from tests.ingest.test_telemetry import tell


def line(number: int, output: int = 100, **more: Any) -> str:
    """A line of a transcript: 10 in, 100 out, 1,000 written to the cache for five minutes."""
    used = {"input_tokens": 10, "output_tokens": output, "cache_creation_input_tokens": 1000}
    message = {"id": f"msg_{number}", "model": "claude-sonnet-5-5", "usage": used, "content": []}
    return json.dumps(
        {
            "type": "assistant",
            "message": message,
            "requestId": f"req_{SESSION[:4]}_{number}",
            "timestamp": "2026-11-24T10:00:00.000Z",
            **more,
        }
    )


@pytest.fixture
def transcript(tmp_path: Path) -> Path:
    return tmp_path / "projects" / "-src-calc" / f"{SESSION}.jsonl"


def grow(path: Path, *lines: str, end: str = "\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + end)


def test_new_lines_are_counted_once_and_a_torn_one_waits(store: Store, transcript: Path) -> None:
    receive(store, hook("UserPromptSubmit", prompt="go", transcript_path=str(transcript)))
    assert not usage.count(store, SESSION)
    grow(transcript, line(1, output=1), line(1), '{"type": "user"}', line(2)[:50], end="")
    assert usage.count(store, SESSION)
    assert task(store).cost_nanousd == REQUEST_NANOUSD
    assert not usage.count(store, SESSION)
    grow(transcript, line(2)[50:], line(2))
    usage.count(store, SESSION)
    assert (task(store).cost_nanousd, task(store).tokens.output) == (2 * REQUEST_NANOUSD, 200)
    agent = agents(store)["Claude"]
    assert (agent.model, agent.context_used, agent.cost_nanousd) == ("claude-sonnet-5-5", 1110, 2 * REQUEST_NANOUSD)


def test_a_line_that_is_longer_than_what_is_read_at_once_is_passed_over(lite: Store, transcript: Path) -> None:
    picture = json.dumps({"type": "user", "message": {"content": "x" * (2 * usage.MOST_BYTES)}})
    receive(lite, hook("UserPromptSubmit", prompt="go", transcript_path=str(transcript)))
    grow(transcript, line(1), picture[:-5], end="")
    assert usage.count(lite, SESSION)
    assert not usage.count(lite, SESSION)  # it has not ended
    grow(transcript, picture[-5:], line(2))
    while usage.count(lite, SESSION):
        pass
    assert task(lite).cost_nanousd == 2 * REQUEST_NANOUSD


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / f"{SESSION}.jsonl"
    os.mkfifo(path)
    assert usage.new_lines(str(path), 0) == ([], 0)


def test_a_transcript_that_was_written_anew_counts_nothing_twice(lite: Store, transcript: Path) -> None:
    receive(lite, hook("UserPromptSubmit", prompt="go", transcript_path=str(transcript)))
    grow(transcript, line(1), line(2))
    usage.count(lite, SESSION)
    transcript.unlink()
    grow(transcript, line(2))
    usage.count(lite, SESSION)
    grow(transcript, line(3))
    usage.count(lite, SESSION)
    assert task(lite).cost_nanousd == 3 * REQUEST_NANOUSD


def test_a_sub_agents_file_is_its_own_cost(lite: Store, transcript: Path) -> None:
    helper = {"agent_id": "helper-1", "agent_type": "Explore"}
    receive(
        lite, hook("UserPromptSubmit", prompt="go", transcript_path=str(transcript)), hook("SubagentStart", **helper)
    )
    grow(transcript, line(1))
    grow(transcript.with_suffix("") / "subagents" / "agent-helper-1.jsonl", line(2, isSidechain=True))
    grow(transcript.with_suffix("") / "subagents" / "agent-nobody.jsonl", line(3, isSidechain=True))
    usage.count(lite, SESSION)
    team = agents(lite)
    assert team["Explore"].cost_nanousd == REQUEST_NANOUSD
    assert team["Claude"].cost_nanousd == 2 * REQUEST_NANOUSD
    assert task(lite).cost_nanousd == 3 * REQUEST_NANOUSD
    assert team["Claude"].context_used == 1110


@pytest.mark.parametrize("first", ["telemetry", "transcript"])
def test_telemetry_of_the_same_session_adds_nothing(first: str, lite: Store, transcript: Path) -> None:
    receive(lite, hook("UserPromptSubmit", prompt="go", transcript_path=str(transcript)))
    grow(transcript, line(1), line(2))
    for way in ("telemetry", "transcript") if first == "telemetry" else ("transcript", "telemetry"):
        usage.count(lite, SESSION) if way == "transcript" else tell(lite, request(1), request(2))
    assert task(lite).cost_nanousd == 2 * REQUEST_NANOUSD
    assert task(lite).reported_nanousd == 2 * REQUEST_NANOUSD


def test_what_the_session_says_at_its_end_is_a_second_figure(lite: Store, transcript: Path) -> None:
    receive(lite, hook("UserPromptSubmit", prompt="go", transcript_path=str(transcript)), hook("SessionEnd"))
    grow(transcript, line(1), '{"type":"cost-state","totalCostUSD":0.0081}')
    usage.count(lite, SESSION)
    found = task(lite)
    assert (found.status, found.cost_nanousd, found.reported_nanousd) == (
        TaskStatus.COMPLETED,
        REQUEST_NANOUSD,
        8_100_000,
    )


def test_errors_and_nonsense_cost_nothing(lite: Store, transcript: Path) -> None:
    receive(lite, hook("UserPromptSubmit", prompt="go", transcript_path=str(transcript)))
    synthetic = json.loads(line(1))
    synthetic["message"]["model"] = "<synthetic>"
    grow(transcript, json.dumps(synthetic), '{"usage": [', '"usage":', "[]", '{"message": {"usage": 3}}', "")
    usage.count(lite, SESSION)
    assert (task(lite).cost_nanousd, task(lite).unpriced_messages) == (0, 0)


def test_a_path_that_is_no_transcript_is_not_read(lite: Store, tmp_path: Path) -> None:
    receive(lite, hook("UserPromptSubmit", prompt="go", transcript_path=str(tmp_path / "secrets.env")))
    grow(tmp_path / "secrets.env", line(1))
    assert not usage.count(lite, SESSION)


def test_it_is_done_beside_the_intake(lite: Store, transcript: Path, eventually: Callable[..., None]) -> None:
    receive(lite, hook("UserPromptSubmit", prompt="go", transcript_path=str(transcript)))
    grow(transcript, line(1))
    reader = usage.Usage(lite)
    reader.start()  # sessions that were open before it began are looked at first
    eventually(lambda: task(lite).cost_nanousd == REQUEST_NANOUSD)
    grow(transcript, line(2))
    reader.look({SESSION: str(transcript)})
    eventually(lambda: task(lite).cost_nanousd == 2 * REQUEST_NANOUSD)
    reader.close()
