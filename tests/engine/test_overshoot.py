"""How far a budget is overshot by real agents that reply as fast as they can, counted where they are billed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.overshoot import CENT, FIRST_REPLY, Bursting, Service, at_rest_all, judged
from data.domain.budgets import Act, Budget, Period, Scope, Spent, Stage
from data.domain.money import NANO
from orchestrator_adapter import commands
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.engine import governor
from tests.engine.cast import Cast, submit
from tests.engine.conftest import Launch
from tests.runners.real_agents import needs_cli

pytestmark = needs_cli
FLEET = Budget(
    "", "Fleet", Scope.FLEET, Period.TOTAL, limit_nanousd=CENT, stages=(Stage(100, Act.INTERRUPT),), simulated=True
)


@pytest.fixture
def service() -> Iterator[Service]:
    opened = Service()
    opened.start()
    yield opened
    opened.stop()


@pytest.mark.parametrize("story", ["burst", "delegating"])
def test_agents_that_reply_as_fast_as_they_can_stay_within_the_bound(
    launch: Launch, service: Service, tmp_path: Path, story: str, eventually: Callable[..., None]
) -> None:
    room = FIRST_REPLY + 2 * CENT
    deck = launch(Bursting(tmp_path / "agents", service.url))
    commands.set_budget(deck, LOCAL, replace(FLEET, limit_nanousd=room))
    task_id = submit(deck, "Quick fix", scenario=story).id
    eventually(lambda: at_rest_all(deck, [task_id]), within=60)
    found = judged(service.bills, room, 1, 0.0, 0)
    if story == "burst":
        assert found.most_after <= 1
    assert 0 <= found.over_nanousd <= found.bound_nanousd


@pytest.mark.parametrize(("limit", "near"), [(100 * NANO, False), (NANO // 2, True)])
def test_only_near_the_end_of_a_budget_is_the_count_waited_for(
    launch: Launch, ended: Callable[..., object], limit: int, near: bool
) -> None:
    deck = launch(Cast())
    commands.set_budget(deck, LOCAL, replace(FLEET, limit_nanousd=limit))
    task_id = submit(deck, "Quick fix").id
    ended(deck, task_id)
    with deck.store.write() as ledger:
        assert governor.meter(ledger, task_id, "", Spent(CENT, 1000)) == governor.Count(stop=False, near=near)
