"""The commands by which a person at a terminal holds, resumes and repeats tasks, answers agents and reads budgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from data.domain import words
from data.domain.approvals import AnswerScope, Approval
from data.domain.budgets import Budget, Scope
from data.domain.tasks import Task
from data.store.spending import Usage
from orchestrator_adapter import commands, commands_tell
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import approvals as waiting
from orchestrator_adapter.api import shapes
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.terminal import AsJson, TaskId, client, opened, print_json, print_table, served

app = typer.Typer()
QuestionId = Annotated[str, typer.Argument(metavar="ID", help="Its id; `approvals` lists them")]
_LATER = ", when `serve` runs"


@app.command()
def cancel(task: TaskId, as_json: AsJson = False) -> None:
    """Stop a task and its agents."""
    _order(lambda deck: commands.cancel_task(deck, LOCAL, task), as_json, _cancelled)


@app.command()
def pause(
    task: TaskId,
    stop: Annotated[bool, typer.Option("--stop", help="Stop agents at work, too; they go on in their session")] = False,
    as_json: AsJson = False,
) -> None:
    """Start no further step of a task; what agents are doing they finish."""
    what = "its agents are stopped" if stop else "agents at work finish their step"
    _order(
        lambda deck: commands.pause_task(deck, LOCAL, task, stop_agents=stop),
        as_json,
        lambda paused, later: f"Task {paused.id} is paused: {what}.",
    )


@app.command()
def resume(
    task: TaskId,
    step: Annotated[str | None, typer.Option("--from", help="Do this step and what depends on it once more")] = None,
    as_json: AsJson = False,
) -> None:
    """Let a task go on that was paused, failed or cancelled; completed steps are kept."""
    _order(lambda deck: commands.resume_task(deck, LOCAL, task, from_step=step), as_json, _resumed)


@app.command()
def rerun(task: TaskId, as_json: AsJson = False) -> None:
    """Do a task once more from the beginning, as a new one."""
    _order(
        lambda deck: commands.rerun_task(deck, LOCAL, task),
        as_json,
        lambda made, later: f"Task {made.id} does task {made.rerun_of} once more{later}.",
    )


def _order(give: Callable[[Deck], Task], as_json: bool, told: Callable[[Task, str], str]) -> None:
    with client() as deck:
        task = give(deck)
        later = "" if served(deck) else _LATER
    if as_json:
        print_json(shapes.task(task))
    else:
        print(told(task, later))


def _cancelled(task: Task, _later: str) -> str:
    simulated = ", simulated" if task.simulated else ""
    return f"Task {task.id} is cancelled; it had cost {words.dollars(task.cost_nanousd)}{simulated}."


def _resumed(task: Task, later: str) -> str:
    kept = f"; {words.dollars(task.kept_nanousd)} of completed steps are kept" if task.kept_nanousd else ""
    return f"Task {task.id} goes on{later}{kept}."


@app.command()
def tell(
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="Its id; `agents` lists them")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help=f"Up to {commands_tell.MOST} characters")],
    as_json: AsJson = False,
) -> None:
    """Interrupt an agent at work with a message; what it has done stays, and it goes on with the message."""
    with client() as deck:
        told = commands_tell.tell_agent(deck, LOCAL, agent, text)
        later = "" if served(deck) else _LATER
    if as_json:
        print_json(shapes.agent(told))
    else:
        print(f"{told.name} is told{later}.")


@app.command()
def approvals(as_json: AsJson = False) -> None:
    """List the tool calls that wait for a person, the oldest first."""
    with opened() as store, store.read() as board:
        asked = board.approvals_waiting()
        shaped = [waiting.shape(board, one) for one in asked] if as_json else []
        now = store.now()
    if as_json:
        print_json(shaped)
        return
    rows = [[a.id, a.task_id, a.tool, words.ago(a.asked_at, now), words.shortened(a.words, 80)] for a in asked]
    print_table(["id", "task", "tool", "asked", "the agent wants"], rows)


@app.command()
def approve(
    question: QuestionId,
    for_task: Annotated[
        bool, typer.Option("--task", help="Allow every later call of the same tool in the same task, too")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Allow a tool call that waits."""
    scope = AnswerScope.TASK if for_task else AnswerScope.ONCE
    _say(lambda deck: commands.answer_approval(deck, LOCAL, question, allow=True, scope=scope), as_json)


