"""The commands by which a person at a terminal has reports sent, sees what became of them, and chooses how they are."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from data.domain import words
from data.domain.deliveries import About, DeliveryStatus
from data.domain.errors import InvalidField
from data.domain.exports import Format, What
from data.domain.schedules import Frequency, Schedule, Span, sentence
from data.domain.windows import Grain, Preset
from data.store.delivering import DeliveryFilter
from orchestrator_adapter import commands_home, commands_reports
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import bodies
from orchestrator_adapter.api import channels as deliveries
from orchestrator_adapter.api import report_schedules as shapes
from orchestrator_adapter.api.http import Call
from orchestrator_adapter.kept import Kept
from orchestrator_adapter.terminal import AsJson, client, opened, print_json, print_table, served

app = typer.Typer()
ScheduleId = Annotated[str, typer.Argument(metavar="ID", help="Its id; `report-schedules` lists them")]
MOST = 100
ALL = "all"


@app.command("report-schedules")
def listed(as_json: AsJson = False) -> None:
    """List the schedules by which reports are sent, and when each is sent next."""
    with opened() as store, store.read() as board:
        found = board.report_schedules()
        names = {channel.id: channel.name for channel in board.channels()}
    if as_json:
        print_json([shapes.shape(one) for one in found])
        return
    rows = [
        [one.id, one.plan.name, sentence(one.plan), ", ".join(names.get(c, c) for c in one.plan.channels), _next(one)]
        for one in found
    ]
    print_table(["id", "name", "what and when", "to", "next"], rows)


def _next(found: Schedule) -> str:
    return f"{found.next_at:%Y-%m-%d %H:%M} UTC" if found.next_at else "paused"


@app.command("report-schedule")
def schedule(
    schedule_id: Annotated[str | None, typer.Argument(metavar="ID", help="None: a new one")] = None,
    name: Annotated[str | None, typer.Option(help="What people call it")] = None,
    tell: Annotated[list[str] | None, typer.Option(help="Id of a channel to send it by; again for more")] = None,
    formats: Annotated[list[Format] | None, typer.Option("--format", help="A file of it; again for more")] = None,
    what: Annotated[What | None, typer.Option("--of", help="What the rows of other files than the PDF are of")] = None,
    window: Annotated[Span | None, typer.Option(help="Which days it is about")] = None,
    frequency: Annotated[Frequency | None, typer.Option("--every", help="How often it is sent")] = None,
    weekday: Annotated[int | None, typer.Option(help="Of a weekly one: 1 for Monday to 7 for Sunday")] = None,
    day: Annotated[int | None, typer.Option(help="Of a monthly one: 1 to 31")] = None,
    hour: Annotated[int | None, typer.Option(help="0 to 23 by the clocks of the zone")] = None,
    tz: Annotated[str | None, typer.Option(help="IANA time zone of the hour and of the days")] = None,
    by: Annotated[Grain | None, typer.Option(help="The steps of time of rows of costs")] = None,
    simulated: Annotated[bool | None, typer.Option("--simulated/--real", help="Which money")] = None,
    role: Annotated[str | None, typer.Option(help=f"Only of this role; {ALL}: no filter")] = None,
    model: Annotated[str | None, typer.Option(help=f"Only of this model; {ALL}: no filter")] = None,
    task_type: Annotated[
        str | None, typer.Option("--type", help=f"Only of this type of task; {ALL}: no filter")
    ] = None,
    folder: Annotated[str | None, typer.Option(help=f"Only of this project folder; {ALL}: no filter")] = None,
    user: Annotated[str | None, typer.Option(help=f"Only of this person; {ALL}: no filter")] = None,
    analyst: Annotated[str | None, typer.Option(help=f"with, without, or {ALL}: of tasks with an ANALYST")] = None,
    on: Annotated[bool | None, typer.Option("--on/--off", help="Pause it, or let it go on")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take it away")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a schedule of reports, or change, pause or remove one."""
    given: dict[str, Any] = {"id": schedule_id, "name": name, "channels": tell, "formats": formats, "what": what}
    given |= {"window": window, "frequency": frequency, "weekday": weekday, "day": day, "hour": hour, "tz": tz}
    given |= {"by": by, "simulated": simulated, "enabled": on}
    given = {key: value for key, value in given.items() if value is not None}
    given |= _filters(role=role, model=model, task_type=task_type, folder=folder, user=user, analyst=analyst)
    with client() as deck:
        if remove:
            if schedule_id is None:
                raise InvalidField("ID must name the schedule to remove.", field="id")
            commands_reports.remove_report_schedule(deck, LOCAL, schedule_id)
            print(f"Schedule {schedule_id} is removed.")
            return
        made = shapes.put(Call(deck, LOCAL, {}, Kept()), bodies.read(shapes.ScheduleBody, given))
    if as_json:
        print_json(shapes.shape(made))
    else:
        print(f"Schedule {made.id} ({made.plan.name}): {sentence(made.plan)}. Next: {_next(made)}.")


