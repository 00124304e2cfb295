"""What the transcript of a session says that its replies used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from orchestrator_adapter.runners import transcript

MODEL = "claude-sonnet-5-5"
SESSION = "5e55"


def line(message_id: str, output: int, request: str = "req_1", **more: Any) -> str:
    usage = {"input_tokens": 4, "output_tokens": output}
    message = {"id": message_id, "model": MODEL, "usage": usage, "content": []} | more
    return json.dumps({"type": "assistant", "requestId": request, "message": message}, separators=(",", ":")) + "\n"


def write(config: Path, name: str, *lines: str) -> None:
    path = config / "projects" / "-some-folder" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines))


def found(config: Path) -> list[tuple[str, str, int, bool]]:
    replies = transcript.replies(config, SESSION, "t1", "a1")
    return [(r.message_id, r.request_id, r.tokens.output, r.subagent) for r in replies]


def test_each_reply_counts_once_by_its_largest_copy_sub_agents_included(tmp_path: Path) -> None:
    write(tmp_path, f"{SESSION}.jsonl", line("m1", 1), line("m1", 9), line("m1", 9), line("m1", 2, "req_2"))
    write(tmp_path, f"{SESSION}/subagents/agent-b.jsonl", line("m2", 5))
    write(tmp_path, "another.jsonl", line("m3", 7))
    assert found(tmp_path) == [("m1", "req_1", 9, False), ("m1", "req_2", 2, False), ("m2", "req_1", 5, True)]


def test_torn_foreign_and_synthetic_lines_are_nothing(tmp_path: Path) -> None:
    said = json.dumps({"type": "user", "message": {"content": 'it says "usage": 5'}}) + "\n"
    torn = line("m4", 5)[:-20]
    odd = '["usage":]\n[{"usage":1}]\n{"type":"assistant","message":{"usage":3}}\n'
    synthetic = line("m2", 5, model="<synthetic>")
    write(tmp_path, f"{SESSION}.jsonl", said, odd, synthetic, line("m1", 3), torn)
    assert found(tmp_path) == [("m1", "req_1", 3, False)]


def test_a_session_of_which_nothing_is_left_has_no_replies(tmp_path: Path) -> None:
    assert found(tmp_path) == []
    (tmp_path / "projects" / "-x" / f"{SESSION}.jsonl").mkdir(parents=True)
    assert found(tmp_path) == []


def test_where_sessions_lie(tmp_path: Path) -> None:
    assert transcript.config({"CLAUDE_CONFIG_DIR": "/c", "HOME": "/h"}) == Path("/c")
    assert transcript.config({"HOME": "/h"}) == Path("/h/.claude")
    assert transcript.config({}) == Path.home() / ".claude"
