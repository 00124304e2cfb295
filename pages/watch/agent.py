"""Agent: one agent's facts, replies, tools, files and logs."""

from __future__ import annotations

import streamlit as st

from data.domain import words
from data.domain.agents import Agent
from data.domain.errors import AgentNotFound, BlobNotFound
from data.store import Recorded
from orchestrator_adapter import commands
from pages.ui import alert_card, cards, charts, history, live, logs, places, session, tables, tell
from pages.ui.look import plain

TABS = ["Replies", "Tools", "Files", "Logs", "Result"]
CALLS = 25
NEARLY_FULL = 0.8


def load(agent_id: str) -> Agent:
    with session.read() as board:
        return board.agent(agent_id)


@session.live_panel("facts")
def facts(agent_id: str) -> None:
    agent = load(agent_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(places.TASK, label="Its task", icon=":material/arrow_upward:", query_params={"id": agent.task_id})
        tell.button(agent)
        if not agent.live and st.button("Delete", icon=":material/delete:", key="delete"):
            confirm_delete(agent)
    with session.read() as board:
        standing = board.alerts_standing(agent_id)
    for alert in standing:
        alert_card.draw(alert, links=False)
    if agent.error:
        st.error(plain(agent.error), icon=":material/error:")
    left, right = st.columns(2, gap="large")
    with left:
        cards.facts(_who(agent))
    with right:
        context(agent)
        cards.facts(_spent(agent))


def _who(agent: Agent) -> dict[str, str | None]:
    return {
        "Role": agent.role.value,
        "Step": agent.step,
        "Model": agent.model,
        "Runtime": agent.runtime.value,
        "Session": agent.session_id,
        "Created": f"{agent.created_at:%Y-%m-%d %H:%M:%S} UTC",
        "Ended": f"{agent.ended_at:%Y-%m-%d %H:%M:%S} UTC" if agent.ended_at else None,
        "Next try": f"{agent.retry_at:%H:%M:%S} UTC" if agent.retry_at else None,
        "ID": agent.id,
    }


def _spent(agent: Agent) -> dict[str, str | None]:
    reported = None if agent.reported_nanousd is None else words.dollars(agent.reported_nanousd)
    return {
        "Cost": cards.money(agent.cost_nanousd, agent.unpriced_messages, agent.simulated),
        "SDK total": reported,
        "Drift": tables.drift(agent.cost_nanousd, agent.reported_nanousd) if reported else None,
        "Tool calls": str(agent.tool_calls),
    } | tables.tokens_by_kind(agent.tokens)


def context(agent: Agent) -> None:
    """How full its context window is."""
    if not agent.context_window:
        return
    share = agent.context_used / agent.context_window
    used = f"{words.tokens(agent.context_used)} of {words.tokens(agent.context_window)} tokens"
    warn = " :orange[:material/warning: nearly full]" if share >= NEARLY_FULL else ""
    st.progress(min(share, 1.0), text=f"Context window: {round(100 * share)} %, {used}{warn}")


@session.dialog("Delete this agent?", ":material/delete:")
def confirm_delete(agent: Agent) -> None:
    st.markdown(f"**{plain(agent.name)}** goes off every list. What it spent stays counted; its task stays.")
    with st.container(horizontal=True):
        if st.button("Delete", type="primary", key="delete-sure"):
            with session.refusals():
                commands.delete_agent(session.deck(), session.actor(), agent.id)
                session.forget_dialog()
                live.go(f"task?id={agent.task_id}")
        if st.button("Keep it", key="delete-not"):
            session.close_dialog()


@session.live_panel("details")
def details(agent_id: str) -> None:
    agent = load(agent_id)
    drawn = {"Replies": replies, "Tools": tools, "Files": files, "Logs": log_files, "Result": result}
    for name, tab in zip(TABS, st.tabs(TABS, key="tab", on_change="rerun"), strict=True):
        if tab.open:
            with tab, session.panel(name.lower()):
                drawn[name](agent)


def log_of(agent: Agent) -> list[Recorded]:
    with session.read() as board:
        return history.of_agent(board, agent.id)


def replies(agent: Agent) -> None:
    with session.read() as board:
        found = board.messages(agent.id)
    if not found:
        cards.empty("No reply yet", "Each reply of the model is listed here with what it cost.")
        return
    charts.cost_by_message(found, agent.role)
    st.dataframe(
        tables.messages(found),
        hide_index=True,
        height=tables.height(len(found)),
        key="messages",
        alt="Replies of the model: time, cost, tokens by kind",
    )


def tools(agent: Agent) -> None:
    calls = history.tool_calls(log_of(agent))
    if not calls:
        cards.empty("No tool was called", "Calls appear here with what went in and what came out.")
        return
    pages = -(-len(calls) // CALLS)
    page = st.pagination(pages, key="calls-page") if pages > 1 else 1
    for call in calls[(page - 1) * CALLS : page * CALLS]:
        one_call(call)


def one_call(call: history.ToolCall) -> None:
    """One line that opens: its content is read only then."""
    failed = call.returned is not None and call.returned.is_error
    icon = ":material/error:" if failed else ":material/build:"
    label = f"{call.at:%H:%M:%S}  {plain(call.called.words)}{' (failed)' if failed else ''}"
    box = st.expander(label, icon=icon, key=f"call-{call.called.tool_use_id}", on_change="rerun")
    if not box.open:
        return
    with box:
        st.caption(f"{call.called.tool}: what went in")
        content(call.called.input_blob)
        st.caption("What came out")
        if call.returned is None:
            st.markdown("Nothing yet.")
        else:
            content(call.returned.output_blob)


def content(blob: str) -> None:
    try:
        with session.read() as board:
            text, language = logs.pretty(board.blob(blob))
    except BlobNotFound as missing:
        st.markdown(plain(str(missing)))
        return
    st.code(text, language=language, wrap_lines=True, height=400 if text.count("\n") > 18 else "content")


def files(agent: Agent) -> None:
    found = history.files(log_of(agent))
    if not found:
        cards.empty("No file", "This agent has neither read nor changed a file.")
        return
    frame, columns = tables.files(found, {agent.id: agent.name})
    st.dataframe(
        frame,
        column_config=columns,
        hide_index=True,
        height=tables.height(len(found)),
        alt="Files that the agent touched",
    )


def log_files(agent: Agent) -> None:
    name = st.segmented_control("Log file", list(logs.FILES), default="text.txt", required=True, key="log-name")
    log = logs.read(agent, str(name), session.deck().settings.logs)
    if log is None:
        cards.empty("No log file", "It is written as soon as the agent's process has started.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{logs.FILES[str(name)]}; {log.size:,} bytes{', the end is shown' if log.cut else ''}")
        st.download_button(
            "Download",
            log.path.read_bytes,
            file_name=f"{agent.name.replace(' ', '_')}_{name}",
            icon=":material/download:",
            on_click="ignore",
            key=f"download-{name}",
        )
    st.code(log.tail, language="json" if str(name).endswith("l") else "markdown", wrap_lines=True, height=480)


def result(agent: Agent) -> None:
    if not agent.result:
        cards.empty("No result", "It appears when the agent has ended.")
        return
    with st.container(border=True):
        st.markdown(agent.result)


def no_such_agent(reason: str) -> None:
    st.title("Agent")
    cards.empty(reason, "It may have been deleted, or the address is not complete.", ":material/search_off:")
    st.page_link(places.FLEET, label="The fleet", icon=":material/sailing:")


def main() -> None:
    session.actor()
    agent_id = st.query_params.get("id", "")
    try:
        agent = load(agent_id)
    except AgentNotFound as unknown:
        no_such_agent(str(unknown) if agent_id else "No agent was named")
        live.mount(wakes=False)
        return
    st.title(plain(agent.name))
    with session.panel("live part"):
        live.mount(f"board:task:{agent.task_id}", show=("agents",), agent_id=agent_id)
    facts(agent_id)
    details(agent_id)


main()
