"""What one made-up agent did between its start and its end: replies, tools, files, sub-agents, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from data.domain import events as e
from data.domain.agents import AgentStatus, FileChange, Role
from data.domain.money import Tokens
from data.domain.prices import book
from orchestrator_adapter import handover
from orchestrator_adapter.engine import names
from orchestrator_adapter.runners.activity import activity
from orchestrator_adapter.seed import edits, reports, work
from orchestrator_adapter.seed.lives import Fate, Life, Run

TOOLS: dict[Role, tuple[str, ...]] = {
    Role.ORCHESTRATOR: ("Read", "Grep"),
    Role.PLANNER: ("Read", "Glob"),
    Role.BUILDER: ("Read", "Edit", "Edit", "Bash", "Write"),
    Role.REVIEWER: ("Read", "Bash", "Grep"),
    Role.ANALYST: ("Grep", "Read", "Read"),
    Role.TESTER: ("Bash", "Read", "Edit", "Write"),
    Role.DOCUMENTER: ("Read", "Edit", "Write"),
    Role.CUSTOM: ("Grep", "Read", "Bash"),
}
"""In the order in which each role takes them up, again and again."""

SUBAGENT_MODEL = "claude-haiku-4-5"
OVERLOADED = "API Error: Repeated 529 Overloaded errors"
MAX_RETRIES = 10
Timed = Iterator[tuple[float, e.Event]]


class AgentStory:
    """One agent's part in the story of a task; `answer` and `why` are known after `worked`."""

    def __init__(self, life: Life, run: Run, keep: Callable[[bytes], str]) -> None:
        self.run = run
        self.answer = ""
        self.why = ""
        """Why it failed; empty if it did not."""
        self._life = life
        self._keep = keep
        self._rng = Random(f"{life.seed}/{run.step.key}")
        self._id = names.agent_id(names.step_run(life.submitted.task_id, run.step.key))
        self._ids = {"task_id": life.submitted.task_id, "agent_id": self._id}
        self._created: set[str] = set()
        self._modified: set[str] = set()
        self._numbers = 0
        self._message = ""

    def created(self) -> e.AgentCreated:
        step = self.run.step
        return e.AgentCreated(
            **self._ids,
            step=step.key,
            role=step.role,
            name=names.agent_name(step),
            model=self._life.submitted.model or names.DEFAULT_MODEL,
            runtime=self._life.submitted.runtime,
        )

    def moved(self, to: AgentStatus, why: str = "", result: str | None = None) -> e.AgentMoved:
        return e.AgentMoved(**self._ids, to=to, why=why, result=result)

    def called(self, tool: str) -> e.ToolCalled:
        """A call of the tool, as this agent would make it."""
        given, _ = self._given(tool)
        return self._called(self._next("toolu"), tool, given)

    def worked(self) -> Timed:
        """Everything between start and end."""
        run, rng = self.run, self._rng
        ready_s = min(run.begins_s + rng.uniform(0.6, 2.2), (run.begins_s + run.ends_s) / 2)
        session = f"demo-{self._id[:12]}"
        yield ready_s, e.SessionStarted(**self._ids, session_id=session, model=self._life.model)
        spent = 0
        for at_s, event in self._turns(ready_s):
            if isinstance(event, e.MessageMetered):
                spent += event.cost_nanousd or self._assumed(event.tokens, at_s)
            yield at_s, event
        if run.fate is not Fate.CANCELLED:
            drift = rng.uniform(1.02, 1.12) if rng.random() < 0.04 else 1
            total = round(spent * drift)
            yield run.ends_s - 0.05, e.TotalReported(**self._ids, session_id=session, total_nanousd=total)

    def _turns(self, ready_s: float) -> Timed:
        """Reply after reply, with what each of them set off, and the report with the last."""
        times = self._times(ready_s)
        used = work.tokens(
            self._rng,
            self.run.step.role,
            self._life.complexity,
            self._life.size,
            hour_cache=self._rng.random() < 0.15,
        )
        for number, (at_s, until_s) in enumerate(zip(times, [*times[1:], self.run.ends_s], strict=True)):
            yield from self._hindered(number, at_s - 0.04)
            message = self._message = self._next("msg")
            if self._rng.random() < 0.12:
                yield at_s - 0.03, self._said(message, "thinking", reports.thought(self._rng))
            yield at_s, self._metered(message, next(used), at_s, self._life.model)
            if number < len(times) - 1:
                yield from self._tool(number, at_s, until_s)
        yield from self._last_words(times[-1])

    def _times(self, ready_s: float) -> list[float]:
        """When each reply came; a run that was cut short has fewer."""
        count = work.replies(self._rng, self.run.step.role, self._life.complexity)
        if self.run.fate in (Fate.CANCELLED, Fate.SERVICE):
            count = self._rng.randint(1, count)
        slot = (self.run.ends_s - 0.1 - ready_s) / (count + 0.2)
        return [ready_s + slot * (number + self._rng.uniform(0.55, 0.95)) for number in range(count)]

    def _hindered(self, number: int, at_s: float) -> Timed:
        """The service is busy now and then, and the agent tries again by itself."""
        if number and self._rng.random() < 0.015:
            yield at_s, self._retry(1, at_s)

    def _retry(self, attempt: int, at_s: float) -> e.RetryScheduled:
        delay_ms = min(500 * 2**attempt, 8_000)
        return e.RetryScheduled(
            **self._ids,
            attempt=attempt,
            max_retries=MAX_RETRIES,
            delay_ms=delay_ms,
            status=529,
            error="overloaded",
            retry_at=self._clock(at_s) + timedelta(milliseconds=delay_ms),
        )

    def _last_words(self, at_s: float) -> Timed:
        """The report, or what came in its place."""
        match self.run.fate:
            case Fate.CANCELLED:
                return
            case Fate.SERVICE:
                self.why = OVERLOADED
                left_s = self.run.ends_s - 0.1 - at_s
                for attempt in (1, 2, 3):
                    yield (when_s := at_s + left_s * attempt / 4), self._retry(attempt, when_s)
            case Fate.REFUSED:
                self.why = "The agent could not go on: Bash was not permitted."
                yield at_s + 0.01, self._refused()
            case _:
                yield at_s + 0.01, self._reported()

    def _reported(self) -> e.Said:
        good = self.run.fate is not Fate.VERDICT
        role, request = self.run.step.role, self._life.request
        files = {"created": self._created, "modified": self._modified}
        self.answer = reports.report(self._rng, role, request, **files, good=good)
        if not good:
            self.why = handover.failed(handover.read(self.answer, role), role) or ""
        return self._said(f"msg_{self._id[:16]}_{self._numbers}", "text", self.answer)

    def _refused(self) -> e.ToolRefused:
        command = self._life.request.product.run_tests
        words = f"Bash was not permitted: {activity('Bash', {'command': command}, self._folder)}"
        return e.ToolRefused(**self._ids, tool="Bash", words=words, tool_use_id=self._next("toolu"))

    def _tool(self, number: int, at_s: float, until_s: float) -> Timed:
        """One tool call between two replies, sometimes a sub-agent in its place."""
        tools = TOOLS[self.run.step.role]
        back_s = at_s + (until_s - at_s) * 0.6
        if self._life.complexity.value == "complex" and self._rng.random() < 0.04:
            yield from self._delegated(at_s, back_s)
            return
        tool = tools[number % len(tools)]
        given, path = self._given(tool)
        key, good = self._next("toolu"), self._rng.random() > 0.04
        yield at_s + 0.02, self._called(key, tool, given)
        yield back_s, self._returned(key, tool, good)
        if path and good:
            yield back_s, self._touched(key, tool, path, given)

    def _given(self, tool: str) -> tuple[dict[str, Any], str]:
        """The input of a tool, and the file it is about, if any."""
        part, folder = self._life.request.part, self._life.request.product.folder
        tests = self.run.step.role is Role.TESTER
        path = self._rng.choice((part.source, part.test)) if tool == "Read" else part.test if tests else part.source
        if self.run.step.role is Role.DOCUMENTER and tool != "Read":
            path = "README.md" if tool == "Edit" else f"docs/{part.name.replace(' ', '-')}.md"
        elif tool == "Write":
            path = path.replace(".", "_cases.", 1)
        match tool:
            case "Bash":
                return {"command": self._life.request.product.run_tests}, ""
            case "Grep":
                return {"pattern": part.name, "path": folder}, ""
            case "Glob":
                return {"pattern": f"**/*{Path(part.source).suffix}"}, ""
            case _:
                return {"file_path": f"{folder}/{path}", **edits.given(tool, path, self._numbers)}, path

    def _called(self, key: str, tool: str, given: dict[str, Any]) -> e.ToolCalled:
        blob = self._keep(json.dumps(given).encode())
        words = activity(tool, given, self._folder)
        ids = {**self._ids, "tool_use_id": key, "message_id": self._message}
        return e.ToolCalled(**ids, tool=tool, words=words, input_blob=blob)

    def _returned(self, key: str, tool: str, good: bool) -> e.ToolReturned:
        output = reports.tool_output(self._rng, tool, self._life.request, good=good)
        blob = self._keep(output.encode())
        is_error = not good
        return e.ToolReturned(
            **self._ids, tool_use_id=key, tool=tool, is_error=is_error, output_blob=blob, preview=output[:200]
        )

    def _touched(self, key: str, tool: str, path: str, given: dict[str, Any]) -> e.FileTouched:
        change = FileChange.READ
        if tool == "Write":
            change = FileChange.MODIFIED if path in self._created else FileChange.CREATED
            self._created.add(path)
        elif tool == "Edit":
            change = FileChange.MODIFIED
            self._modified.add(path)
        read = change is FileChange.READ
        added, removed = (0, 0) if read else edits.changed(given)
        lines = self._rng.randint(40, 900) if read else None
        ids = {**self._ids, "path": path, "tool_use_id": key}
        return e.FileTouched(**ids, change=change, added=added, removed=removed, lines=lines)

    def _delegated(self, at_s: float, back_s: float) -> Timed:
        """A sub-agent looks something up; its replies are the agent's cost."""
        words = f"Find every use of {self._life.request.part.source}"
        key, who = self._next("toolu"), self._next("sub")
        step_s = (back_s - at_s) / 4
        yield at_s + 0.02, self._called(key, "Agent", {"description": words, "prompt": words})
        yield at_s + step_s, e.SubagentMoved(**self._ids, subagent_id=who, to="started", words=words)
        for turn in (2, 3):
            used = Tokens(4, self._rng.randint(80, 400), 9_000, self._rng.randint(2_000, 9_000))
            when_s = at_s + step_s * turn
            yield when_s, self._metered(self._next("msg"), used, when_s, SUBAGENT_MODEL, subagent=True)
        yield back_s, e.SubagentMoved(**self._ids, subagent_id=who, to="completed", words=words)
        yield back_s, self._returned(key, "Grep", True)

    def _metered(
        self, message: str, used: Tokens, at_s: float, model: str, *, subagent: bool = False
    ) -> e.MessageMetered:
        return e.MessageMetered(
            **self._ids,
            message_id=message,
            request_id=message.replace("msg", "req"),
            model=model,
            tokens=used,
            cost_nanousd=book().cost_nanousd(model, used, self._clock(at_s)),
            context_window=book().context_window(model),
            subagent=subagent,
        )

    def _assumed(self, used: Tokens, at_s: float) -> int:
        """The command line prices a model it does not know like its default."""
        return book().cost_nanousd("default", used, self._clock(at_s)) or 0

    def _said(self, message: str, block: Any, text: str) -> e.Said:
        return e.Said(**self._ids, message_id=message, block=block, chars=len(text), blob=self._keep(text.encode()))

    def _next(self, kind: str) -> str:
        self._numbers += 1
        return f"{kind}_{self._id[:16]}_{self._numbers}"

    def _clock(self, at_s: float) -> datetime:
        return self._life.start + timedelta(seconds=at_s)

    @property
    def _folder(self) -> Path:
        return Path(self._life.request.product.folder)
