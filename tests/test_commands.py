"""What people can change: who may, what is refused before anything is written, and what becomes of it."""

from __future__ import annotations

import importlib
import inspect
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.errors import (
    AgentNotFound,
    FleetError,
    InvalidField,
    NotAllowed,
    StillRunning,
    TaskNotFound,
    TooLate,
)
from data.domain.events import AgentTold, TaskSubmitted
from data.domain.tasks import MAX_DESCRIPTION, AnalystChoice, Draft, Task, TaskStatus, TaskType
from data.store import AgentFilter
from orchestrator_adapter import access, commands, settings
from orchestrator_adapter.access import LOCAL, Actor
from orchestrator_adapter.commands_tell import tell_agent
from orchestrator_adapter.deck import Deck, build
from orchestrator_adapter.runners.scripted import ScriptedRunner

VIEWER = Actor("vera", "viewer")


@dataclass
class Bridge:
    """A deck whose agents wait until they are let go."""

    deck: Deck
    go: threading.Event
    home: Path
    work: Path

    def clock(self) -> int:
        with self.deck.store.read() as board:
            return board.clock()

    def task(self, task_id: str) -> Task:
        with self.deck.store.read() as board:
            return board.task(task_id)

    def scratch(self) -> list[str]:
        folder = self.home / "scratch"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def submit(self, description: str = "fix the sign bug", **more: Any) -> Task:
        return commands.submit_task(self.deck, LOCAL, Draft(description, **more))


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Bridge]:
    home, work, go = tmp_path / "home", tmp_path / "work", threading.Event()
    work.mkdir()
    found = {"QUARTERDECK_HOME": str(home), "QUARTERDECK_RUNTIME": "scripted", "QUARTERDECK_WORKDIRS": str(work)}
    deck = build(settings.read(found), {Runtime.SCRIPTED: ScriptedRunner(hold=go)})
    yield Bridge(deck, go, home, work)
    go.set()
    deck.close()


@pytest.fixture
def ended(bridge: Bridge, eventually: Callable[..., None]) -> Callable[[str], Task]:
    """Lets the agents go and waits until the task and every agent of it has ended; the task."""

    def live(task_id: str) -> int:
        with bridge.deck.store.read() as board:
            return len(board.agents(AgentFilter(task_id=task_id, live=True)).items)

    def wait(task_id: str) -> Task:
        bridge.go.set()
        eventually(lambda: bridge.task(task_id).ended and not live(task_id), within=30)
        return bridge.task(task_id)

    return wait


# Who may


def given_by_people() -> dict[str, Callable[..., object]]:
    """Every command: what its second parameter is tells it from a question."""
    own: dict[str, Callable[..., object]] = {}
    for path in sorted(Path(commands.__file__).parent.glob("commands*.py")):
        module = importlib.import_module(f"orchestrator_adapter.{path.stem}")
        found = inspect.getmembers(module, inspect.isfunction)
        own |= {name: function for name, function in found if function.__module__ == module.__name__}
    return {
        name: function
        for name, function in own.items()
        if not name.startswith("_") and list(inspect.signature(function).parameters)[1:2] == ["actor"]
    }


def test_every_command_has_an_action_and_every_action_a_command() -> None:
    assert set(given_by_people()) == set(access.ACTIONS)


OF_EVERYBODY = {"set_home", "set_reports"}
"""What changes nothing but the person's own view, so that a viewer may do it too."""


def test_a_viewer_is_refused_with_the_reason(bridge: Bridge) -> None:
    """Before anything else is looked at: the other arguments are nonsense."""
    before = bridge.clock()
    for name, command in given_by_people().items():
        if name in OF_EVERYBODY:
            assert access.decide(VIEWER, name).allowed
            continue
        asked = [p for p in inspect.signature(command).parameters.values() if p.default is p.empty][2:]
        named = {p.name: None for p in asked if p.kind is p.KEYWORD_ONLY}
        with pytest.raises(NotAllowed) as refused:
            command(bridge.deck, VIEWER, *[None] * (len(asked) - len(named)), **named)
        needed, what = access.ACTIONS[name]
        assert str(refused.value) == f"{what} needs the rank {needed}; vera is viewer."
        assert refused.value.details == {"action": name}
        assert not access.decide(VIEWER, name).allowed
        assert access.decide(LOCAL, name).allowed
    assert bridge.clock() == before


