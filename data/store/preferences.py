"""What each person has chosen for themselves: the last word on it, and its default where nobody said one."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from data.domain.control_events import PreferenceSet
from data.domain.home import Density, Home, Panel, TableOrder, TablePlace
from data.store import tables as t

HOME = "home"
REPORTS = "reports"


def fold(db: sa.Connection, rev: int, at_ms: int, event: PreferenceSet) -> None:
    c = t.preferences.c
    values = {"rev": rev, "body": json.dumps(event.values), "changed_at_ms": at_ms}
    where = (c.person == event.by) & (c.name == event.name)
    if db.execute(sa.update(t.preferences).where(where).values(**values)).rowcount == 0:
        db.execute(sa.insert(t.preferences).values(person=event.by, name=event.name, **values))


def _body(db: sa.Connection, person: str, name: str) -> dict[str, Any]:
    c = t.preferences.c
    found = db.execute(sa.select(c.body).where(c.person == person, c.name == name)).scalar()
    return {} if found is None else dict(json.loads(found))


def reports(db: sa.Connection, person: str) -> dict[str, str]:
    """How this person wants reports: `format`, `what` and `window`; nothing of it if they never chose."""
    return {name: str(value) for name, value in _body(db, person, REPORTS).items()}


def home(db: sa.Connection, person: str) -> Home:
    body = _body(db, person, HOME)
    if not body:
        return Home()
    return Home(
        tuple(Panel(name) for name in body["panels"]),
        TablePlace(body["table"]),
        TableOrder(body["order"]),
        Density(body["density"]),
        body["mine"],
    )


def event(home: Home, by: str) -> PreferenceSet:
    """The event that makes this the person's home page; the default one is kept as no word at all."""
    values = {} if home == Home() else asdict(home) | {"panels": [panel.value for panel in home.panels]}
    return PreferenceSet(task_id="", name=HOME, values=values, by=by)
