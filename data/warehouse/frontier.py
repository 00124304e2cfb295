"""Cost against success by workflow and kind of task, as of one moment."""

from __future__ import annotations

from data.domain.frontier import Kind, Trial, kinds
from data.warehouse.costs import Cut
from data.warehouse.warehouse import Reader


def trials(reader: Reader, cut: Cut) -> tuple[Trial, ...]:
    """Tasks that ended in the window; filters of role and model say nothing about whole tasks."""
    found = reader.frame("frontier", "trials", **cut.without_roles())
    return tuple(
        Trial(
            task_type=str(row.task_type),
            complexity=str(row.complexity),
            way=str(row.way),
            cost_nanousd=None if row.unpriced else int(row.cost_nanousd),
            succeeded=bool(row.succeeded),
            judged=bool(row.judged),
        )
        for row in found.itertuples(index=False)
    )


def frontier(reader: Reader, cut: Cut) -> tuple[Kind, ...]:
    return kinds(trials(reader, cut))