# What is refused


@dataclass(frozen=True)
class Bad:
    """A draft that cannot become a task, and what is said about it."""

    code: str
    field: str
    says: str
    draft: dict[str, Any]


CLAUDE = {"runtime": Runtime.CLAUDE}
REFUSED = {
    "no description": Bad("DESCRIPTION_INVALID", "description", "is empty", {"description": ""}),
    "a blank description": Bad("DESCRIPTION_INVALID", "description", "is empty", {"description": " \n\t "}),
    "one character too many": Bad(
        "DESCRIPTION_INVALID", "description", "50,001 characters; 50,000 is the most", {"description": "x" * 50_001}
    ),
    "a hundred kilobytes": Bad(
        "DESCRIPTION_INVALID", "description", "50,000 is the most", {"description": "a word " * 14_629}
    ),
    "a NUL": Bad("DESCRIPTION_INVALID", "description", "no text", {"description": "a\x00b"}),
    "an unknown model": Bad("MODEL_UNKNOWN", "model", "'gpt-x' has no known price", {"model": "gpt-x"}),
    "an empty model": Bad("MODEL_UNKNOWN", "model", "'' has no known price", {"model": ""}),
    "no folder": Bad("FOLDER_REFUSED", "working_directory", "is missing", CLAUDE),
    "an empty folder name": Bad(
        "FOLDER_REFUSED", "working_directory", "is missing", CLAUDE | {"working_directory": ""}
    ),
    "a blank folder name": Bad(
        "FOLDER_REFUSED", "working_directory", "is missing", CLAUDE | {"working_directory": "  "}
    ),
    "a folder that is not there": Bad(
        "FOLDER_REFUSED", "working_directory", "does not exist", CLAUDE | {"working_directory": "{work}/no"}
    ),
    "a file": Bad("FOLDER_REFUSED", "working_directory", "is a file", CLAUDE | {"working_directory": "{work}/file"}),
    "outside the roots": Bad(
        "FOLDER_REFUSED", "working_directory", "outside the folders", CLAUDE | {"working_directory": "/"}
    ),
    "outside by dots": Bad(
        "FOLDER_REFUSED", "working_directory", "outside the folders", CLAUDE | {"working_directory": "{work}/.."}
    ),
    "outside by a link": Bad(
        "FOLDER_REFUSED", "working_directory", "outside the folders", CLAUDE | {"working_directory": "{work}/link"}
    ),
    "a relative folder": Bad(
        "FOLDER_REFUSED", "working_directory", "not an absolute path", CLAUDE | {"working_directory": "here"}
    ),
    "an unknown scenario": Bad(
        "INVALID_FIELD", "scenario", "no demo scenario 'sinking'", {"runtime": Runtime.DEMO, "scenario": "sinking"}
    ),
    "an unknown permission mode": Bad(
        "INVALID_FIELD", "permission_mode", "must be one of acceptEdits", {"permission_mode": "yolo"}
    ),
    "a budget of nothing": Bad("INVALID_FIELD", "budget_usd", "must be more than 0", {"budget_nanousd": 0}),
    "a negative budget": Bad("INVALID_FIELD", "budget_usd", "must be more than 0", {"budget_nanousd": -1}),
    "agents of another process": Bad(
        "RUNTIME_UNAVAILABLE", "runtime", "cannot be started with the runtime attached", {"runtime": Runtime.ATTACHED}
    ),
    "agents from files": Bad(
        "RUNTIME_UNAVAILABLE", "runtime", "cannot be started with the runtime imported", {"runtime": Runtime.IMPORTED}
    ),
}


Order = Callable[[Bridge, Draft], object]


def submit(bridge: Bridge, draft: Draft) -> object:
    return commands.submit_task(bridge.deck, LOCAL, draft)


def start(bridge: Bridge, draft: Draft) -> object:
    folder, scenario = draft.working_directory, draft.scenario
    more = {"model": draft.model, "working_directory": folder, "runtime": draft.runtime, "scenario": scenario}
    return commands.start_agent(bridge.deck, LOCAL, Role.BUILDER, draft.description, **more)


ONLY_TASKS = {"an unknown permission mode", "a budget of nothing", "a negative budget"}
"""Fields that a single agent does not have."""


