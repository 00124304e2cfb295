"""Schedules on the Reports page: which there are, when each is sent next, sent now by one click, and what was sent."""

from __future__ import annotations

import uuid
from functools import partial

import pandas as pd
import streamlit as st

from data.domain import words
from data.domain.agents import Role
from data.domain.deliveries import About, Delivery
from data.domain.exports import Format, What
from data.domain.schedules import Plan, Schedule, sentence
from data.domain.tasks import TaskType
from data.domain.windows import UTC_NAME, zone
from data.store.delivering import DeliveryFilter
from orchestrator_adapter import commands_reports
from pages.ui import schedule_form, session, tables
from pages.ui.channels import STATES
from pages.ui.cost_filters import Asked
from pages.ui.look import plain

SHOWN = 50


@session.live_panel("schedules")
def panel(asked: Asked | None) -> None:
    """`asked`: what the page shows; a new schedule begins with its filters."""
    with session.read() as board:
        found = board.report_schedules()
        names = {channel.id: channel.name for channel in board.channels()}
        sent = board.deliveries(DeliveryFilter(About.REPORT), SHOWN)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Scheduled reports")
        if st.button("New schedule", icon=":material/schedule_send:", key="new-schedule"):
            ask_schedule(None, _begun(asked), uuid.uuid4().hex)
    st.caption("Reports by e-mail, webhook, Slack or Discord at their time, whether or not a page is open.")
    for schedule in found:
        with st.container(border=True, key=f"schedule-{schedule.id}"):
            _row(schedule, [names[one] for one in schedule.plan.channels if one in names])
    if sent:
        told = (
            f"The last {words.count(len(sent), 'report')}: when due, which, to which channel, what became of it and why"
        )
        tables.read_only(_log(sent, {one.id: one.plan.name for one in found}), key="reports-sent", alt=told)


def _begun(asked: Asked | None) -> Plan:
    """What a new schedule begins with: the format and the filters that the page shows."""
    start = Plan("", ())
    if asked is None:
        return start
    cut = asked.cut
    return Plan(
        "",
        (),
        formats=(Format(st.session_state.get("format") or Format.PDF),),
        what=What(st.session_state.get("what") or What.COSTS),
        tz=cut.window.zone,
        grain=asked.grain,
        simulated=cut.simulated,
        role=Role(cut.role) if cut.role else None,
        model=cut.model,
        task_type=TaskType(cut.task_type) if cut.task_type else None,
        folder=cut.folder,
        user=cut.user,
        analyst=cut.analyst,
    )


def _row(schedule: Schedule, told: list[str]) -> None:
    plan = schedule.plan
    with st.container(horizontal=True, vertical_alignment="center"):
        wanted = st.toggle(plain(plan.name), schedule.enabled, key=f"on-{schedule.id}-{schedule.version}")
        if plan.simulated:
            st.badge("DEMO", icon=":material/science:", color="orange", help="Counts demo money only")
        send = st.button("Send now", icon=":material/send:", key=f"send-{schedule.id}", type="tertiary")
        if st.button("Edit", icon=":material/edit:", key=f"edit-schedule-{schedule.id}", type="tertiary"):
            ask_schedule(schedule, plan, uuid.uuid4().hex)
        if st.button("Remove", icon=":material/delete:", key=f"remove-schedule-{schedule.id}", type="tertiary"):
            confirm_remove(schedule)
    st.markdown(_next(schedule))
    st.caption(plain(f"{sentence(plan)}, through {', '.join(told) or 'no channel'}."))
    if send:
        with session.refusals():
            commands_reports.send_report(session.deck(), session.actor(), schedule.id)
            st.toast(plain(f"{plan.name} is on its way."), icon=":material/send:")
            st.rerun("schedules")
    if wanted is not schedule.enabled:
        who = (session.deck(), session.actor())
        switch = partial(commands_reports.switch_report_schedule, *who, schedule.id, on=wanted)
        if session.done(f"switch-{schedule.id}-{schedule.version}", switch):
            st.rerun("schedules")


def _next(schedule: Schedule) -> str:
    if schedule.next_at is None:
        return "Paused."
    tz = schedule.plan.tz
    local = f"{schedule.next_at.astimezone(zone(tz)):%a %Y-%m-%d %H:%M} ({plain(tz)})"
    return f"Sent next on {local}" + ("." if tz == UTC_NAME else f", {schedule.next_at:%H:%M} UTC.")


def _log(found: list[Delivery], names: dict[str, str]) -> tuple[pd.DataFrame, dict[str, object]]:
    frame = pd.DataFrame(
        {
            "Due": [f"{one.at:%Y-%m-%d %H:%M:%S}" for one in found],
            "Report": [names.get(one.subject_id, "removed") for one in found],
            "Channel": [one.channel for one in found],
            "State": [STATES[one.status] for one in found],
            "Tries": [one.tries for one in found],
            "The other side": [words.shortened(one.said, 200) for one in found],
            "Next try": [f"{one.next_at:%H:%M:%S}" if one.next_at else "–" for one in found],
        }
    )
    return frame, {"The other side": st.column_config.TextColumn(width=360)}


@session.dialog("Schedule of reports", ":material/schedule_send:", "large")
def ask_schedule(old: Schedule | None, start: Plan, opened: str) -> None:
    """`opened` names this opening of the dialog, in which one schedule is saved once."""
    plan = schedule_form.fields(start, f"schedule-{old.id if old else 'new'}")
    st.caption(plain(f"{sentence(plan)}."))
    with st.container(horizontal=True):
        pressed = st.button("Save" if old else "Make the schedule", type="primary", key="schedule-save")
        if st.button("Leave it", key="schedule-not"):
            session.close_dialog()
    if not pressed:
        return

    def save() -> Schedule:
        more = {"schedule_id": old.id, "enabled": old.enabled, "version": old.version} if old else {}
        return commands_reports.set_report_schedule(session.deck(), session.actor(), plan, **more)

    if session.done(f"schedule-{opened}", save):
        session.close_dialog()


@session.dialog("Remove this schedule?", ":material/delete:")
def confirm_remove(schedule: Schedule) -> None:
    st.markdown(plain(f"{schedule.plan.name}: {sentence(schedule.plan)}.") + "\n\nWhat was not sent yet is given up.")

    def remove() -> str:
        commands_reports.remove_report_schedule(session.deck(), session.actor(), schedule.id)
        return schedule.id

    with st.container(horizontal=True):
        sure = st.button("Remove it", type="primary", key="remove-schedule-sure")
        if sure and session.done(f"schedule-gone-{schedule.id}", remove):
            session.close_dialog()
        if st.button("Keep it", key="remove-schedule-not"):
            session.close_dialog()
