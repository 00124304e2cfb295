"""Rules of alerts as data: what is measured, over which stretch of time, for whom, and when it is told."""

from __future__ import annotations

import math
import posixpath
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from data.domain.agents import Role
from data.domain.alerts import AlertKind
from data.domain.errors import AlertRuleInvalid
from data.domain.tasks import TaskType

HOUR_S, DAY_S = 3_600, 86_400
QUARTER_S = 900
LONGEST_S = 7 * DAY_S
"""The longest window of any metric."""
COOLDOWNS_S = (QUARTER_S, 30 * DAY_S)
"""Least and longest time between two alerts of one rule about one subject."""
MOST_NAME = 120
MOST_LEAST_USD = 1_000_000.0
MOST_CHANNELS = 10


class Metric(StrEnum):
    """What a rule measures; there are no others."""

    SPEND = "spend"
    """Dollars spent in the window."""
    SPIKE = "spike"
    """Spending of the window as a multiple of what is usual at that time."""
    ANOMALY = "anomaly"
    """How many robust deviations the spending of the window lies above what is usual at that time."""
    BUDGET = "budget"
    """Percent of a budget that is used in its period."""
    CONTEXT = "context"
    """Percent of an agent's context window that one reply filled."""
    FAILURES = "failures"
    """Tasks of one type in one folder that failed within the window."""
    AGENT_COST = "agent_cost"
    """Dollars that a single agent has cost."""
    DRIFT = "drift"
    """Percent by which the figures of a completed run are apart: counted, own total, price table, transcript."""
    STUCK = "stuck"
    """An agent without progress, or going round in circles; how long is a setting of the fleet."""


class RuleScope(StrEnum):
    """Whose work a rule looks at."""

    FLEET = "fleet"
    USER = "user"
    FOLDER = "folder"
    """Every task that works in the folder or below it."""
    ROLE = "role"
    TASK_TYPE = "task_type"


@dataclass(frozen=True)
class Measure:
    """What can be said about one metric."""

    kind: AlertKind
    what: str
    """As the answer to "alert me when"."""
    unit: str
    """What a threshold counts."""
    least: float
    most: float
    threshold: float
    """What a new rule begins with."""
    windows_s: tuple[int, int] | None = None
    """Shortest and longest window; None: the metric has no window."""
    scopes: tuple[RuleScope, ...] = tuple(RuleScope)
    money: bool = True
    """Whether it counts money, real or simulated and never both."""


_WITHOUT_ROLE = tuple(scope for scope in RuleScope if scope is not RuleScope.ROLE)
MEASURES: dict[Metric, Measure] = {
    Metric.SPEND: Measure(
        AlertKind.SPEND, "Spending within a time exceeds", "dollars", 0.01, 1e6, 10.0, (HOUR_S, LONGEST_S)
    ),
    Metric.SPIKE: Measure(
        AlertKind.ANOMALY, "Spending exceeds the usual, times", "times the usual", 1.1, 1000.0, 2.0, (HOUR_S, DAY_S)
    ),
    Metric.ANOMALY: Measure(
        AlertKind.ANOMALY, "Spending is unusual, by", "robust deviations", 1.0, 100.0, 3.5, (HOUR_S, DAY_S)
    ),
    Metric.BUDGET: Measure(
        AlertKind.BUDGET, "A budget is used to", "percent", 1.0, 100.0, 80.0, scopes=(RuleScope.FLEET,)
    ),
    Metric.CONTEXT: Measure(
        AlertKind.CONTEXT, "A context window is full to", "percent", 10.0, 100.0, 80.0, money=False
    ),
    Metric.FAILURES: Measure(
        AlertKind.FAILURES,
        "Tasks of one type in one folder fail, within a time",
        "failed tasks",
        2.0,
        1000.0,
        3.0,
        (HOUR_S, LONGEST_S),
        _WITHOUT_ROLE,
        money=False,
    ),
    Metric.AGENT_COST: Measure(AlertKind.AGENT_COST, "A single agent costs more than", "dollars", 0.01, 1e6, 5.0),
    Metric.DRIFT: Measure(
        AlertKind.DRIFT, "The figures of a run are apart by", "percent", 0.1, 1000.0, 5.0, scopes=_WITHOUT_ROLE
    ),
    Metric.STUCK: Measure(
        AlertKind.STUCK, "An agent makes no progress", "", 0.0, 0.0, 0.0, scopes=(RuleScope.FLEET,), money=False
    ),
}
USUAL = frozenset({Metric.SPIKE, Metric.ANOMALY})
"""Metrics that compare with what is usual."""


