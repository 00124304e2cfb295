"""One way to run an agent, whatever runs it: a Runner turns a Job into events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from data.domain.agents import Role
from data.domain.events import Event, MessageMetered
from orchestrator_adapter.runners.inbox import Inbox

Asked = Callable[[], Awaitable[str | None]]
"""A question for the id of a reply; None if nobody knows."""


@dataclass(frozen=True)
class Answer:
    """What a person said to a tool call."""

    allowed: bool
    reason: str = ""
    """Told to the agent when it is denied."""


@dataclass(frozen=True)
class Job:
    """Everything one agent needs to do one step."""

    task_id: str
    agent_id: str
    step: str
    role: Role
    prompt: str
    system_prompt: str
    working_directory: Path
    log_dir: Path
    """Folder of this agent's log files; the runner makes it."""
    model: str | None = None
    """None: the runtime's default."""
    permission_mode: str = "acceptEdits"
    resume: str | None = None
    """Session to continue after a crash."""
    resume_prompt: str = ""
    """What is said in a continued session instead of the prompt, which it already holds."""
    scenario: str | None = None
    """The scripted story of a demo."""
    max_budget_usd: float | None = None
    keep: Callable[[bytes], str] = field(default=lambda content: "", repr=False)
    """Stores large content and gives its blob id; called from the runner's thread."""

    ask_tools: tuple[str, ...] = ()
    """Tools of which each call waits for a person; `*` for all."""
    ask: Callable[[Job, str, dict[str, Any], str], Awaitable[Answer]] | None = field(default=None, repr=False)
    """Asks a person about one call: this job, the tool, its input, and the call in words."""
    inbox: Inbox = field(default_factory=Inbox, repr=False)
    """What people say to it while it works."""

    counted: Callable[[Asked], Awaitable[None]] | None = field(default=None, repr=False)
    """Called before each call of a tool with a question for the reply that makes it: waits until that is counted, where
    the money is near its end, and never returns if the agent has to stop."""

    @property
    def said(self) -> str:
        """The very text that is sent."""
        return self.resume_prompt if self.resume is not None and self.resume_prompt else self.prompt


@dataclass(frozen=True)
class Reply:
    """The last thing a run yields: the agent's final answer."""

    text: str
    session_id: str | None = None


class Runner(Protocol):
    """Does one step's work, yielding what happens as it happens."""

    def run(self, job: Job) -> AsyncIterator[Event | Reply]:
        """Yield events, then exactly one Reply. Raise AgentFailed to fail.

        A message in the job's inbox interrupts the turn and begins the next. AgentHeard tells that the session holds
        it; also of those that stand in its first words.

        When the consumer is cancelled, nothing this run started may be alive when the generator is closed.
        """
        ...


@runtime_checkable
class Remembers(Protocol):
    """A runner whose sessions keep what their replies used, whoever was there to hear of it."""

    def replies(self, session_id: str, task_id: str, agent_id: str) -> list[MessageMetered]:
        """Each finished reply of the session, once; as if this agent had told of it."""
        ...
