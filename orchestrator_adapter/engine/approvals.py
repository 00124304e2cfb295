"""Asks a person before a tool runs, and waits as long as people need; a time-out denies."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from data.domain import events as e
from data.domain.approvals import Approval, ApprovalStatus
from data.domain.errors import TooLate
from data.store import Ledger, Recorded, StepRun, Store, asking
from data.store.rows import ms
from orchestrator_adapter.engine.pen import Pen
from orchestrator_adapter.runners import Answer, Job

PATIENCE = timedelta(hours=8)
"""How long a question waits: a working day."""
INTERRUPTED = "A person interrupted the agent with a message."


@dataclass
class Desk:
    """Where agents of this process wait for answers."""

    store: Store
    pen: Pen
    patience: timedelta = PATIENCE
    _waiters: dict[str, list[Callable[[], None]]] = field(default_factory=dict)

    def open(self) -> Callable[[], None]:
        """Hear of answers, wherever they are given; the function that ends it."""
        return self.store.listen(self._heard)

    def _heard(self, _clock: int, news: Sequence[Recorded]) -> None:
        for entry in news:
            if isinstance(entry.event, e.ApprovalAnswered):
                for wake in self._waiters.get(entry.event.approval_id, ()):
                    wake()

    async def ask(self, run: StepRun, job: Job, tool: str, given: dict[str, Any], words: str) -> Answer:
        """Wait until a person has answered; on whichever event loop the caller lives. Raises RunLost."""
        loop, answered = asyncio.get_running_loop(), asyncio.Event()
        if job.inbox.waiting:
            return Answer(False, INTERRUPTED)
        asked = await self.pen.write(lambda ledger: self._ask(ledger, run, job, tool, given, words))
        if asked is None:
            return Answer(True)

        def wake() -> None:
            loop.call_soon_threadsafe(answered.set)

        self._waiters.setdefault(asked.id, []).append(wake)
        try:
            found = await self.pen.read(lambda board: asking.get(board.connection, asked.id))
            if found.status is ApprovalStatus.WAITING:
                with job.inbox.waking(answered):
                    await self._wait(answered, found)
                settle = self.pen.write(lambda ledger: _settle(ledger, run, asked, job.inbox.waiting))
                found = await asyncio.shield(asyncio.ensure_future(settle))  # the interrupted turn cancels this
            await self.pen.write(lambda lg: asking.use(lg.connection, asked.id, ms(lg.now())), durable=False)
            return _answer(found)
        finally:
            self._waiters.pop(asked.id, None)

    async def _wait(self, answered: asyncio.Event, asked: Approval) -> None:
        left = (asked.expires_at - self.store.now()).total_seconds()
        try:
            async with asyncio.timeout(max(left, 0)):
                await answered.wait()
        except TimeoutError:
            return

    def _ask(
        self, ledger: Ledger, run: StepRun, job: Job, tool: str, given: dict[str, Any], words: str
    ) -> Approval | None:
        """Write the question down, or find the same one from before a restart; None: allowed for the whole task."""
        ledger.hold(run)
        if asking.allowed_for_task(ledger.connection, job.task_id, tool):
            return None
        blob = ledger.keep(json.dumps(given, ensure_ascii=False, default=str).encode("utf-8", "replace"))
        if before := asking.known(ledger.connection, job.agent_id, tool, blob):
            return before
        approval_id = uuid.uuid4().hex
        ledger.append(
            e.ApprovalAsked(
                task_id=job.task_id,
                agent_id=job.agent_id,
                approval_id=approval_id,
                tool=tool,
                words=words,
                input_blob=blob,
                why=f"This task asks a person before every call of {tool}.",
                expires_at=ledger.now() + self.patience,
            )
        )
        return asking.get(ledger.connection, approval_id)


def _settle(ledger: Ledger, run: StepRun, asked: Approval, interrupted: bool) -> Approval:
    """The answer; if nobody gave one in time, that denies. An interrupted agent asks nothing any more."""
    ledger.hold(run)
    found = asking.get(ledger.connection, asked.id)
    if found.status is ApprovalStatus.WAITING and interrupted:
        ledger.append(_answered(found, ApprovalStatus.WITHDRAWN, INTERRUPTED))
    elif found.status is ApprovalStatus.WAITING:
        ledger.append(_answered(found, ApprovalStatus.EXPIRED, "Nobody answered in time."))
    return asking.get(ledger.connection, asked.id)


def _answer(found: Approval) -> Answer:
    if found.status is ApprovalStatus.ALLOWED:
        return Answer(True)
    if found.status is ApprovalStatus.WITHDRAWN:
        return Answer(False, found.reason or INTERRUPTED)
    by = f"{found.answered_by} denied it" if found.status is ApprovalStatus.DENIED else "nobody allowed it in time"
    return Answer(False, f"A person has to allow {found.tool} here, and {by}: {found.reason or 'no reason given'}")


def _answered(asked: Approval, to: ApprovalStatus, reason: str) -> e.ApprovalAnswered:
    return e.ApprovalAnswered(
        task_id=asked.task_id, agent_id=asked.agent_id, approval_id=asked.id, to=to, reason=reason, by="clock"
    )


def withdraw(ledger: Ledger, agent_id: str, why: str = "The agent ended.") -> None:
    """Questions of an agent that has ended, or does something else now, need no answer any more."""
    for asked in asking.waiting(ledger.connection, agent_id=agent_id):
        try:
            ledger.append(_answered(asked, ApprovalStatus.WITHDRAWN, why))
        except TooLate:
            continue  # answered in the same moment