@dataclass(frozen=True)
class AlertRule:
    """One rule; version 0 is a default that nobody has changed."""

    id: str
    name: str
    metric: Metric
    threshold: float
    window_s: int = 0
    scope: RuleScope = RuleScope.FLEET
    subject: str = ""
    """User, folder, role or task type; empty for the fleet."""
    cooldown_s: int = DAY_S
    least_usd: float = 0.0
    """Of a metric that compares with the usual: less spending than this alerts nobody."""
    simulated: bool = False
    """Of a metric of money: whether it counts demo money; a rule for real money never does."""
    channels: tuple[str, ...] = ()
    """Ids of the channels that are told, beside the app."""
    enabled: bool = True
    version: int = 0
    changed_by: str = ""
    changed_at: datetime | None = None

    @property
    def measure(self) -> Measure:
        return MEASURES[self.metric]


DEFAULTS: tuple[AlertRule, ...] = (
    AlertRule("budget", "Budget nearly used up", Metric.BUDGET, 80.0),
    AlertRule("context", "Context window nearly full", Metric.CONTEXT, 80.0),
    AlertRule("anomaly", "Unusual spending", Metric.ANOMALY, 3.5, HOUR_S, cooldown_s=6 * HOUR_S, least_usd=1.0),
    AlertRule("stuck", "Agent makes no progress", Metric.STUCK, 0.0, cooldown_s=QUARTER_S),
    AlertRule("failures", "Tasks fail again and again", Metric.FAILURES, 3.0, DAY_S),
    AlertRule(
        "spike", "Twice the usual", Metric.SPIKE, 2.0, HOUR_S, cooldown_s=6 * HOUR_S, least_usd=1.0, enabled=False
    ),
    AlertRule("dear-agent", "Dear agent", Metric.AGENT_COST, 5.0, enabled=False),
    AlertRule("drift", "Figures of a run do not agree", Metric.DRIFT, 5.0),
)
"""Rules that there are from the beginning; they can be changed and switched, not removed."""
DEFAULT_IDS = frozenset(rule.id for rule in DEFAULTS)


def checked(rule: AlertRule) -> AlertRule:
    """The same rule, or an AlertRuleInvalid that names the field and what it may be."""
    measure = rule.measure
    if not 1 <= len(rule.name.strip()) <= MOST_NAME:
        raise AlertRuleInvalid(f"name must have 1 to {MOST_NAME} characters.", field="name")
    _within("threshold", rule.threshold, measure.least, measure.most, measure.unit)
    if measure.windows_s is None:
        if rule.window_s:
            raise AlertRuleInvalid(f"{rule.metric} has no window: window_s must be 0.", field="window_s")
    else:
        _within("window_s", rule.window_s, *measure.windows_s, "seconds")
        if rule.window_s % QUARTER_S:
            raise AlertRuleInvalid(f"window_s must be a multiple of {QUARTER_S}.", field="window_s")
    _within("cooldown_s", rule.cooldown_s, *COOLDOWNS_S, "seconds")
    _within("least_usd", rule.least_usd, 0.0, MOST_LEAST_USD, "dollars")
    if rule.scope not in measure.scopes:
        raise AlertRuleInvalid(f"{rule.metric} can be for {', '.join(measure.scopes)}.", field="scope")
    if (rule.scope is RuleScope.FLEET) == bool(rule.subject):
        raise AlertRuleInvalid(f"subject must name the {rule.scope}; the fleet has none.", field="subject")
    if len(rule.channels) > MOST_CHANNELS:
        raise AlertRuleInvalid(f"channels must name at most {MOST_CHANNELS} channels.", field="channels")
    if rule.simulated and not measure.money:
        raise AlertRuleInvalid(f"{rule.metric} counts no money: simulated must be false.", field="simulated")
    return rule


def tidied(rule: AlertRule) -> AlertRule:
    """The same rule with its fields as they are kept; AlertRuleInvalid if nothing could ever belong to it."""
    return replace(rule, name=rule.name.strip(), subject=_subject(rule), channels=tuple(dict.fromkeys(rule.channels)))


def _subject(rule: AlertRule) -> str:
    subject = rule.subject.strip()
    if rule.scope is RuleScope.FOLDER and subject:
        if not subject.startswith("/"):
            raise AlertRuleInvalid("subject must be a folder from the root on, like /srv/project.", field="subject")
        return "/" + posixpath.normpath(subject).lstrip("/")
    known = {RuleScope.ROLE: [role.value for role in Role], RuleScope.TASK_TYPE: [kind.value for kind in TaskType]}
    if rule.scope in known and subject and subject not in known[rule.scope]:
        raise AlertRuleInvalid(f"subject must be one of {', '.join(known[rule.scope])}.", field="subject")
    return subject


def _within(name: str, value: float, least: float, most: float, unit: str) -> None:
    if not math.isfinite(value) or not least <= value <= most:
        raise AlertRuleInvalid(f"{name} must be from {least:,g} to {most:,g} {unit}".rstrip() + ".", field=name)