@pytest.mark.parametrize(("order", "names"), [(submit, REFUSED.keys()), (start, REFUSED.keys() - ONLY_TASKS)])
def test_a_bad_draft_is_refused_and_leaves_nothing_behind(bridge: Bridge, order: Order, names: set[str]) -> None:
    (bridge.work / "file").write_text("not a folder")
    (bridge.work / "link").symlink_to("/")
    for name in names:
        bad = REFUSED[name]
        folder = bad.draft.get("working_directory")
        place = {"working_directory": folder.replace("{work}", str(bridge.work))} if folder else {}
        with pytest.raises(FleetError) as refused:
            order(bridge, Draft(**({"description": "fix the sign bug"} | bad.draft | place)))
        said = str(refused.value)
        assert (refused.value.code, refused.value.details["field"]) == (bad.code, bad.field), name
        assert bad.says in said
        assert said.endswith(".")
        assert "\n" not in said
        assert len(said) < 1_000
        assert (bridge.clock(), bridge.scratch()) == (0, []), name


def test_the_longest_description_is_taken_whole(bridge: Bridge) -> None:
    text = ("fix the sign bug " * 3_000)[:MAX_DESCRIPTION].strip()
    text += "x" * (MAX_DESCRIPTION - len(text))
    task = bridge.submit(f"  {text}\n")
    assert bridge.task(task.id).description == text
    assert len(text) == MAX_DESCRIPTION


# What becomes of it


def test_a_submitted_task_stands_in_the_log_as_it_was_asked_for(bridge: Bridge) -> None:
    task = bridge.submit(
        "Refactor the parser",
        analyst=AnalystChoice.SKIP,
        model="claude-haiku-4-5",
        budget_nanousd=2 * 10**9,
        permission_mode="dontAsk",
    )
    with bridge.deck.store.read() as board:
        first = board.events(task_id=task.id)[0].event
    assert isinstance(first, TaskSubmitted)
    assert (first.task_type, first.analyst_included, first.by) == (TaskType.REFACTORING, False, "local")
    assert (first.model, first.budget_nanousd, first.permission_mode) == ("claude-haiku-4-5", 2 * 10**9, "dontAsk")
    assert [step.role for step in first.workflow] == [Role.PLANNER, Role.BUILDER, Role.TESTER, Role.REVIEWER]
    assert (task.simulated, task.runtime) == (True, Runtime.SCRIPTED)


def test_simulated_agents_get_a_folder_of_their_own(bridge: Bridge) -> None:
    """Whatever folder was asked for: nobody's files are touched by a script."""
    first = bridge.submit(working_directory=str(bridge.work))
    second = bridge.submit(working_directory="/etc")
    assert bridge.scratch() == sorted([first.id, second.id])
    assert Path(first.working_directory) == bridge.home / "scratch" / first.id


def test_a_preview_writes_nothing(bridge: Bridge) -> None:
    preview = commands.preview_task(bridge.deck, Draft("Refactor the parser"))
    assert preview.task_type is TaskType.REFACTORING
    assert (bridge.clock(), bridge.scratch()) == (0, [])


def test_a_single_agent_of_each_role_starts_and_ends(bridge: Bridge, ended: Callable[[str], Task]) -> None:
    agents = [commands.start_agent(bridge.deck, LOCAL, role, "look around") for role in Role]
    assert [agent.role for agent in agents] == list(Role)
    for agent in agents:
        task = ended(agent.task_id)
        assert (task.status, task.task_type) == (TaskStatus.COMPLETED, TaskType.CUSTOM)
        assert [step.role for step in task.workflow] == [agent.role]
        assert task.analyst_included == (agent.role is Role.ANALYST)
        with bridge.deck.store.read() as board:
            (only,) = board.agents(AgentFilter(task_id=task.id)).items
        assert (only.id, only.status) == (agent.id, AgentStatus.COMPLETED)


def test_a_cancelled_task_stays_cancelled(bridge: Bridge, ended: Callable[[str], Task]) -> None:
    task = bridge.submit()
    cancelled = commands.cancel_task(bridge.deck, replace(LOCAL, name="ana"), task.id)
    assert (cancelled.status, cancelled.error) == (TaskStatus.CANCELLED, "Cancelled by ana.")
    ended(task.id)
    before = bridge.clock()
    assert commands.cancel_task(bridge.deck, LOCAL, task.id).error == "Cancelled by ana."
    assert bridge.clock() == before


