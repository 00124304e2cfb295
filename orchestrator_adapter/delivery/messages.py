"""What is said in a message: one alert whole, several as a list, and always whether it is about a demo."""

from __future__ import annotations

from collections.abc import Sequence

from data.domain import words
from data.store.delivering import Told
from orchestrator_adapter.delivery.outlet import Message

MOST_CHARACTERS = 1_800
"""Of a body: less than the 2,000 that Discord takes."""
MOST_TITLE = 120
MOST_LINE = 200
DEMO = "DEMO"
KINDS = {"anomaly": "unusual spending", "agent_cost": "dear agent", "spend": "spending", "context": "context window"}


def of_alerts(told: Sequence[Told], address: str = "") -> Message:
    """`address`: where the product is reached, for a link; empty if that is not known."""
    only = told[0] if len(told) == 1 else None
    simulated = all(one.simulated for one in told)
    title = only.alert.words if only else words.count(len(told), "alert")
    marked = f"[{DEMO}] " if simulated else ""
    link = f"\n{address}/alerts" if address else ""
    body = _one(only) if only else _list(told, MOST_CHARACTERS - len(link))
    return Message(
        title=words.shortened(f"{marked}Quarterdeck: {title}", MOST_TITLE),
        body=f"{body[: MOST_CHARACTERS - len(link)]}{link}",
        urgent=True,
        data={"simulated": simulated, "alerts": [_data(one) for one in told]},
    )


def _one(told: Told) -> str:
    alert = told.alert
    lines = [alert.words]
    if told.simulated:
        lines.append("This is about a demo: no real money, no real work.")
    if told.task:
        lines.append(f"Task: {words.title(told.task)}")
    lines += [words.shortened(f"{name}: {value}", MOST_LINE) for name, value in alert.evidence.items()]
    return "\n".join([*lines, f"Raised {alert.raised_at:%Y-%m-%d %H:%M} UTC."])


def _list(told: Sequence[Told], most: int) -> str:
    """As many as there is room for; the rest is counted."""
    lines = [_line(one) for one in told]
    shown = len(lines)
    while shown and len("\n".join(lines[:shown])) > most - 40:
        shown -= 1
    rest = [f"And {words.count(len(lines) - shown, 'more alert')}."] if shown < len(lines) else []
    return "\n".join([*lines[:shown], *rest])


def _line(told: Told) -> str:
    alert = told.alert
    kind = KINDS.get(alert.kind.value, alert.kind.value)
    marked = f"[{DEMO}] " if told.simulated else ""
    return words.shortened(f"- {marked}{alert.raised_at:%H:%M} UTC, {kind}: {alert.words}", MOST_LINE)


def _data(told: Told) -> dict[str, object]:
    alert = told.alert
    return {
        "id": alert.id,
        "kind": alert.kind.value,
        "words": alert.words,
        "raised_at": alert.raised_at.isoformat(),
        "task_id": alert.task_id,
        "agent_id": alert.agent_id,
        "simulated": told.simulated,
    }


def of_test(channel: str, by: str) -> Message:
    return Message(
        title="Quarterdeck: a test message",
        body=f'{by} tries the channel "{channel}". Alerts that are told here will look like this.',
        data={"test": True},
    )
