"""The rest of a page lets its first picture go ahead, but never waits for a browser that does not come."""

from __future__ import annotations

import threading

from orchestrator_adapter.arrivals import Arrivals

LONG_S, NOT_S = 60.0, 0.0


def test_a_page_that_came_is_not_waited_for():
    arrivals = Arrivals()
    mark = arrivals.expect()
    arrivals.came(mark)
    assert arrivals.wait(mark, LONG_S)


def test_who_waits_goes_on_as_soon_as_the_page_has_come():
    arrivals = Arrivals()
    mark = arrivals.expect()
    told: list[bool] = []
    waiter = threading.Thread(target=lambda: told.append(arrivals.wait(mark, LONG_S)))
    waiter.start()
    arrivals.came(mark)
    waiter.join()
    assert told == [True]


def test_a_page_that_does_not_come_or_is_unknown_holds_nobody_up():
    arrivals = Arrivals()
    assert not arrivals.wait(arrivals.expect(), NOT_S)
    arrivals.came("nobody waits for this")
    assert not arrivals.wait("nobody waits for this", LONG_S)


def test_a_mark_is_waited_for_once_and_the_oldest_is_given_up_for_one_too_many():
    arrivals = Arrivals(most=1)
    first, second = arrivals.expect(), arrivals.expect()
    assert not arrivals.wait(first, LONG_S)
    arrivals.came(second)
    assert arrivals.wait(second, LONG_S)
    assert not arrivals.wait(second, LONG_S)
