"""The form of a budget: it gives a budget as a person wants it, new or changed."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from data.domain import words
from data.domain.budgets import CHEAPER_MODEL, DEFAULT_STAGES, Act, Budget, Period, Scope, Stage
from data.domain.money import NANO, from_usd
from data.domain.prices import book
from data.domain.tasks import Task
from pages.ui import session

SCOPES = {
    Scope.FLEET: "The whole fleet",
    Scope.FOLDER: "A folder and what lies below it",
    Scope.USER: "A person",
    Scope.TASK: "One task",
    Scope.AGENT: "Each single agent",
}
PERIODS = {Period.DAY: "a day", Period.WEEK: "a week", Period.MONTH: "a month", Period.TOTAL: "in total"}
STAGES = {
    Act.WARN: ("Warn at", "Nothing stops; it is written into the history below."),
    Act.DOWNGRADE: ("Use a cheaper model from", "Steps that begin later use the model below."),
    Act.PAUSE: ("Pause tasks at", "Steps that run may finish, nothing new begins."),
    Act.INTERRUPT: ("Stop agents at", "Agents are stopped at once; they go on in their session when resumed."),
}
RECENT_TASKS = 30


def fields(old: Budget | None) -> Budget:
    """Draw the fields; `old` is what they begin with."""
    start = old or Budget("", "", Scope.FLEET, Period.DAY, limit_nanousd=10 * NANO)
    key = f"budget-{start.id or 'new'}"
    name = st.text_input("Name", start.name, key=f"{key}-name", placeholder="Daily", max_chars=120)
    scope, period = st.columns(2)
    whose = scope.selectbox(
        "Whose spending",
        list(SCOPES),
        index=list(SCOPES).index(start.scope),
        format_func=SCOPES.__getitem__,
        key=f"{key}-scope",
    )
    when = period.selectbox(
        "Counted",
        list(PERIODS),
        index=list(PERIODS).index(start.period),
        format_func=PERIODS.__getitem__,
        key=f"{key}-period",
        help="Days, weeks from Monday and months begin at midnight UTC.",
    )
    subject = _subject(whose, start, key)
    usd, most_tokens = _limits(start, key)
    stages, model = _stages(start, key)
    simulated = st.checkbox("For demo money only", start.simulated, key=f"{key}-simulated", help=_SIMULATED)
    return Budget(start.id, (name or "").strip(), whose, when, subject, usd, most_tokens, stages, model, simulated)


_SIMULATED = "A real budget never counts what demos seem to spend, and this one counts nothing else."


def _subject(scope: Scope, start: Budget, key: str) -> str:
    given = start.subject if start.scope is scope else ""
    if scope is Scope.USER:
        return (st.text_input("Name of the person", given or "local", key=f"{key}-user") or "").strip()
    if scope is Scope.FOLDER:
        return _choice("Folder", _folders(), given, f"{key}-folder")
    if scope is Scope.TASK:
        tasks = _tasks()
        titles = {task.id: f"{words.title(task.description, 60)} ({task.id[:8]})" for task in tasks}
        return _choice("Task", list(titles), given, f"{key}-task", titles)
    return ""


def _choice(label: str, known: Sequence[str], given: str, key: str, titles: dict[str, str] | None = None) -> str:
    options = [*known, given] if given and given not in known else list(known)
    picked = st.selectbox(
        label,
        options,
        index=options.index(given) if given else None,
        format_func=lambda value: (titles or {}).get(value, value),
        placeholder="Choose, or type one",
        accept_new_options=True,
        key=key,
    )
    return str(picked or "").strip()


def _folders() -> list[str]:
    return session.if_known(lambda board: board.working_directories(), [])


def _tasks() -> list[Task]:
    return session.if_known(lambda board: board.tasks(limit=RECENT_TASKS).items, [])


def _limits(start: Budget, key: str) -> tuple[int | None, int | None]:
    money, tokens = st.columns(2)
    usd = money.number_input(
        "Limit in dollars",
        min_value=0.0,
        value=None if start.limit_nanousd is None else start.limit_nanousd / NANO,
        step=1.0,
        placeholder="no limit",
        key=f"{key}-usd",
    )
    most_tokens = tokens.number_input(
        "Limit in tokens", min_value=0, value=start.limit_tokens, placeholder="no limit", key=f"{key}-tokens"
    )
    return None if usd is None else from_usd(usd), most_tokens


def _stages(start: Budget, key: str) -> tuple[tuple[Stage, ...], str]:
    """One share for each act; an empty one leaves the act out."""
    st.markdown("**What happens on the way**, in percent of the limit; empty leaves it out")
    before = {stage.act: stage.percent for stage in (start.stages or DEFAULT_STAGES)}
    found, columns = [], st.columns(2)
    for place, (act, (label, why)) in enumerate(STAGES.items()):
        percent = columns[place % 2].number_input(
            f"{label} (%)",
            min_value=1,
            max_value=100,
            value=before.get(act),
            placeholder="never",
            help=why,
            key=f"{key}-{act.value}",
        )
        if percent is not None:
            found.append(Stage(int(percent), act))
    model = start.cheaper_model
    if any(stage.act is Act.DOWNGRADE for stage in found):
        models = book().models()
        place = models.index(model) if model in models else 0
        model = st.selectbox("The cheaper model", models, index=place, key=f"{key}-model") or CHEAPER_MODEL
    return tuple(sorted(found, key=lambda stage: stage.percent)), model
