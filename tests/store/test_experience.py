"""Which past tasks estimates learn from, and when there is something new to learn; on both databases."""

from __future__ import annotations

from datetime import timedelta

from data.domain import events as e
from data.domain.agents import Role, Runtime
from data.domain.experience import Past, Wish
from data.domain.money import Tokens
from data.domain.tasks import TaskType
from data.store import Store
from orchestrator_adapter.experience import Learned
from tests.store.test_board import NOW, append, created, moved, submitted

CLAUDE = {"runtime": Runtime.CLAUDE, "model": "claude-opus-5-5"}


def lived(store: Store, task_id: str, *states: str, cost: int | None = 7, seconds: int = 90, **more: object) -> None:
    """Submitted, begun ten seconds later, with one priced reply, and ended."""
    runtime = more.get("runtime", Runtime.CLAUDE)
    append(store, submitted(task_id, **CLAUDE | more), created(f"a-{task_id}", task_id, runtime=runtime))
    append(store, *moved(task_id, "in_progress"), at=NOW + timedelta(seconds=10))
    reply = {"message_id": task_id, "model": "m", "tokens": Tokens(1, 1), "cost_nanousd": cost}
    append(store, e.MessageMetered(task_id=task_id, agent_id=f"a-{task_id}", **reply))
    append(store, *moved(task_id, *states), at=NOW + timedelta(seconds=10 + seconds))


def known(store: Store, *, simulated: bool = False) -> list[Past]:
    with store.read() as board:
        return board.past_tasks(simulated=simulated)


def test_what_completed_or_failed_here_and_is_priced_is_learned_from(store: Store) -> None:
    lived(store, "done", "completed", cost=5)
    lived(store, "bad", "failed", cost=6, seconds=95, task_type=TaskType.TESTING, analyst_included=True)
    lived(store, "stopped", "cancelled")
    lived(store, "running")
    lived(store, "unpriced", "completed", cost=None)
    lived(store, "free", "completed", cost=0)
    lived(store, "elsewhere", "completed", runtime=Runtime.ATTACHED)
    lived(store, "demo", "completed", runtime=Runtime.DEMO)
    lived(store, "gone", "completed")
    append(store, e.TaskDeleted(task_id="gone", by="me"))
    lived(store, "single", "completed", analyst_by="nobody")
    wish = Wish("bug_fix", "simple", False, "claude", "claude-opus-5-5", "/src")
    at = round(NOW.timestamp() * 1000)
    done, bad = known(store)
    assert done == Past(wish, at, at + 100_000, 5, 90_000, (("builder", 5),))
    assert (bad.wish.task_type, bad.wish.analyst, bad.duration_ms) == ("testing", True, 95_000)
    (demo,) = known(store, simulated=True)
    assert demo.wish.runtime == "demo"


def test_each_step_counts_all_agents_that_worked_on_it(store: Store) -> None:
    steps = (
        e.StepSpec(key="builder", role=Role.BUILDER, scope="Build"),
        e.StepSpec(key="tester", role=Role.TESTER, scope="Test"),
    )
    append(store, submitted("t1", workflow=steps), *moved("t1", "in_progress"))
    for number, (agent, step) in enumerate([("a", "builder"), ("b", "builder"), ("c", "tester")], 1):
        append(store, created(agent, "t1", step=step, role=Role(step)))
        reply = {"message_id": agent, "model": "m", "tokens": Tokens(1, 1), "cost_nanousd": 10**number}
        append(store, e.MessageMetered(task_id="t1", agent_id=agent, **reply))
    append(store, *moved("t1", "completed"))
    assert known(store)[0].steps == (("builder", 110), ("tester", 1000))


def test_the_newest_are_enough(store: Store) -> None:
    for number in range(4):
        append(store, submitted(f"t{number}"), created(f"a{number}", f"t{number}"), at=NOW + timedelta(hours=number))
        reply = {"message_id": f"m{number}", "model": "m", "tokens": Tokens(1, 1), "cost_nanousd": number + 1}
        append(store, e.MessageMetered(task_id=f"t{number}", agent_id=f"a{number}", **reply))
        append(store, *moved(f"t{number}", "in_progress", "completed"), at=NOW + timedelta(hours=number))
    with store.read() as board:
        assert [one.cost_nanousd for one in board.past_tasks(simulated=False, most=2)] == [3, 4]


def test_it_is_learned_anew_only_when_another_task_has_ended(store: Store) -> None:
    learned = Learned(store)
    assert learned.of(simulated=False).record.made == 0
    lived(store, "t1", "completed")
    first = learned.of(simulated=False)
    assert first.like(known(store)[0].wish) == 1
    append(store, submitted("t2"), created("a-t2", "t2"))
    assert learned.of(simulated=False) is first
    assert learned.of(simulated=True) is not first
    lived(store, "t3", "failed")
    second = learned.of(simulated=False)
    assert second is not first
    append(store, e.TaskDeleted(task_id="t3", by="me"))
    assert learned.of(simulated=False).like(known(store)[0].wish) == 1
