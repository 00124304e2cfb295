"""The page about the ANALYST as a person meets it, and the same figures over HTTP and at a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data.domain import events as e
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.fleet import Lottery
from data.domain.money import Tokens
from data.domain.tasks import Complexity, TaskStatus, TaskType
from data.store import Store
from orchestrator_adapter import cli_roi
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import roi as api
from orchestrator_adapter.api.http import Call
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.kept import Kept
from tests.events import submitted
from tests.pages.opening import ENTRY
from tests.pages.opening import opened as page
from tests.pages.test_queue_pages import deck

__all__ = ["deck"]
ROI, TASK, NEW = "pages/measure/analyst_roi.py", "pages/watch/task.py", "pages/run/new_task.py"


def tasks(store: Store, number: int, extra: float = 0.5) -> None:
    """Half of them with an ANALYST, which costs more; people decided."""
    rng = Random(3)
    with store.write() as ledger:
        for n in range(number):
            included, ids = n % 2 == 0, {"task_id": f"t{n}", "agent_id": f"a{n}"}
            role = Role.ANALYST if included else Role.BUILDER
            cost = round((1 + rng.random() + extra * included) * 1_000_000_000)
            asked = submitted(
                f"t{n}",
                description="Refactor the parser",
                task_type=TaskType.REFACTORING,
                complexity=Complexity.COMPLEX,
                analyst_included=included,
                analyst_by="person",
                borderline=True,
                workflow=(e.StepSpec(key="s", role=role, scope="Do it"),),
                working_directory="/src/app",
                by="ana",
            )
            ledger.append(asked)
            ledger.append(e.AgentCreated(**ids, step="s", role=role, name="A", model="m", runtime=Runtime.CLAUDE))
            ledger.append(e.AgentMoved(**ids, to=AgentStatus.ACTIVE))
            ledger.append(
                e.MessageMetered(**ids, message_id=f"m{n}", model="m", tokens=Tokens(1, 1), cost_nanousd=cost)
            )
            ledger.append(e.AgentMoved(**ids, to=AgentStatus.COMPLETED))
            for status in (TaskStatus.IN_PROGRESS, TaskStatus.COMPLETED):
                ledger.append(e.TaskMoved(task_id=f"t{n}", to=status))
            good = rng.random() < 0.8
            ledger.append(e.OutcomeRecorded(task_id=f"t{n}", values={"tests_passed": good}, by="t", automatic=True))


def words_of(at: AppTest) -> list[str]:
    shown = (str(one.value) for kind in (at.markdown, at.caption, at.title, at.subheader) for one in kind)
    return [text.replace("\\", "") for text in shown]


def test_nothing_to_compare_says_what_to_do(deck: Deck) -> None:
    said = words_of(page(ROI))
    assert any("No task to compare yet" in text for text in said)
    assert any("Let a lot decide" in text for text in said)
    assert any("No borderline task has come in this time" in text for text in said)


def test_too_few_tasks_are_refused_with_how_many_more(deck: Deck) -> None:
    tasks(deck.store, 12)
    said = words_of(page(ROI))
    assert any("No verdict from what was observed yet: 6 tasks with an ANALYST and 6 without" in t for t in said)


def test_page_api_and_terminal_say_the_same(
    deck: Deck,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tasks(deck.store, 80)
    at = page(ROI)
    told: dict[str, Any] = json.loads(api.analyst_roi(Call(deck, LOCAL, {}, Kept()), api.RoiQuery()).body)
    api.RoiShape.model_validate(told)
    assert told["headline"].startswith("Observed: tasks with an ANALYST cost ")
    assert any(told["headline"] in text for text in words_of(at))
    capsys.readouterr()
    cli_roi.roi(as_json=True)
    terminal = json.loads(capsys.readouterr().out)
    assert terminal == {name: told[name] for name in terminal}
    cli_roi.roi()
    assert told["headline"] in capsys.readouterr().out
    cost = told["observed"]["effects"][0]
    figures = next(frame.value for frame in at.dataframe if "95 % interval" in frame.value)
    assert figures.iloc[0]["Tasks"] == f"{cost['tasks_with']} and {cost['tasks_without']}" == "40 and 40"


def test_filters_stand_in_the_address_and_hold(deck: Deck) -> None:
    tasks(deck.store, 40)
    at = AppTest.from_file(ENTRY, default_timeout=30).run()
    at.query_params["type"] = "testing"
    at.switch_page(ROI).run()
    assert not at.exception
    assert any("No task to compare yet" in text for text in words_of(at))


def test_the_lottery_is_set_on_the_page_and_told_before_a_task_is_submitted(deck: Deck) -> None:
    at = page(ROI)
    at.number_input(key="lottery-0-share").set_value(40)
    at.button(key="lottery-save").click().run()
    with deck.store.read() as board:
        assert board.settings().lottery == Lottery(share=40)
    at = page(NEW)
    at.text_area[0].set_value("Refactor the parser")
    at.run()
    assert any("40 % are decided by lot" in info.value for info in at.info)


def test_an_outcome_is_said_on_the_page_of_its_task(deck: Deck) -> None:
    tasks(deck.store, 1)
    at = AppTest.from_file(ENTRY, default_timeout=30).run()
    at.query_params["id"] = "t0"
    at.session_state["tab"] = "Outcome"
    at.switch_page(TASK).run()
    assert not at.exception
    choose: Callable[[str], Any] = lambda name: next(  # noqa: E731
        one for one in at.segmented_control if one.key and one.key.endswith(name)
    )
    choose("-merged").set_value("yes")
    next(one for one in at.text_area if one.key and one.key.endswith("-note")).set_value("fine")
    at.button(key="outcome-save").click().run()
    assert not at.exception
    with deck.store.read() as board:
        outcome = board.task("t0").outcome
    assert (outcome.merged, outcome.note, outcome.set_by) == (True, "fine", {"merged": "local", "note": "local"})
