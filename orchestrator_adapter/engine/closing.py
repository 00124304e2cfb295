"""What the end of a step, or of a task, writes down: all of it in one transaction."""

from __future__ import annotations

import contextlib
from typing import Any

from data.domain import events as e
from data.domain.agents import AgentStatus, Role
from data.domain.errors import TooLate
from data.domain.outcome_events import OutcomeField
from data.domain.tasks import Task, TaskStatus
from data.domain.workflows import Step, StepStatus
from data.store import Ledger
from orchestrator_adapter.engine import approvals, names, telling
from orchestrator_adapter.runners.inbox import Inbox

JUDGES: dict[Role, OutcomeField] = {Role.TESTER: "tests_passed", Role.REVIEWER: "review_passed"}
"""Whose verdict is which part of the task's outcome."""


def text_of(ledger: Ledger, run_id: str) -> str:
    run = ledger.run(run_id)
    return str(run.outcome["text"]) if run and run.outcome else ""


def close(ledger: Ledger, task: Task, done: dict[str, str], failures: dict[str, str]) -> None:
    for step in task.workflow:
        if step.status is StepStatus.PENDING and failures:
            why = f"Not started, because {', '.join(failures)} failed."
            ledger.append(e.StepMoved(task_id=task.id, step=step.key, to=StepStatus.SKIPPED, why=why))
    if failures:
        why = " ".join(f"{key} failed: {reason}" for key, reason in failures.items())
        ledger.append(e.TaskMoved(task_id=task.id, to=TaskStatus.FAILED, why=why))
        return
    needed = {key for step in task.workflow for key in step.depends_on}
    last = [text_of(ledger, run_id) for key, run_id in done.items() if key not in needed]
    result = "\n\n".join(last)
    ledger.append(e.TaskMoved(task_id=task.id, to=TaskStatus.COMPLETED, result=result))


def finish(ledger: Ledger, task: Task, node: Step, run_id: str, outcome: dict[str, Any], inbox: Inbox) -> bool:
    """Result, agent and step in one transaction: from here on the step is paid for and never run again.

    False, and nothing is written, if the agent gave an answer and a person has said more since.
    """
    ok = outcome["ok"]
    if (ok or outcome["text"]) and telling.missed(ledger, run_id, inbox):
        return False
    ledger.finish_run(run_id, outcome)
    approvals.withdraw(ledger, names.agent_id(run_id))
    to = AgentStatus.COMPLETED if ok else AgentStatus.FAILED
    agent_id = names.agent_id(run_id)
    with contextlib.suppress(TooLate):
        result = outcome["text"] or None
        ledger.append(e.AgentMoved(task_id=task.id, agent_id=agent_id, to=to, why=outcome["why"], result=result))
    end = StepStatus.COMPLETED if ok else StepStatus.FAILED
    ledger.append(e.StepMoved(task_id=task.id, step=node.key, to=end, why=outcome["why"]))
    if (said := outcome.get("passed")) is not None and node.role in JUDGES:
        told = e.OutcomeRecorded(
            task_id=task.id, values={JUDGES[node.role]: said}, by=node.key, automatic=True, why=outcome["why"]
        )
        ledger.append(told)
    return True


def cancel(ledger: Ledger, task: Task, node: Step, agent_id: str) -> None:
    """Written only after the agent's processes are gone."""
    status = ledger.task_status(task.id)
    if status not in (TaskStatus.CANCELLED, TaskStatus.PAUSED):
        return
    why = f"The task was {status}."
    approvals.withdraw(ledger, agent_id)
    with contextlib.suppress(TooLate):
        ledger.append(e.AgentMoved(task_id=task.id, agent_id=agent_id, to=AgentStatus.CANCELLED, why=why))
    ledger.append(e.StepMoved(task_id=task.id, step=node.key, to=StepStatus.CANCELLED, why=why))
