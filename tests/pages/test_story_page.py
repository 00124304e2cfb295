"""A task as a story: any moment of it, by its address; who worked when; finished agents folded."""

from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest

from data.domain.agents import Role
from data.domain.flow import Handed
from data.domain.tasks import Task
from data.domain.workflows import Step
from data.store import AgentFilter
from orchestrator_adapter import handover
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.views import story
from pages.ui import flow_drawing, replay
from tests.domain.test_flow import agent
from tests.pages.test_pages import WATCH, deck, ended, home, opened

__all__ = ["deck", "ended", "home"]


def page(task: Task, **more: str) -> AppTest:
    at = opened(f"{WATCH}/task.py", id=task.id, **more)
    if not more:
        at.session_state["tab"] = "Story"
        at.run()
    assert not at.exception
    return at


def html(at: AppTest) -> str:
    return " ".join(str(part.proto.body) for part in at.get("html"))


def ids(deck: Deck, task: Task) -> list[int]:
    with deck.store.read() as board:
        return [entry.id for entry in board.events(task.id, limit=10_000)]


def test_the_story_ends_where_the_task_is(deck: Deck, ended: Task):
    shown = html(page(ended))
    assert "5 of 5 steps, 5 agents" in shown
    assert shown.count("✓ completed") == 1 + 5 + 5, "the task, its steps and its agents"


def test_what_the_chart_shows_is_a_table_too(deck: Deck, ended: Task):
    at = page(ended)
    (chart,) = at.get("vega_lite_chart")
    assert "Who worked when: Task" in chart.proto.alt
    at.session_state["gantt-table"] = True
    at.run()
    frame = at.dataframe[0].value
    assert set(frame["Who"]) == {"Task", "Analyst", "Planner", "Builder", "Tester", "Reviewer"}
    assert {"in the queue", "idle", "working"} <= set(frame["What"])


def test_a_moment_is_opened_by_its_address(deck: Deck, ended: Task):
    log = ids(deck, ended)
    at = page(ended, at=str(log[len(log) // 2]))
    shown = html(at)
    assert f"event {len(log) // 2 + 1:,} of {len(log):,}" in shown
    assert "5 of 5 steps" not in shown
    assert at.slider[0].value == len(log) // 2 + 1
    first = html(page(ended, at=str(log[0])))
    assert "No agent yet" in " ".join(text.value for text in page(ended, at=str(log[0])).markdown)
    assert "0 of 5 steps, 0 agents" in first
    for strange in ("0", "999999999", "-5", "9" * 30, "now"):
        assert not page(ended, at=strange).exception


def test_it_is_moved_by_event_by_time_and_step_by_step(deck: Deck, ended: Task):
    log = ids(deck, ended)
    at = page(ended)
    at.slider[0].set_value(3).run()
    assert at.query_params["at"] in (str(log[2]), [str(log[2])])
    at.button(key="replay-chevron_right").click().run()
    later = at.slider[0].value
    assert later > 3
    at.button(key="replay-chevron_left").click().run()
    assert at.slider[0].value < later
    at.button(key="replay-first_page").click().run()
    assert at.slider[0].value == 1
    at.button(key="replay-play_arrow").click().run()
    assert at.button(key="replay-pause")
    at.button(key="replay-pause").click().run()
    at.button(key="replay-last_page").click().run()
    assert "at" not in at.query_params
    assert at.slider[0].value == len(log)


def test_playing_comes_to_the_end(deck: Deck, ended: Task):
    with deck.store.read() as board:
        told = story.of(deck.store, board, ended.id)
    number, pictures = 1, 0
    while number < len(told):
        number, pictures = replay.advanced(told, number), pictures + 1
    assert pictures <= 2 * replay.TICKS


def test_finished_agents_are_folded_and_shown_on_demand(deck: Deck, ended: Task):
    at = opened(f"{WATCH}/task.py", id=ended.id)
    at.session_state["tab"] = "Agents"
    at.run()
    assert len(at.dataframe[0].value) == 5
    at.toggle(key="finished-agents").set_value(False).run()
    assert not at.dataframe
    assert any("tokens" in text.value for text in at.markdown), "their totals stay"


def test_the_flow_names_every_agent_and_opens_what_was_handed_over(deck: Deck, ended: Task):
    at = opened(f"{WATCH}/task.py", id=ended.id)
    at.session_state["tab"] = "Flow"
    at.run()
    assert not at.exception
    labels = [box.label for box in at.expander]
    assert labels[0].startswith("The task → ")
    assert len(labels) == 5
    at.session_state["handed-1"] = True
    at.run()
    with deck.store.read() as board:
        analyst = next(one for one in board.agents(AgentFilter(task_id=ended.id)).items if one.role is Role.ANALYST)
    assert at.code[-1].value == handover.forward(handover.read(analyst.result or "", Role.ANALYST))


def test_a_name_cannot_break_out_of_the_drawing():
    evil = "</text></svg><script>alert(1)</script>"
    step = Step("builder", Role.BUILDER, "x")
    svg = flow_drawing.conversation(evil, (step,), [agent(evil, "builder")], {}, {Handed(evil): evil})
    assert "<script" not in svg
    assert flow_drawing.conversation("", (step,), [], {}, {}).startswith("<svg")


def test_a_drawing_for_a_phone_fits_into_it_with_every_card_and_every_line():
    keys = [f"step-{number}" for number in range(9)]
    workflow = tuple(
        Step(key, Role.BUILDER, "x", tuple(keys[max(0, number - 3) : number])) for number, key in enumerate(keys)
    )
    wide, tall = flow_drawing.steps(workflow).split("</svg>")[:2]
    for drawn in (wide, tall):
        assert [f">Step {number}</text>" in drawn for number in range(9)] == [True] * 9
        assert drawn.count('class="way"') == sum(len(step.depends_on) for step in workflow)
    across = int(re.search(r'class="tall" width="(\d+)"', tall)[1])  # type: ignore[index]
    assert across <= 340, "what a phone of 390 pixels leaves beside its margins"
    ends = [(int(x), int(w)) for x, w in re.findall(r'class="card" x="(-?\d+)" y="\d+" width="(\d+)"', tall)]
    assert len(ends) == 9
    assert all(x > 0 and x + width <= across for x, width in ends)
    lanes = [int(x) for x in re.findall(r"H(-?\d+)V", tall)]
    assert lanes
    assert min(lanes) > 0, "no line leaves the drawing"


def test_an_agent_shows_its_life(deck: Deck, ended: Task):
    with deck.store.read() as board:
        found = board.agents(AgentFilter(task_id=ended.id)).items[0]
    at = opened(f"{WATCH}/agent.py", id=found.id)
    at.session_state["tab"] = "Life"
    at.run()
    assert not at.exception
    assert "Completed after" in html(at)
    assert list(at.dataframe[0].value["Phase"]) == ["idle", "working", "✓ completed"]


def test_tasks_have_a_timeline_beside_their_list(deck: Deck, ended: Task):
    at = opened(f"{WATCH}/tasks.py")
    row = at.dataframe[0].value.set_index("ID").loc[ended.id[:8]]
    assert row["Agents"] == "5"
    at = opened(f"{WATCH}/tasks.py", view="Timeline")
    assert not at.dataframe
    (chart,) = at.get("vega_lite_chart")
    assert "1 ✓ completed" in chart.proto.alt
    at = opened(f"{WATCH}/tasks.py", view="Timeline", q="nobody-asked")
    assert any("No task fits" in text.value for text in at.markdown)
