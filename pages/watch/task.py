"""Task: one task from its first word to its result, live while it runs."""

from __future__ import annotations

import streamlit as st

from data.domain import words
from data.domain.agents import Agent
from data.domain.approvals import EVERY_TOOL
from data.domain.errors import TaskNotFound
from data.domain.events import TaskPlanned
from data.domain.tasks import Task, TaskStatus
from data.store import AgentFilter
from pages.ui import cards, charts, history, live, logs, places, session, tables, task_actions
from pages.ui.look import plain

PLAN = "plan"  # the step in which a planner agent designs the workflow
EVENT_ROWS = 200
TABS = ["Overview", "Workflow", "Agents", "Files", "Result", "Planner", "Events"]


def load(task_id: str) -> Task:
    with session.read() as board:
        return board.task(task_id)


def agents_of(task_id: str) -> list[Agent]:
    """All agents of the task, in the order in which they were made."""
    with session.read() as board:
        return board.agents(AgentFilter(task_id=task_id), limit=200).items[::-1]


@session.live_panel("actions")
def actions(task_id: str) -> None:
    task = load(task_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        cards.demo_note(task.runtime)
        task_actions.buttons(task)
        st.page_link(places.NEW_TASK, label="New task", icon=":material/add_circle:")
    task_actions.header(task)
    failed(task)


def failed(task: Task) -> None:
    """The reason first, then how far it got."""
    if not task.error:
        return
    good = [step.key for step in task.workflow if step.status.value == "completed"]
    far = f"Last good step: {good[-1]}." if good else "No step was completed."
    if task.status is TaskStatus.CANCELLED:
        far = f"It had cost {plain(cards.money(task.cost_nanousd, task.unpriced_messages, task.simulated))}. {far}"
    with st.container(key="reason"):
        st.error(f"{plain(task.error)}\n\n{far}", icon=":material/error:")


@session.live_panel("details")
def details(task_id: str) -> None:
    """What lies behind the live part; a tab is read when it is opened."""
    task = load(task_id)
    drawn = {
        "Overview": overview,
        "Workflow": workflow,
        "Agents": agents,
        "Files": files,
        "Result": result,
        "Planner": planner,
        "Events": events,
    }
    for name, tab in zip(TABS, st.tabs(TABS, key="tab", on_change="rerun"), strict=True):
        if tab.open:
            with tab, session.panel(name.lower()):
                drawn[name](task)


def overview(task: Task) -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.caption("The task, word for word")
        st.code(task.description, language="markdown", wrap_lines=True)
    with right:
        cards.facts(
            {
                "Type": words.task_type(task.task_type),
                "Complexity": task.complexity.value,
                "Because": "; ".join(task.complexity_reasons),
                "ANALYST": f"{'in' if task.analyst_included else 'out'}: {task.analyst_reason}",
                "Folder": task.working_directory,
                "Runtime": f"{task.runtime.value}{', story ' + task.scenario if task.scenario else ''}",
                "Model": task.model or "the runtime's own",
                "Permissions": task.permission_mode,
                "Priority": task.priority.value,
                "Budget": words.dollars(task.budget_nanousd) if task.budget_nanousd else "no limit",
                "Asks a person before": ", ".join("every tool" if t == EVERY_TOOL else t for t in task.ask_tools),
                "Cost": cards.money(task.cost_nanousd, task.unpriced_messages, task.simulated),
                "Tool calls": str(task.tool_calls),
                "Asked by": f"{task.created_by}, {task.created_at:%Y-%m-%d %H:%M:%S} UTC",
                "ID": task.id,
            }
            | tables.tokens_by_kind(task.tokens)
        )


def workflow(task: Task) -> None:
    cards.legend(dict.fromkeys(step.role for step in task.workflow))
    cards.graph(task.workflow)
    cards.rail(task.workflow)


def agents(task: Task) -> None:
    found = agents_of(task.id)
    if not found:
        cards.empty("No agent yet", "The first one appears when its step begins.")
        return
    now = session.deck().store.now()
    charts.timeline(found, now)
    frame, columns = tables.task_agents(found, now)
    picked = st.dataframe(
        frame,
        column_config=columns,
        hide_index=True,
        height=tables.height(len(found)),
        key="task-agents",
        on_select="rerun",
        selection_mode="single-row",
        alt="Agents of the task: duration, cost, the SDK's own total, drift, tokens by kind",
    )
    st.caption("Drift: how far our price of every reply is from the SDK's own running total.")
    if rows := picked.selection.rows:
        live.go(f"agent?id={found[rows[0]].id}")


def files(task: Task) -> None:
    names = {agent.id: agent.name for agent in agents_of(task.id)}
    with session.read() as board:
        found = [row for key in names for row in history.files(history.of_agent(board, key))]
    if not found:
        cards.empty("No file yet", "Files that agents read, create, change or delete are listed here.")
        return
    frame, columns = tables.files(found, names)
    st.dataframe(
        frame,
        column_config=columns,
        hide_index=True,
        height=tables.height(len(found)),
        alt="Files that the task touched",
    )


def result(task: Task) -> None:
    if not task.result:
        said = "It ended without one." if task.ended else "It appears when the last step has ended."
        cards.empty("No result", said)
        return
    plain = st.toggle("As plain text", key="plain")
    if plain:
        st.code(task.result, language="markdown", wrap_lines=True)
        return
    with st.container(border=True):
        st.markdown(task.result)


def planner(task: Task) -> None:
    with session.read() as board:
        planned = [entry.event for entry in history.newest(board, task.id, 5000)]
    for event in planned:
        if isinstance(event, TaskPlanned):
            verdict = f"The plan was not used: {event.refused}" if event.refused else "The plan replaced the template."
            st.markdown(f"**{plain(verdict)}**\n\n{plain(event.rationale)}")
    found = [agent for agent in agents_of(task.id) if agent.step == PLAN]
    if not found:
        cards.empty("No planner agent", "The workflow of this task came from the template of its type.")
        return
    for name in ("prompt.txt", "text.txt"):
        log = logs.read(found[0], name, session.deck().settings.logs)
        st.caption(logs.FILES[name])
        st.code(log.tail if log else "Nothing yet.", language="markdown", wrap_lines=True)


def events(task: Task) -> None:
    shown = st.session_state.setdefault("event-rows", EVENT_ROWS)
    with session.read() as board:
        found = history.newest(board, task.id, shown)
    frame, columns = tables.events(found)
    st.dataframe(
        frame,
        column_config=columns,
        hide_index=True,
        height=tables.height(len(found)),
        key="events",
        alt=f"The last {len(found)} events of the task, newest first",
    )
    if len(found) == shown and st.button("Show more", icon=":material/expand_more:", key="more-events"):
        st.session_state["event-rows"] = shown + EVENT_ROWS
        st.rerun(scope="fragment")


def no_such_task(reason: str) -> None:
    st.title("Task")
    cards.empty(reason, "It may have been deleted, or the address is not complete.", ":material/search_off:")
    st.page_link(places.TASKS, label="All tasks", icon=":material/list_alt:")


def main() -> None:
    session.actor()
    task_id = st.query_params.get("id", "")
    try:
        task = load(task_id)
    except TaskNotFound as unknown:
        no_such_task(str(unknown) if task_id else "No task was named")
        live.mount(wakes=False)
        return
    st.title(plain(words.title(task.description)))
    actions(task_id)
    with session.panel("live part"):
        live.mount(f"board:task:{task_id}", show=("task", "agents", "lines"))
    details(task_id)


main()
