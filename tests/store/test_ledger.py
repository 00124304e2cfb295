"""Append and fold in one transaction: rows always say what the log says."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.domain import events as e
from data.domain.agents import AgentStatus, FileChange, Role, Runtime
from data.domain.errors import AgentNotFound, BlobNotFound, TaskNotFound, TooLate
from data.domain.money import Tokens
from data.domain.tasks import TaskStatus
from data.domain.workflows import StepStatus
from data.store import Ledger, Store, TaskFilter, workers
from data.store import tables as t
from tests import events


def submitted(task_id: str = "t1", runtime: Runtime = Runtime.CLAUDE, **more: object) -> e.TaskSubmitted:
    steps = (
        e.StepSpec(key="builder", role=Role.BUILDER, scope="Build it"),
        e.StepSpec(key="tester", role=Role.TESTER, scope="Test it", depends_on=("builder",)),
    )
    given = {"description": "fix the sign bug", "complexity_reasons": ("4 words",), "analyst_reason": "simple task"}
    return events.submitted(task_id, **given | {"workflow": steps, "runtime": runtime} | more)


def created(agent_id: str = "a1", task_id: str = "t1", runtime: Runtime = Runtime.CLAUDE) -> e.AgentCreated:
    return e.AgentCreated(
        task_id=task_id,
        agent_id=agent_id,
        step="builder",
        role=Role.BUILDER,
        name="Builder",
        model="m",
        runtime=runtime,
    )


def metered(message: str = "m1", output: int = 10, cost: int | None = 500, **more: object) -> e.MessageMetered:
    values: dict[str, object] = {
        "task_id": "t1",
        "agent_id": "a1",
        "message_id": message,
        "request_id": "r1",
        "model": "claude-sonnet-5-5",
        "tokens": Tokens(4, output, 100, 20, 3),
        "cost_nanousd": cost,
    }
    return e.MessageMetered.model_validate(values | more)


def begin(store: Store) -> None:
    with store.write() as ledger:
        ledger.append(submitted())
        ledger.append(created())


def test_a_submitted_task_can_be_read_back_whole(store: Store) -> None:
    with store.write(durable=True) as ledger:
        ledger.append(submitted(budget_nanousd=5_000_000_000, scenario="success"))
    with store.read() as board:
        task = board.task("t1")
    assert (task.status, task.description, task.budget_nanousd) == (TaskStatus.PENDING, "fix the sign bug", 5 * 10**9)
    assert [(s.key, s.depends_on, s.status) for s in task.workflow] == [
        ("builder", (), StepStatus.PENDING),
        ("tester", ("builder",), StepStatus.PENDING),
    ]
    assert task.complexity_reasons == ("4 words",)
    assert task.created_at.tzinfo is UTC


def test_a_life_moves_task_step_and_agent(store: Store) -> None:
    begin(store)
    with store.write() as ledger:
        ledger.append(e.TaskMoved(task_id="t1", to=TaskStatus.IN_PROGRESS))
        ledger.append(e.StepMoved(task_id="t1", step="builder", to=StepStatus.ACTIVE))
        ledger.append(e.AgentMoved(task_id="t1", agent_id="a1", to=AgentStatus.ACTIVE))
        ledger.append(e.SessionStarted(task_id="t1", agent_id="a1", session_id="s1", model="claude-opus-5-5"))
        ledger.append(e.Activity(task_id="t1", agent_id="a1", words="editing calc.py"))
    with store.read() as board:
        task, agent = board.task("t1"), board.agent("a1")
    assert (task.current_step, task.status, task.started_at is not None) == ("builder", TaskStatus.IN_PROGRESS, True)
    assert (agent.status, agent.activity, agent.model, agent.session_id) == (
        AgentStatus.ACTIVE,
        "editing calc.py",
        "claude-opus-5-5",
        "s1",
    )
    with store.write() as ledger:
        ledger.append(e.AgentMoved(task_id="t1", agent_id="a1", to=AgentStatus.COMPLETED, result="done"))
        ledger.append(e.StepMoved(task_id="t1", step="builder", to=StepStatus.COMPLETED))
        ledger.append(e.TaskMoved(task_id="t1", to=TaskStatus.COMPLETED, result="all done"))
    with store.read() as board:
        task, agent = board.task("t1"), board.agent("a1")
    assert (task.status, task.result, task.error, task.current_step) == (TaskStatus.COMPLETED, "all done", None, None)
    assert (agent.status, agent.result, agent.ended_at is not None) == (AgentStatus.COMPLETED, "done", True)


def test_an_impossible_move_changes_nothing_and_keeps_the_log_clean(store: Store) -> None:
    begin(store)
    with store.read() as board:
        before = board.clock()
    with pytest.raises(TooLate, match="pending cannot become completed"), store.write() as ledger:
        ledger.append(e.Activity(task_id="t1", agent_id="a1", words="this goes too"))
        ledger.append(e.TaskMoved(task_id="t1", to=TaskStatus.COMPLETED))
    with store.read() as board:
        assert board.clock() == before
        assert board.agent("a1").activity == ""


def test_events_of_nobody_are_refused(store: Store) -> None:
    with pytest.raises(TaskNotFound), store.write() as ledger:
        ledger.append(e.TaskMoved(task_id="no", to=TaskStatus.FAILED))
    with pytest.raises(AgentNotFound), store.write() as ledger:
        ledger.append(submitted())
        ledger.append(e.Activity(task_id="t1", agent_id="no", words="x"))
    with store.read() as board:
        assert board.clock() == 0


def test_a_reply_is_counted_once_and_its_largest_copy_wins(store: Store) -> None:
    begin(store)
    with store.write() as ledger:
        assert ledger.append(metered(output=1, cost=100)) is not None
        assert ledger.append(metered(output=10, cost=500)) is not None
        assert ledger.append(metered(output=10, cost=500)) is None
        assert ledger.append(metered(output=2, cost=200)) is None
        ledger.append(metered("m2", output=5, cost=300))
    with store.read() as board:
        task, agent, messages = board.task("t1"), board.agent("a1"), board.messages("a1")
    assert agent.cost_nanousd == task.cost_nanousd == 800 == sum(m.cost_nanousd or 0 for m in messages)
    assert agent.tokens == task.tokens == Tokens(8, 15, 200, 40, 6)
    assert agent.context_used == 4 + 100 + 20 + 3 + 5


def test_the_same_message_under_another_request_is_another_charge(store: Store) -> None:
    begin(store)
    with store.write() as ledger:
        ledger.append(metered())
        ledger.append(metered(request_id="r2"))
    with store.read() as board:
        assert board.task("t1").cost_nanousd == 1000


def test_an_unknown_price_is_unpriced_and_never_zero_silently(store: Store) -> None:
    begin(store)
    with store.write() as ledger:
        ledger.append(metered(output=1, cost=None))
        ledger.append(metered("m2", cost=700))
    with store.read() as board:
        assert (board.task("t1").cost_nanousd, board.task("t1").unpriced_messages) == (700, 1)
    with store.write() as ledger:
        ledger.append(metered(output=9, cost=900))
    with store.read() as board:
        assert (board.task("t1").cost_nanousd, board.task("t1").unpriced_messages) == (1600, 0)


def test_a_subagent_costs_but_does_not_fill_the_gauge(store: Store) -> None:
    begin(store)
    with store.write() as ledger:
        ledger.append(metered(context_window=200_000))
        ledger.append(metered("m2", tokens=Tokens(50_000, 1), context_window=1_000_000, subagent=True))
    with store.read() as board:
        agent = board.agent("a1")
    assert (agent.context_used, agent.context_window, agent.cost_nanousd) == (137, 200_000, 1000)


@pytest.mark.parametrize(
    ("totals", "reported"),
    [([100], 100), ([100, 250], 250), ([100, 100], 100), ([100, 40], 140), ([100, 250, 30, 50], 300)],
)
def test_the_running_total_is_never_summed(store: Store, totals: list[int], reported: int) -> None:
    begin(store)
    with store.write() as ledger:
        for total in totals:
            ledger.append(e.TotalReported(task_id="t1", agent_id="a1", session_id="s", total_nanousd=total))
    with store.read() as board:
        assert board.agent("a1").reported_nanousd == board.task("t1").reported_nanousd == reported


def test_files_are_grouped_by_what_was_done(store: Store) -> None:
    begin(store)
    with store.write() as ledger:
        for path, change in [
            ("a.py", FileChange.READ),
            ("a.py", FileChange.MODIFIED),
            ("b.py", FileChange.CREATED),
            ("b.py", FileChange.MODIFIED),
            ("b.py", FileChange.MODIFIED),
        ]:
            ledger.append(e.FileTouched(task_id="t1", agent_id="a1", path=path, change=change, added=1))
    with store.read() as board:
        assert board.agent("a1").files == {"read": ["a.py"], "modified": ["a.py"], "created": ["b.py"]}
        assert board.task("t1").files == board.agent("a1").files


def test_retry_shows_when_the_next_try_comes_and_the_next_reply_clears_it(store: Store) -> None:
    begin(store)
    then = datetime(2026, 11, 22, 12, tzinfo=UTC)
    with store.write() as ledger:
        ledger.append(
            e.RetryScheduled(
                task_id="t1", agent_id="a1", attempt=1, max_retries=4, delay_ms=900, status=529, retry_at=then
            )
        )
    with store.read() as board:
        assert board.agent("a1").retry_at == then
        assert "retry (1 of 4): 529" in board.agent("a1").activity
    with store.write() as ledger:
        ledger.append(metered())
    with store.read() as board:
        assert board.agent("a1").retry_at is None


def test_listeners_hear_after_the_commit_and_not_of_what_rolled_back(store: Store) -> None:
    heard: list[tuple[int, list[str]]] = []
    end = store.listen(lambda clock, news: heard.append((clock, [n.event.kind for n in news])))
    begin(store)
    with pytest.raises(TooLate), store.write() as ledger:
        ledger.append(e.TaskMoved(task_id="t1", to=TaskStatus.COMPLETED))
    assert heard == [(2, ["task_submitted", "agent_created"])]
    end()
    with store.write() as ledger:
        ledger.append(e.Activity(task_id="t1", agent_id="a1", words="x"))
    assert len(heard) == 1


def test_writers_in_many_threads_never_lose_or_reorder(store: Store) -> None:
    begin(store)
    clocks: list[int] = []
    store.listen(lambda clock, news: clocks.extend(n.id for n in news))

    def write(n: int) -> None:
        for i in range(10):
            with store.write() as ledger:
                ledger.append(metered(f"m{n}-{i}", cost=1))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clocks == sorted(clocks)
    assert len(clocks) == 80
    with store.read() as board:
        assert board.task("t1").cost_nanousd == 80


def test_a_step_run_is_paid_once(store: Store) -> None:
    with store.write(durable=True) as ledger:
        first = ledger.begin_run("t1/builder/1", "t1", "builder", "a1")
        ledger.note_session("t1/builder/1", "s1")
    assert (first.attempts, first.outcome) == (1, None)
    with store.write(durable=True) as ledger:
        again = ledger.begin_run("t1/builder/1", "t1", "builder", "a1")
        ledger.finish_run("t1/builder/1", {"text": "done", "usd": 1})
    assert (again.attempts, again.session_id) == (2, "s1")
    with store.write() as ledger:
        paid = ledger.begin_run("t1/builder/1", "t1", "builder", "a1")
    assert (paid.attempts, paid.outcome) == (2, {"text": "done", "usd": 1})


def test_a_process_that_ends_in_good_order_is_no_death_of_its_steps(store: Store) -> None:
    with store.write() as ledger:
        db = ledger.connection
        for number in range(5):
            workers.enlist(db, f"w{number}", "here", number, pages=True, max_agents=1)
            run = ledger.begin_run("t1/builder/1", "t1", "builder", "a1", f"w{number}")
            assert (run.attempts, run.begun) == (number + 1, 1)
            workers.ended(db, f"w{number}")
        for number in range(5, 8):
            workers.enlist(db, f"w{number}", "here", number, pages=True, max_agents=1)
            run = ledger.begin_run("t1/builder/1", "t1", "builder", "a1", f"w{number}")
            assert run.begun == number - 4
            assert workers.lose(db, f"w{number}") == ("t1/builder/1",)


def test_blobs_are_kept_once_and_come_back_whole(store: Store) -> None:
    content = b"\x00\xff binary " * 10_000
    with store.write() as ledger:
        first, second = ledger.keep(content), ledger.keep(content)
    assert first == second
    assert store.blob(first) == content
    with store.read() as board:
        assert board.connection.execute(sa.select(sa.func.count()).select_from(t.blobs)).scalar() == 1
    with pytest.raises(BlobNotFound):
        store.blob("0" * 64)


def test_text_no_database_takes_is_stored_readably(store: Store) -> None:
    begin(store)
    with store.write() as ledger:
        ledger.append(e.Activity(task_id="t1", agent_id="a1", words="nul \x00 and half an emoji \ud83d"))
    with store.read() as board:
        assert board.agent("a1").activity == "nul \ufffd and half an emoji ?"
        assert board.events(agent_id="a1")[-1].event.kind == "activity"


def test_deleting_a_task_takes_its_agents_off_every_list(store: Store) -> None:
    begin(store)
    with store.write() as ledger:
        ledger.append(e.TaskDeleted(task_id="t1", by="me"))
    with store.read() as board:
        with pytest.raises(TaskNotFound):
            board.task("t1")
        with pytest.raises(AgentNotFound):
            board.agent("a1")
        assert board.tasks(TaskFilter()).items == []
        assert board.agents().items == []


def test_a_replanned_workflow_keeps_steps_that_began(store: Store) -> None:
    begin(store)
    planner = e.StepSpec(key="planner", role=Role.PLANNER, scope="Plan")
    with store.write() as ledger:
        ledger.append(submitted("t2", workflow=(planner, *submitted().workflow)))
        ledger.append(e.TaskMoved(task_id="t2", to=TaskStatus.IN_PROGRESS))
        ledger.append(e.StepMoved(task_id="t2", step="planner", to=StepStatus.COMPLETED))
        new = (e.StepSpec(key="documenter", role=Role.DOCUMENTER, scope="Write"),)
        ledger.append(e.TaskPlanned(task_id="t2", workflow=new, rationale="small"))
    with store.read() as board:
        assert {s.key for s in board.task("t2").workflow} == {"planner", "documenter"}


def test_the_log_can_be_read_on_from_any_clock(store: Store) -> None:
    begin(store)
    with store.write() as ledger:
        ledger.append(e.Activity(task_id="t1", agent_id="a1", words="x"))
    with store.read() as board:
        log = board.events(task_id="t1")
        assert [r.event.kind for r in log] == ["task_submitted", "agent_created", "activity"]
        assert [r.id for r in board.events(after=log[0].id)] == [log[1].id, log[2].id]
        assert board.events(agent_id="a1", limit=1)[0].event == log[1].event


def replay(ledger: Ledger, outputs: list[tuple[str, int]]) -> None:
    for message, output in outputs:
        ledger.append(metered(message, output=output, cost=output * 7))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["m1", "m2", "m3"]), st.integers(0, 500)), max_size=30))
def test_cost_is_the_sum_of_the_largest_copies_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, outputs: list[tuple[str, int]]
) -> None:
    opened = Store.open(f"sqlite:///{tmp_path_factory.mktemp('s') / 's.sqlite'}")
    try:
        begin(opened)
        with opened.write() as ledger:
            replay(ledger, outputs)
        with opened.read() as board:
            largest = {name: max(o for n, o in outputs if n == name) for name, _ in outputs}
            assert board.task("t1").cost_nanousd == sum(largest.values()) * 7
            assert board.task("t1").tokens.output == sum(largest.values())
    finally:
        opened.close()


def test_fleet_counts_leave_simulated_money_out(store: Store) -> None:
    now = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
    with store.write() as ledger:
        ledger.append(submitted(), now)
        ledger.append(created(), now)
        ledger.append(metered(cost=1000), now)
        ledger.append(metered("old", cost=5), now - timedelta(days=1))
        ledger.append(submitted("t2", Runtime.DEMO), now)
        ledger.append(created("a2", "t2", Runtime.DEMO), now)
        ledger.append(metered("m9", cost=7777, task_id="t2", agent_id="a2"), now)
    with store.read() as board:
        fleet = board.fleet(now + timedelta(minutes=10))
    assert (fleet.today_nanousd, fleet.simulated_today_nanousd) == (1000, 7777)
    assert (fleet.agents, fleet.by_status, fleet.by_role) == (2, {"idle": 2}, {"builder": 2})
    assert (fleet.running_tasks, fleet.tasks_7d, fleet.analyst_in_7d) == (2, 2, 0)
    assert fleet.spend_by_hour[-1] == 1000
    assert sum(fleet.spend_by_hour) == 1000
