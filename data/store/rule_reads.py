"""The part of the board that tells of rules of alerts, and of what became of an alert."""

from __future__ import annotations

from data.domain.alert_rules import AlertRule
from data.store import alerting, ruling
from data.store.ledger import Recorded
from data.store.look import Look


class RuleReads(Look):
    """Rules and the lives of alerts."""

    def alert_rules(self) -> list[AlertRule]:
        """The defaults as they stand, then people's own by name."""
        return ruling.rules(self.connection)

    def alert_rule(self, rule_id: str) -> AlertRule:
        """Raises AlertRuleNotFound."""
        return ruling.rule(self.connection, rule_id)

    def alert_story(self, alert_id: str) -> list[Recorded]:
        """Who did what about an alert, and when, from when it was raised on. Raises AlertNotFound."""
        alerting.get(self.connection, alert_id)
        return alerting.story(self.connection, alert_id)
