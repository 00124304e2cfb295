"""States and their moves: complete tables, and nothing that has ended ever runs again."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.domain import agents, tasks
from data.domain.agents import AgentStatus, Runtime
from data.domain.errors import TooLate
from data.domain.tasks import TaskStatus

S = TypeVar("S")


def reachable(table: Mapping[S, frozenset[S]], start: S) -> set[S]:
    """Everything one or more moves away."""
    seen: set[S] = set()
    while more := {to for at in (seen | {start}) for to in table[at]} - seen:
        seen |= more
    return seen


def test_every_status_is_in_its_table():
    assert set(tasks.MOVES) == set(TaskStatus)
    assert set(agents.MOVES) == set(AgentStatus)


@settings(deadline=None)
@given(st.sampled_from(sorted(tasks.ENDED)))
def test_an_ended_task_never_moves_again(status: TaskStatus):
    assert not reachable(tasks.MOVES, status)


@settings(deadline=None)
@given(st.sampled_from(sorted(set(AgentStatus) - agents.LIVE)))
def test_an_ended_agent_never_lives_again(status: AgentStatus):
    assert not reachable(agents.MOVES, status) & agents.LIVE


@pytest.mark.parametrize("status", sorted(set(TaskStatus) - tasks.ENDED))
def test_every_task_that_has_not_ended_can_be_cancelled_and_can_fail(status: TaskStatus):
    assert {TaskStatus.CANCELLED, TaskStatus.FAILED} <= tasks.MOVES[status]


@pytest.mark.parametrize("status", sorted(agents.LIVE))
def test_every_live_agent_can_be_cancelled_and_can_fail(status: AgentStatus):
    assert {AgentStatus.CANCELLED, AgentStatus.FAILED} <= agents.MOVES[status]


def test_every_status_can_be_reached_from_the_first():
    assert reachable(tasks.MOVES, TaskStatus.PENDING) | {TaskStatus.PENDING} == set(TaskStatus)
    assert reachable(agents.MOVES, AgentStatus.IDLE) | {AgentStatus.IDLE} == set(AgentStatus)


def test_nothing_moves_to_where_it_is():
    assert not [s for s, to in tasks.MOVES.items() if s in to]
    assert not [s for s, to in agents.MOVES.items() if s in to]


@pytest.mark.parametrize(("now", "to"), list(product(TaskStatus, TaskStatus)))
def test_move_obeys_the_table(now: TaskStatus, to: TaskStatus):
    if to in tasks.MOVES[now]:
        assert tasks.move("t-1", now, to) is to
    else:
        with pytest.raises(TooLate, match=f"A task that is {now} cannot become {to}."):
            tasks.move("t-1", now, to)


def test_the_orchestrators_status_words_lead_to_ours():
    assert set(agents.UPSTREAM_STATUS.values()) <= set(AgentStatus)


def test_only_demo_and_scripted_money_is_simulated():
    assert {r for r in Runtime if r.simulated} == {Runtime.DEMO, Runtime.SCRIPTED}
