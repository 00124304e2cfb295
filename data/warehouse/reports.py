"""Rows for other programs: costs, tasks, agents or tools of any window, as columns of Arrow."""

from __future__ import annotations

import pyarrow as pa

from data.domain.errors import ExportTooLarge
from data.domain.exports import What
from data.domain.windows import Grain
from data.warehouse.costs import Cut
from data.warehouse.warehouse import Reader

MOST_ROWS = 200_000
"""Rows of one export; a longer one is refused, never cut."""


def rows(reader: Reader, cut: Cut, what: What, grain: Grain, most: int = MOST_ROWS) -> pa.Table:
    """In a fixed order; times in UTC, money as whole nano-dollars. Raises ExportTooLarge, WindowInvalid."""
    if what is What.TOOLS:
        return reader.table("performance", "tools", **cut.given())
    given = cut.without_roles() if what is What.TASKS else cut.given()
    if what is What.COSTS:
        reader.with_edges(cut.window.edges(grain))
    found = reader.table("reports", what.value, **given, most=most + 1)
    if found.num_rows > most:
        raise ExportTooLarge(
            f"The export has more than {most:,} rows; choose a shorter window or a filter.", field="from"
        )
    return found
