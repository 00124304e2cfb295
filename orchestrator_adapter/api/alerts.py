"""Alerts over HTTP: what somebody should look at, and what was done about it."""

from __future__ import annotations

import re
from typing import Any

from data.domain import errors as e
from data.domain.alerts import Alert
from data.domain.errors import AlertNotFound, CursorInvalid
from data.domain.events import AlertAnswered, AlertJudged
from data.store import Recorded
from data.store.alerting import AlertFilter
from data.store.rows import ms
from orchestrator_adapter import commands_alerts
from orchestrator_adapter.api import alert_answers, answers, bodies, shapes
from orchestrator_adapter.api.http import Answer, Call, Operation, answer

_CURSOR = re.compile(r"([0-9]{1,15})-([A-Za-z0-9_.:-]{1,64})")


def alerts(call: Call, query: bodies.AlertQuery) -> Answer:
    """A cursor is the place of the last item, so it stays true while others are raised."""
    before = _place(query.cursor)
    with call.deck.store.read() as board:
        wanted = AlertFilter(query.status, query.kind, query.task)
        found = board.alerts(wanted, query.limit + 1, before)
        precision = board.alert_precision()
    shown, last = found[: query.limit], found[query.limit - 1 : query.limit]
    after = f"{ms(last[0].raised_at)}-{last[0].id}" if len(found) > query.limit else None
    return answer(
        {
            "items": [shapes.alert(one) for one in shown],
            "next_cursor": after,
            "precision": {kind: {"right": p.right, "judged": p.judged} for kind, p in precision.items()},
        }
    )


def _place(cursor: str | None) -> tuple[int, str] | None:
    if cursor is None:
        return None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise CursorInvalid(field="cursor")
    return int(found[1]), found[2]


def story(call: Call, _: bodies.Nothing) -> Answer:
    """Who did what about an alert, and when; the oldest first."""
    alert_id = call.id(AlertNotFound)
    with call.deck.store.read() as board:
        found = board.alert_story(alert_id)
    return answer({"items": [_step(entry) for entry in found], "next_cursor": None})


def _step(entry: Recorded) -> dict[str, Any]:
    event = entry.event
    told: dict[str, Any] = {"at": entry.at, "by": getattr(event, "by", "clock"), "note": getattr(event, "note", "")}
    match event:
        case AlertAnswered(to=to, until=until):
            return told | {"what": to.value, "until": until}
        case AlertJudged(right=right):
            return told | {"what": "right" if right else "wrong", "until": None}
        case _:
            return told | {"what": "raised", "until": None}


def act_on_alert(call: Call, body: bodies.AlertBody) -> Answer:
    return answer(shapes.alert(_act(call, call.id(AlertNotFound), body)))


def _act(call: Call, alert_id: str, body: bodies.AlertBody) -> Alert:
    who = (call.deck, call.actor, alert_id)
    match body.action:
        case "snooze":
            return commands_alerts.snooze_alert(*who, minutes=body.minutes, note=body.note)
        case "acknowledge":
            return commands_alerts.acknowledge_alert(*who, note=body.note)
        case "resolve":
            return commands_alerts.resolve_alert(*who, note=body.note)
        case said:
            return commands_alerts.judge_alert(*who, right=said == "right")


def operations(v1: str, change: tuple[type[e.FleetError], ...]) -> list[Operation]:
    every = f"{v1}/alerts"
    return [
        Operation(
            "GET",
            every,
            alerts,
            "What somebody should look at, and what was done about it",
            bodies.AlertQuery,
            answers.AlertList,
            refuses=(e.CursorInvalid,),
        ),
        Operation(
            "GET",
            f"{every}/{{id}}/history",
            story,
            "Who did what about an alert, and when",
            gives=alert_answers.AlertStory,
            refuses=(e.AlertNotFound,),
        ),
        Operation(
            "POST",
            f"{every}/{{id}}",
            act_on_alert,
            "Take an alert on, wait with it, settle it, or say whether it was right",
            bodies.AlertBody,
            answers.AlertShape,
            refuses=(e.AlertNotFound, e.TooLate, e.BodyInvalid, *change),
        ),
    ]
