"""Lives as phases: what an agent did when, told from the few events that move it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from data.domain import events as e
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.approvals import ApprovalStatus
from data.domain.phases import Life, PhaseKind, lives
from data.domain.tasks import TaskStatus

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
IDS = {"task_id": "t1", "agent_id": "a1"}


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def created(agent_id: str = "a1") -> e.AgentCreated:
    return e.AgentCreated(
        task_id="t1",
        agent_id=agent_id,
        step="builder",
        role=Role.BUILDER,
        name="Builder",
        model="m",
        runtime=Runtime.CLAUDE,
    )


def told(life: Life, now: float) -> list[tuple[str, float]]:
    return [(phase.kind.value, phase.seconds(after(now))) for phase in life.upto(after(now))]


def moved(to: AgentStatus, why: str = "") -> e.AgentMoved:
    return e.AgentMoved(**IDS, to=to, why=why)


def test_a_life_from_its_making_to_its_end():
    asked = e.ApprovalAsked(
        **IDS, approval_id="q", tool="Bash", words="run tests", input_blob="b", why="", expires_at=after(999)
    )
    answered = e.ApprovalAnswered(**IDS, approval_id="q", to=ApprovalStatus.ALLOWED, by="ana")
    (life,) = lives(
        [
            (after(0), created()),
            (after(2), moved(AgentStatus.ACTIVE)),
            (after(10), asked),
            (after(40), answered),
            (after(60), moved(AgentStatus.FAILED, "boom")),
            (after(90), moved(AgentStatus.DELETED)),
        ]
    )
    assert told(life, 100) == [("idle", 2), ("working", 8), ("waiting for a person", 30), ("working", 20)]
    assert (life.end, life.why, life.ended) == (AgentStatus.FAILED, "boom", after(60))
    assert life.phases[2].why == "run tests"
    assert [words for _, words in life.notes] == ["allowed by ana"]


def test_a_wait_for_the_next_try_ends_when_its_time_has_come():
    retry = e.RetryScheduled(
        **IDS, attempt=1, max_retries=10, delay_ms=4000, status=529, error="overloaded", retry_at=after(9)
    )
    events = [(after(0), created()), (after(1), moved(AgentStatus.ACTIVE)), (after(5), retry)]
    (waits,) = lives(events)
    assert told(waits, 7) == [("idle", 1), ("working", 4), ("waiting for the next try", 2)]
    assert told(waits, 12) == [("idle", 1), ("working", 4), ("waiting for the next try", 4), ("working", 3)]
    (ended,) = lives([*events, (after(20), moved(AgentStatus.COMPLETED))])
    assert told(ended, 99) == [("idle", 1), ("working", 4), ("waiting for the next try", 4), ("working", 11)]


def test_a_task_waits_while_one_of_its_agents_does_and_may_be_paused():
    submitted = e.TaskMoved(task_id="t1", to=TaskStatus.IN_PROGRESS)
    asked = e.ApprovalAsked(
        **IDS, approval_id="q", tool="Bash", words="run", input_blob="b", why="", expires_at=after(999)
    )
    answered = e.ApprovalAnswered(**IDS, approval_id="q", to=ApprovalStatus.DENIED, by="ana")
    task, _ = lives(
        [
            (after(0), submitted),
            (after(1), created()),
            (after(2), moved(AgentStatus.ACTIVE)),
            (after(3), asked),
            (after(5), answered),
            (after(6), e.TaskMoved(task_id="t1", to=TaskStatus.PAUSED, why="lunch")),
            (after(16), e.TaskResumed(task_id="t1", kept_steps=(), kept_nanousd=0, by="ana")),
            (after(20), e.TaskMoved(task_id="t1", to=TaskStatus.COMPLETED)),
        ]
    )
    kinds = [PhaseKind.WORKING, PhaseKind.ASKING, PhaseKind.WORKING, PhaseKind.PAUSED, PhaseKind.WORKING]
    assert [phase.kind for phase in task.phases] == kinds
    assert [phase.seconds(after(99)) for phase in task.phases] == [3, 2, 1, 10, 4]
    assert (task.end, task.notes) == (TaskStatus.COMPLETED, [(after(16), "resumed by ana")])


def test_a_clock_that_was_set_back_makes_no_negative_times():
    (life,) = lives(
        [(after(10), created()), (after(3), moved(AgentStatus.ACTIVE)), (after(1), moved(AgentStatus.COMPLETED))]
    )
    assert all(phase.ended is not None and phase.ended >= phase.begun for phase in life.phases)