def _filters(**said: str | None) -> dict[str, Any]:
    """What was said of filters; None takes one away."""
    given: dict[str, Any] = {name: None if value == ALL else value for name, value in said.items() if value is not None}
    if (analyst := given.get("analyst")) is not None:
        if analyst not in ("with", "without"):
            raise InvalidField(f"analyst must be with, without or {ALL}.", field="analyst")
        given["analyst"] = analyst == "with"
    return given


@app.command("report-schedule-send")
def send(schedule_id: ScheduleId, as_json: AsJson = False) -> None:
    """Have the report sent now; the server sends it, and `report-deliveries` says what became of it."""
    with client() as deck:
        found = commands_reports.send_report(deck, LOCAL, schedule_id)
        waits = "" if served(deck) else " No server runs: it is sent as soon as one does."
    if as_json:
        print_json(shapes.shape(found))
    else:
        print(f"{found.plan.name} is on its way to {words.count(len(found.plan.channels), 'channel')}.{waits}")


@app.command("report-deliveries")
def sent(
    schedule_id: Annotated[str | None, typer.Option("--schedule", help="Only of this schedule")] = None,
    status: Annotated[DeliveryStatus | None, typer.Option(help="Only these")] = None,
    as_json: AsJson = False,
) -> None:
    """List what was sent by schedules of reports, what failed and when it is tried again, the newest first."""
    with opened() as store, store.read() as board:
        found = board.deliveries(DeliveryFilter(About.REPORT, status, subject_id=schedule_id), MOST)
        names = {one.id: one.plan.name for one in board.report_schedules()}
        now = store.now()
    if as_json:
        print_json([deliveries.delivery(one) for one in found])
        return
    rows = [
        [words.ago(d.at, now), names.get(d.subject_id, d.subject_id), d.channel, d.status, str(d.tries), d.said]
        for d in found
    ]
    print_table(["due", "report", "channel", "status", "tries", "the other side"], rows)


@app.command("report-preferences")
def preferences(
    written: Annotated[Format | None, typer.Option("--format", help="What a file is written in")] = None,
    what: Annotated[What | None, typer.Option("--of", help="What the rows are of")] = None,
    window: Annotated[Preset | None, typer.Option(help="Which time")] = None,
    as_json: AsJson = False,
) -> None:
    """Show how you want reports, or choose it: what your Reports page begins with."""
    with client() as deck:
        with deck.store.read() as board:
            now = board.report_preferences(LOCAL.name)
        if written or what or window:
            now = commands_home.set_reports(
                deck,
                LOCAL,
                written=written or Format(now.get("format", Format.PDF)),
                what=what or What(now.get("what", What.COSTS)),
                window=window or Preset(now.get("window", Preset.MONTH)),
            )
    names = ("format", "what", "window")
    if as_json:
        print_json({name: now.get(name) for name in names})
    else:
        print_table(["reports", ""], [[name, now.get(name, "–")] for name in names])
