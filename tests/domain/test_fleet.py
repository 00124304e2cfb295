"""The settings of the fleet: what their numbers may be."""

from __future__ import annotations

from typing import Any

import pytest

from data.domain.agents import Role
from data.domain.errors import InvalidField
from data.domain.fleet import Cleanup, Limits, Lottery, Patience, Retries, checked

WRONG: list[tuple[Any, str, str]] = [
    (Limits(per_machine=0), "per_machine", "per_machine must be from 1 to 1,000, not 0."),
    (Limits(per_user=1_001), "per_user", "per_user must be from 1 to 1,000, not 1,001."),
    (Limits(in_all=-1), "in_all", "in_all must be from 1 to 100,000, not -1."),
    (Retries(otherwise=11), "otherwise", "otherwise must be from 0 to 10, not 11."),
    (Retries({Role.TESTER: -1}), "by_role.tester", "by_role.tester must be from 0 to 10, not -1."),
    (Patience(silent_s=5), "silent_s", "silent_s must be from 30 to 86,400, not 5."),
    (Patience(repeats=1), "repeats", "repeats must be from 2 to 100, not 1."),
    (Patience(tokens=0), "tokens", "tokens must be from 1,000 to 100,000,000, not 0."),
    (Cleanup(after_days=0), "after_days", "after_days must be from 1 to 3,650, not 0."),
    (Lottery(share=101), "share", "share must be from 0 to 100, not 101."),
    (Lottery(chance=9), "chance", "chance must be from 10 to 90, not 9."),
]


@pytest.mark.parametrize(("setting", "field", "says"), WRONG)
def test_a_number_out_of_range_is_named(setting: Any, field: str, says: str) -> None:
    with pytest.raises(InvalidField) as refused:
        checked(setting)
    assert (str(refused.value), refused.value.details) == (says, {"field": field})


@pytest.mark.parametrize("setting", [Limits(), Limits(1, 1, 1), Retries(), Retries({Role.BUILDER: 10}), Patience()])
def test_what_fits_is_given_back(setting: Any) -> None:
    assert checked(setting) is setting
