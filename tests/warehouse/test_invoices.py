"""An invoice beside what was counted: every line is added up, and a bad one is named."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from data.domain import invoices
from data.domain.errors import InvalidField
from data.domain.money import Tokens
from data.store import Store
from data.warehouse import Warehouse, costs
from data.warehouse import invoices as questions
from data.warehouse.costs import Cut
from orchestrator_adapter.kept import Kept
from tests.warehouse import histories
from tests.warehouse.histories import MODELS, Reply
from tests.warehouse.test_costs import whole


def test_lines_of_a_day_are_one_sum() -> None:
    text = '\ufeffusage_date_utc,model,cost_usd\n2026-03-28,opus,"$1,000.50"\n\n'
    text += "2026-03-28,haiku,0.000000001\n2026-03-29,,-2\n"
    assert invoices.read(text) == (
        invoices.Billed(date(2026, 3, 28), 1_000_500_000_001),
        invoices.Billed(date(2026, 3, 29), -2_000_000_000),
    )


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
