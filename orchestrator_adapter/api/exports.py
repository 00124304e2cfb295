"""Files over HTTP: rows of any window as CSV, JSON or Parquet, and the report as a PDF."""

from __future__ import annotations

from pydantic import Field

from data.domain import errors as e
from data.domain.windows import Grain
from data.warehouse.reports import What
from orchestrator_adapter import reports
from orchestrator_adapter.api.http import Answer, Call, Operation
from orchestrator_adapter.api.measure import CostQuery
from orchestrator_adapter.reports import File, Format, Wanted


class ExportBody(CostQuery):
    """Which file. A PDF is the whole report, whatever `what` names."""

    what: What = Field(What.COSTS, description="What the rows are of")
    format: Format = Field(Format.CSV, description="What the file is written in")
    by: Grain = Field(Grain.DAY, description="The steps of time of costs")  # type: ignore[assignment]


def made(call: Call, body: ExportBody) -> File:
    """The same bytes for every front end. Raises ExportTooLarge, WindowInvalid, QuestionTooLong."""
    wanted = Wanted(body.what, body.format, body.cut(call.deck.store.now()), body.by)
    return reports.export(call.deck.warehouse, wanted)


def export(call: Call, body: ExportBody) -> Answer:
    found = made(call, body)
    headers = {"cache-control": "no-store", "content-disposition": f'attachment; filename="{found.name}"'}
    return Answer(found.body, media_type=found.media_type, headers=headers)


def operations(v1: str) -> list[Operation]:
    return [
        Operation(
            "POST",
            f"{v1}/reports/export",
            export,
            "Costs, tasks, agents or tools of any window as CSV, JSON or Parquet, or the report as a PDF",
            ExportBody,
            refuses=(e.BodyInvalid, e.ExportTooLarge, e.WindowInvalid, e.QuestionTooLong, e.CrossSite),
        )
    ]
