"""A process with an engine whose builder changes files, and waits to be killed the first time it works.

`python -m tests.engine.change_host`: the home and the rest come from the environment.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

from data.domain import events as e
from data.domain.agents import Runtime
from data.domain.events import Event
from data.domain.tasks import Task, TaskType
from data.store import Store
from orchestrator_adapter import settings
from orchestrator_adapter.deck import build
from orchestrator_adapter.runners import Job, Reply
from tests import events

ROOT = Path(__file__).parents[2]
TASK = "killed"


class Writer:
    """Changes one file before it is killed and another after it."""

    async def run(self, job: Job) -> AsyncIterator[Event | Reply]:
        ids = {"task_id": job.task_id, "agent_id": job.agent_id}
        yield e.SessionStarted(**ids, session_id="s", model="claude-sonnet-5-5")
        if not job.resume:
            (job.working_directory / "code.py").write_text("one\nchanged before the kill\nthree\n")
            await asyncio.sleep(0.2)  # so that the session's start is on the disk
            (job.working_directory / "during.txt").write_text("x\n")
            await asyncio.sleep(60)
        (job.working_directory / "after.txt").write_text("x\n")
        yield Reply("## Summary\nDone.")


def submitted(folder: Path) -> e.TaskSubmitted:
    return events.submitted(
        TASK,
        description="Work that is killed",
        task_type=TaskType.CUSTOM,
        working_directory=str(folder),
        runtime=Runtime.SCRIPTED,
        by="test",
    )


def look(store: Store) -> Task:
    with store.read() as board:
        return board.task(TASK)


def start(home: Path) -> subprocess.Popen[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("QUARTERDECK_", "DATABASE_URL"))}
    env = clean | {"QUARTERDECK_HOME": str(home), "QUARTERDECK_RUNTIME": "scripted", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.engine.change_host"]
    with (home / "host.log").open("a") as log:
        return subprocess.Popen(command, env=env, cwd=ROOT, stdout=log, stderr=log, text=True)


def main() -> None:
    build(settings.read(), {Runtime.SCRIPTED: Writer()})
    threading.Event().wait()


if __name__ == "__main__":
    main()