def test_what_has_ended_cannot_be_cancelled(bridge: Bridge, ended: Callable[[str], Task]) -> None:
    task = ended(bridge.submit().id)
    before = bridge.clock()
    with pytest.raises(TooLate, match="A task that is completed cannot become cancelled"):
        commands.cancel_task(bridge.deck, LOCAL, task.id)
    assert bridge.clock() == before


def test_a_running_task_is_not_deleted(bridge: Bridge) -> None:
    task = bridge.submit()
    with pytest.raises(StillRunning, match=f"Task {task.id} is still running; cancel it first"):
        commands.delete_task(bridge.deck, LOCAL, task.id)
    assert bridge.task(task.id).id == task.id


def test_a_deleted_task_is_gone_with_its_agents(bridge: Bridge, ended: Callable[[str], Task]) -> None:
    task = ended(bridge.submit().id)
    with bridge.deck.store.read() as board:
        agents = board.agents(AgentFilter(task_id=task.id)).items
    assert agents
    commands.delete_task(bridge.deck, LOCAL, task.id)
    before = bridge.clock()
    for again in (
        commands.delete_task,
        commands.cancel_task,
        commands.pause_task,
        commands.resume_task,
        commands.rerun_task,
    ):
        with pytest.raises(TaskNotFound, match=f"There is no task {task.id}"):
            again(bridge.deck, LOCAL, task.id)
    with pytest.raises(AgentNotFound):
        commands.delete_agent(bridge.deck, LOCAL, agents[0].id)
    with bridge.deck.store.read() as board:
        assert board.agents().items == []
        assert board.messages(agents[0].id), "what was spent stays counted"
    assert bridge.clock() == before


def test_a_deleted_agent_is_gone_and_its_task_stays(bridge: Bridge, ended: Callable[[str], Task]) -> None:
    task = ended(bridge.submit().id)
    with bridge.deck.store.read() as board:
        first, *others = board.agents(AgentFilter(task_id=task.id)).items
    commands.delete_agent(bridge.deck, LOCAL, first.id)
    with pytest.raises(AgentNotFound, match=f"There is no agent {first.id}"):
        commands.delete_agent(bridge.deck, LOCAL, first.id)
    with bridge.deck.store.read() as board:
        assert {a.id for a in board.agents().items} == {other.id for other in others}
    assert bridge.task(task.id).cost_nanousd == task.cost_nanousd


def test_a_live_agent_is_not_deleted(bridge: Bridge) -> None:
    agent = commands.start_agent(bridge.deck, LOCAL, Role.BUILDER, "look around")
    with pytest.raises(StillRunning, match="cancel its task first"):
        commands.delete_agent(bridge.deck, LOCAL, agent.id)


def test_nobodys_task_is_not_found(bridge: Bridge) -> None:
    for task_id in ("nobody", "", "x" * 1_000, "a'b; --", "nul\x00"):
        for command in (
            commands.cancel_task,
            commands.pause_task,
            commands.resume_task,
            commands.rerun_task,
            commands.delete_task,
        ):
            with pytest.raises(TaskNotFound):
                command(bridge.deck, LOCAL, task_id)
    assert bridge.clock() == 0


# Told to an agent


def test_what_cannot_be_told_is_refused_and_leaves_nothing_behind(bridge: Bridge, ended: Callable[[str], Task]) -> None:
    agent = commands.start_agent(bridge.deck, LOCAL, Role.BUILDER, "Fix it")
    before = bridge.clock()
    for text, count in (("", 0), (" \n ", 0), ("x" * 2001, 2001)):
        with pytest.raises(InvalidField, match=f"^text must have 1 to 2000 characters, not {count}") as wrong:
            tell_agent(bridge.deck, LOCAL, agent.id, text)
        assert wrong.value.details["field"] == "text"
    with pytest.raises(AgentNotFound):
        tell_agent(bridge.deck, LOCAL, "nobody", "stop")
    ended(agent.task_id)
    with pytest.raises(TooLate, match="An agent that is completed reads no message any more"):
        tell_agent(bridge.deck, LOCAL, agent.id, "stop")
    with bridge.deck.store.read() as board:
        assert not any(isinstance(entry.event, AgentTold) for entry in board.events(after=before, limit=500))
