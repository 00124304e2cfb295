"""What a person can do with a task as it stands: pause, resume, repeat, cancel, delete, and raise what holds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from data.domain import words, workflows
from data.domain.agents import Runtime
from data.domain.events import TaskMoved
from data.domain.money import NANO, from_usd
from data.domain.tasks import Draft, Task, TaskStatus
from data.domain.workflows import StepStatus
from data.store import AgentFilter
from data.store.spending import Usage
from orchestrator_adapter import commands, commands_outcome
from pages.ui import history, live, places, session
from pages.ui.look import plain, tries

OURS = (Runtime.CLAUDE, Runtime.DEMO, Runtime.SCRIPTED)
LOOK_BACK = 200
"""Events among which the last pause is looked for."""


@dataclass(frozen=True)
class Held:
    """Why a task is paused, and the budget that did it if one did."""

    why: str
    usage: Usage | None = None

    @property
    def own(self) -> bool:
        """Whether it is the limit that was set with the task itself."""
        return self.usage is not None and self.usage.budget.id.startswith("task:")


def buttons(task: Task) -> None:
    """What can be done now; the one that helps most stands first."""
    if task.runtime not in OURS:
        imported = task.runtime is Runtime.IMPORTED
        elsewhere = "Another program runs the agents of this task: act on them there."
        st.caption("Read in from what another program wrote: its agents did not run here." if imported else elsewhere)
        if task.ended:
            _offer("Delete", "delete", ":material/delete:", confirm_delete, task)
        return
    if task.status is TaskStatus.PAUSED:
        _paused(task)
    elif not task.ended:
        _offer("Pause", "pause", ":material/pause_circle:", confirm_pause, task, primary=True)
    else:
        _over(task)
    if not task.ended:
        _offer("Cancel task", "cancel", ":material/stop_circle:", confirm_cancel, task)


def _offer(label: str, key: str, icon: str, ask: Callable[..., None], task: Task, *, primary: bool = False) -> None:
    if st.button(label, key=key, icon=icon, type="primary" if primary else "secondary"):
        ask(task)


def _paused(task: Task) -> None:
    held = held_by(task)
    if held.own:
        _offer("Run again with another budget", "again", ":material/replay:", ask_budget, task, primary=True)
    elif held.usage is not None:
        _offer("Raise and resume", "raise", ":material/trending_up:", ask_limit, task, primary=True)
    _resume(task, "Resume", primary=held.usage is None)


def _over(task: Task) -> None:
    if task.status is not TaskStatus.COMPLETED:
        _resume(task, "Resume from here", primary=True)
    if task.status is TaskStatus.FAILED and task.seen_by is None:
        looked = "Takes it off the failures that the fleet page shows."
        if st.button("Mark as seen", key="seen", icon=":material/visibility:", help=looked) and session.done(
            _name("seen", task), lambda: commands_outcome.see_failure(session.deck(), session.actor(), task.id)
        ):
            st.rerun()
    _offer("Retry from step", "retry", ":material/replay:", ask_step, task)
    if st.button("Re-run", key="rerun", icon=":material/restart_alt:", help="The same once more, as a new task."):
        again = session.done(
            f"rerun-{task.id}", lambda: commands.rerun_task(session.deck(), session.actor(), task.id).id
        )
        if again:
            live.go(f"task?id={again}")
    _offer("Delete", "delete", ":material/delete:", confirm_delete, task)


def _resume(task: Task, label: str, *, primary: bool) -> None:
    kind = "primary" if primary else "secondary"
    pressed = st.button(label, key="resume", icon=":material/play_circle:", type=kind, help=f"Keeps {kept(task)}.")  # type: ignore[arg-type]
    if pressed and session.done(_name("resume", task), lambda: resume(task)):
        st.rerun()


def resume(task: Task, from_step: str | None = None) -> Task:
    return commands.resume_task(session.deck(), session.actor(), task.id, from_step=from_step)


def _name(action: str, task: Task) -> str:
    """One name for one click: after a resume the same may be done once more."""
    return f"{action}-{task.id}-{task.run}"


def kept(task: Task, again: frozenset[str] = frozenset()) -> str:
    """`2 steps, $0.31 already paid`: what a resume would not do again."""
    with session.read() as board:
        found = board.agents(AgentFilter(task_id=task.id), limit=200).items
    newest = {agent.step: agent.cost_nanousd for agent in reversed(found)}
    steps = [s.key for s in task.workflow if s.status is StepStatus.COMPLETED and s.key not in again]
    if not steps:
        return "no step, none is completed" if not again else "no step"
    paid = words.dollars(sum(newest.get(key, 0) for key in steps))
    return f"{words.count(len(steps), 'step')}, {paid} already paid"


def header(task: Task) -> None:
    """What was kept and what is done once more, then the reason why it stands still."""
    notes = []
    if task.run > 1 and task.kept_nanousd:
        notes.append(f"Kept by resuming: {words.dollars(task.kept_nanousd)}")
    notes += [f"{tries(step.generation)}: {step.key}" for step in task.workflow if step.generation > 1]
    if notes:
        st.caption(plain(" · ".join(notes)))
    if task.status is TaskStatus.PAUSED:
        _why_paused(task)


def _why_paused(task: Task) -> None:
    held = held_by(task)
    keeps = f"Resuming keeps {kept(task)}."
    if held.own:
        keeps = (
            "This limit was set with the task and stays as it is: a resumed task would pause again at its next step. "
            "Run it again with another budget, or keep it paused."
        )
    with st.container(key="paused"):
        st.warning(f"{plain(held.why)}\n\n{plain(keeps)}", icon=":material/pause_circle:")


def held_by(task: Task) -> Held:
    """The last pause, and the budget that its reason names."""
    with session.read() as board:
        last = [entry.event for entry in history.newest(board, task.id, LOOK_BACK)]
        paused = next((e for e in last if isinstance(e, TaskMoved) and e.to is TaskStatus.PAUSED), None)
        if paused is None or paused.by != "budget":
            return Held(paused.why if paused else "This task is paused.")
        holding = board.budgets_of(task.id, session.deck().store.now())
    named = (usage for usage in holding if paused.why.startswith(f'Budget "{usage.budget.name}"'))
    return Held(paused.why, next(named, None))


@session.dialog("Pause this task?", ":material/pause_circle:")
def confirm_pause(task: Task) -> None:
    st.markdown(
        f"**{plain(words.title(task.description))}**\n\nNo further step begins until somebody resumes it. "
        "Steps that run now may finish, or their agents are stopped and go on in the same session later."
    )
    with st.container(horizontal=True):
        finish = st.button("Finish running steps", type="primary", key="pause-finish")
        stop = st.button("Stop agents now", key="pause-stop")
    if finish or stop:
        done = session.done(
            _name("pause", task),
            lambda: commands.pause_task(session.deck(), session.actor(), task.id, stop_agents=stop),
        )
        if done:
            session.close_dialog()


@session.dialog("Cancel this task?", ":material/stop_circle:")
def confirm_cancel(task: Task) -> None:
    st.markdown(
        f"**{plain(words.title(task.description))}**\n\nEvery agent of it is stopped. What was spent so far "
        f"({plain(words.dollars(task.cost_nanousd))}) stays spent; changed files stay as they are."
    )
    with st.container(horizontal=True):
        if st.button("Cancel the task", type="primary", key="cancel-sure") and session.done(
            _name("cancel", task), lambda: commands.cancel_task(session.deck(), session.actor(), task.id)
        ):
            session.close_dialog()
        if st.button("Let it run", key="cancel-not"):
            session.close_dialog()


@session.dialog("Delete this task?", ":material/delete:")
def confirm_delete(task: Task) -> None:
    with session.read() as board:
        count = len(board.agents(AgentFilter(task_id=task.id), limit=200).items)
    st.markdown(
        f"**{plain(words.title(task.description))}**\n\nIt goes off every list, with its "
        f"{words.count(count, 'agent')}. What it spent stays counted; changed files stay."
    )

    def delete() -> str:
        commands.delete_task(session.deck(), session.actor(), task.id)
        return task.id

    with st.container(horizontal=True):
        if st.button("Delete", type="primary", key="delete-sure") and session.done(f"delete-{task.id}", delete):
            session.close_dialog(places.TASKS)
        if st.button("Keep it", key="delete-not"):
            session.close_dialog()


@session.dialog("Retry from a step", ":material/replay:")
def ask_step(task: Task) -> None:
    keys = [step.key for step in task.workflow]
    key = str(st.selectbox("Do once more from", keys, key="retry-step"))
    again = frozenset(workflows.descendants(task.workflow, key))
    st.markdown(
        f"Done once more, and paid for once more: **{plain(', '.join(k for k in keys if k in again))}**.\n\n"
        f"Kept: {plain(kept(task, again))}."
    )
    if st.button("Retry", type="primary", key="retry-sure") and session.done(
        _name("retry", task), lambda: resume(task, key)
    ):
        session.close_dialog()


@session.dialog("Raise the budget and resume", ":material/trending_up:")
def ask_limit(task: Task) -> None:
    held = held_by(task)
    if held.usage is None:
        st.markdown("Nothing is left to raise: the budget is gone. Close this and resume the task.")
        return
    budget, spent = held.usage.budget, held.usage.spent
    st.markdown(plain(held.why))
    usd, most_tokens = None, None
    if budget.limit_nanousd is not None:
        start = 2 * max(budget.limit_nanousd, spent.nanousd) / NANO
        usd = st.number_input("New limit in dollars", min_value=0.01, value=start, key="raise-usd")
    if budget.limit_tokens is not None:
        most_tokens = st.number_input(
            "New limit in tokens", min_value=1, value=2 * max(budget.limit_tokens, spent.tokens), key="raise-tokens"
        )
    raised = replace(budget, limit_nanousd=None if usd is None else from_usd(usd), limit_tokens=most_tokens)
    enough = spent.percent(raised) < raised.stages[-1].percent
    if not enough:
        st.caption("That is used up already: the task would pause again at once.")

    def raise_and_resume() -> Task:
        commands.set_budget(session.deck(), session.actor(), raised)
        return resume(task)

    with st.container(horizontal=True):
        pressed = st.button("Raise and resume", type="primary", key="raise-sure", disabled=not enough)
        if pressed and session.done(_name("raise", task), raise_and_resume):
            session.close_dialog()
        if st.button("Keep paused", key="raise-not"):
            session.close_dialog()


@session.dialog("Run again with another budget", ":material/replay:")
def ask_budget(task: Task) -> None:
    st.markdown("A new task with the same words and settings, from the beginning. This one stays paused.")
    usd = st.number_input(
        "Budget in dollars", min_value=0.01, value=2 * (task.budget_nanousd or NANO) / NANO, key="again-usd"
    )
    with st.container(horizontal=True):
        if st.button("Run it", type="primary", key="again-sure"):
            found = session.done(
                f"again-{task.id}",
                lambda: commands.submit_task(session.deck(), session.actor(), _same(task, from_usd(usd))).id,
            )
            if found:
                session.forget_dialog()
                live.go(f"task?id={found}")
        if st.button("Keep paused", key="again-not"):
            session.close_dialog()


def _same(task: Task, budget_nanousd: int) -> Draft:
    return Draft(
        description=task.description,
        task_type=task.task_type,
        analyst=task.analyst_choice,
        working_directory=task.working_directory,
        runtime=task.runtime,
        model=task.model,
        budget_nanousd=budget_nanousd,
        scenario=task.scenario,
        ai_planner=task.ai_planner,
        permission_mode=task.permission_mode,
        rerun_of=task.id,
        ask_tools=task.ask_tools,
        priority=task.priority,
    )
