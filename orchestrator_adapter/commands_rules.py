"""What people do about rules of alerts: make, change, switch and remove them."""

from __future__ import annotations

import uuid
from dataclasses import replace

from data.domain import events as e
from data.domain.alert_rules import DEFAULT_IDS, AlertRule, Metric, checked, tidied
from data.domain.errors import AlertRuleInvalid, TooLate
from data.store import channels, ruling
from orchestrator_adapter.access import Actor, require
from orchestrator_adapter.deck import Deck


def set_alert_rule(deck: Deck, actor: Actor, rule: AlertRule) -> AlertRule:
    """Make the rule, or change the one with its id; it holds from the next look of the clock on.

    `rule.version` is the version that was looked at. Raises AlertRuleInvalid, AlertRuleNotFound, or TooLate if
    somebody else has changed the rule since.
    """
    require(actor, "set_alert_rule")
    with deck.store.write(durable=True) as ledger:
        before = ruling.rule(ledger.connection, rule.id) if rule.id else None
        if before is None and rule.metric is Metric.STUCK:
            raise AlertRuleInvalid(
                "There is one rule for agents without progress; switch or change that one.", field="metric"
            )
        if before is not None and before.metric is not rule.metric:
            raise AlertRuleInvalid("The metric of a rule cannot be changed; make another rule.", field="metric")
        rule = checked(tidied(rule))
        known = {channel.id for channel in channels.listed(ledger.connection)}
        if unknown := [one for one in rule.channels if one not in known]:
            raise AlertRuleInvalid(f"channels must name channels that are there, not {unknown[0]}.", field="channels")
        if before is not None and before.version != rule.version:
            raise TooLate("Somebody else has changed this rule meanwhile; look at it again.", rule_id=rule.id)
        if before == rule:
            return before
        version = before.version + 1 if before else 1
        made = replace(rule, id=rule.id or uuid.uuid4().hex, version=version)
        ledger.append(_event(made, actor))
        return ruling.rule(ledger.connection, made.id)


def switch_alert_rule(deck: Deck, actor: Actor, rule_id: str, *, on: bool) -> AlertRule:
    """Switch the rule; what it has raised is settled when it is switched off."""
    require(actor, "switch_alert_rule")
    with deck.store.read() as board:
        rule = board.alert_rule(rule_id)
    return set_alert_rule(deck, actor, replace(rule, enabled=on))


def remove_alert_rule(deck: Deck, actor: Actor, rule_id: str) -> None:
    """The rule is gone, its alerts are settled, its history stays. A default can only be switched off."""
    require(actor, "remove_alert_rule")
    if rule_id in DEFAULT_IDS:
        raise AlertRuleInvalid("This rule is always there; switch it off instead.", field="id")
    with deck.store.write(durable=True) as ledger:
        ledger.append(e.AlertRuleRemoved(task_id="", rule_id=rule_id, by=actor.name))


def _event(rule: AlertRule, actor: Actor) -> e.AlertRuleSet:
    return e.AlertRuleSet(
        task_id="",
        rule_id=rule.id,
        name=rule.name,
        metric=rule.metric,
        threshold=rule.threshold,
        window_s=rule.window_s,
        scope=rule.scope,
        subject=rule.subject,
        cooldown_s=rule.cooldown_s,
        least_usd=rule.least_usd,
        simulated=rule.simulated,
        channels=rule.channels,
        enabled=rule.enabled,
        version=rule.version,
        by=actor.name,
    )
