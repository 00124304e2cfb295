"""The pages as a person meets them, by AppTest on the entry file: empty, filled, refusing, filtered."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.domain.agents import Agent
from data.domain.tasks import Draft, Task, TaskStatus
from data.store import AgentFilter
from orchestrator_adapter import commands
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck
from tests.modes import obeying_modes
from tests.pages.opening import ENTRY, opened, serving

WATCH, RUN, GUARD = "pages/watch", "pages/run", "pages/guard"
SIMPLE = "Fix the typo in the heading of the page"
COMPLEX = "Refactor the authentication architecture and migrate the database schema"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    (home / "work").mkdir()
    return home


@pytest.fixture(scope="module")
def deck(home: Path) -> Iterator[Deck]:
    """One server for all tests of this file."""
    with pytest.MonkeyPatch.context() as patch, serving(patch, home, QUARTERDECK_WORKDIRS=str(home / "work")) as opened:
        yield opened


@pytest.fixture
def ended(deck: Deck, eventually: Callable[..., None]) -> Task:
    """A task that has run to its end; made once, kept for the tests that follow."""
    with deck.store.read() as board:
        known = [task for task in board.tasks().items if task.description == COMPLEX]
    task = known[0] if known else commands.submit_task(deck, LOCAL, Draft(COMPLEX))
    eventually(lambda: read(deck, task.id).status is TaskStatus.COMPLETED, within=30)
    return read(deck, task.id)


def read(deck: Deck, task_id: str) -> Task:
    with deck.store.read() as board:
        return board.task(task_id)


def agents(deck: Deck, task_id: str) -> list[Agent]:
    with deck.store.read() as board:
        return board.agents(AgentFilter(task_id=task_id)).items


def count(deck: Deck) -> int:
    with deck.store.read() as board:
        return len(board.tasks().items)


def test_an_empty_fleet_offers_three_ways_on(deck: Deck):
    with deck.store.read() as board:
        assert board.tasks().items == [], "this test comes first"
    at = AppTest.from_file(ENTRY, default_timeout=30).run()
    assert not at.exception
    ways = ["Watch a demo", "Run a real task", "See your own history", "Look around first"]
    assert [s.value for s in at.subheader] == ways
    assert at.button[0].label == "Run the demo task"
    assert "orchestrator_adapter seed" in at.code[-1].value


@pytest.mark.parametrize("page", [f"{WATCH}/tasks.py", f"{RUN}/new_task.py", f"{GUARD}/gallery.py"])
def test_each_page_renders_on_an_empty_store(deck: Deck, page: str):
    assert opened(page).title


def test_the_way_from_the_form_to_the_task(deck: Deck):
    at = opened(f"{RUN}/new_task.py")
    assert at.button(key="submit").disabled
    at.text_area[0].set_value(SIMPLE).run()
    assert any("skipping ANALYST ✓" in text.value for text in at.markdown)
    assert at.button(key="submit").label == "Run the script"
    at.button(key="submit").click().run()
    with deck.store.read() as board:
        (task,) = board.tasks().items
    assert (task.description, at.title[0].value) == (SIMPLE, SIMPLE), "the form leads to the page of its task"
    assert at.query_params["id"] in (task.id, [task.id])
    assert read(deck, task.id).simulated


def test_the_preview_says_who_would_work_and_why(deck: Deck):
    at = opened(f"{RUN}/new_task.py")
    at.text_area[0].set_value(COMPLEX).run()
    assert any("ANALYST takes part" in text.value for text in at.markdown)
    assert at.pills(key="new-prompt-step").options == ["analyst", "planner", "builder", "tester", "reviewer"]
    assert any(COMPLEX in code.value for code in at.code), "the very prompt of a step"
    at.segmented_control(key="new-analyst").set_value("skip").run()
    assert any("ANALYST is left out" in text.value for text in at.markdown)


def test_a_folder_that_is_refused_is_said_while_it_is_typed(deck: Deck, home: Path):
    at = opened(f"{RUN}/new_task.py")
    if "claude" not in at.segmented_control(key="new-runtime").options[0].lower():
        pytest.fail("the claude runtime is not offered here: install the SDK's command line")
    at.text_area[0].set_value(SIMPLE)
    at.segmented_control(key="new-runtime").set_value("claude").run()
    at.text_input(key="new-folder").set_value("/etc").run()
    button = at.button(key="submit")
    assert button.disabled
    assert button.help.startswith("/etc is outside the folders in which tasks may work")
    (home / "work" / "file").touch()
    (home / "work" / "closed").mkdir(mode=0)
    for name, says in (("nowhere", "does not exist."), ("file", "is a file"), ("closed", "is not accessible")):
        typed = at.text_input(key="new-folder").set_value(str(home / "work" / name))
        obeying_modes(typed.run)
        assert at.button(key="submit").disabled
        assert at.button(key="submit").help.startswith(f"{home / 'work' / name} {says}")
    at.text_input(key="new-folder").set_value(str(home / "work")).run()
    button = at.button(key="submit")
    assert not button.disabled
    assert button.label.startswith("Run 2 agents, about $0.05 to $0.15")


def test_doing_everything_without_asking_needs_a_second_yes(deck: Deck):
    at = opened(f"{RUN}/new_task.py")
    at.text_area[0].set_value(SIMPLE)
    at.selectbox(key="new-mode").set_value("bypassPermissions").run()
    assert at.button(key="submit").disabled
    assert "any command" in at.warning[0].value
    at.checkbox(key="new-sure").check().run()
    assert not at.button(key="submit").disabled


def test_a_refusal_is_one_sentence_and_keeps_the_text(deck: Deck):
    at = opened(f"{RUN}/new_task.py")
    at.text_area[0].set_value(SIMPLE).run()
    before = count(deck)
    other = sqlite3.connect(deck.settings.home / "quarterdeck.sqlite", isolation_level=None)
    other.execute("begin immediate")  # another program holds the store for longer than we wait
    at.button(key="submit").click().run()
    other.close()
    assert "database is locked. Nothing was changed." in at.error[0].value
    assert (at.text_area[0].value, count(deck)) == (SIMPLE, before)
    at.button(key="submit").click().run()
    assert (at.title[0].value, count(deck)) == (SIMPLE, before + 1), "the same text, handed in once more"


def test_a_description_that_is_too_long_is_counted(deck: Deck):
    at = opened(f"{RUN}/new_task.py")
    at.text_area[0].set_value("x" * 50_001).run()
    assert at.button(key="submit").disabled
    assert at.button(key="submit").help == "The description has 50,001 characters; 50,000 is the most."


def test_the_fleet_lists_every_agent(deck: Deck, ended: Task):
    at = AppTest.from_file(ENTRY, default_timeout=30).run()
    assert not at.exception
    frame = at.dataframe[0].value
    assert {"ID", "Role", "Status", "Cost", "Tokens", "Created"} <= set(frame.columns)
    assert {agent.id[:8] for agent in agents(deck, ended.id)} <= set(frame["ID"])
    at.selectbox(key="role").set_value("reviewer").run()
    assert {tuple(role) for role in at.dataframe[0].value["Role"]} == {("reviewer",)}
    at.selectbox(key="status").set_value("failed").run()
    assert any("No agent fits" in text.value for text in at.markdown)


def test_the_task_list_is_filtered_by_its_address(deck: Deck, ended: Task):
    at = opened(f"{WATCH}/tasks.py", q="authentication")
    assert list(at.dataframe[0].value["ID"]) == [ended.id[:8]]
    row = at.dataframe[0].value.iloc[0]
    assert (row["ANALYST"], list(row["Status"])) == ("in", ["✓ completed"])
    assert (row["Decided by"], row["Outcome"]) == ("the rule", "not judged")
    assert row["Workflow"] == "analyst → planner → builder → tester → reviewer"
    at = opened(f"{WATCH}/tasks.py", outcome="not judged", analyst_by="the rule", created="from … to")
    assert ended.id[:8] in set(at.dataframe[0].value["ID"])
    for other in ({"analyst": "out"}, {"outcome": "good"}, {"analyst_by": "a lot", "created": "today"}):
        found = opened(f"{WATCH}/tasks.py", **other).dataframe
        assert not found or ended.id[:8] not in set(found[0].value["ID"])
    at = opened(f"{WATCH}/tasks.py", q="100%_nobody")
    assert any("No task fits" in text.value for text in at.markdown)


def test_a_task_page_opens_its_tabs_one_by_one(deck: Deck, ended: Task):
    at = opened(f"{WATCH}/task.py", id=ended.id)
    assert at.title[0].value == COMPLEX
    assert at.code[0].value == COMPLEX, "the full prompt"
    assert not at.dataframe, "a tab is read when it is opened"
    for tab, seen in {"Agents": "SDK total", "Events": "What"}.items():
        at = opened(f"{WATCH}/task.py", id=ended.id)
        at.session_state["tab"] = tab
        at.run()
        assert not at.exception
        assert seen in at.dataframe[0].value.columns
    at.session_state["tab"] = "Result"
    at.run()
    assert any("all done" in text.value for text in at.markdown)


def test_our_figure_stands_beside_the_total_of_the_sdk(deck: Deck, ended: Task):
    at = opened(f"{WATCH}/task.py", id=ended.id)
    at.session_state["tab"] = "Agents"
    at.run()
    frame = at.dataframe[0].value
    assert list(frame["Cost"]) == [agent.cost_nanousd for agent in agents(deck, ended.id)[::-1]]
    assert set(frame["Drift"]) <= {"none", "–"} or all("%" in drift for drift in frame["Drift"])


def test_an_agent_page_shows_what_it_was_told_and_what_it_cost(deck: Deck, ended: Task):
    agent = agents(deck, ended.id)[0]
    at = opened(f"{WATCH}/agent.py", id=agent.id)
    assert at.title[0].value == agent.name
    at.session_state["tab"] = "Cost"
    at.run()
    assert len(at.dataframe[0].value) == 2, "two replies"
    for tab in ("Files", "Logs", "Result"):
        at.session_state["tab"] = tab
        at.run()
        assert not at.exception


@pytest.mark.parametrize(("page", "said"), [("task.py", "There is no task"), ("agent.py", "There is no agent")])
def test_an_unknown_address_says_so_and_shows_the_way_back(deck: Deck, page: str, said: str):
    at = opened(f"{WATCH}/{page}", id="0000")
    assert any(said in text.value for text in at.markdown)
    at = opened(f"{WATCH}/{page}")
    assert any("was named" in text.value for text in at.markdown)


def test_a_task_is_deleted_after_one_question(deck: Deck, ended: Task):
    at = opened(f"{WATCH}/task.py", id=ended.id)
    at.button(key="delete").click()
    at.run()
    assert any("What it spent stays counted" in text.value for text in at.markdown)
    at.button(key="delete").click()
    at.button(key="delete-sure").click()
    at.run()
    with deck.store.read() as board:
        assert ended.id not in {task.id for task in board.tasks().items}


def test_one_part_that_crashes_leaves_the_rest_of_the_page(deck: Deck):
    at = opened(f"{GUARD}/gallery.py")
    assert "under request" in at.error[0].value
    assert "on purpose" not in at.error[0].value
    assert any(button.label == "Try again" for button in at.button)
    assert "Small parts" in [text.value for text in at.subheader]
