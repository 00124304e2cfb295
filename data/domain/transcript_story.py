"""The story of a session that was read in: what its transcripts tell, as the events that one here would have left.

Nobody watched it, so these events stand in no log: they are made of the lines that are kept and of the replies that
were counted, and what they come to is what the store says of the task.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data.domain import events as e
from data.domain.agents import LIVE, Agent, AgentStatus
from data.domain.conversation_lines import call_words, text_of, when
from data.domain.money import from_usd
from data.domain.tasks import ENDED, Task, TaskStatus
from data.domain.transcript_calls import MOST_NAME, Calls, asked, blocks
from data.domain.transcript_lines import NO_MODEL, text
from data.domain.transcripts import TranscriptLine
from data.domain.words import shortened
from data.domain.workflows import StepStatus

MOST_WORDS = 200
A_PERSON = "a person"
Dated = tuple[datetime, e.Event]


@dataclass(frozen=True)
class Lived:
    """An agent as it stands, its lines, and the replies that were counted for it."""

    agent: Agent
    session_id: str
    subagent: bool
    lines: Iterable[TranscriptLine]
    replies: Iterable[tuple[datetime, e.MessageMetered]]


def told(task: Task, lives: Iterable[Lived]) -> list[Dated]:
    """All that happened, in the order of its time; with a beginning and an end."""
    found: list[Dated] = []
    for life in lives:
        found += _life(life)
    begun = min((at for at, _ in found), default=task.created_at)
    ended = max((at for at, _ in found), default=begun)
    return [*_opening(task, begun), *sorted(found, key=lambda one: one[0]), *_closing(task, ended)]


def _opening(task: Task, at: datetime) -> Iterator[Dated]:
    steps = tuple(e.StepSpec(key=step.key, role=step.role, scope=step.scope) for step in task.workflow)
    yield (
        at,
        e.TaskSubmitted(
            task_id=task.id,
            description=task.description,
            task_type=task.task_type,
            complexity=task.complexity,
            analyst_choice=task.analyst_choice,
            analyst_included=task.analyst_included,
            analyst_reason=task.analyst_reason,
            workflow=steps,
            working_directory=task.working_directory,
            runtime=task.runtime,
            model=task.model,
            permission_mode=task.permission_mode,
            by=A_PERSON,
        ),
    )
    yield at, e.TaskMoved(task_id=task.id, to=TaskStatus.IN_PROGRESS)
    for step in task.workflow:
        yield at, e.StepMoved(task_id=task.id, step=step.key, to=StepStatus.ACTIVE)


def _closing(task: Task, at: datetime) -> Iterator[Dated]:
    """As it stands; one that goes on has no end yet."""
    for step in task.workflow:
        if step.status not in (StepStatus.PENDING, StepStatus.ACTIVE):
            yield at, e.StepMoved(task_id=task.id, step=step.key, to=step.status)
    if task.status in ENDED:
        yield at, e.TaskMoved(task_id=task.id, to=task.status, result=task.result)


def _life(life: Lived) -> list[Dated]:
    agent = life.agent
    ids = {"task_id": agent.task_id, "agent_id": agent.id}
    found = sorted([*_Lines(life).events(), *life.replies], key=lambda one: one[0])
    begun, ended = (found[0][0], found[-1][0]) if found else (agent.created_at, agent.created_at)
    made = {"step": agent.step, "role": agent.role, "name": agent.name, "runtime": agent.runtime}
    ends = {AgentStatus.DELETED: [AgentStatus.COMPLETED, AgentStatus.DELETED]}
    ways = [] if agent.status in LIVE else ends.get(agent.status, [agent.status])
    return [
        (begun, e.AgentCreated(**ids, **made, model=agent.model)),
        (begun, e.AgentMoved(**ids, to=AgentStatus.ACTIVE)),
        (begun, e.SessionStarted(**ids, session_id=life.session_id, model=agent.model)),
        *found,
        *((ended, e.AgentMoved(**ids, to=way, result=agent.result)) for way in ways),
    ]


class _Lines:
    """What the lines of one agent tell."""

    def __init__(self, life: Lived) -> None:
        self._life = life
        self._ids = {"task_id": life.agent.task_id, "agent_id": life.agent.id}
        self._calls = Calls()
        self._asked = False
        """Whether the first prompt is past: it is the description of the task, or the call of the sub-agent."""

    def events(self) -> Iterator[Dated]:
        """In the order of the lines; one without a time is as old as the one before."""
        now = self._life.agent.created_at
        for kept in self._life.lines:
            line = kept.value()
            if line is None:
                continue
            now = max(now, when(line) or now)
            for event in self._line(line):
                yield now, event

    def _line(self, line: Mapping[str, Any]) -> Iterator[e.Event]:
        message = line.get("message")
        message = message if isinstance(message, dict) else {}
        match line.get("type"):
            case "user":
                yield from self._answers(line, message.get("content"))
            case "assistant":
                yield from self._says(line, message)
            case "cost-state":
                total = line.get("totalCostUSD")
                if isinstance(total, int | float) and not isinstance(total, bool) and 0 <= total < 1e6:
                    session = self._life.session_id
                    yield e.TotalReported(**self._ids, session_id=session, total_nanousd=from_usd(total))

    def _answers(self, line: Mapping[str, Any], content: object) -> Iterator[e.Event]:
        for block in blocks(content, "tool_result"):
            tool, touch = self._calls.returned(block, line.get("toolUseResult"))
            call = text(block.get("tool_use_id"), MOST_NAME)
            failed = block.get("is_error") is True
            preview = shortened(text_of(block.get("content"))[:MOST_WORDS], MOST_WORDS)
            about = {"tool_use_id": call, "tool": tool or "a tool", "is_error": failed, "preview": preview}
            yield e.ToolReturned(**self._ids, **about, output_blob="")
            if touch is not None:
                path, change, added, removed = touch
                lines = {"added": added, "removed": removed}
                yield e.FileTouched(**self._ids, path=path, change=change, tool_use_id=call, **lines)
        if not line.get("isMeta") and not self._aside(line) and (said := asked(content)):
            if self._asked:
                yield e.AgentTold(**self._ids, words=shortened(said, MOST_WORDS), by=A_PERSON)
            self._asked = True

    def _says(self, line: Mapping[str, Any], message: Mapping[str, Any]) -> Iterator[e.Event]:
        content, name = message.get("content"), text(message.get("id"), MOST_NAME)
        if line.get("isApiErrorMessage") or message.get("model") == NO_MODEL:
            yield e.Diagnostic(**self._ids, words=shortened(text_of(content)[:MOST_WORDS], MOST_WORDS))
            return
        aside = self._aside(line)
        for kind in ("thinking", "text"):
            for block in blocks(content, kind):
                said = block.get(kind)
                if isinstance(said, str) and said:
                    parent = "sub-agent" if aside else ""
                    about = {"message_id": name, "chars": len(said), "parent": parent, "blob": ""}
                    yield e.Said(**self._ids, block=kind, **about)
        for block in blocks(content, "tool_use"):
            self._calls.called(block)
            tool, about_it = text(block.get("name"), MOST_NAME), call_words(block.get("input"))
            yield e.ToolCalled(
                **self._ids,
                tool_use_id=text(block.get("id"), MOST_NAME),
                tool=tool,
                words=f"{tool}: {about_it}" if about_it else tool,
                input_blob="",
                subagent=aside,
                message_id=name,
            )

    def _aside(self, line: Mapping[str, Any]) -> bool:
        """Whether a sub-agent says this in the transcript of the session itself, as older versions wrote it."""
        return bool(line.get("isSidechain")) and not self._life.subagent
