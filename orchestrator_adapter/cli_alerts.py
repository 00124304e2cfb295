"""The commands by which a person at a terminal sees alerts, acts on them, and sets and tries their rules."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer

from data.domain import words
from data.domain.alert_rules import AlertRule, Metric, RuleScope
from data.domain.errors import InvalidField
from data.store.alerting import AlertFilter
from orchestrator_adapter import commands_alerts, commands_rules
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import alert_rules, bodies, shapes
from orchestrator_adapter.api.alert_rules import AlertRuleBody
from orchestrator_adapter.rule_history import DAYS, backtest
from orchestrator_adapter.rule_words import sentence
from orchestrator_adapter.terminal import AsJson, client, opened, print_json, print_table

app = typer.Typer()
MOST = 100
KEYWORD = inspect.Parameter.KEYWORD_ONLY
_RULE: dict[str, Any] = {
    "rule_id": Annotated[str | None, typer.Argument(metavar="ID", help="`alert-rules` lists them; none: a new one")],
    "metric": Annotated[Metric | None, typer.Option(help="What a new rule measures")],
    "threshold": Annotated[float | None, typer.Option(help="It fires from here: dollars, percent, times, deviations")],
    "hours": Annotated[float | None, typer.Option(help="Hours that are looked at together")],
    "scope": Annotated[RuleScope | None, typer.Option(help="Whose work")],
    "subject": Annotated[str | None, typer.Option(help="User, folder, role or task type of the scope")],
    "cooldown_hours": Annotated[float | None, typer.Option(help="Least time between two alerts")],
    "least_usd": Annotated[float | None, typer.Option(help="Less spending alerts nobody")],
    "simulated": Annotated[
        bool | None, typer.Option("--simulated/--real", help="Whether demo money or real money counts")
    ],
}
"""What says which rule is meant, and how it is to be."""


def _of_a_rule(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of `_RULE`; it gets what was said in them, under the names sent over HTTP."""

    @functools.wraps(command)
    def told(**said: Any) -> None:
        command(_given(**{name: said.pop(name) for name in _RULE}), **said)

    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    shared = [inspect.Parameter(name, KEYWORD, default=None, annotation=kind) for name, kind in _RULE.items()]
    signature = inspect.Signature([*shared, *(parameter.replace(kind=KEYWORD) for parameter in own)])
    told.__signature__ = signature  # type: ignore[attr-defined]
    told.__annotations__ = {parameter.name: parameter.annotation for parameter in signature.parameters.values()}
    return told


class Act(StrEnum):
    """What a person does about an alert."""

    ACKNOWLEDGE = "acknowledge"
    SNOOZE = "snooze"
    RESOLVE = "resolve"
    RIGHT = "right"
    WRONG = "wrong"


@app.command()
def alerts(as_json: AsJson = False) -> None:
    """List the alerts, the newest first: what somebody should look at."""
    with opened() as store, store.read() as board:
        found = board.alerts(AlertFilter(), MOST)
        now = store.now()
    if as_json:
        print_json([shapes.alert(one) for one in found])
        return
    rows = [[a.id, a.kind, a.status, words.ago(a.raised_at, now), a.agent_id or "", a.words] for a in found]
    print_table(["id", "kind", "status", "raised", "agent", "why"], rows)


@app.command()
def alert(
    act: Annotated[Act, typer.Argument(metavar="WHAT", help=", ".join(Act))],
    alert_id: Annotated[str, typer.Argument(metavar="ID", help="Its id; `alerts` lists them")],
    minutes: Annotated[int | None, typer.Option(help="How long to snooze")] = None,
    note: Annotated[str, typer.Option(help="Kept with it")] = "",
    as_json: AsJson = False,
) -> None:
    """Take an alert on, wait with it, settle it, or say whether it was right."""
    with client() as deck:
        who = (deck, LOCAL, alert_id)
        match act:
            case Act.ACKNOWLEDGE:
                found = commands_alerts.acknowledge_alert(*who, note=note)
            case Act.SNOOZE:
                found = commands_alerts.snooze_alert(*who, minutes=minutes, note=note)
            case Act.RESOLVE:
                found = commands_alerts.resolve_alert(*who, note=note)
            case _:
                found = commands_alerts.judge_alert(*who, right=act is Act.RIGHT)
    if as_json:
        print_json(shapes.alert(found))
    else:
        print(f"{found.status.capitalize()}: {found.words}")


