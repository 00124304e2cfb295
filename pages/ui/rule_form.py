"""The form of a rule of alerts: it gives a rule as a person wants it, new or changed."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from data.domain.agents import Role
from data.domain.alert_rules import (
    DAY_S,
    HOUR_S,
    MEASURES,
    MOST_CHANNELS,
    QUARTER_S,
    USUAL,
    AlertRule,
    Metric,
    RuleScope,
)
from data.domain.tasks import TaskType
from pages.ui import session

SCOPES = {
    RuleScope.FLEET: "The whole fleet",
    RuleScope.USER: "A person",
    RuleScope.FOLDER: "A folder and what lies below it",
    RuleScope.ROLE: "A role",
    RuleScope.TASK_TYPE: "A type of task",
}
WINDOWS = {HOUR_S: "an hour", 6 * HOUR_S: "6 hours", DAY_S: "a day", 7 * DAY_S: "a week"}
COOLDOWNS = {
    QUARTER_S: "15 minutes",
    HOUR_S: "an hour",
    6 * HOUR_S: "6 hours",
    DAY_S: "a day",
    7 * DAY_S: "a week",
    30 * DAY_S: "30 days",
}
NEW = [metric for metric in Metric if metric is not Metric.STUCK]
"""Of the others there may be several."""


def fields(old: AlertRule | None) -> AlertRule:
    """Draw the fields; `old` is what they begin with."""
    key = f"rule-{old.id if old else 'new'}"
    metric = old.metric if old else _metric(key)
    measure = MEASURES[metric]
    start = old or AlertRule("", "", metric, measure.threshold, measure.windows_s[0] if measure.windows_s else 0)
    key = f"{key}-{metric}"
    name = st.text_input("Name", start.name, key=f"{key}-name", max_chars=120, placeholder=measure.what)
    rule = replace(start, name=(name or "").strip())
    if metric is not Metric.STUCK:
        rule = _scope(_condition(rule, key), key)
    left, right = st.columns(2, vertical_alignment="bottom")
    cooldowns = _offered(COOLDOWNS, start.cooldown_s)
    cooldown = left.selectbox(
        "At most one alert about the same in",
        list(cooldowns),
        index=list(cooldowns).index(start.cooldown_s),
        format_func=cooldowns.__getitem__,
        key=f"{key}-cooldown",
    )
    simulated = measure.money and right.checkbox("For demo money only", start.simulated, key=f"{key}-simulated")
    return replace(rule, cooldown_s=cooldown, simulated=bool(simulated), channels=_channels(rule, key))


def _channels(rule: AlertRule, key: str) -> tuple[str, ...]:
    """Beside the app; one that cannot be asked for just now stays."""
    names = {one.id: one.name for one in session.if_known(lambda board: board.channels(), [])}
    options = dict.fromkeys(rule.channels, "a channel") | names
    if not options:
        st.caption("Told in the app. Make a channel on this page to be told by e-mail, webhook, Slack or Discord, too.")
        return ()
    picked = st.multiselect(
        "Tell it through, beside the app",
        list(options),
        default=list(rule.channels),
        format_func=options.__getitem__,
        max_selections=MOST_CHANNELS,
        placeholder="Only in the app",
        key=f"{key}-channels",
    )
    return tuple(picked)


def _metric(key: str) -> Metric:
    return st.selectbox("Alert me when", NEW, format_func=lambda metric: MEASURES[metric].what, key=f"{key}-metric")


def _condition(rule: AlertRule, key: str) -> AlertRule:
    measure = rule.measure
    columns = st.columns(3, vertical_alignment="bottom")
    threshold = columns[0].number_input(
        measure.unit.capitalize(),
        min_value=measure.least,
        max_value=measure.most,
        value=rule.threshold,
        key=f"{key}-threshold",
    )
    rule = replace(rule, threshold=threshold)
    if measure.windows_s is not None:
        least, most = measure.windows_s
        offered = _offered({length: said for length, said in WINDOWS.items() if least <= length <= most}, rule.window_s)
        window = columns[1].selectbox(
            "Within",
            list(offered),
            index=list(offered).index(rule.window_s),
            format_func=offered.__getitem__,
            key=f"{key}-window",
        )
        rule = replace(rule, window_s=window)
    if rule.metric in USUAL:
        least_usd = columns[2].number_input(
            "And at least dollars",
            min_value=0.0,
            value=rule.least_usd,
            key=f"{key}-least",
            help="Less spending alerts nobody, however unusual it is.",
        )
        rule = replace(rule, least_usd=least_usd)
    return rule


def _scope(rule: AlertRule, key: str) -> AlertRule:
    scopes = list(rule.measure.scopes)
    if len(scopes) == 1:
        return rule
    left, right = st.columns(2, vertical_alignment="bottom")
    scope = left.selectbox(
        "Whose work", scopes, index=scopes.index(rule.scope), format_func=SCOPES.__getitem__, key=f"{key}-scope"
    )
    given = rule.subject if scope is rule.scope else ""
    with right:
        return replace(rule, scope=scope, subject=_subject(scope, given, f"{key}-{scope}"))


def _subject(scope: RuleScope, given: str, key: str) -> str:
    known = {RuleScope.ROLE: [role.value for role in Role], RuleScope.TASK_TYPE: [kind.value for kind in TaskType]}
    if scope in known:
        options = known[scope]
        place = options.index(given) if given in options else 0
        return str(st.selectbox(SCOPES[scope], options, index=place, key=key))
    if scope is RuleScope.USER:
        return (st.text_input("Name of the person", given or "local", key=key) or "").strip()
    if scope is RuleScope.FOLDER:
        folders = session.if_known(lambda board: board.working_directories(), [])
        options = [*folders, given] if given and given not in folders else folders
        picked = st.selectbox(
            "Folder",
            options,
            index=options.index(given) if given else None,
            placeholder="Choose, or type one",
            accept_new_options=True,
            key=key,
        )
        return str(picked or "").strip()
    return ""


def _offered(usual: dict[int, str], value: int) -> dict[int, str]:
    """What is offered, with the value that holds now among it: a form that is only looked at changes nothing."""
    return dict(sorted(({value: f"{value / HOUR_S:g} hours"} | usual).items()))
