"""Costs: every number is the one that the ledger's own rows add up to, to the nano-dollar."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.domain import events as e
from data.domain import windows
from data.domain.errors import QuestionTooLong
from data.domain.money import Tokens
from data.domain.prices import book
from data.domain.tasks import TaskStatus
from data.domain.windows import Grain, Window
from data.store import Store
from data.store import tables as t
from data.warehouse import Reader, Warehouse, costs, queries
from data.warehouse.costs import By, Cut
from orchestrator_adapter.kept import Kept
from tests.warehouse import histories
from tests.warehouse.histories import MODELS, START, Reply

ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe")


@pytest.fixture
def warehouse(store: Store, tmp_path: Path) -> Iterator[Warehouse]:
    opened = Warehouse(store, tmp_path / "warehouse", Kept())
    yield opened
    opened.close()


def rows(store: Store) -> list[dict[str, object]]:
    """Every reply with what is known of its agent and task."""
    query = (
        sa.select(t.messages, t.agents.c.role, t.tasks.c.task_type, t.tasks.c.working_directory.label("folder"))
        .add_columns(t.tasks.c.created_by.label("user"), t.tasks.c.analyst_included.label("analyst"))
        .join(t.agents, t.agents.c.id == t.messages.c.agent_id)
        .join(t.tasks, t.tasks.c.id == t.agents.c.task_id)
    )
    with store.read() as board:
        found = [dict(row) for row in board.connection.execute(query).mappings()]
    return [row | {"model": book().canonical(row["model"])} for row in found]


def fits(cut: Cut) -> Callable[[dict[str, object]], bool]:
    named = ("role", "model", "task_type", "folder", "user", "analyst")

    def check(row: dict[str, object]) -> bool:
        inside = cut.window.begin_ms <= row["at_ms"] < cut.window.end_ms and row["simulated"] == cut.simulated
        return inside and all(getattr(cut, name) in (None, row[name]) for name in named)

    return check


def sums(found: list[dict[str, object]], key: Callable[[dict[str, object]], object]) -> dict[object, int]:
    out: dict[object, int] = defaultdict(int)
    for row in found:
        out[key(row)] += row["cost_nanousd"] or 0
    return dict(out)


def told(frame) -> dict[object, int]:
    return dict(zip(frame["name"], (int(value) for value in frame["cost_nanousd"]), strict=True))


def local_day(zone: str) -> Callable[[dict[str, object]], date]:
    return lambda row: datetime.fromtimestamp(row["at_ms"] / 1000, ZoneInfo(zone)).date()


moments = st.integers(-2 * 24 * 60, 5 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes, seconds=7))
some = {
    "role": st.sampled_from([None, None, "builder", "analyst"]),
    "model": st.sampled_from([None, None, MODELS[0]]),
    "task_type": st.sampled_from([None, None, "bug_fix"]),
    "folder": st.sampled_from([None, None, "/src/0"]),
    "user": st.sampled_from([None, None, "ann"]),
    "analyst": st.sampled_from([None, None, True, False]),
    "simulated": st.booleans(),
}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told_of=histories.steps,
    ends=st.tuples(moments, moments),
    zone=st.sampled_from(ZONES),
    how=st.fixed_dictionaries(some),
)
def test_every_number_is_what_the_rows_add_up_to(tmp_path_factory, told_of, ends, zone, how):
    home = tmp_path_factory.mktemp("costs")
    store = Store.open(f"sqlite:///{home / 'store.sqlite'}")
    warehouse = Warehouse(store, home / "warehouse", Kept())
    try:
        histories.begin(store)
        histories.play(store, told_of[::2])
        warehouse.refresh()  # so that the rest comes as corrections to what is known
        histories.play(store, told_of[1::2])
        cut = Cut(windows.between(min(ends), max(ends) + timedelta(seconds=1), zone), **how)
        found = [row for row in rows(store) if fits(cut)(row)]
        answer = warehouse.ask(costs.page, cut, Grain.DAY, By.ROLE)
        assert answer.total.cost_nanousd == sum(row["cost_nanousd"] or 0 for row in found)
        assert answer.total.replies == len(found)
        assert answer.total.unpriced == sum(row["cost_nanousd"] is None for row in found)
        assert answer.total.tokens == sum(
            (Tokens(*(row[f"tokens_{kind}"] for kind in Tokens().as_dict())) for row in found), Tokens()
        )
        assert sum(answer.total.kinds.values()) == answer.total.cost_nanousd
        for what in (By.ROLE, By.MODEL, By.TASK_TYPE, By.FOLDER, By.USER):
            assert told(answer.parts[what]) == sums(found, lambda row, name=what.value: row[name])
        assert sum(told(answer.parts[By.TOKEN_KIND]).values()) == answer.total.cost_nanousd
        days = {
            (datetime.fromtimestamp(row.at / 1000, ZoneInfo(zone)).date(), row.name): row.cost_nanousd
            for row in answer.over_time.itertuples(index=False)
        }
        day = local_day(zone)
        assert days == sums(found, lambda row: (day(row), row["role"]))
        earlier = [row for row in rows(store) if fits(Cut(cut.window.before(), **how))(row)]
        assert answer.before.cost_nanousd == sum(row["cost_nanousd"] or 0 for row in earlier)
    finally:
        warehouse.close()
        store.close()


def whole() -> Window:
    return windows.days(START.date(), START.date() + timedelta(days=7))


def test_what_the_cache_saved_is_the_difference_to_plain_input(store, warehouse):
    """Opus 5.5: input $4, output $20, cache read $0.20, writes $5 and $8 for a million tokens."""
    histories.begin(store)
    tokens = Tokens(input=1_000, output=2_000, cache_read=1_000_000, cache_write_5m=10_000, cache_write_1h=20_000)
    cost = book().cost_nanousd(MODELS[0], tokens, START)
    histories.play(store, [Reply(0, 1, "", MODELS[0], tokens, cost + 3_000_000, 5, (), False)])
    found = warehouse.ask(costs.total, Cut(whole()))
    assert found.kinds == {
        "input": 4_000_000,
        "output": 40_000_000,
        "cache_read": 200_000_000,
        "cache_write_5m": 50_000_000,
        "cache_write_1h": 160_000_000,
        "searches": 0,
        "other": 3_000_000,
    }
    assert found.uncached_nanousd == 1_030_000 * 4_000
    assert found.saved_nanousd == 4_120_000_000 - 410_000_000


def test_the_dearest_lead_to_what_can_be_opened(store, warehouse):
    histories.begin(store)
    replies = [
        Reply(0, 1, "", MODELS[0], Tokens(1), 900, 5, ("Read", "Read", "Bash"), False),
        Reply(1, 2, "", MODELS[0], Tokens(1), 50, 6, ("Edit",), False),
        Reply(2, 3, "", MODELS[0], Tokens(1), 5_000, 7, ("Read",), False),
        Reply(4, 4, "", MODELS[0], Tokens(1), 70, 8, (), False),
    ]
    histories.play(store, replies)
    answer = warehouse.ask(costs.page, Cut(whole()), Grain.DAY, By.ROLE)
    assert list(answer.tasks["id"]) == ["t1", "t0", "t2"]
    assert list(answer.agents["id"]) == ["a2", "a0", "a4", "a1"]
    assert list(zip(answer.tools["tool"], answer.tools["cost_nanousd"], answer.tools["calls"], strict=True)) == [
        ("Read", 5_600, 3),
        ("Bash", 300, 1),
        ("Edit", 50, 1),
    ]
    with store.write() as ledger:
        ledger.append(e.TaskDeleted(task_id="t1", by="ann"))
    answer = warehouse.ask(costs.page, Cut(whole()), Grain.DAY, By.ROLE)
    assert list(answer.tasks["id"]) == ["t0", "t2"]
    assert answer.total.cost_nanousd == 6_020, "what a deleted task spent stays spent"


def test_with_and_without_analyst_and_the_cost_of_a_success(store, warehouse):
    histories.begin(store)
    with store.write() as ledger:
        for task, to in (("t0", TaskStatus.COMPLETED), ("t1", TaskStatus.COMPLETED), ("t2", TaskStatus.FAILED)):
            ledger.append(e.TaskMoved(task_id=task, to=to), START + timedelta(hours=1))
    for number, cost in enumerate((100, 200, 300)):
        histories.play(store, [Reply(2 * number, number, "", MODELS[0], Tokens(1), cost, 5, (), False)])
    answer = warehouse.ask(costs.page, Cut(whole()), Grain.DAY, By.ANALYST)
    assert answer.analyst[["included", "tasks", "completed", "cost_nanousd"]].to_numpy().tolist() == [
        [True, 1, 1, 200],
        [False, 2, 1, 400],
    ]
    assert answer.per_success_nanousd() == 300
    assert told(answer.parts[By.ANALYST]) == {"with ANALYST": 200, "without ANALYST": 400}


def test_an_empty_store_answers_too(store, warehouse):
    answer = warehouse.ask(costs.page, Cut(whole()), Grain.DAY, By.ROLE)
    assert (answer.total.cost_nanousd, answer.per_success_nanousd(), answer.total.per_thousand_tokens()) == (
        0,
        None,
        None,
    )
    assert not len(answer.over_time)


def test_the_figures_of_a_run_stand_side_by_side(store, warehouse):
    histories.begin(store)
    tokens = Tokens(input=1_000)
    histories.play(store, [Reply(0, 1, "", MODELS[0], tokens, 4_000_000, 5, (), False)])
    assert warehouse.ask(costs.drifting, Cut(whole())) == 0
    with store.write() as ledger:
        ledger.append(e.TotalReported(task_id="t0", agent_id="a0", session_id="s", total_nanousd=4_400_000))
    assert warehouse.ask(costs.drifting, Cut(whole())) == 1
    (row,) = warehouse.ask(costs.runs, Cut(whole())).itertuples(index=False)
    assert (row.id, row.counted_nanousd, row.listed_nanousd, row.reported_nanousd) == (
        "t0",
        4_000_000,
        4_000_000,
        4_400_000,
    )


def test_a_transcript_stands_beside_what_was_counted_of_the_same_agents(store, warehouse):
    histories.begin(store)
    tokens = Tokens(input=1_000)
    told = [Reply(agent, agent, "", MODELS[0], tokens, 4_000_000, 5, (), False) for agent in (0, 1)]
    histories.play(store, told)
    names = {"task_id": "t0", "agent_id": "a0", "session_id": "s", "replies": 1}
    with store.write() as ledger:
        ledger.append(e.TranscriptCounted(**names, cost_nanousd=4_000_000))
    (row,) = warehouse.ask(costs.runs, Cut(whole())).itertuples(index=False)
    assert (row.counted_nanousd, row.transcript_nanousd, row.beside_nanousd, row.apart_nanousd) == (
        8_000_000,
        4_000_000,
        4_000_000,
        0,
    )
    with store.write() as ledger:  # the newest takes the place of the one before
        ledger.append(e.TranscriptCounted(**names, cost_nanousd=5_000_000))
    (row,) = warehouse.ask(costs.runs, Cut(whole())).itertuples(index=False)
    assert (row.transcript_nanousd, row.apart_nanousd, row.drifting) == (5_000_000, 1_000_000, True)
    assert warehouse.ask(costs.drifting, Cut(whole())) == 1


def test_the_same_question_is_answered_once_until_something_changes(store, warehouse):
    asked = []

    def question(reader: Reader, cut: Cut) -> int:
        asked.append(cut)
        return costs.total(reader, cut).cost_nanousd

    histories.begin(store)
    cut = Cut(whole())
    assert [warehouse.ask(question, cut), warehouse.ask(question, cut)] == [0, 0]
    assert len(asked) == 1
    histories.play(store, [Reply(0, 1, "", MODELS[0], Tokens(1), 7, 5, (), False)])
    assert warehouse.ask(question, cut) == 7
    assert len(asked) == 2


def test_a_question_that_takes_too_long_is_given_up(lite, tmp_path):
    warehouse = Warehouse(lite, tmp_path / "warehouse", Kept(), longest_s=2)

    def endless(reader: Reader) -> object:
        return reader.cursor.execute("select sum(a.range * b.range) from range(1000000) a, range(1000000) b").fetchall()

    histories.begin(lite)
    with pytest.raises(QuestionTooLong, match=r"more than 2 s"):
        warehouse.ask(endless)
    assert warehouse.ask(costs.total, Cut(whole())).cost_nanousd == 0
    warehouse.close()


def test_every_statement_is_asked_by_somebody():
    source = "\n".join(path.read_text(encoding="utf-8") for path in queries.FOLDER.parent.glob("*.py"))
    asked = {name for name in queries.named("costs") if f'"{name}"' in source}
    assert asked == set(queries.named("costs"))
