"""Agents that answer by role and can be held, for tests of the engine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from data.domain import events as e
from data.domain.agents import Role
from data.domain.events import Event
from data.domain.money import Tokens
from data.domain.tasks import Draft, Task, TaskType
from orchestrator_adapter import commands
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.runners import Job, Reply

REPORT = "## Summary\n{role} did it.\n\n## Key Findings\n- found by {role}\n\nVerdict: PASS"


@dataclass
class Cast:
    """A runner whose agents answer by role; it notes who was asked what."""

    answers: dict[Role, str | Exception] = field(default_factory=dict)
    hold: dict[Role, threading.Event] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    closed: list[Role] = field(default_factory=list)

    async def run(self, job: Job) -> AsyncIterator[Event | Reply]:
        self.jobs.append(job)
        ids = {"task_id": job.task_id, "agent_id": job.agent_id}
        try:
            yield e.SessionStarted(**ids, session_id=f"s-{job.step}", model="claude-sonnet-5-5")
            if job.inbox.opened_with:
                yield e.AgentHeard(**ids, told=job.inbox.opened_with)
            message = f"m-{job.agent_id}"
            yield e.MessageMetered(
                **ids, message_id=message, model="claude-sonnet-5-5", tokens=Tokens(10, 5), cost_nanousd=1_000_000
            )
            if job.role in self.hold:
                while not self.hold[job.role].is_set():
                    await asyncio.sleep(0.01)
            answer = self.answers.get(job.role, REPORT.format(role=job.role.value))
            if isinstance(answer, Exception):
                raise answer
            yield Reply(answer)
        finally:
            self.closed.append(job.role)


def submit(deck: Deck, description: str = "Refactor the whole parser", **more: object) -> Task:
    draft = Draft(description, task_type=TaskType.BUG_FIX, **more)  # type: ignore[arg-type]
    return commands.submit_task(deck, LOCAL, draft)
