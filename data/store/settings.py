"""Settings of the whole fleet in the store: the last word on each, and its default where nobody said one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from data.domain.agents import Role
from data.domain.control_events import FleetSet, PreferenceSet
from data.domain.fleet import Cleanup, Limits, Lottery, Patience, Retries, Watching
from data.store import preferences, rows
from data.store import tables as t


@dataclass(frozen=True)
class Changed:
    """Who changed a setting last, and when."""

    by: str
    at: datetime


@dataclass(frozen=True)
class FleetSettings:
    """All settings of the fleet; those that nobody changed have their defaults."""

    limits: Limits
    retries: Retries
    patience: Patience
    cleanup: Cleanup
    watching: Watching
    lottery: Lottery
    changed: dict[str, Changed]
    """By the name of the setting."""


def everything(db: sa.Connection) -> FleetSettings:
    c = t.fleet_settings.c
    found = db.execute(sa.select(c.name, c.changed_by, c.changed_at_ms))
    changed = {row.name: Changed(row.changed_by, rows.at(row.changed_at_ms)) for row in found}
    return FleetSettings(limits(db), retries(db), patience(db), cleanup(db), watching(db), lottery(db), changed)


def fold(db: sa.Connection, rev: int, at_ms: int, event: FleetSet | PreferenceSet) -> None:
    """What holds for the fleet, or for one person, from this event on."""
    if isinstance(event, PreferenceSet):
        preferences.fold(db, rev, at_ms, event)
        return
    values = {"rev": rev, "body": json.dumps(event.values), "changed_by": event.by, "changed_at_ms": at_ms}
    where = t.fleet_settings.c.name == event.name
    if db.execute(sa.update(t.fleet_settings).where(where).values(**values)).rowcount == 0:
        db.execute(sa.insert(t.fleet_settings).values(name=event.name, **values))


def _body(db: sa.Connection, name: str) -> dict[str, Any]:
    found = db.execute(sa.select(t.fleet_settings.c.body).where(t.fleet_settings.c.name == name)).scalar()
    return {} if found is None else dict(json.loads(found))


def limits(db: sa.Connection) -> Limits:
    return Limits(**_body(db, "limits"))


def patience(db: sa.Connection) -> Patience:
    return Patience(**_body(db, "patience"))


def cleanup(db: sa.Connection) -> Cleanup:
    return Cleanup(**_body(db, "cleanup"))


def watching(db: sa.Connection) -> Watching:
    return Watching(**_body(db, "watching"))


def lottery(db: sa.Connection) -> Lottery:
    return Lottery(**_body(db, "lottery"))


def retries(db: sa.Connection) -> Retries:
    body = _body(db, "retries")
    by_role = {Role(role): tries for role, tries in body.pop("by_role", {}).items()}
    return Retries(by_role=by_role, **body)


def questions(db: sa.Connection) -> dict[str, str]:
    """Questions that people saved, by their names."""
    return {name: str(sql) for name, sql in sorted(_body(db, "questions").items())}


def event(setting: Limits | Retries | Patience | Cleanup | Watching | Lottery, by: str) -> FleetSet:
    """The event that makes this the fleet's setting."""
    match setting:
        case Limits():
            return FleetSet(task_id="", name="limits", values=asdict(setting), by=by)
        case Retries():
            named = {role.value: tries for role, tries in setting.by_role.items()}
            values = {"by_role": named, "otherwise": setting.otherwise}
            return FleetSet(task_id="", name="retries", values=values, by=by)
        case Patience():
            return FleetSet(task_id="", name="patience", values=asdict(setting), by=by)
        case Cleanup():
            return FleetSet(task_id="", name="cleanup", values=asdict(setting), by=by)
        case Watching():
            return FleetSet(task_id="", name="watching", values=asdict(setting), by=by)
        case Lottery():
            return FleetSet(task_id="", name="lottery", values=asdict(setting), by=by)
