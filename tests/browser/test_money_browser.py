"""Costs in a long table are texts, which a browser sorts by its own rules: they must come out by their amounts."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page

from data.domain.agents import Agent, AgentStatus, Role, Runtime
from pages.ui import tables

pytestmark = pytest.mark.browser
NOW = datetime(2026, 1, 1, tzinfo=UTC)
AGENT = Agent(
    id="a1", task_id="t1", step="builder", role=Role.BUILDER, name="Builder", model="m", status=AgentStatus.ACTIVE,
    activity="", runtime=Runtime.CLAUDE, simulated=False, created_at=NOW,
)  # fmt: skip
SORT = "texts => texts.map((text, at) => [text, at]).sort(([a], [b]) => a.localeCompare(b)).map(([, at]) => at)"


def test_a_browser_sorts_written_costs_by_their_amounts(tab: Callable[..., Page]):
    chance = random.Random(11)
    amounts = [50_000, 1_200_000, 9_900_000, 10_000_000, 99_000_000, 10**9, 12 * 10**9, 1_234_500_000_000]
    amounts += [round(10 ** chance.uniform(5.5, 13)) for _ in range(200)]
    chance.shuffle(amounts)
    texts = tables.money([replace(AGENT, cost_nanousd=amount) for amount in amounts])
    order = [amounts[at] for at in tab().evaluate(SORT, texts)]
    written = [texts[amounts.index(amount)] for amount in sorted(amounts)]
    assert [texts[amounts.index(amount)] for amount in order] == written
