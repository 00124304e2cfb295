"""Real agents brought into each state in which somebody may stop them, by a scripted model service."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from data.domain import events as e
from data.domain.events import Event
from data.domain.tasks import Draft, TaskType
from orchestrator_adapter import commands
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.runners import Job
from orchestrator_adapter.runners.claude import ClaudeRunner
from orchestrator_adapter.runners.demo import MODEL
from orchestrator_adapter.runners.demo.server import ModelServer
from orchestrator_adapter.runners.thread import Run

REACH_S = 60.0
FOREIGN = [name for name in os.environ if name.startswith(("ANTHROPIC_", "CLAUDE"))]
IGNORES = (
    "python3 -c 'import pathlib, signal, time; [signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)];"
    ' pathlib.Path("up").touch(); time.sleep(600)\''
)
LET_GO = (
    "setsid nohup python3 -c 'import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)' "
    ">/dev/null 2>&1 & touch up"
)
LONG = {"text": "one word after the other " * 2000, "seconds": 300}
STALLED = {"text": "The sign is wrong, so I am going to correct it with", "stall": True}
OVERLOADED = {"error": {"status": 529, "type": "overloaded_error", "message": "Overloaded", "times": 99}}


def bash(command: str) -> dict[str, Any]:
    return {"tools": [{"name": "Bash", "input": {"command": command, "description": "Work", "timeout": 600_000}}]}


def delegate(story: str, *parts: str) -> dict[str, Any]:
    """Hand the work to sub-agents, which play these parts of the story."""
    asked = {"description": "look", "subagent_type": "general-purpose"}
    prompts = [f"Look. [[scenario:{story}.{part}]]" for part in parts or ("helper",)]
    return {"tools": [{"name": "Task", "input": {**asked, "prompt": prompt}} for prompt in prompts]}


@dataclass(frozen=True)
class Stage:
    """What the model says, and how to tell that the agent is there."""

    script: Sequence[Mapping[str, Any]]
    reached: Callable[[Sequence[Event], Path], bool]
    helper: Sequence[Mapping[str, Any]] = ()
    ask: tuple[str, ...] = ()
    freeze: bool = False
    """Whether the command line itself stops answering anybody."""


def _doing(words: str) -> Callable[[Sequence[Event], Path], bool]:
    return lambda news, _: any(isinstance(event, e.Activity) and event.words == words for event in news)


def _happened(kind: type[Event], times: int = 1) -> Callable[[Sequence[Event], Path], bool]:
    return lambda news, _: sum(isinstance(event, kind) for event in news) >= times


def _up(_news: Sequence[Event], folder: Path) -> bool:
    return (folder / "up").exists()


WRITING = "writing the answer"
STARTING = "starting"
STAGES: dict[str, Stage] = {
    STARTING: Stage((LONG,), lambda news, _: True),
    "streaming": Stage((LONG,), _doing(WRITING)),
    "stalled stream": Stage((STALLED,), _doing(WRITING)),
    "retrying": Stage((OVERLOADED,), _happened(e.RetryScheduled, 2)),
    "command running": Stage((bash("touch up; sleep 600"), {"text": "done"}), _up),
    "command that ignores TERM": Stage((bash(f"trap '' TERM HUP INT; {IGNORES}"), {"text": "done"}), _up),
    "background command": Stage(
        (bash(LET_GO), STALLED), lambda news, folder: _up(news, folder) and _doing(WRITING)(news, folder)
    ),
    "sub-agent": Stage(
        (delegate("sub-agent"), {"text": "done"}), _up, helper=(bash("touch up; sleep 600"), {"text": "done"})
    ),
    "frozen command line": Stage((LONG,), _doing(WRITING), freeze=True),
    "ending": Stage((bash(LET_GO), {"text": "done"}), _happened(e.TotalReported)),
    "waiting for a person": Stage((bash("true"), {"text": "done"}), _happened(e.ApprovalAsked), ask=("*",)),
}


def real_agents(home: Path, url: str) -> ClaudeRunner:
    """A runner of real processes that ask the model service at this address and know no account."""
    own = {"CLAUDE_CONFIG_DIR": str(home / "claude"), "HOME": str(home), "NO_PROXY": "127.0.0.1"}
    service = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-ant-dummy-of-the-benchmarks"}
    return ClaudeRunner(service | own, pids=home / "pids", unset=FOREIGN)


def tagged(job: Job, story: str) -> Job:
    """The job with the words that tell the model service which story to play."""
    tag = f"[[scenario:{story}.builder]]"
    prompts = {"prompt": f"{job.prompt}\n\n{tag}", "resume_prompt": f"{job.resume_prompt}\n\n{tag}"}
    return replace(job, model=job.model or MODEL, **prompts)  # type: ignore[arg-type]


class Staged:
    """Runs each job as a real agent whose model plays the stage that the task names."""

    def __init__(self, home: Path, pace: float = 1.0) -> None:
        self.config = home / "claude"
        self._server = ModelServer(pace, _script).start()
        self._runner = real_agents(home, self._server.url)

    def run(self, job: Job) -> Run:
        return self._runner.run(tagged(job, _word(job.scenario or "")))

    def close(self) -> None:
        self._server.stop()

    def alive(self) -> list[psutil.Process]:
        """Every process of these agents, tools included."""
        found = []
        for one in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                own = one.environ().get("CLAUDE_CONFIG_DIR") == str(self.config)
                if own and one.status() != psutil.STATUS_ZOMBIE:
                    found.append(one)
        return found

    def bring(self, deck: Deck, state: str) -> str:
        """Submit a task and wait until its agent is in this state; the task's id."""
        stage, news = STAGES[state], list[Event]()
        stop = deck.store.listen(lambda _clock, told: news.extend(entry.event for entry in told))
        try:
            draft = Draft("Quick fix", TaskType.BUG_FIX, scenario=state, ask_tools=stage.ask)
            task = commands.submit_task(deck, LOCAL, draft)
            folder, until = Path(task.working_directory), time.monotonic() + REACH_S
            while not (self._started(state, news, task.id) and stage.reached(news, folder)):
                if time.monotonic() > until:
                    raise RuntimeError(f"No agent was {state} within {REACH_S:.0f} s.")
                time.sleep(0.02)
            for one in self.alive() if stage.freeze else ():
                one.suspend()
            return task.id
        finally:
            stop()

    def _started(self, state: str, news: Sequence[Event], task_id: str) -> bool:
        """Whether the agent is at work at all; one that only starts has a process and no session."""
        kind = e.AgentMoved if state == STARTING else e.SessionStarted
        return any(isinstance(event, kind) and event.task_id == task_id for event in news)


def _word(state: str) -> str:
    return state.replace(" ", "_")


def _script(scenario: str, part: str) -> Sequence[Mapping[str, Any]]:
    stage = next(stage for state, stage in STAGES.items() if _word(state) == scenario)
    return stage.helper if part == "helper" else stage.script
