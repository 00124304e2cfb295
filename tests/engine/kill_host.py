"""A process with an engine whose agents keep a journal, and which can kill itself at an exact place.

`python -m tests.engine.kill_host FOLDER [PLACE]`: FOLDER holds the journal and the sessions; PLACE is `finish:N` (when
the N-th step end is committed, before the engine has its checkpoint), `event:N` (when the N-th event is) or `reply:N`
(when the N-th reply is paid, before anybody hears of it).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from data.domain import events as e
from data.domain.agents import Runtime
from data.domain.events import Event
from data.domain.money import Tokens
from data.domain.workflows import StepStatus
from data.store import Recorded
from orchestrator_adapter import settings
from orchestrator_adapter.deck import build
from orchestrator_adapter.runners import Job, Reply

REPLIES = 4
REPLY_S = 0.05
CENT = 10_000_000


class Journalled:
    """Agents that remember in a file what they have done, as a session does, and write down when they begin."""

    def __init__(self, folder: Path, last_reply: int = 0) -> None:
        self._folder, self._left = folder, last_reply
        self._journal = (folder / "journal.jsonl").open("a", buffering=1)

    async def run(self, job: Job) -> AsyncIterator[Event | Reply]:
        begun = {"at_ms": time.time() * 1000, "agent": job.agent_id, "step": job.step, "resumed": bool(job.resume)}
        self._journal.write(json.dumps(begun) + "\n")
        ids = {"task_id": job.task_id, "agent_id": job.agent_id}
        session = self._folder / f"session-{job.agent_id}"
        done = said(session) if job.resume else 0
        yield e.SessionStarted(**ids, session_id=f"s-{job.agent_id}", model="claude-sonnet-5-5")
        for number in range(done, REPLIES):
            await asyncio.sleep(REPLY_S)
            _write(session, str(number + 1))
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            yield _reply(number, **ids)
            text = f"reply {number} of {job.agent_id}".encode()
            yield e.Said(**ids, message_id="m", block="text", chars=len(text), blob=job.keep(text))
        yield Reply("## Summary\nDone.\n\nVerdict: PASS")

    def replies(self, session_id: str, task_id: str, agent_id: str) -> list[e.MessageMetered]:
        done = said(self._folder / f"session-{session_id.removeprefix('s-')}")
        return [_reply(number, task_id=task_id, agent_id=agent_id) for number in range(done)]


def said(session: Path) -> int:
    """So many replies are in the session, and paid."""
    return int(session.read_text()) if session.exists() else 0


def _reply(number: int, task_id: str, agent_id: str) -> e.MessageMetered:
    message = {"message_id": f"{agent_id}-{number}", "model": "m", "tokens": Tokens(10, 5)}
    return e.MessageMetered(task_id=task_id, agent_id=agent_id, **message, cost_nanousd=CENT)


def _write(path: Path, text: str) -> None:
    """As a whole or not at all: we may be killed in the middle."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


class Fuse:
    """Kills this process as soon as so many of something were committed."""

    def __init__(self, place: str) -> None:
        self._what, _, number = place.partition(":")
        self._left = int(number)

    def __call__(self, _clock: int, news: Sequence[Recorded]) -> None:
        for entry in news:
            event = entry.event
            ends = isinstance(event, e.StepMoved) and event.to is StepStatus.COMPLETED
            self._left -= ends if self._what == "finish" else 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    folder = Path(sys.argv[1])
    place = sys.argv[2] if len(sys.argv) > 2 else ""
    last_reply = int(place.removeprefix("reply:")) if place.startswith("reply:") else 0
    deck = build(settings.read(), {Runtime.SCRIPTED: Journalled(folder, last_reply)})
    if place and not last_reply:
        deck.store.listen(Fuse(place))
    print("up", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
