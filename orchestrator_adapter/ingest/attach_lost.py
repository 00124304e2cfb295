"""Ends what attached orchestrators left at work that are gone: killed, or silent for too long."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import datetime

import psutil
import structlog

from data.domain import events as e
from data.domain.agents import AgentStatus
from data.domain.errors import TaskNotFound
from data.domain.money import Tokens
from data.domain.tasks import TaskStatus
from data.domain.workflows import StepStatus
from data.store import AgentFilter, Board, Store, attachments
from data.store.attachments import Attachment

LEASE_MS = 60_000
"""An orchestrator on another machine that has said nothing for so long is gone: it says each five seconds that it
lives. On this machine its process is looked at, so that one that slept with the machine is not taken for dead."""
log = structlog.get_logger("attached")


def look(store: Store, _now: datetime) -> None:
    """Find those that are gone, and write down what became of their tasks."""
    with store.read() as board:
        gone = {one: why for one in attachments.living(board.connection) if (why := _gone(one))}
    for one, why in gone.items():
        _lose(store, one, why)


def _gone(one: Attachment) -> str:
    """Why it is not there any more; nothing if it is."""
    if one.host != socket.gethostname():
        silent = one.silent_ms > LEASE_MS
        return f"its process on {one.host} has not said for {one.silent_ms // 1000} s that it lives" if silent else ""
    try:
        born_ms = psutil.Process(one.pid).create_time() * 1000
    except psutil.NoSuchProcess:
        return f"its process ({one.pid}) ended without a word"
    return "" if abs(born_ms - one.born_ms) < 2000 else f"its process ({one.pid}) ended without a word"


def _lose(store: Store, one: Attachment, why: str) -> None:
    """Once, whoever looks: the first that marks it writes the rest."""
    with store.write(durable=True) as ledger:
        if attachments.end(ledger.connection, one.task_id):
            for event in list(_ends(Board(ledger.connection), one.task_id, why)):
                ledger.append(event)
            log.warning("attached_lost", task_id=one.task_id, why=why)


def _ends(board: Board, task_id: str, why: str) -> Iterator[e.Event]:
    try:
        task = board.task(task_id)
    except TaskNotFound:
        return
    if task.ended:
        return
    told = f"The attached orchestrator is gone: {why}."
    unknown = "What its agents had used since they last told is not known."
    for agent in board.agents(AgentFilter(task_id=task_id, live=True), limit=200).items:
        ids = {"task_id": task_id, "agent_id": agent.id}
        if not agent.tokens.total:
            message = f"attached:{agent.id}"
            yield e.MessageMetered(**ids, message_id=message, model=agent.model, tokens=Tokens(), cost_nanousd=None)
        yield e.AgentMoved(**ids, to=AgentStatus.FAILED, why=f"{told} {unknown}")
    for step in task.workflow:
        if step.status is StepStatus.ACTIVE:
            yield e.StepMoved(task_id=task_id, step=step.key, to=StepStatus.FAILED, why=told)
        elif step.status is StepStatus.PENDING:
            yield e.StepMoved(task_id=task_id, step=step.key, to=StepStatus.SKIPPED, why=told)
    yield e.TaskMoved(task_id=task_id, to=TaskStatus.FAILED, why=f"{told} {unknown}")