@app.command("alert-rules")
def rules(as_json: AsJson = False) -> None:
    """List the rules of alerts: what is measured, and when it is told."""
    with opened() as store, store.read() as board:
        found = board.alert_rules()
    if as_json:
        print_json([alert_rules.shape(rule) for rule in found])
        return
    rows = [[rule.id, "on" if rule.enabled else "off", rule.name, sentence(rule), str(rule.version)] for rule in found]
    print_table(["id", "", "name", "alerts when", "version"], rows)


@app.command("alert-rule")
@_of_a_rule
def rule(
    given: dict[str, Any],
    name: Annotated[str | None, typer.Option(help="What people call it")] = None,
    tell: Annotated[list[str] | None, typer.Option(help="Id of a channel to tell; again for more; '' for none")] = None,
    on: Annotated[bool | None, typer.Option("--on/--off", help="Switch it")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take it away")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a rule of alerts, or change, switch or remove one."""
    given |= {key: value for key, value in (("name", name), ("enabled", on)) if value is not None}
    given |= {"channels": [one for one in tell if one]} if tell is not None else {}
    with client() as deck:
        if remove:
            if "id" not in given:
                raise InvalidField("ID must name the rule to remove.", field="id")
            commands_rules.remove_alert_rule(deck, LOCAL, given["id"])
            print(f"Rule {given['id']} is removed.")
            return
        made = commands_rules.set_alert_rule(deck, LOCAL, _rule(deck.store, given))
    if as_json:
        print_json(alert_rules.shape(made))
    else:
        print(f"Rule {made.id} is {'on' if made.enabled else 'off'}: {sentence(made)}.")


@app.command("alert-backtest")
@_of_a_rule
def tried(
    given: dict[str, Any],
    days: Annotated[int, typer.Option(help="How far back to look")] = DAYS,
    as_json: AsJson = False,
) -> None:
    """Say what a rule would have told in the past, had it been on; nothing is changed."""
    with client() as deck:
        wanted = _rule(deck.store, given if "id" in given else given | {"name": "tried"})
        found = backtest(deck.store, deck.warehouse, wanted, days)
        deck.warehouse.close()
    if as_json:
        print_json(alert_rules.told(found, wanted))
        return
    print(
        f"Over the last {days} days it would have fired {words.count(len(found.fired), 'time')}. {found.says}".rstrip()
    )
    shown = alert_rules.told(found, wanted)["items"][:MOST]
    print_table(["from", "why"], [[f"{one['at']:%Y-%m-%d %H:%M}", one["words"]] for one in shown])


def _given(*, rule_id: str | None, hours: float | None, cooldown_hours: float | None, **rest: Any) -> dict[str, Any]:
    """What was said, under the names that are sent over HTTP."""
    said = {"id": rule_id, **rest}
    for name, field, value in (("window_s", "hours", hours), ("cooldown_s", "cooldown-hours", cooldown_hours)):
        if value is not None and not math.isfinite(value):
            raise InvalidField(f"{field} must be a number of hours.", field=field)
        said[name] = None if value is None else round(value * 3600)
    return {key: value for key, value in said.items() if value is not None}


def _rule(store: Any, given: dict[str, Any]) -> AlertRule:
    body = bodies.read(AlertRuleBody, given)
    with store.read() as board:
        return body.rule(board.alert_rule(body.id) if body.id else None)
