"""Fleet: who works right now, on what, and what it costs."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import streamlit as st

from data.domain import words
from data.domain.agents import Runtime
from data.domain.home import Density, Home, TablePlace
from data.domain.tasks import Draft, TaskType
from data.store import AgentFilter
from orchestrator_adapter import commands, commands_batch, views
from orchestrator_adapter.commands_batch import AgentOrder, TaskOrder
from pages.ui import cards, clicks, filters, home, live, picked, places, session, tables
from pages.ui.look import plain

DEMO_STORY = "success"
DEMO_TASK = "The tests of calc.py fail. Investigate the root cause, fix it, and prove that it is gone."
SEED = "python -m orchestrator_adapter seed"


def first_steps() -> None:
    """Ways on from an empty store."""
    st.markdown("No task has run here yet. Four ways to begin:")
    demo, real, past, history = st.columns(4)
    with demo.container(border=True, height="stretch"):
        st.subheader("Watch a demo")
        st.markdown(
            "Real agent processes on a scratch copy of a tiny project, with scripted replies: "
            "no account, no model, nothing spent. About a minute."
        )
        run_demo()
    with real.container(border=True, height="stretch"):
        st.subheader("Run a real task")
        how_to_run_real()
    with past.container(border=True, height="stretch"):
        st.subheader("See your own history")
        st.markdown("What Claude Code did on this machine, with every reply, file and dollar. Files are only read.")
        st.page_link(places.HISTORY, label="Import my history", icon=":material/history:")
    with history.container(border=True, height="stretch"):
        st.subheader("Look around first")
        st.markdown("Fill this empty store with 90 days of a made-up fleet, marked as demo everywhere:")
        st.code(SEED, language="bash", wrap_lines=True)


def run_demo() -> None:
    why_not = session.deck().runtimes().get(Runtime.DEMO)
    once = session.Once("demo")
    pressed = st.button(
        "Run the demo task",
        type="primary",
        icon=":material/play_arrow:",
        disabled=why_not is not None,
        help=why_not and plain(why_not),
    )
    if why_not:
        st.caption(plain(why_not))
    if pressed and once.take():
        task_id = None
        with session.refusals(), st.spinner("Starting the demo…"):
            draft = Draft(DEMO_TASK, TaskType.BUG_FIX, runtime=Runtime.DEMO, scenario=DEMO_STORY)
            task_id = commands.submit_task(session.deck(), session.actor(), draft).id
        once.reopen()
        if task_id:
            live.go(f"task?id={task_id}")


def how_to_run_real() -> None:
    why_not = session.deck().claude_lacks()
    if why_not is None:
        st.markdown("Claude agents can run here. Say what should be done, see the price, then start.")
        st.page_link(places.NEW_TASK, label="New task", icon=":material/add_circle:")
        return
    st.markdown("Stop the server, give it a key, start it again:")
    st.code("export ANTHROPIC_API_KEY=...\nmake run", language="bash")
    st.caption(f"Now: {plain(why_not)}")


@session.live_panel("agents")
def agent_table(wanted: AgentFilter) -> None:
    """Every agent, newest first, a stretch at a time."""
    if clicked := clicks.taken("agents"):
        live.go(f"agent?id={clicked[1]}")
    listed = filters.listed(
        "agents", wanted, lambda board, cursor: board.agents(wanted, filters.PAGE_ROWS, cursor), tables.agent_rows
    )
    shown = picked.standing("agents", listed)
    found = shown.items
    if not found:
        cards.empty("No agent fits", "Take a filter away to see more.", ":material/filter_alt_off:")
        return
    clicks.shown("agents", [agent.id for agent in found])
    picked.bar("agents", "agent", shown, lambda agent: f"{agent.name}, {agent.id[:8]}", orders())
    st.dataframe(
        shown.rows,
        column_config=tables.agent_columns(open=clicks.note("agents", "open", "open")),
        hide_index=True,
        height=tables.growing(len(found)),
        key=picked.key("agents"),
        on_select="rerun",
        selection_mode="multi-row",
        placeholder=tables.UNPRICED,
        alt=f"{words.count(len(found), 'agent')}: role, status, cost, tokens, created",
    )
    if shown.more:
        filters.show_more("agents")


def orders() -> list[picked.Order]:
    """What can be done with several agents at once."""

    order = functools.partial(picked.order, give=commands_batch.order_agents, hindrance=commands_batch.agent_hindrance)
    stopped = "An agent is not stopped alone: the tasks they work on are cancelled, with all their agents."
    gone = "They go off every list. What they spent stays counted; their tasks stay."
    stop, delete = AgentOrder.CANCEL, AgentOrder.DELETE
    return [
        order(stop, icon=":material/stop_circle:", told=stopped, done="stopped", name="Cancel tasks of"),
        order(delete, icon=":material/delete:", told=gone, done="deleted"),
    ]


def seen(task_ids: Sequence[str]) -> None:
    """Take tasks that failed off the page: somebody has looked at why."""
    if task_ids:  # one that was resumed meanwhile needs no look, so its refusal says nothing new
        commands_batch.order_tasks(session.deck(), session.actor(), TaskOrder.SEEN, task_ids)


def any_task() -> bool:
    with session.read() as board:
        return bool(board.tasks(limit=1).items)


def overview(chosen: Home) -> None:
    """The page as this person has chosen it."""
    if chosen.table is TablePlace.ABOVE:
        every_agent(chosen)
    with session.panel("live board"):
        owner = session.actor().name if chosen.mine else None
        compact = chosen.density is Density.COMPACT
        seen(live.mount(show=views.home.shown(chosen), compact=compact, owner=owner))
    if chosen.table is TablePlace.BELOW:
        live.first_picture()
        every_agent(chosen)


def every_agent(chosen: Home) -> None:
    st.subheader("All agents")
    agent_table(filters.agents(chosen.order, session.actor().name, mine=chosen.mine))


session.actor()
if any_task():
    head = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
    head.title("Fleet", width="content")
    mine = home.chosen()
    overview(mine)
    with head:
        home.choose(mine)
else:
    st.title("Fleet")
    first_steps()
    live.mount()
