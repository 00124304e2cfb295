"""The four log files: whole, readable, appended to."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from data.domain.agents import Role
from orchestrator_adapter.runners import Job
from orchestrator_adapter.runners.agent_log import AgentLog


@pytest.fixture
def job(tmp_path) -> Job:
    return Job("t1", "a1", "builder", Role.BUILDER, "Tu es für mich ✓", "You are BUILDER.", tmp_path, tmp_path / "log")


def lines(job: Job, name: str) -> list[dict]:
    return [json.loads(line) for line in (job.log_dir / name).read_text("utf-8").splitlines()]


def test_the_prompt_is_the_very_text_and_a_second_one_follows(job):
    AgentLog(job)
    assert (job.log_dir / "prompt.txt").read_text("utf-8") == job.prompt
    AgentLog(job)
    first, second = (job.log_dir / "prompt.txt").read_text("utf-8").split("\n\n--- ")
    assert first == job.prompt
    assert second.endswith(f" ---\n\n{job.prompt}")


def test_tools_are_whole_and_not_python_repr(job):
    log = AgentLog(job)
    content = [{"type": "text", "text": "ö" * 10_000}]
    call = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls\nls"}}
    log.message({"type": "assistant", "content": [call], "parent_tool_use_id": None})
    answer = {"type": "tool_result", "tool_use_id": "toolu_1", "content": content, "is_error": None}
    log.message({"type": "user", "content": [answer], "tool_use_result": {"stdout": "x"}})
    used, returned = lines(job, "tools.jsonl")
    assert (used["type"], used["tool_name"], used["input"]) == ("tool_use", "Bash", {"command": "ls\nls"})
    assert (returned["type"], returned["tool_name"], returned["content"]) == ("tool_result", "Bash", content)
    assert returned["is_error"] is False
    assert returned["detail"] == {"stdout": "x"}
    for line in (used, returned):
        assert datetime.fromisoformat(line["timestamp"]).utcoffset() == timedelta(0)


def test_texts_and_thinking_are_told_apart(job):
    log = AgentLog(job)
    blocks = [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Two\nlines"}]
    log.message({"type": "assistant", "content": blocks})
    text = (job.log_dir / "text.txt").read_text("utf-8")
    assert "] THINKING:\nHm.\n\n" in text
    assert text.endswith("] AssistantMessage:\nTwo\nlines\n\n")


def test_the_summary_begins_and_ends(job):
    log = AgentLog(job)
    log.message({"type": "system", "subtype": "init", "session_id": "s1"})
    log.message({"type": "system", "subtype": "thinking_tokens"})
    log.message({"type": "result", "subtype": "success", "is_error": False, "result": "done", "total_cost_usd": 0.1})
    log.ended("stopped")
    found = lines(job, "summary.jsonl")
    assert [line["type"] for line in found] == ["Started", "SystemMessage", "ResultMessage", "Ended"]
    assert found[0]["system_prompt"] == "You are BUILDER."
    assert (found[2]["result"], found[2]["total_cost_usd"]) == ("done", 0.1)
    assert (found[3]["ok"], found[3]["error"]) == (False, "stopped")


def test_what_json_cannot_hold_does_no_harm(job):
    log = AgentLog(job)
    log.message({"type": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "X", "input": {"a": {1}}}]})
    log.message({"type": "assistant", "content": [{"type": "text", "text": "\ud800"}]})
    assert lines(job, "tools.jsonl")[0]["input"] == {"a": "{1}"}
