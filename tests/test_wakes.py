"""Pages are woken one after another, as fast as they can be drawn, and nobody is always the last."""

from __future__ import annotations

import asyncio
import random

import pytest

from orchestrator_adapter import wakes as wakes_module
from orchestrator_adapter.wakes import Wakes

PAGES = 12


def test_a_page_alone_is_woken_at_once():
    async def story() -> bool:
        asked = asyncio.ensure_future(Wakes().turn())
        await asyncio.sleep(0)
        return asked.done()

    assert asyncio.run(story())


def test_of_many_one_goes_at_a_time_and_all_go():
    async def story() -> tuple[int, int]:
        wakes = Wakes()
        asked = [asyncio.ensure_future(wakes.turn()) for _ in range(PAGES)]
        await asyncio.sleep(0)
        at_once = sum(one.done() for one in asked)
        await asyncio.gather(*asked)
        return at_once, sum(one.done() for one in asked)

    assert asyncio.run(story()) == (1, PAGES)


def test_the_order_differs_from_that_of_the_asking():
    async def story() -> list[int]:
        wakes, went = Wakes(random.Random(4)), list[int]()

        async def go(number: int) -> None:
            await wakes.turn()
            went.append(number)

        await asyncio.gather(*(go(number) for number in range(PAGES)))
        return went

    went = asyncio.run(story())
    assert sorted(went) == list(range(PAGES))
    assert went != sorted(went)


def test_a_page_that_is_gone_holds_nobody_up():
    async def story() -> None:
        wakes = Wakes()
        await wakes.turn()
        gone, there = asyncio.ensure_future(wakes.turn()), asyncio.ensure_future(wakes.turn())
        await asyncio.sleep(0)
        gone.cancel()
        async with asyncio.timeout(60):
            await there
            await wakes.turn()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("cpu_s", "takes_s"),
    [(0.006, 0.006 * wakes_module.AROUND), (0.0, wakes_module.LEAST_S), (5.0, wakes_module.MOST_S)],
    ids=["as seen", "nothing drawn", "something hung"],
)
def test_what_a_wake_takes_is_learnt_from_what_was_drawn(cpu_s: float, takes_s: float):
    async def story() -> float:
        wakes = Wakes()
        for _ in range(wakes_module.LEARNT_FROM):
            wakes.drawn(cpu_s)
            await wakes.turn()
        return wakes.takes_s

    assert asyncio.run(story()) == pytest.approx(takes_s)


def test_more_people_are_woken_less_often():
    wakes = Wakes()
    with wakes.page():
        assert wakes.pace_s == wakes_module.LEAST_PACE_S
    pages = [wakes.page() for _ in range(100)]
    for one in pages:
        one.__enter__()
    assert wakes.pace_s == pytest.approx(100 * wakes_module.FIRST_GUESS_S / wakes_module.SHARE)
    for one in pages:
        one.__exit__(None, None, None)
    assert wakes.pace_s == wakes_module.LEAST_PACE_S
