"""An existing orchestrator reports into our log through its own callbacks, in the order of its real calls."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.errors import WorkflowInvalid
from data.domain.money import Tokens
from data.domain.tasks import TaskStatus
from data.domain.workflows import StepStatus
from data.store import AgentFilter, Store
from orchestrator_adapter.ingest import attach
from orchestrator_adapter.ingest.attach import Attached


@dataclass
class StandIn:
    """Calls tracker and monitor as the existing executor does: sync ones plainly, the monitor's awaited."""

    run: Attached
    agents: list[SimpleNamespace] = field(default_factory=list)

    async def agent(self, agent_id: str, role: str, cost: float, error: str | None = None) -> None:
        config = SimpleNamespace(name=f"{role.capitalize()} Agent", role=SimpleNamespace(value=role), model="m-1")
        metrics = SimpleNamespace(
            input_tokens=10,
            output_tokens=20,
            cache_creation_input_tokens=300,
            cache_read_input_tokens=4000,
            total_cost=cost,
        )
        agent = SimpleNamespace(agent_id=agent_id, config=config, metrics=metrics)
        tracker = self.run.tracker
        await self.run.monitor.log_agent_created(agent)
        tracker.agent_created(agent_id, config.name, role)
        tracker.agent_started(agent_id)
        tracker.thinking(agent_id)
        tracker.tool_call(agent_id, "Read")
        if error:
            tracker.agent_failed(agent_id, error)
        await self.run.monitor.log_task_completed(agent, "work")
        tracker.agent_completed(agent_id, cost)
        await self.run.monitor.log_agent_deleted(agent)


def begin(store: Store, roles: list[str]) -> StandIn:
    return StandIn(attach.task(store, "Fix the login", roles=roles, working_directory="/src"))


def test_its_agents_appear_with_their_true_cost(store: Store) -> None:
    stand_in = begin(store, ["builder", "tester"])
    asyncio.run(stand_in.agent("u-1", "builder", 0.25))
    asyncio.run(stand_in.agent("u-2", "tester", 0.05))
    stand_in.run.finish(success=True, result="fine")
    with store.read() as board:
        task = board.task(stand_in.run.task_id)
        agents = {a.id: a for a in board.agents(AgentFilter(task_id=task.id)).items}
    assert (task.status, task.result, task.runtime, task.simulated) == (
        TaskStatus.COMPLETED,
        "fine",
        Runtime.ATTACHED,
        False,
    )
    assert task.cost_nanousd == task.reported_nanousd == 300_000_000
    assert agents["u-1"].tokens == Tokens(10, 20, 4000, 300)
    assert (agents["u-1"].role, agents["u-1"].status, agents["u-1"].tool_calls) == (
        Role.BUILDER,
        AgentStatus.COMPLETED,
        1,
    )
    assert [s.status for s in task.workflow] == [StepStatus.COMPLETED] * 2


def test_completed_after_failed_stays_failed(store: Store) -> None:
    stand_in = begin(store, ["builder", "tester"])
    asyncio.run(stand_in.agent("u-1", "builder", 0.1, error="boom"))
    stand_in.run.finish(success=False, error="boom")
    with store.read() as board:
        task = board.task(stand_in.run.task_id)
        agent = board.agent("u-1")
    assert (agent.status, agent.error, task.status, task.error) == (
        AgentStatus.FAILED,
        "boom",
        TaskStatus.FAILED,
        "boom",
    )
    assert [s.status for s in task.workflow] == [StepStatus.FAILED, StepStatus.SKIPPED]


def test_a_callback_never_raises_into_their_executor(store: Store) -> None:
    stand_in = begin(store, ["builder"])
    stand_in.run.tracker.agent_started("nobody")
    stand_in.run.tracker.agent_completed("nobody", 0.0)
    stand_in.run.tracker.tool_call("nobody", "Read")
    with store.read() as board:
        assert board.agents().items == []


def test_running_totals_told_again_are_counted_once(store: Store) -> None:
    stand_in = begin(store, ["builder"])
    asyncio.run(stand_in.agent("u-1", "builder", 0.1))
    asyncio.run(stand_in.agent("u-1", "builder", 0.1))
    with store.read() as board:
        assert board.task(stand_in.run.task_id).cost_nanousd == 100_000_000
        agent = board.agent("u-1")
        told = (agent.context_used, agent.context_window)
    assert told == (0, None)  # a sum of many replies says nothing of how full the context is


def test_counters_that_begin_anew_are_not_added_to_what_they_said_before(store: Store) -> None:
    stand_in = begin(store, ["builder"])
    asyncio.run(stand_in.agent("u-1", "builder", 0.1))
    zero = {"input_tokens": 0, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    for output, usd in ((5, 0.025), (20, 0.1), (30, 0.15)):
        stand_in.run.metered("u-1", SimpleNamespace(**zero, output_tokens=output, total_cost=usd), "m-1")
    with store.read() as board:
        assert board.task(stand_in.run.task_id).cost_nanousd == 150_000_000
        assert [one.message_id for one in board.messages("u-1")] == ["attached:u-1"]


def test_a_cancelled_run_leaves_nobody_at_work(store: Store) -> None:
    stand_in = begin(store, ["builder"])
    stand_in.run.created("u-1", "Builder", "BUILDER")
    stand_in.run.started("u-1")
    stand_in.run.cancelled("stopped by me")
    with store.read() as board:
        assert board.agent("u-1").status is AgentStatus.CANCELLED
        assert board.task(stand_in.run.task_id).status is TaskStatus.CANCELLED


def test_two_builders_are_two_steps(store: Store) -> None:
    stand_in = begin(store, ["builder", "builder"])
    asyncio.run(stand_in.agent("u-1", "builder", 0.1))
    asyncio.run(stand_in.agent("u-2", "builder", 0.2))
    with store.read() as board:
        assert {board.agent("u-1").step, board.agent("u-2").step} == {"builder", "builder-2"}


@pytest.mark.parametrize(("word", "role"), [("BUILDER", Role.BUILDER), ("scout", Role.CUSTOM), (None, Role.CUSTOM)])
def test_roles_are_mapped_in_one_place(word: object, role: Role) -> None:
    assert attach.role_of(word) is role


def test_a_task_without_agents_is_refused(store: Store) -> None:
    with pytest.raises(WorkflowInvalid):
        begin(store, [])
