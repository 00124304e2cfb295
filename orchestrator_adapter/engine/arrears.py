"""Counts replies that were billed while nobody was left to write them down: the agent's session still has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import structlog

from data.domain.agents import Runtime
from data.domain.budgets import Spent
from data.domain.events import MessageMetered, TranscriptCounted
from data.store import Ledger, StepRun, Store, metered, places, workers
from orchestrator_adapter.engine import governor
from orchestrator_adapter.runners import Remembers, Runner

log = structlog.get_logger("engine")


def known_to(runner: Runner | None, run: StepRun) -> list[MessageMetered]:
    """What the session of this run says was used; it may take a moment to read."""
    if run.session_id is None or not isinstance(runner, Remembers):
        return []
    return runner.replies(run.session_id, run.task_id, run.agent_id)


def count(ledger: Ledger, replies: Sequence[MessageMetered]) -> int:
    """Write down those that nobody has, and let the budgets see them; how many there were."""
    new = [reply for reply in replies if ledger.append(reply) is not None]
    if new:
        dearest = reduce(dearer, new, Spent(0, 0))
        governor.meter(ledger, new[0].task_id, new[0].agent_id, dearest)
        log.info("replies_made_up", task_id=new[0].task_id, agent_id=new[0].agent_id, replies=len(new))
    return len(new)


def note(ledger: Ledger, run: StepRun, session_id: str, replies: Sequence[MessageMetered]) -> None:
    """Write down what the session's transcript adds up to for this agent: a figure beside what was counted."""
    others = metered.elsewhere(ledger.connection, run.agent_id, [reply.message_id for reply in replies])
    mine = [reply for reply in replies if (reply.message_id, reply.request_id) not in others]
    if not mine:
        return
    ledger.append(
        TranscriptCounted(
            task_id=run.task_id,
            agent_id=run.agent_id,
            session_id=session_id,
            replies=len(mine),
            cost_nanousd=sum(reply.cost_nanousd or 0 for reply in mine),
            unpriced=sum(reply.cost_nanousd is None for reply in mine),
        )
    )


def dearer(known: Spent, reply: MessageMetered) -> Spent:
    return Spent(max(known.nanousd, reply.cost_nanousd or 0), max(known.tokens, reply.tokens.total))


def of_the_dead(store: Store, runners: Mapping[Runtime, Runner]) -> None:
    """Count what agents of dead processes left uncounted, also of steps that never go on."""
    with store.read() as board:
        living = {worker.id for worker in workers.living(board.connection)}
        left = places.left(board.connection, living)
        runtimes = {run.task_id: board.task(run.task_id).runtime for run in left}
    for run in left:
        if replies := known_to(runners.get(Runtime(runtimes[run.task_id])), run):
            with store.write(durable=True) as ledger:
                count(ledger, replies)
