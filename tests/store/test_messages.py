"""Copies of one model reply, told at different times by different witnesses."""

from __future__ import annotations

import pytest

from data.store import Store
from tests.store.test_ledger import begin, metered


@pytest.mark.parametrize("order", [("", "r1"), ("r1", "")])
def test_a_copy_that_does_not_know_its_request_is_the_same_reply(store: Store, order: tuple[str, str]) -> None:
    """As of a reply that was cut off: its line in the transcript, read later, names the request."""
    begin(store)
    first, second = order
    with store.write() as ledger:
        ledger.append(metered(output=1, cost=100, request_id=first))
        assert ledger.append(metered(output=1, cost=100, request_id=second)) is None
        assert ledger.append(metered(output=10, cost=500, request_id=second)) is not None
        assert ledger.append(metered(output=10, cost=500, request_id="r1")) is None
        assert ledger.append(metered(output=10, cost=500, request_id="r2")) is not None
    with store.read() as board:
        assert [message.cost_nanousd for message in board.messages("a1")] == [500, 500]
        assert board.agent("a1").cost_nanousd == board.task("t1").cost_nanousd == 1000
