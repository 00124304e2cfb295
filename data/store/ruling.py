"""Rules of alerts in the store: the defaults, what people changed of them, and their own."""

from __future__ import annotations

import json

import sqlalchemy as sa

from data.domain import events as e
from data.domain.alert_rules import DEFAULT_IDS, DEFAULTS, AlertRule, Metric, RuleScope
from data.domain.alerts import AlertKind
from data.domain.errors import AlertRuleNotFound, TooLate
from data.store import rows, tables
from data.store.tables_alerts import alert_rules as t

_SAME = ("name", "threshold", "window_s", "subject", "cooldown_s", "least_usd", "simulated", "enabled", "version")


def fold(db: sa.Connection, rev: int, at_ms: int, event: e.AlertRuleSet | e.AlertRuleRemoved) -> None:
    """Raises AlertRuleNotFound, or TooLate if somebody else changed the rule meanwhile."""
    match event:
        case e.AlertRuleSet():
            _set(db, rev, at_ms, event)
        case e.AlertRuleRemoved():
            gone = sa.update(t).where(t.c.id == event.rule_id, t.c.removed_at_ms.is_(None))
            if db.execute(gone.values(rev=rev, removed_at_ms=at_ms)).rowcount == 0:
                raise AlertRuleNotFound(f"There is no rule {event.rule_id}.", rule_id=event.rule_id)


def _set(db: sa.Connection, rev: int, at_ms: int, event: e.AlertRuleSet) -> None:
    values = {name: getattr(event, name) for name in _SAME} | {
        "rev": rev,
        "metric": event.metric.value,
        "scope": event.scope.value,
        "channels": json.dumps(event.channels),
        "changed_by": event.by,
        "changed_at_ms": at_ms,
    }
    known = db.execute(sa.select(t.c.version, t.c.removed_at_ms).where(t.c.id == event.rule_id)).first()
    if event.version != (known.version if known else 0) + 1:
        raise TooLate("Somebody else has changed this rule meanwhile; look at it again.", rule_id=event.rule_id)
    if known is None:
        db.execute(sa.insert(t).values(id=event.rule_id, **values))
    elif known.removed_at_ms is None:
        db.execute(sa.update(t).where(t.c.id == event.rule_id).values(**values))
    else:
        raise AlertRuleNotFound(f"There is no rule {event.rule_id}.", rule_id=event.rule_id)


def _rule(row: rows.Row) -> AlertRule:
    return AlertRule(
        id=row["id"],
        metric=Metric(row["metric"]),
        scope=RuleScope(row["scope"]),
        channels=tuple(json.loads(row["channels"])),
        changed_by=row["changed_by"],
        changed_at=rows.at(row["changed_at_ms"]),
        **{name: row[name] for name in _SAME},
    )


def rules(db: sa.Connection) -> list[AlertRule]:
    """The defaults in their order, as they stand, then people's own by name."""
    known = {row["id"]: _rule(row) for row in db.execute(sa.select(t).where(t.c.removed_at_ms.is_(None))).mappings()}
    own = [rule for rule in known.values() if rule.id not in DEFAULT_IDS]
    return [known.get(rule.id, rule) for rule in DEFAULTS] + sorted(own, key=lambda rule: (rule.name, rule.id))


def rule(db: sa.Connection, rule_id: str) -> AlertRule:
    """Raises AlertRuleNotFound."""
    found = next((one for one in rules(db) if one.id == rule_id), None)
    if found is None:
        raise AlertRuleNotFound(f"There is no rule {rule_id}.", rule_id=rule_id)
    return found


def on(db: sa.Connection, metric: Metric) -> bool:
    """Whether any rule of the metric is switched on."""
    return any(one.enabled and one.metric is metric for one in rules(db))


def channels_of(db: sa.Connection, event: e.AlertRaised) -> list[str]:
    """Which channels an alert goes to: those of its rule, or of the rules that are on for what the watch finds."""
    if event.rule_id:
        return [channel for one in rules(db) if one.id == event.rule_id for channel in one.channels]
    metric = _WATCHED.get(event.about)
    return [channel for one in rules(db) if one.enabled and one.metric is metric for channel in one.channels]


_WATCHED = {
    AlertKind.BUDGET: Metric.BUDGET,
    AlertKind.STUCK: Metric.STUCK,
    AlertKind.LOOPING: Metric.STUCK,
}
"""Which rules speak for an alert that was raised by none of them."""


def failures(db: sa.Connection, since_ms: int, after: int, clock: int) -> list[tuple[int, str, str, str, str]]:
    """Time (ms), task, type, folder and user of every failure of a task of this fleet, whatever became of it since.

    Only what the events after `after`, up to `clock`, say.
    """
    event, task = tables.events.c, tables.tasks.c
    query = (
        sa.select(event.at_ms, task.id, task.task_type, task.working_directory, task.created_by)
        .join_from(tables.events, tables.tasks, event.task_id == task.id)
        .where(event.kind == "task_moved", event.id > after, event.id <= clock)
        .where(event.body.contains('"to":"failed"'), event.at_ms >= since_ms)
        .where(task.runtime != "imported")
        .order_by(event.id)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in db.execute(query)]
