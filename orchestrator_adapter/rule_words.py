"""A rule of alerts as a sentence, the same on every front end."""

from __future__ import annotations

from data.domain import words
from data.domain.alert_rules import AlertRule, Metric, RuleScope
from data.domain.money import from_usd


def sentence(rule: AlertRule) -> str:
    """`more than $10.00 is spent within an hour by the user ana`."""
    return f"{_condition(rule)}{_whose(rule)}{' (demo money)' if rule.simulated else ''}"


def _condition(rule: AlertRule) -> str:
    threshold, hours = rule.threshold, rule.window_s / 3600
    within = "within an hour" if hours == 1 else f"within {hours:g} hours"
    dollars = words.dollars(from_usd(threshold))
    least = f" and at least {words.dollars(from_usd(rule.least_usd))}" if rule.least_usd else ""
    match rule.metric:
        case Metric.SPEND:
            return f"more than {dollars} is spent {within}"
        case Metric.SPIKE:
            return f"{threshold:g} times the usual{least} is spent {within}"
        case Metric.ANOMALY:
            return f"spending {within} lies {threshold:g} robust deviations above the usual{least and ',' + least}"
        case Metric.BUDGET:
            return f"{threshold:g} % of a budget is used, or one of its stages is reached"
        case Metric.CONTEXT:
            return f"a context window is {threshold:g} % full"
        case Metric.FAILURES:
            return f"{threshold:g} tasks of one type in one folder fail {within}"
        case Metric.AGENT_COST:
            return f"a single agent costs more than {dollars}"
        case Metric.DRIFT:
            return f"the figures of a completed run are {threshold:g} % or more apart"
        case Metric.STUCK:
            return "an agent makes no progress or goes round in circles, as the limits say"


def _whose(rule: AlertRule) -> str:
    match rule.scope:
        case RuleScope.FLEET:
            return ""
        case RuleScope.FOLDER:
            return f" in {rule.subject} or below"
        case RuleScope.USER:
            return f", of tasks of {rule.subject}"
        case RuleScope.ROLE:
            return f", of agents that are {rule.subject}"
        case RuleScope.TASK_TYPE:
            return f", of {rule.subject.replace('_', ' ')} tasks"
