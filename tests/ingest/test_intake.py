"""The intake takes no more than it can hold, keeps nobody waiting for long, and answers after the commit."""

from __future__ import annotations

import asyncio

import pytest

from data.domain.errors import IntakeFull
from data.store import Store
from orchestrator_adapter.ingest import desk
from orchestrator_adapter.ingest.desk import Item
from orchestrator_adapter.ingest.intake import MOST_BYTES, MOST_ITEMS, Intake
from tests.ingest.reports import counts, hook


def items(number: int) -> list[Item]:
    return [desk.hook(hook("Stop")) for _ in range(number)]


def test_what_is_answered_is_written_and_what_is_too_much_is_not(lite: Store) -> None:
    async def busy() -> None:
        intake = Intake(lite)
        intake.start()
        await intake.accept(items(1), 10)
        assert counts(lite) == {("hooks", "Stop"): 1}
        with lite.write():  # somebody else writes, and takes long
            first = asyncio.create_task(intake.accept(items(3), 10))
            await asyncio.sleep(0.1)  # the writer has it now, and stands
            second = asyncio.create_task(intake.accept(items(2), 10))
            await asyncio.sleep(0)
            for number, size in ((MOST_ITEMS, 10), (1, MOST_BYTES)):
                with pytest.raises(IntakeFull):
                    await intake.accept(items(1) * number, size)
            assert not first.done()
            assert not second.done()
        await asyncio.gather(first, second)
        assert counts(lite) == {("hooks", "Stop"): 6}
        await asyncio.to_thread(intake.close)
        with pytest.raises(IntakeFull):
            await intake.accept(items(1), 10)

    asyncio.run(busy())


def test_who_waited_too_long_is_sent_away_and_leaves_nothing(lite: Store) -> None:
    async def slow() -> None:
        intake = Intake(lite, patience_s=0.1)
        intake.start()
        with lite.write():
            first = asyncio.create_task(intake.accept(items(1), 10))
            await asyncio.sleep(0.05)
            late = asyncio.create_task(intake.accept(items(1), 10))
            with pytest.raises(IntakeFull, match="a little later"):
                await late
        await first
        await intake.accept(items(1), 10)
        assert counts(lite) == {("hooks", "Stop"): 2}
        await asyncio.to_thread(intake.close)

    asyncio.run(slow())
