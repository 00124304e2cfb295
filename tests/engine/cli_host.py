"""A process with an engine and real agents, which kills itself after so many replies that it did not write down.

`python -m tests.engine.cli_host HOME URL [SEEN KILL]`: of each agent SEEN replies pass, the others are held back; when
the agent tells of its reply number KILL, this process is gone.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

from benchmarks.overshoot import Bursting
from benchmarks.stages import real_agents
from data.domain.agents import Runtime
from data.domain.events import Event, MessageMetered
from orchestrator_adapter import settings
from orchestrator_adapter.deck import build
from orchestrator_adapter.runners import Job, Reply


class Doomed:
    """Agents whose server dies before it has written down what they used."""

    def __init__(self, home: Path, url: str, seen: int, kill: int) -> None:
        self._runner = Bursting(home, url)
        self._sessions = real_agents(home, url)
        self._seen, self._kill = seen, kill

    async def run(self, job: Job) -> AsyncIterator[Event | Reply]:
        replies: dict[str, None] = {}
        async for item in self._runner.run(job):
            if isinstance(item, MessageMetered):
                replies[item.message_id] = None
            if len(replies) == self._kill:
                os.kill(os.getpid(), signal.SIGKILL)
            if len(replies) <= self._seen:
                yield item

    def replies(self, session_id: str, task_id: str, agent_id: str) -> list[MessageMetered]:
        return self._sessions.replies(session_id, task_id, agent_id)


def main() -> None:
    home, url, *places = sys.argv[1:]
    seen, kill = map(int, places or ("1000", "1001"))
    build(settings.read(), {Runtime.SCRIPTED: Doomed(Path(home), url, seen, kill)})
    print("up", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
