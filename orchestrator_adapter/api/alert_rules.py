"""Rules of alerts over HTTP: which there are, changes, and what one would have told in the past."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from data.domain import errors as e
from data.domain.alert_rules import DAY_S, DEFAULT_IDS, MEASURES, AlertRule, Metric, RuleScope
from data.domain.errors import AlertRuleNotFound
from data.domain.firing import Point
from data.domain.money import NANO
from orchestrator_adapter import commands_rules
from orchestrator_adapter.api import alert_answers, bodies
from orchestrator_adapter.api.bodies import Path, Sent, Short
from orchestrator_adapter.api.http import Answer, Call, Operation, answer
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.rule_history import DAYS, MOST_DAYS, Backtest, backtest

MOST_FIRED = 1000
_DOLLARS = frozenset({Metric.SPEND, Metric.AGENT_COST})


class AlertRuleBody(Sent):
    """A new rule, or with an `id` what changes of that one: a field that is left out stays as it is."""

    id: Short | None = None
    name: str = Field("", max_length=120, description="1 to 120 characters")
    metric: Metric | None = Field(None, description="Of a new rule; it cannot be changed")
    threshold: float | None = Field(None, description="From where on it fires; by itself what the metric begins with")
    window_s: int | None = Field(None, ge=0, le=7 * DAY_S, description="Seconds, a multiple of 900; 0 for none")
    scope: RuleScope = RuleScope.FLEET
    subject: Path = Field("", description="User, folder, role or task type; empty for the fleet")
    cooldown_s: int = Field(DAY_S, description="Least time between two alerts about one subject")
    least_usd: float = Field(0.0, description="Of `spike` and `anomaly`: less spending alerts nobody")
    simulated: bool = Field(False, description="Whether it counts demo money, which no other rule counts")
    channels: tuple[Short, ...] | None = Field(None, description="Ids of channels that are told beside the app")
    enabled: bool = True
    version: int | None = Field(None, ge=0, description="The version that was looked at; refused if it is no longer so")

    def rule(self, before: AlertRule | None) -> AlertRule:
        """The whole rule; of one that exists only what was sent changes. Raises AlertRuleInvalid."""
        told = {name: getattr(self, name) for name in self.model_fields_set if name != "id"}
        told = {name: value for name, value in told.items() if value is not None}
        if before is not None:
            return replace(before, **told)
        told.pop("version", None)
        if self.metric is None:
            raise e.AlertRuleInvalid(f"metric must be one of {', '.join(Metric)}.", field="metric")
        measure = MEASURES[self.metric]
        window = measure.windows_s[0] if measure.windows_s else 0
        begin = AlertRule("", self.name, self.metric, measure.threshold, window)
        return replace(begin, **told)


class BacktestBody(AlertRuleBody):
    """A rule that need not exist, or the id of one that does, and how far back to look."""

    days: int = Field(DAYS, ge=1, le=MOST_DAYS)

    def rule(self, before: AlertRule | None) -> AlertRule:
        fields = self.model_dump(include=self.model_fields_set - {"days"})
        if before is None and not fields.get("name"):
            fields["name"] = "tried"  # what is only tried needs no name
        return AlertRuleBody(**fields).rule(before)


def shape(rule: AlertRule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "metric": rule.metric,
        "threshold": rule.threshold,
        "unit": rule.measure.unit,
        "window_s": rule.window_s,
        "scope": rule.scope,
        "subject": rule.subject,
        "cooldown_s": rule.cooldown_s,
        "least_usd": rule.least_usd,
        "simulated": rule.simulated,
        "channels": list(rule.channels),
        "enabled": rule.enabled,
        "version": rule.version,
        "changed_by": rule.changed_by or None,
        "changed_at": rule.changed_at,
        "removable": rule.id not in DEFAULT_IDS,
    }


def told(found: Backtest, rule: AlertRule) -> dict[str, Any]:
    newest = list(reversed(found.fired))[:MOST_FIRED]
    return {
        "begin": found.begin,
        "end": found.end,
        "fired": len(found.fired),
        "items": [_fired(point, rule) for point in newest],
        "says": found.says,
    }


def _fired(point: Point, rule: AlertRule) -> dict[str, Any]:
    value = point.value / NANO if rule.metric in _DOLLARS else point.value
    return {
        "at": datetime.fromtimestamp(point.bucket_ms / 1000, UTC),
        "subject": point.subject,
        "value": round(value, 6) if math.isfinite(value) else None,
        "words": point.words,
        "task_id": point.task_id or None,
        "agent_id": point.agent_id,
    }


def rules(call: Call, _: bodies.Nothing) -> Answer:
    with call.deck.store.read() as board:
        items = [shape(rule) for rule in board.alert_rules()]
    return answer({"items": items, "next_cursor": None})


def _before(deck: Deck, rule_id: str | None) -> AlertRule | None:
    if rule_id is None:
        return None
    with deck.store.read() as board:
        return board.alert_rule(rule_id)


def set_rule(call: Call, body: AlertRuleBody) -> Answer:
    before = _before(call.deck, body.id)
    made = commands_rules.set_alert_rule(call.deck, call.actor, body.rule(before))
    return answer(shape(made), 200 if before else 201)


def test_rule(call: Call, body: BacktestBody) -> Answer:
    rule = body.rule(_before(call.deck, body.id))
    return answer(told(backtest(call.deck.store, call.deck.warehouse, rule, body.days), rule))


def remove_rule(call: Call, _: bodies.Nothing) -> Answer:
    commands_rules.remove_alert_rule(call.deck, call.actor, call.id(AlertRuleNotFound))
    return Answer(b"", 204)


def operations(v1: str, change: tuple[type[e.FleetError], ...]) -> list[Operation]:
    every, shape_of = f"{v1}/alerts/rules", alert_answers.AlertRuleShape
    refuses = (AlertRuleNotFound, e.AlertRuleInvalid, e.BodyInvalid)
    return [
        Operation(
            "GET",
            every,
            rules,
            "Rules of alerts: what is measured, and when it is told",
            gives=alert_answers.AlertRuleList,
        ),
        Operation(
            "POST",
            every,
            set_rule,
            "Make a rule of alerts, or with its id change or switch one",
            AlertRuleBody,
            shape_of,
            201,
            (*refuses, e.TooLate, *change),
        ),
        Operation(
            "POST",
            f"{every}/backtest",
            test_rule,
            "What a rule would have told in the past, had it been on",
            BacktestBody,
            alert_answers.BacktestShape,
            refuses=(*refuses, e.QuestionTooLong, *change),
        ),
        Operation(
            "DELETE",
            f"{every}/{{id}}",
            remove_rule,
            "Take a rule away; what it raised is settled, its history stays",
            status=204,
            refuses=(AlertRuleNotFound, e.AlertRuleInvalid, *change),
        ),
    ]
