"""The two durable workflows: a task, and a step of it. Generic on purpose: the graph is data, the work is in `step`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from dbos import DBOS, SetWorkflowID

from data.domain import workflows
from data.domain.errors import RunLost
from orchestrator_adapter.engine import names, step

QUEUE = "agents"
"""Where steps wait for a place; nobody serves it, see `places`."""
POLL_S = 0.2
T = TypeVar("T")


async def ours(work: Awaitable[T]) -> T:
    """The work's result; never one if other processes have it: an answer of ours, even an error, must not count."""
    try:
        return await work
    except RunLost:
        await asyncio.Event().wait()
        raise


@DBOS.step(name="open_task")
async def open_task(task_id: str) -> list[dict[str, Any]]:
    return await ours(step.bench().open_task(task_id))


@DBOS.step(name="adopt_plan")
async def adopt_plan(task_id: str, run_id: str) -> list[dict[str, Any]]:
    return await ours(step.bench().adopt_plan(task_id, run_id))


@DBOS.step(name="close_task")
async def close_task(task_id: str, run: int, outcomes: dict[str, str], failures: dict[str, str]) -> str:
    return await ours(step.bench().close_task(task_id, run, outcomes, failures))


@DBOS.step(name="call_agent", preemptible=True)
async def call_agent(run_id: str, key: str, inputs: list[str]) -> dict[str, Any]:
    return await ours(step.bench().call_agent(run_id, key, inputs))


@DBOS.workflow(name="run_node", max_recovery_attempts=20)
async def run_node(run_id: str, key: str, inputs: list[str]) -> dict[str, Any]:
    """One step by one agent; a failed agent is an answer, not an exception."""
    return await call_agent(run_id, key, inputs)


@DBOS.workflow(name="run_task", max_recovery_attempts=1000)
async def run_task(task_id: str, run: int) -> str:
    """Every step as soon as what it depends on is done; after a failure nothing new starts.

    Steps that were paid for in an earlier run keep their ids, so their outcomes are found and nothing is done again.
    """
    workflow = workflows.from_json(await open_task(task_id))
    done: dict[str, str] = {}
    failures: dict[str, str] = {}
    running: dict[str, Any] = {}
    while True:
        startable = [] if failures else workflows.ready(workflow, done, running)
        for node in startable:
            run_id = names.step_run(task_id, node.key, node.generation)
            inputs = [done[key] for key in node.depends_on]
            with SetWorkflowID(run_id):
                running[node.key] = await DBOS.enqueue_workflow_async(QUEUE, run_node, run_id, node.key, inputs)
        if startable:
            step.bench().ring()
        if not running:
            return await close_task(task_id, run, done, failures)
        first = await DBOS.wait_first_async(list(running.values()), polling_interval_sec=POLL_S)
        key = next(key for key, handle in running.items() if handle.workflow_id == first.workflow_id)
        running.pop(key)
        outcome = await first.get_result()
        if not outcome["ok"]:
            failures[key] = outcome["why"]
            continue
        done[key] = first.workflow_id
        if key == names.PLAN:
            workflow = workflows.from_json(await adopt_plan(task_id, first.workflow_id))
