"""The message of a report: its totals in words, a link, and the files where the channel can carry them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlencode

from data.domain import schedules, words
from data.domain.channels import ChannelKind
from data.domain.errors import ExportTooLarge
from data.domain.exports import Format
from data.domain.schedules import Plan
from data.domain.windows import Window, zone
from data.store import Store
from data.store.delivering import Claim
from data.store.rows import at
from data.warehouse import Standing, Warehouse, costs
from data.warehouse.costs import Cut, Total
from orchestrator_adapter import reports
from orchestrator_adapter.delivery.messages import DEMO, MOST_TITLE
from orchestrator_adapter.delivery.outlet import Attachment, Message
from orchestrator_adapter.reports import File, Wanted

MIB = 1024 * 1024
CARRIES_BYTES = {
    ChannelKind.EMAIL: 12 * MIB,
    ChannelKind.WEBHOOK: 12 * MIB,
    ChannelKind.DISCORD: 8 * MIB,
    ChannelKind.SLACK: 0,
}
"""The most that goes with one message, so that mail servers take it, which count a third more; an incoming webhook of
Slack takes no file."""


@dataclass(frozen=True)
class Reporter:
    """Makes the messages of reports that are due."""

    store: Store
    warehouse: Warehouse
    address: str = ""
    """Where the product is reached, for a link; empty if that is not known."""

    def message(self, claim: Claim, kind: ChannelKind) -> Message:
        """Raises ScheduleNotFound, StoreUnavailable, QuestionTooLong."""
        with self.store.read() as board:
            schedule = board.report_schedule(claim.subjects[0])
        plan = schedule.plan
        cut = reports.cut_of(plan, schedules.window(plan, at(claim.at_ms)))
        standing = self.warehouse.refresh()
        now = self.warehouse.ask(costs.total, cut, as_of=standing)
        before = self.warehouse.ask(costs.total, replace(cut, window=cut.window.before()), as_of=standing)
        files, lacks = self._files(plan, cut, standing, kind)
        link = f"{self.address}/reports?{_question(plan, cut.window)}" if self.address else ""
        told = [*_totals(plan, cut, now, before), *_attached(files, lacks), *([link] if link else [])]
        marked = f"[{DEMO}] " if plan.simulated else ""
        return Message(
            title=words.shortened(f"{marked}Quarterdeck report: {plan.name}", MOST_TITLE),
            body="\n".join(told),
            data={"simulated": plan.simulated, "report": _data(schedule.id, plan, cut, now, files)},
            attachments=tuple(Attachment(file.name, file.media_type, file.body) for file in files),
        )

    def _files(self, plan: Plan, cut: Cut, standing: Standing, kind: ChannelKind) -> tuple[list[File], list[str]]:
        """The files that go with it, and of each other one why it does not."""
        room = CARRIES_BYTES[kind]
        if not room:
            return [], [f"{kind.capitalize()} takes no files: have them from the page Reports."]
        files, lacks = list[File](), list[str]()
        for written in plan.formats:
            wanted = Wanted(plan.what, written, cut, plan.grain)
            try:
                file = reports.export(self.warehouse, wanted, standing)
            except ExportTooLarge as refused:
                lacks.append(f"{reports.name(wanted)} is not attached: {refused}")
                continue
            if len(file.body) > room:
                lacks.append(f"{file.name} is not attached: it is too large. Have it from the page Reports.")
                continue
            room -= len(file.body)
            files.append(file)
        return files, lacks


def _days(window: Window) -> tuple[str, str]:
    """The first and the last day of a window of whole days."""
    here = zone(window.zone)
    last = (window.end - timedelta(milliseconds=1)).astimezone(here)
    return f"{window.begin.astimezone(here):%Y-%m-%d}", f"{last:%Y-%m-%d}"


def _totals(plan: Plan, cut: Cut, now: Total, before: Total) -> list[str]:
    first, last = _days(cut.window)
    days = first if first == last else f"{first} to {last}"
    money = "demo money, nothing real" if plan.simulated else "real money"
    lines = [f"{days} ({plan.tz})"]
    if only := schedules.chosen(plan):
        lines.append(f"Only of {words.shortened(only, 400)}.")
    lines += [
        f"Spent: {words.dollars(now.cost_nanousd)} ({money}); in as long a time before: "
        f"{words.dollars(before.cost_nanousd)}.",
        f"{words.count(now.tasks, 'task')}, {words.count(now.replies, 'reply', 'replies')}, "
        f"{words.tokens(now.tokens.total)} tokens.",
    ]
    if now.unpriced:
        lines.append(f"The cost of {words.count(now.unpriced, 'reply', 'replies')} without a known price is missing.")
    return lines


def _attached(files: list[File], lacks: list[str]) -> list[str]:
    attached = [f"Attached: {', '.join(file.name for file in files)}."] if files else []
    return [*attached, *lacks]


def _question(plan: Plan, window: Window) -> str:
    """The same question of the page Reports, but for its filters, whose names on the page are its own."""
    first, last = _days(window)
    given = {"window": "custom", "from": first, "to": last, "tz": plan.tz, "format": plan.formats[0].value}
    if plan.formats[0] is not Format.PDF:
        given["what"] = plan.what.value
    return urlencode(given | ({"money": "simulated"} if plan.simulated else {}), safe="/")


def _data(schedule_id: str, plan: Plan, cut: Cut, now: Total, files: list[File]) -> dict[str, object]:
    return {
        "schedule_id": schedule_id,
        "name": plan.name,
        "from": cut.window.begin.isoformat(),
        "to": cut.window.end.isoformat(),
        "tz": plan.tz,
        "cost_nanousd": now.cost_nanousd,
        "unpriced_replies": now.unpriced,
        "replies": now.replies,
        "tasks": now.tasks,
        "files": [file.name for file in files],
    }
