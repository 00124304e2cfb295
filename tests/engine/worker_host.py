"""An engine process whose agents go on until they may end: `python -m tests.engine.worker_host FOLDER [S]`.

FOLDER holds the journal of all processes: a line when an agent begins, hears a message and ends. Agents of a task end
once a file named like the task, or `all`, is there. S: seconds between two replies.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

from data.domain import events as e
from data.domain.agents import Runtime
from data.domain.events import Event
from data.domain.money import Tokens
from orchestrator_adapter import settings
from orchestrator_adapter.deck import build
from orchestrator_adapter.runners import Job, Reply

CENT = 10_000_000
REPLY_S = 0.05
LOOK_S = 0.25
"""How often an agent that says little looks whether it may end."""


class Held:
    """Agents that talk, a cent a reply, until they may end."""

    def __init__(self, folder: Path, reply_s: float = REPLY_S) -> None:
        self._folder, self._reply_s = folder, reply_s
        self._journal = (folder / "journal.jsonl").open("a", buffering=1)
        self._sent = 0

    async def run(self, job: Job) -> AsyncIterator[Event | Reply]:
        ids = {"task_id": job.task_id, "agent_id": job.agent_id}
        self._note("begin", job)
        try:
            yield e.SessionStarted(**ids, session_id=f"s-{job.agent_id}", model="claude-sonnet-5-5")
            if job.inbox.opened_with:
                yield e.AgentHeard(**ids, told=job.inbox.opened_with)
            due = 0.0
            while not any((self._folder / name).exists() for name in (job.task_id, "all")):
                await asyncio.sleep(min(self._reply_s, LOOK_S))
                for note in job.inbox.take():
                    self._note("heard", job, note=note.text)
                    yield e.AgentHeard(**ids, told=note.id)
                if time.monotonic() < due:
                    continue
                self._sent, due = self._sent + 1, time.monotonic() + self._reply_s
                message = {"message_id": f"{os.getpid()}-{self._sent}", "model": "m", "tokens": Tokens(10, 5)}
                yield e.MessageMetered(**ids, **message, cost_nanousd=CENT)
            yield Reply("## Summary\nDone.\n\nVerdict: PASS")
        finally:
            self._note("end", job)

    def _note(self, what: str, job: Job, **more: str) -> None:
        line = {"what": what, "at": time.time(), "pid": os.getpid(), "task": job.task_id, "step": job.step}
        self._journal.write(json.dumps(line | {"resumed": bool(job.resume)} | more) + "\n")


def main() -> None:
    deck = build(settings.read(), {Runtime.SCRIPTED: Held(Path(sys.argv[1]), *map(float, sys.argv[2:]))}, pages=False)
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: told.set())
    print(deck.engine.worker, flush=True)
    told.wait()
    deck.engine.leave()


if __name__ == "__main__":
    main()
