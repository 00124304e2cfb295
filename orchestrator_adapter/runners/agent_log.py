"""The four log files of one agent, written as it happens.

All are UTF-8, times are UTC with offset, content is whole. One folder per agent; a resumed agent goes on in its files.

- `prompt.txt`: the very text that was sent. A second prompt follows a line `--- 2026-01-31T12:00:00.000000+00:00 ---`.
- `text.txt`: blocks `[TIME] AssistantMessage:` or `[TIME] THINKING:`, a line break, the text, an empty line.
- `tools.jsonl`: `{"timestamp", "type": "tool_use", "tool_name", "tool_use_id", "input", "parent_tool_use_id"}` and
  `{"timestamp", "type": "tool_result", "tool_name", "tool_use_id", "content", "is_error", "detail"}`, where `detail` is
  the tool's structured answer (a file before the change, the patch, stdout and stderr).
- `summary.jsonl`: `{"timestamp", "type": "Started", "role", "model", "system_prompt", "resume", ...}`, then
  `{"timestamp", "type": "SystemMessage", "subtype", "data"}`, `{"timestamp", "type": "ResultMessage", "subtype",
  "is_error", "result", "duration_ms", "num_turns", "session_id", "total_cost_usd", "usage", "model_usage", ...}`,
  and at the end `{"timestamp", "type": "Ended", "ok", "error"}`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator_adapter.runners import Job

NOISE = frozenset({"thinking_tokens", "status"})
"""System messages that only say that the model is still at it."""


class AgentLog:
    """Appends whole lines, one write each, so that a reader or a crash never meets half a line."""

    def __init__(self, job: Job) -> None:
        self._folder = job.log_dir
        self._tools: dict[str, str] = {}
        self._folder.mkdir(parents=True, exist_ok=True)
        self.prompt(job.said)
        for name in ("text.txt", "tools.jsonl"):
            (self._folder / name).touch()
        self._line(
            "summary.jsonl",
            type="Started",
            task_id=job.task_id,
            agent_id=job.agent_id,
            step=job.step,
            role=job.role.value,
            model=job.model,
            permission_mode=job.permission_mode,
            working_directory=str(job.working_directory),
            resume=job.resume,
            system_prompt=job.system_prompt,
        )

    def message(self, message: Mapping[str, Any]) -> None:
        """Write down one message of the stream."""
        match message.get("type"):
            case "system" if message.get("subtype") not in NOISE:
                self._line("summary.jsonl", type="SystemMessage", subtype=message.get("subtype"), data=message)
            case "assistant":
                for block in message.get("content") or []:
                    self._block(block, message.get("parent_tool_use_id"))
            case "user":
                for block in message.get("content") or []:
                    if isinstance(block, Mapping) and block.get("type") == "tool_result":
                        self._result(block, message.get("tool_use_result"))
            case "result":
                self._line("summary.jsonl", **{**message, "type": "ResultMessage"})

    def ended(self, error: str | None = None) -> None:
        self._line("summary.jsonl", type="Ended", ok=error is None, error=error)

    def prompt(self, prompt: str) -> None:
        """Write down what is sent to the agent, at its beginning and when a person interrupts it."""
        path = self._folder / "prompt.txt"
        again = path.exists() and path.stat().st_size > 0
        self._append(path.name, f"\n\n--- {_now()} ---\n\n{prompt}" if again else prompt)

    def _block(self, block: Mapping[str, Any], parent: object) -> None:
        match block.get("type"):
            case "text" if not parent:
                self._append("text.txt", f"[{_now()}] AssistantMessage:\n{block.get('text')}\n\n")
            case "thinking" if not parent:
                self._append("text.txt", f"[{_now()}] THINKING:\n{block.get('thinking')}\n\n")
            case "tool_use":
                name, key = str(block.get("name")), str(block.get("id"))
                self._tools[key] = name
                given = {"input": block.get("input"), "parent_tool_use_id": parent}
                self._line("tools.jsonl", type="tool_use", tool_name=name, tool_use_id=key, **given)

    def _result(self, block: Mapping[str, Any], detail: object) -> None:
        key = str(block.get("tool_use_id"))
        self._line(
            "tools.jsonl",
            type="tool_result",
            tool_name=self._tools.get(key, ""),
            tool_use_id=key,
            content=block.get("content"),
            is_error=bool(block.get("is_error")),
            detail=detail,
        )

    def _line(self, name: str, **fields: object) -> None:
        line = {"timestamp": _now(), **fields}
        self._append(name, json.dumps(line, ensure_ascii=False, default=str) + "\n")

    def _append(self, name: str, text: str) -> None:
        with Path(self._folder / name).open("ab", buffering=0) as file:
            file.write(text.encode("utf-8", "replace"))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