@app.command()
def deny(
    question: QuestionId,
    reason: Annotated[str, typer.Option(help="Told to the agent")] = "",
    as_json: AsJson = False,
) -> None:
    """Deny a tool call that waits."""
    _say(lambda deck: commands.answer_approval(deck, LOCAL, question, allow=False, reason=reason), as_json)


def _say(give: Callable[[Deck], Approval], as_json: bool) -> None:
    with client() as deck:
        answered = give(deck)
        with deck.store.read() as board:
            shaped: dict[str, Any] = waiting.shape(board, answered)
    if as_json:
        print_json(shaped)
        return
    whole = f" and every later {answered.tool} of task {answered.task_id}" if answered.scope is AnswerScope.TASK else ""
    print(f"{answered.status.value.capitalize()}: {answered.words}{whole}.")


@app.command()
def budgets(as_json: AsJson = False) -> None:
    """List the budgets and what is used of them."""
    with opened() as store, store.read() as board:
        now = store.now()
        found = board.budgets(now)
    if as_json:
        print_json([shapes.budget(usage, now) for usage in found])
        return
    columns = ["budget", "name", "for", "period", "limit", "used", "percent", "then"]
    print_table(columns, [_row(usage) for usage in found])


@app.command("budget-outlook")
def outlook(
    budget: Annotated[str, typer.Argument(metavar="BUDGET", help="Its id; `budgets` lists them")],
    as_json: AsJson = False,
) -> None:
    """Say where the period of a budget will probably end, and what those before it spent."""
    from orchestrator_adapter import budget_outlook as ahead  # it reckons with tables: the other commands need none
    from orchestrator_adapter.api import budget_outlook

    with client() as deck:
        with deck.store.read() as board:
            wanted = board.budget(budget)
        found = budget_outlook.shape(ahead.outlook(deck.store, deck.warehouse, wanted), wanted)
        deck.warehouse.close()
    if as_json:
        print_json(found)
        return
    print(found["words"])
    print_table(["from", "spent", "tokens", ""], [_period(one) for one in found["periods"]])


def _period(one: dict[str, Any]) -> list[str]:
    mark = "unusually much" if one["unusual"] else ""
    return [f"{one['begin']:%Y-%m-%d}", f"${one['spent_usd']:,.2f}", words.tokens(one["spent_tokens"]), mark]


def _row(usage: Usage) -> list[str]:
    budget, spent = usage.budget, usage.spent
    summed = budget.scope is not Scope.AGENT
    used = " and ".join(
        text
        for text, limit in [
            (words.dollars(spent.nanousd), budget.limit_nanousd),
            (f"{words.tokens(spent.tokens)} tokens", budget.limit_tokens),
        ]
        if limit
    )
    return [
        budget.id,
        budget.name,
        f"{budget.scope} {budget.subject}".strip() + (" (simulated)" if budget.simulated else ""),
        budget.period,
        _limit(budget),
        used if summed else "each for itself",
        words.percent(spent.percent(budget), 100) if summed else "",
        ", ".join(f"{stage.act} at {stage.percent} %" for stage in budget.stages),
    ]


def _limit(budget: Budget) -> str:
    money = words.dollars(budget.limit_nanousd) if budget.limit_nanousd else ""
    tokens = f"{words.tokens(budget.limit_tokens)} tokens" if budget.limit_tokens else ""
    return " and ".join(text for text in (money, tokens) if text)
