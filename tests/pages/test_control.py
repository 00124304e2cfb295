"""What a person can do with a task and with a question to them, on the pages, by state."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.domain.agents import Role, Runtime
from data.domain.approvals import ApprovalStatus
from data.domain.budgets import Budget, Period, Scope
from data.domain.events import AgentCreated, ApprovalAsked, StepSpec, TaskMoved
from data.domain.money import NANO
from data.domain.tasks import Draft, Task, TaskStatus
from orchestrator_adapter import commands
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck
from pages.ui import diff
from tests.events import submitted
from tests.pages.opening import opened

Eventually = Callable[..., None]


def task_page(task_id: str) -> AppTest:
    return opened("pages/watch/task.py", id=task_id)


def look(deck: Deck, task_id: str) -> Task:
    with deck.store.read() as board:
        return board.task(task_id)


def keys(at: AppTest) -> set[str]:
    wanted = {"pause", "cancel", "resume", "raise", "again", "retry", "rerun", "delete", "seen"}
    return {str(button.key) for button in at.button} & wanted


def press(at: AppTest, opener: str, button: str) -> AppTest:
    """A dialog stands only in the run that opened it: open it and press in it."""
    at.button(key=opener).click().run()
    at.button(key=opener).click()
    at.button(key=button).click()
    return at.run()


def told(deck: Deck, *more: TaskMoved, budget_nanousd: int | None = None) -> str:
    """A task that no engine works on: it stays as it was told."""
    deck.engine.close()
    steps = (StepSpec(key="builder", role=Role.BUILDER, scope="Build it."),)
    with deck.store.write() as ledger:
        ledger.append(
            submitted(
                description="Fix the sign bug",
                workflow=steps,
                working_directory=str(deck.settings.home),
                runtime=Runtime.SCRIPTED,
                budget_nanousd=budget_nanousd,
                by="local",
            )
        )
        for event in more:
            ledger.append(event)
    return "t1"


def moved(to: TaskStatus, why: str = "", by: str = "engine") -> TaskMoved:
    return TaskMoved(task_id="t1", to=to, why=why, by=by)


def ended(deck: Deck, eventually: Eventually) -> str:
    task_id = commands.submit_task(deck, LOCAL, Draft("Fix the typo in the heading")).id
    eventually(lambda: look(deck, task_id).status is TaskStatus.COMPLETED, within=30)
    return task_id


def asked(deck: Deck, tool: str, given: dict[str, object]) -> str:
    """A question that waits."""
    with deck.store.write() as ledger:
        who = {"task_id": "t1", "agent_id": "a1"}
        ledger.append(
            AgentCreated(**who, step="builder", role=Role.BUILDER, name="Builder", model="m", runtime=Runtime.SCRIPTED)
        )
        ledger.append(
            ApprovalAsked(
                **who,
                approval_id="q1",
                tool=tool,
                words=f"using {tool}",
                input_blob=ledger.keep(json.dumps(given).encode()),
                why=f"This task asks a person before every call of {tool}.",
                expires_at=ledger.now() + timedelta(hours=8),
            )
        )
    return "q1"


def answer(deck: Deck) -> tuple[ApprovalStatus, str | None, str | None]:
    with deck.store.read() as board:
        found = board.approval("q1")
    return found.status, found.scope and found.scope.value, found.reason


def test_a_paused_task_is_resumed_by_its_first_button(deck: Deck):
    task_id = told(deck, moved(TaskStatus.PAUSED, "Paused by local.", "local"))
    at = task_page(task_id)
    assert keys(at) == {"resume", "cancel"}
    assert "Paused by local" in at.warning[0].value
    at.button(key="resume").click().run()
    assert look(deck, task_id).run == 2


@pytest.mark.parametrize("button", ["pause-finish", "pause-stop"])
def test_a_task_under_way_is_paused_in_two_ways(deck: Deck, button: str):
    task_id = told(deck, moved(TaskStatus.IN_PROGRESS))
    at = task_page(task_id)
    assert keys(at) == {"pause", "cancel"}
    press(at, "pause", button)
    assert look(deck, task_id).status is TaskStatus.PAUSED
    with deck.store.read() as board:
        last = [entry.event for entry in board.events(task_id=task_id) if isinstance(entry.event, TaskMoved)][-1]
    assert last.stop_agents is (button == "pause-stop")


def test_cancelling_says_what_was_spent(deck: Deck):
    task_id = told(deck, moved(TaskStatus.IN_PROGRESS))
    at = task_page(task_id)
    at.button(key="cancel").click().run()
    assert any("What was spent so far" in text.value for text in at.markdown)
    press(at, "cancel", "cancel-sure")
    assert look(deck, task_id).status is TaskStatus.CANCELLED
    after = task_page(task_id)
    assert keys(after) == {"resume", "retry", "rerun", "delete"}
    assert any("It had cost" in shown.value and "(simulated)" in shown.value for shown in after.caption)
    assert not after.error, "what a person stopped has not gone wrong"
    assert any("Cancelled by local" in shown.value for shown in after.info)


def test_a_failure_is_marked_as_seen_on_its_page(deck: Deck):
    task_id = told(deck, moved(TaskStatus.IN_PROGRESS), moved(TaskStatus.FAILED))
    at = task_page(task_id)
    at.button(key="seen").click().run()
    assert look(deck, task_id).seen_by == "local"
    assert keys(task_page(task_id)) == {"resume", "retry", "rerun", "delete"}


def test_a_completed_task_is_done_once_more_from_a_step(deck: Deck, eventually: Eventually):
    task_id = ended(deck, eventually)
    at = task_page(task_id)
    assert keys(at) == {"retry", "rerun", "delete"}
    at.button(key="retry").click().run()
    first, *_, last = at.selectbox(key="retry-step").options
    assert first != last
    at.selectbox(key="retry-step").set_value(last)
    at.button(key="retry").click().run()
    assert any("already paid" in text.value for text in at.markdown)
    at.selectbox(key="retry-step").set_value(last)
    press(at, "retry", "retry-sure")
    eventually(lambda: look(deck, task_id).run == 2 and look(deck, task_id).ended, within=30)
    task = look(deck, task_id)
    assert [step.generation for step in task.workflow][-1] == 2
    notes = [text.value for text in task_page(task_id).caption]
    assert any("Kept by resuming" in note and "2nd try" in note for note in notes)


def test_a_task_is_run_again_once(deck: Deck, eventually: Eventually):
    task_id = ended(deck, eventually)
    at = task_page(task_id)
    at.button(key="rerun").click().run()
    with deck.store.read() as board:
        found = board.tasks().items
    assert [task.rerun_of for task in found] == [task_id, None]
    assert at.query_params["id"] in (found[0].id, [found[0].id]), "the page of the new task"


def test_a_budget_that_paused_a_task_is_raised_and_the_task_resumed(deck: Deck):
    name = 'Daily "one"'
    made = commands.set_budget(
        deck, LOCAL, Budget("", name, Scope.FLEET, Period.DAY, limit_nanousd=NANO, simulated=True)
    )
    why = f'Budget "{name}" is used up: $1.02 of $1.00 this day. Raise it and resume, or keep the task paused.'
    task_id = told(deck, moved(TaskStatus.PAUSED, why, "budget"))
    at = task_page(task_id)
    assert keys(at) == {"raise", "resume", "cancel"}
    assert "is used up" in at.warning[0].value
    at.button(key="raise").click().run()
    assert at.number_input(key="raise-usd").value == 2.0
    at.number_input(key="raise-usd").set_value(3.0)
    press(at, "raise", "raise-sure")
    with deck.store.read() as board:
        assert board.budget(made.id).limit_nanousd == 3 * NANO
    assert look(deck, task_id).run == 2


def test_a_tasks_own_limit_is_not_raised_but_run_again(deck: Deck):
    why = 'Budget "The budget of this task" is used up: $1.02 of $1.00. Raise it and resume, or keep the task paused.'
    task_id = told(deck, moved(TaskStatus.PAUSED, why, "budget"), budget_nanousd=NANO)
    at = task_page(task_id)
    assert keys(at) == {"again", "resume", "cancel"}
    assert "would pause again" in at.warning[0].value
    press(at, "again", "again-sure")
    with deck.store.read() as board:
        newest = board.tasks().items[0]
    assert (newest.rerun_of, newest.budget_nanousd) == (task_id, 2 * NANO)


def test_nothing_waits_and_the_page_says_how_to_be_asked(deck: Deck):
    assert any("Nothing waits for you" in text.value for text in opened("pages/watch/approvals.py").markdown)


@pytest.mark.parametrize(
    ("button", "said"),
    [("once-q1", (ApprovalStatus.ALLOWED, "once", "")), ("task-q1", (ApprovalStatus.ALLOWED, "task", ""))],
)
def test_a_call_is_allowed(deck: Deck, button: str, said: tuple[object, ...]):
    told(deck, moved(TaskStatus.IN_PROGRESS))
    asked(deck, "Bash", {"command": "pytest -q", "description": "Run the tests"})
    at = opened("pages/watch/approvals.py")
    assert [code.value for code in at.code] == ["pytest -q"]
    at.button(key=button).click().run()
    assert answer(deck) == said
    at = opened("pages/watch/approvals.py")
    row = at.dataframe[0].value.iloc[0]
    assert (row["Answer"], row["By"], row["Tool"]) == ("✓ allowed", "local", "Bash")


def test_a_call_is_denied_with_a_reason(deck: Deck):
    told(deck, moved(TaskStatus.IN_PROGRESS))
    asked(deck, "WebFetch", {"url": "http://127.0.0.1/"})
    at = opened("pages/watch/approvals.py")
    assert '"url"' in at.code[0].value
    at.button(key="deny-q1").click().run()
    at.text_input(key="reason-q1").set_value("not on a Sunday")
    at.button(key="deny-q1").click()
    at.button(key="deny-sure").click()
    at.run()
    assert answer(deck) == (ApprovalStatus.DENIED, "once", "not on a Sunday")


def test_an_answer_given_elsewhere_is_said_in_a_sentence(deck: Deck):
    told(deck, moved(TaskStatus.IN_PROGRESS))
    asked(deck, "Bash", {"command": "ls"})
    at = opened("pages/watch/approvals.py")
    at.button(key="deny-q1").click().run()
    commands.answer_approval(deck, LOCAL, "q1", allow=True)
    at.button(key="once-q1").click().run()
    assert answer(deck)[0] is ApprovalStatus.ALLOWED
    assert any("Nothing waits for you" in text.value for text in at.markdown)


def test_every_page_says_that_something_waits(deck: Deck):
    told(deck, moved(TaskStatus.IN_PROGRESS))
    asked(deck, "Bash", {"command": "ls"})
    for page in ("pages/watch/fleet.py", "pages/run/new_task.py", "pages/guard/budgets.py"):
        links = [element.proto.label for element in opened(page).get("page_link")]
        assert any("1 waiting for you" in label for label in links), page


def test_a_task_is_asked_for_with_tools_that_need_a_person(deck: Deck):
    at = opened("pages/run/new_task.py")
    at.text_area[0].set_value("Fix the typo in the heading").run()
    at.multiselect(key="new-asks").set_value(["Bash", "Edit"]).run()
    at.button(key="submit").click().run()
    with deck.store.read() as board:
        assert [task.ask_tools for task in board.tasks().items] == [("Bash", "Edit")]


def test_a_change_is_shown_line_by_line(tmp_path: Path):
    (tmp_path / "calc.py").write_text("def add(a, b):\n    return a - b\n", encoding="utf-8")
    new = {"file_path": "calc.py", "content": "def add(a, b):\n    return a + b\n"}
    lines = diff.of_call("Write", new, str(tmp_path))
    assert lines is not None
    assert lines[1:] == [" def add(a, b):", "-    return a - b", "+    return a + b"]
    outside = diff.of_call("Write", {"file_path": "../../etc/passwd", "content": "x"}, str(tmp_path))
    assert outside is not None
    assert outside[1:] == ["+x"], "no file outside the folder is read"
    edit = {"old_string": "<b>", "new_string": "<i>"}
    shown = diff.as_html(diff.of_call("Edit", edit, str(tmp_path)) or [], "x")
    assert '<span class="in">+&lt;i&gt;</span>' in shown
    assert diff.of_call("Bash", {"command": "ls"}, str(tmp_path)) is None
