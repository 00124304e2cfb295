"""Writes agent log folders as the existing orchestrator does, with its quirks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

MODEL = "claude-sonnet-4-5-20250929"
INIT = (
    "SystemMessage(subtype='init', data={{'type': 'system', 'subtype': 'init', 'cwd': '/src/calc', "
    "'session_id': '{session}', 'tools': ['Bash', 'Read'], 'model': '{model}', 'permissionMode': 'bypassPermissions'}})"
)
PLAN = """Analyze this task and design an optimal workflow:

TASK DESCRIPTION:
{description}

TASK TYPE: {kind}

WORKING DIRECTORY: /src/calc

Based on the task, respond with ONLY valid JSON (no markdown, no explanation)."""


@dataclass
class TheirLog:
    """One agent's log folder: times are local and without an offset, answers are cut at 2,000 characters."""

    root: Path
    task: str = "803a350b-6c1e-4a53-9d0c-0f6c5a2b7e11"
    agent: str = "5f0c1d2e"
    name: str = "Builder Agent"
    at: datetime = field(default_factory=lambda: datetime(2026, 3, 1, 14, 0, 0, 120000))
    session: str = "sess-1"

    def __post_init__(self) -> None:
        folder = f"{self.agent[:8]}_{self.name.replace(' ', '_')}_{self.at:%Y%m%d_%H%M%S}"
        self.folder = self.root / self.task / folder if self.task else self.root / folder
        self.folder.mkdir(parents=True, exist_ok=True)

    def later(self, seconds: float = 1) -> TheirLog:
        self.at += timedelta(seconds=seconds)
        return self

    def _add(self, name: str, text: str) -> TheirLog:
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(text)
        return self.later()

    def _line(self, name: str, **fields: Any) -> TheirLog:
        return self._add(name, json.dumps({"timestamp": self.at.isoformat(), **fields}) + "\n")

    def prompt(self, text: str) -> TheirLog:
        (self.folder / "prompt.txt").write_text(text, encoding="utf-8")
        return self.later()

    def says(self, text: str, kind: str = "AssistantMessage") -> TheirLog:
        return self._add("text.txt", f"[{self.at.isoformat()}] {kind}:\n{text}\n\n")

    def init(self) -> TheirLog:
        message = INIT.format(session=self.session, model=MODEL)
        return self._line("summary.jsonl", type="SystemMessage", subtype="init", message=message)

    def uses(self, key: str, tool: str, **given: Any) -> TheirLog:
        return self._line("tools.jsonl", type="tool_use", tool_name=tool, tool_use_id=key, input=given)

    def returns(self, key: str, content: Any, is_error: bool | None = None) -> TheirLog:
        if isinstance(content, str):
            cut = f"{content[:2000]}... (truncated {len(content) - 2000} chars)"
            content = content if len(content) <= 2000 else cut
        else:
            content = str(content)[:2000]
        return self._line("tools.jsonl", type="tool_result", tool_use_id=key, content=content, is_error=is_error)

    def breaks_off(self) -> TheirLog:
        """An input that is no JSON leaves half a line, without a line break."""
        return self._add(
            "tools.jsonl", '{"timestamp": "' + self.at.isoformat() + '", "type": "tool_use", "input": {"a": '
        )

    def result(
        self, usd: float | None, usage: Mapping[str, Any] | None, result: str | None = "done", **more: Any
    ) -> TheirLog:
        fields = {"is_error": False, "duration_ms": 1234, "num_turns": 3, "session_id": self.session} | more
        fields |= {"total_cost_usd": usd, "usage": usage, "result": result, "total_messages_processed": 8}
        return self._line("summary.jsonl", type="ResultMessage", **fields)


USAGE = {
    "input_tokens": 120,
    "output_tokens": 45,
    "cache_creation_input_tokens": 1000,
    "cache_read_input_tokens": 5000,
    "service_tier": "standard",
    "server_tool_use": {"web_search_requests": 0},
}


def run(root: Path, **fields: Any) -> TheirLog:
    """A whole run: it reads, edits, has a test fail, and ends well."""
    log = TheirLog(root, **fields).prompt(
        "Fix the issue: Fix the sign bug in add()\n\n## Previous Agent Summary\nFound it."
    )
    log.init().says("Let me look.", "THINKING").says("I read the file first.")
    log.uses("toolu_1", "Read", file_path="/src/calc/calc.py")
    log.returns("toolu_1", [{"type": "text", "text": "def add(a, b):\n    return a - b  # é"}])
    log.uses("toolu_2", "Bash", command="pytest -q").returns("toolu_2", "1 failed\nassert -1 == 3", True)
    log.uses("toolu_3", "Edit", file_path="/src/calc/calc.py", old_string="a - b", new_string="a + b")
    log.returns("toolu_3", "The file /src/calc/calc.py has been updated.")
    log.uses("toolu_4", "Write", file_path="/src/calc/test_calc.py", content="def test():\n    assert add(1, 2) == 3\n")
    log.returns("toolu_4", "File created successfully at: /src/calc/test_calc.py")
    log.uses("toolu_5", "Bash", command="cat big.txt").returns("toolu_5", "x" * 3000)
    return log.says("Fixed.").result(0.0123, USAGE, "Fixed.")
