"""Files over HTTP: rows of any window as CSV, JSON or Parquet, the report as a PDF, and what is archived."""

from __future__ import annotations

from pydantic import Field

from data.domain import errors as e
from data.domain.exports import Format, What
from data.domain.windows import Grain, Preset
from orchestrator_adapter import commands_home, reports
from orchestrator_adapter.api import archive, report_schedules
from orchestrator_adapter.api.answers import Shape
from orchestrator_adapter.api.bodies import Sent
from orchestrator_adapter.api.http import Answer, Call, Operation, answer
from orchestrator_adapter.api.measure import CostQuery
from orchestrator_adapter.reports import File, Wanted


class ExportBody(CostQuery):
    """Which file. A PDF is the whole report, whatever `what` names."""

    what: What = Field(What.COSTS, description="What the rows are of")
    format: Format = Field(Format.CSV, description="What the file is written in")
    by: Grain = Field(Grain.DAY, description="The steps of time of costs")  # type: ignore[assignment]


class PreferenceBody(Sent):
    """How the caller wants reports; their Reports page begins with it."""

    format: Format
    what: What
    window: Preset


class PreferenceShape(Shape):
    """Null: they never chose."""

    format: Format | None
    what: What | None
    window: Preset | None


def preferences(call: Call, _: object) -> Answer:
    with call.deck.store.read() as board:
        found = board.report_preferences(call.actor.name)
    return answer({name: found.get(name) for name in PreferenceShape.model_fields})


def prefer(call: Call, body: PreferenceBody) -> Answer:
    set_now = commands_home.set_reports(call.deck, call.actor, written=body.format, what=body.what, window=body.window)
    return answer(set_now)


def made(call: Call, body: ExportBody) -> File:
    """The same bytes for every front end. Raises ExportTooLarge, WindowInvalid, QuestionTooLong."""
    wanted = Wanted(body.what, body.format, body.cut(call.deck.store.now()), body.by)
    return reports.export(call.deck.warehouse, wanted)


def export(call: Call, body: ExportBody) -> Answer:
    found = made(call, body)
    headers = {"cache-control": "no-store", "content-disposition": f'attachment; filename="{found.name}"'}
    return Answer(found.body, media_type=found.media_type, headers=headers)


def operations(v1: str) -> list[Operation]:
    usual = f"{v1}/reports/preferences"
    return [
        Operation("GET", usual, preferences, "How the caller wants reports", gives=PreferenceShape),
        Operation(
            "POST",
            usual,
            prefer,
            "Choose how one wants reports: what the Reports page begins with",
            PreferenceBody,
            PreferenceShape,
            refuses=(e.BodyInvalid, e.CrossSite, e.NotAllowed),
        ),
        Operation(
            "POST",
            f"{v1}/reports/export",
            export,
            "Costs, tasks, agents or tools of any window as CSV, JSON or Parquet, or the report as a PDF",
            ExportBody,
            refuses=(e.BodyInvalid, e.ExportTooLarge, e.WindowInvalid, e.QuestionTooLong, e.CrossSite),
        ),
        *report_schedules.operations(v1, (e.CrossSite, e.NotAllowed)),
        *archive.operations(v1),
    ]
