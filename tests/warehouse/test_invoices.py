"""An invoice beside what was counted: every line is added up, and a bad one is named."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.domain import invoices, windows
from data.domain.errors import InvalidField
from data.domain.invoices import Billed
from data.domain.money import Tokens
from data.store import Store
from data.warehouse import Warehouse, costs
from data.warehouse import invoices as questions
from data.warehouse.costs import Cut
from orchestrator_adapter.kept import Kept
from tests.warehouse import histories
from tests.warehouse.histories import MODELS, Reply
from tests.warehouse.test_costs import whole


def test_lines_of_a_day_and_a_model_are_one_cell() -> None:
    text = '\ufeffusage_date_utc,model,cost_usd\n2026-03-28,Claude Opus 5.5,"$1,000.50"\n\n'
    text += "2026-03-28,haiku,0.000000001\n2026-03-28,opus,1\n2026-03-29,,-2\n"
    assert invoices.read(text) == (
        Billed(date(2026, 3, 28), 1, MODELS[1]),
        Billed(date(2026, 3, 28), 1_001_500_000_000, MODELS[0]),
        Billed(date(2026, 3, 29), -2_000_000_000),
    )


def test_a_day_with_a_line_that_names_no_model_is_one_cell() -> None:
    text = "date,model,usd\n2026-03-28,opus,1\n2026-03-28,,2\n2026-03-28\n"
    with pytest.raises(InvalidField, match="Line 4"):
        invoices.read(text)
    assert invoices.read(text[:-11]) == (Billed(date(2026, 3, 28), 3_000_000_000),)
    assert invoices.read("date,usd\n2026-03-28,1\n2026-03-28,2\n") == (Billed(date(2026, 3, 28), 3_000_000_000),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no column of the day"),
        ("day,model\n2026-03-28,opus", "names no column of the cost"),
        ("day,cost\n", "no line with a day"),
        ("day,cost\n28.3.2026,1", "Line 2 .* is no day"),
        ("day,cost\n2026-03-28,much", "Line 2 .* no amount"),
        ('day,cost\n2026-03-28,"12,50"', "Line 2 .*'12,50' has a comma"),
        ('day,cost\n2026-03-28,"1,0000.5"', "Line 2 .* has a comma"),
        (f"day,{'x' * 200_000}\n", "is no CSV"),
        ("day,cost\n2026-03-28,nan", "Line 2 .* out of range"),
        ("day,cost\n" + "2026-03-28,900000000\n" * 2, "adds up to more"),
        ("day,cost\n2026-03-28,1\n2026-03-29", "Line 3 .* no day or no cost"),
    ],
)
def test_what_is_no_invoice_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(InvalidField, match=said):
        invoices.read(text)


def test_the_alarm_is_about_the_whole_bill(lite: Store, tmp_path: Path) -> None:
    histories.begin(lite)
    replies = [
        Reply(0, 1, "", MODELS[0], Tokens(1), 4_000_000_000, 5, (), False),
        Reply(2, 2, "", MODELS[0], Tokens(1), 6_000_000_000, 24 * 60 + 5, (), False),
        Reply(0, 4, "", MODELS[3], Tokens(1), None, 5, (), False),
    ]
    histories.play(lite, replies)
    warehouse = Warehouse(lite, tmp_path / "w", Kept())
    try:
        real = warehouse.ask(costs.total, Cut(whole())).cost_nanousd
        found = warehouse.ask(questions.compared, invoices.read("day,cost\n2026-03-28,4.1\n2026-03-29,6.1\n"))
        far = warehouse.ask(questions.compared, invoices.read("day,cost\n2026-03-28,4.1\n2026-03-30,9\n"))
    finally:
        warehouse.close()
    assert real == found.counted_nanousd
    assert (found.billed_nanousd, found.unpriced, found.beyond) == (10_200_000_000, 1, False)
    assert round(found.drift or 0, 6) == round(100 * (10_200_000_000 - real) / real, 6)
    assert far.beyond
    assert [day.day.day for day in far.days] == [28, 29, 30]
    assert (far.days[2].drift, far.days[1].billed_nanousd) == (None, 0)


weights = st.dictionaries(st.text(max_size=3), st.integers(0, 10**15), max_size=12)


@given(st.integers(-(10**18), 10**18), weights)
def test_shares_add_up_to_the_nano_dollar(amount: int, of: dict[str, int]) -> None:
    found, whole = invoices.shares(amount, of), sum(of.values())
    assert set(found) == (set(of) if whole else set())
    if whole:
        assert sum(found.values()) == amount
        assert all(abs(share * whole - amount * of[run]) < whole for run, share in found.items())
    with pytest.raises(ValueError, match="negative"):
        invoices.shares(amount, {"a": -1})


days = st.integers(27, 31).map(lambda day: date(2026, 3, day))
amounts = st.integers(-(10**11), 10**13)
bills = st.one_of(
    st.dictionaries(st.tuples(days, st.sampled_from(MODELS)), amounts, min_size=1, max_size=8),
    st.dictionaries(st.tuples(days, st.just("")), amounts, min_size=1, max_size=5),
)


@settings(max_examples=25, deadline=None)
@given(told=histories.steps, bill=bills)
def test_the_shares_of_a_cell_are_the_cell(
    tmp_path_factory: pytest.TempPathFactory, told: list[Any], bill: dict[tuple[date, str], int]
) -> None:
    home = tmp_path_factory.mktemp("bill")
    store = Store.open(f"sqlite:///{home / 'store.sqlite'}")
    histories.begin(store)
    histories.play(store, told)
    billed = tuple(Billed(day, amount, model) for (day, model), amount in sorted(bill.items()))
    warehouse = Warehouse(store, home / "warehouse", Kept())
    try:
        found = warehouse.ask(questions.compared, billed)
        window = windows.days(billed[0].day, billed[-1].day)
        real = warehouse.ask(costs.total, Cut(window)).cost_nanousd
    finally:
        warehouse.close()
        store.close()
    assert found.counted_nanousd == real
    assert {
        (cell.day, cell.model): cell.billed_nanousd for cell in found.cells if cell.billed_nanousd is not None
    } == bill
    for cell in found.cells:
        if cell.billed_nanousd is None or not cell.counted_nanousd:
            assert not cell.shares
        else:
            assert sum(cell.shares.values()) == cell.billed_nanousd
    assert found.shared_nanousd + found.unlisted_nanousd + found.unshared_nanousd == sum(bill.values())
    shares: dict[str, int] = {}
    for cell in found.cells:
        for run, share in cell.shares.items():
            shares[run] = shares.get(run, 0) + share
    for row in found.runs.to_dict("records"):
        assert (None if pd.isna(row["share_nanousd"]) else row["share_nanousd"]) == shares.get(row["id"])


def test_a_run_has_its_share_by_what_was_counted_of_it_there(lite: Store, tmp_path: Path) -> None:
    histories.begin(lite)
    cents = 10_000_000
    replies = [
        Reply(0, 1, "", MODELS[0], Tokens(1), 30 * cents, 5, (), False),
        Reply(2, 2, "", MODELS[0], Tokens(1), 10 * cents, 6, (), False),
        Reply(2, 3, "", MODELS[1], Tokens(1), 50 * cents, 7, (), False),
        Reply(0, 4, "", MODELS[1], Tokens(1), 7 * cents, 24 * 60 + 5, (), False),
    ]
    histories.play(lite, replies)
    warehouse = Warehouse(lite, tmp_path / "w", Kept())
    text = "day,model,cost\n2026-03-28,opus,0.44\n2026-03-28,sonnet,0.02\n2026-03-29,opus,0.01\n"
    try:
        found = warehouse.ask(questions.compared, invoices.read(text))
        histories.play(lite, [histories.Deletion(1)])
        later = warehouse.ask(questions.compared, invoices.read(text))
    finally:
        warehouse.close()
    runs = {row["id"]: row for row in found.runs.to_dict("records")}
    assert [runs[run]["share_nanousd"] for run in ("t0", "t1")] == [33 * cents, 11 * cents]
    assert [runs[run]["within_nanousd"] for run in ("t0", "t1")] == [30 * cents, 10 * cents]
    assert (runs["t0"]["counted_nanousd"], found.drifting_runs) == (37 * cents, 2)
    assert {(cell.day.day, cell.model): cell.billed_nanousd for cell in found.cells if cell.counted_nanousd} == {
        (28, MODELS[0]): 44 * cents,
        (28, MODELS[1]): None,
        (29, MODELS[1]): None,
    }
    assert (found.unshared_nanousd, found.unlisted_nanousd) == (3 * cents, 0)
    assert (later.unlisted_nanousd, list(later.runs["id"])) == (11 * cents, ["t0"])
