"""A person in command at a terminal: hold, resume, repeat, answer and look at budgets."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from data.domain import events as e
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.budgets import Act, Period, Scope
from data.domain.tasks import TaskStatus
from data.domain.workflows import StepStatus
from data.store import Ledger, Store
from data.store.search_clock import catch_up
from orchestrator_adapter.api import answers
from orchestrator_adapter.api.fleet_answers import WaitingShape
from orchestrator_adapter.api.search import SearchShape
from tests.terminal import Run, environment, home, run, said, sentence, store, submit

__all__ = ["home", "run", "said", "sentence", "store", "submit"]
Eventually = Callable[..., None]


def begin(ledger: Ledger, task_id: str) -> dict[str, str]:
    """The first step's agent is at work."""
    ids = {"task_id": task_id, "agent_id": "a1"}
    ledger.append(e.TaskMoved(task_id=task_id, to=TaskStatus.IN_PROGRESS))
    ledger.append(e.StepMoved(task_id=task_id, step="builder", to=StepStatus.ACTIVE))
    made = {"step": "builder", "role": Role.BUILDER, "name": "Builder", "model": "default"}
    ledger.append(e.AgentCreated(**ids, **made, runtime=Runtime.SCRIPTED))
    ledger.append(e.AgentMoved(**ids, to=AgentStatus.ACTIVE))
    return ids


def ask(store: Store, task_id: str, approval_id: str = "q1") -> None:
    with store.write() as ledger:
        ids = begin(ledger, task_id)
        call = {"tool": "Edit", "words": "editing calc.py", "input_blob": ledger.keep(b'{"file_path": "calc.py"}')}
        until = store.now() + timedelta(hours=8)
        ledger.append(e.ApprovalAsked(**ids, **call, approval_id=approval_id, why="", expires_at=until))


def test_help_names_the_commands(run: Run):
    shown = run("--help").stdout
    for name in (
        "cancel",
        "pause",
        "resume",
        "rerun",
        "approvals",
        "approve",
        "deny",
        "budgets",
        "queue",
        "limits",
        "alerts",
        "search",
    ):
        assert re.search(rf"\b{name}\b", shown), name
        assert "--json" in run(name, "--help").stdout, name


def test_everything_is_searched(run: Run, store: Store):
    task = submit(run).id
    while catch_up(store):
        pass
    shown = said(run("search", "sign", "bug")).splitlines()
    assert shown[0] == "1 hit."
    assert "Fix the [sign] [bug] in add()" in shown[-1]
    found = SearchShape.model_validate_json(said(run("search", "sign role:wizard", "--json", "--sort", "newest")))
    assert [(hit.task_id, hit.kind) for hit in found.items] == [(task, "description")]
    assert found.notes
    assert said(run("search", "in:file")).splitlines() == ["0 hits."]


def test_the_index_is_built_anew(run: Run, store: Store):
    submit(run)
    while catch_up(store):
        pass
    before = said(run("search", "sign"))
    with store.write() as ledger:
        ledger.connection.exec_driver_sql("delete from search_entries")
    assert said(run("search", "sign")).startswith("0 hits.")
    assert "can be found." in said(run("reindex"))
    assert said(run("search", "sign")) == before


def test_alerts_are_listed(run: Run, store: Store):
    task = submit(run)
    assert json.loads(said(run("alerts", "--json"))) == []
    with store.write() as ledger:
        words = "No progress for 10:00: waiting for the model's reply."
        ledger.append(e.AlertRaised(task_id=task.id, alert_id="stuck-9", about="stuck", words=words))
    (alert,) = json.loads(said(run("alerts", "--json")))
    assert (alert["id"], alert["status"], alert["task_id"]) == ("stuck-9", "open", task.id)
    assert re.search(r"stuck-9\s+stuck\s+open\s.*No progress for 10:00", said(run("alerts")))


def test_a_task_is_held_and_goes_on(run: Run):
    task = submit(run)
    assert said(run("pause", task.id)) == f"Task {task.id} is paused: agents at work finish their step."
    assert said(run("pause", task.id, "--stop")) == f"Task {task.id} is paused: its agents are stopped."
    assert said(run("resume", task.id)) == f"Task {task.id} goes on, when `serve` runs."
    assert "cannot be resumed" in sentence(run("resume", task.id))
    paused = answers.TaskShape.model_validate_json(said(run("pause", task.id, "--json")))
    assert (paused.status, paused.run) == ("paused", 2)
    assert said(run("cancel", task.id)) == f"Task {task.id} is cancelled; it had cost $0.00, simulated."
    assert "is cancelled" in said(run("cancel", task.id)), "a second time says the same"
    assert "cancelled cannot become paused" in sentence(run("pause", task.id))
    assert run("order-tasks", "delete", task.id).returncode == 0
    for order in ("cancel", "pause", "resume", "rerun"):
        assert sentence(run(order, task.id)) == f"There is no task {task.id}."


def test_a_task_goes_on_from_a_step_and_says_what_is_kept(run: Run, store: Store):
    task = submit(run, "--analyst", "skip")
    with store.write() as ledger:
        begin(ledger, task.id)
        ledger.append(e.TaskMoved(task_id=task.id, to=TaskStatus.FAILED, why="red"))
        ledger.append(e.AgentMoved(task_id=task.id, agent_id="a1", to=AgentStatus.FAILED, why="red"))
    assert "from_step must be one of builder, tester" in sentence(run("resume", task.id, "--from", "cook"))
    resumed = answers.TaskShape.model_validate_json(said(run("resume", task.id, "--from", "builder", "--json")))
    assert [(step.status, step.generation) for step in resumed.workflow] == [("pending", 2), ("pending", 2)]


def test_a_task_is_run_again_with_the_same_wishes(run: Run):
    first = submit(run, "--ask", " Bash , Edit ,", "--budget", "2")
    assert first.ask_tools == ["Bash", "Edit"]
    again = answers.TaskShape.model_validate_json(said(run("rerun", first.id, "--json")))
    assert (again.rerun_of, again.ask_tools, again.budget_usd) == (first.id, ["Bash", "Edit"], 2)
    assert re.fullmatch(rf"Task \w+ does task {again.id} once more, when `serve` runs\.", said(run("rerun", again.id)))


def test_a_waiting_call_is_listed_and_allowed(run: Run, store: Store):
    task = submit(run)
    assert json.loads(said(run("approvals", "--json"))) == []
    ask(store, task.id)
    (asked,) = json.loads(said(run("approvals", "--json")))
    assert answers.ApprovalShape.model_validate(asked).input == {"file_path": "calc.py"}
    row = said(run("approvals")).splitlines()[-1]
    assert row.split()[:3] == ["q1", task.id, "Edit"]
    assert row.endswith("editing calc.py")
    assert said(run("approve", "q1")) == "Allowed: editing calc.py."
    assert sentence(run("deny", "q1")) == "That was already allowed by local."
    assert json.loads(said(run("approvals", "--json"))) == []


@pytest.mark.parametrize(
    ("words", "says", "shown"),
    [
        (["approve", "q1", "--task"], "Allowed: editing calc.py and every later Edit of task {}.", ("task", "")),
        (["deny", "q1", "--reason", "not on a Sunday"], "Denied: editing calc.py.", ("once", "not on a Sunday")),
        (["deny", "q1"], "Denied: editing calc.py.", ("once", "")),
    ],
)
def test_an_answer_reaches_the_store(run: Run, store: Store, words: list[str], says: str, shown: tuple[str, str]):
    task = submit(run)
    ask(store, task.id)
    assert said(run(*words)) == says.format(task.id)
    with store.read() as board:
        answered = board.approval("q1")
    assert (answered.scope, answered.reason, answered.answered_by) == (*shown, "local")


def test_an_answer_is_told_as_json(run: Run, store: Store):
    ask(store, submit(run).id)
    found = answers.ApprovalShape.model_validate_json(said(run("deny", "q1", "--reason", "no", "--json")))
    assert (found.status, found.reason) == ("denied", "no")


def budget(store: Store, **fields: object) -> None:
    stages = (e.BudgetStage(percent=80, act=Act.WARN), e.BudgetStage(percent=100, act=Act.PAUSE))
    start: dict[str, object] = {"name": "Daily", "scope": Scope.FLEET, "period": Period.DAY, "stages": stages}
    start |= {"budget_id": "b1", "cheaper_model": "claude-haiku-5-5", "limit_nanousd": 10**10, "by": "grace"}
    with store.write() as ledger:
        ledger.append(e.BudgetSet(task_id="", **(start | fields)))


def test_budgets_are_listed_with_what_is_used(run: Run, store: Store):
    budget(store)
    budget(store, budget_id="b2", name="Each", scope=Scope.AGENT, limit_tokens=2_000_000, simulated=True)
    (daily, each) = json.loads(said(run("budgets", "--json")))
    assert answers.BudgetShape.model_validate(daily).limit_usd == 10
    assert each["spent_usd"] is None
    first, second = said(run("budgets")).splitlines()[-2:]
    assert re.split(r"  +", first) == [
        "b1",
        "Daily",
        "fleet",
        "day",
        "$10.00",
        "$0.00",
        "0 %",
        "warn at 80 %, pause at 100 %",
    ]
    assert "$10.00 and 2 M tokens" in second
    assert "each for itself" in second


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["pause", "nobody"], "There is no task nobody."),
        (["resume", "nobody"], "There is no task nobody."),
        (["rerun", "nobody"], "There is no task nobody."),
        (["approve", "nobody"], "There is no question nobody."),
        (["deny", "nobody"], "There is no question nobody."),
        (["approve"], "ID"),
        (["pause", "x", "--now"], "No such option: --now"),
        (["submit", "Fix it", "--ask", "rm -rf"], "ask_tools takes up to 50 names of tools"),
    ],
)
def test_a_failure_is_one_sentence_and_exit_code_1(run: Run, words: list[str], says: str):
    assert says in sentence(run(*words))


@pytest.fixture
def server(home: Path) -> Iterator[str]:
    """The address of a real server on the same home."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    line = [sys.executable, "-m", "orchestrator_adapter", "serve", "--port", "0"]
    process = subprocess.Popen(line, cwd="/", env=environment(home), **pipes)
    assert process.stdout
    ready = process.stdout.readline()
    assert ready.startswith("Quarterdeck is at "), ready
    yield ready.split()[-1]
    process.terminate()
    process.communicate(timeout=20)


@pytest.mark.cli
@pytest.mark.slow
def test_a_person_at_a_terminal_commands_agents_of_a_running_server(run: Run, server: str, eventually: Eventually):
    """The commands only write things down; the server's engine hears of each and its agents obey."""
    wish = {"description": "Fix add()", "task_type": "bug_fix", "analyst": "skip", "runtime": "demo"}
    wish |= {"scenario": "success", "ask_tools": ["Edit"]}
    task_id = httpx.post(f"{server}/api/v1/tasks", json=wish).json()["id"]

    def waiting() -> list[dict[str, str]]:
        found: list[dict[str, str]] = json.loads(said(run("approvals", "--json")))
        return found

    def status(address: str) -> str:
        return str(httpx.get(f"{server}/api/v1/{address}").json()["status"])

    eventually(waiting, within=60)
    first = waiting()[0]["id"]
    assert said(run("pause", task_id, "--stop")).endswith("its agents are stopped.")
    eventually(lambda: status(f"approvals/{first}") == "withdrawn", within=30)
    eventually(lambda: run("resume", task_id).returncode == 0, within=30)
    eventually(waiting, within=60)
    assert waiting()[0]["id"] != first
    assert said(run("approve", waiting()[0]["id"], "--task")).startswith("Allowed: editing calc.py")
    eventually(lambda: status(f"tasks/{task_id}") == "completed", within=60)
    assert re.fullmatch(rf"Task \w+ does task {task_id} once more\.", said(run("rerun", task_id)))
    eventually(waiting, within=60)
    again = waiting()[0]
    assert again["task_id"] != task_id
    assert said(run("deny", again["id"], "--reason", "once is enough")) == "Denied: editing calc.py."
    eventually(lambda: status(f"tasks/{again['task_id']}") == "failed", within=60)


def test_many_tasks_take_one_order_and_each_answers(run: Run, store: Store):
    first, second = (json.loads(run("submit", f"Fix part {n}", "--json").stdout)["id"] for n in (1, 2))
    found = run("order-tasks", "cancel", first, "nobody", second, "--json")
    assert found.returncode == 1, "one of them was refused"
    assert [(one["id"], one["done"], one["code"]) for one in json.loads(found.stdout)] == [
        (first, True, None),
        ("nobody", False, "TASK_NOT_FOUND"),
        (second, True, None),
    ]
    assert run("order-tasks", "delete", first, second).returncode == 0
    found = run("order-agents", "delete", "nobody")
    assert (found.returncode, found.stderr) == (1, "")
    assert "There is no agent nobody." in found.stdout


def test_the_queue_says_who_waits_and_why(run: Run):
    assert said(run("queue")).splitlines()[-1] == "No engine process works now."
    first, second = submit(run), submit(run, "--priority", "high")
    assert second.priority == "high"
    rows = [line.split() for line in said(run("queue")).splitlines()[1:-1]]
    assert [row[:3] for row in rows] == [["1", second.id, "high"], ["2", first.id, "normal"]]
    assert said(run("prioritize", first.id, "urgent")) == (
        f"Task {first.id} has the priority urgent and is number 1 in the queue."
    )
    listed = [WaitingShape.model_validate(one) for one in json.loads(said(run("queue", "--json")))]
    assert [(one.position, one.task_id) for one in listed] == [(1, first.id), (2, second.id)]
    assert answers.TaskShape.model_validate_json(said(run("prioritize", first.id, "low", "--json"))).priority == "low"
    assert "There is no task nobody" in sentence(run("prioritize", "nobody", "low"))


def test_limits_are_shown_and_set(run: Run):
    assert "what QUARTERDECK_MAX_AGENTS says there" in said(run("limits"))
    lines = said(run("limits", "--per-user", "2", "--in-all", "12")).splitlines()
    assert [line.split() for line in lines[2:]] == [["per", "user", "2"], ["in", "all", "12"]]
    assert json.loads(said(run("limits", "--per-user", "none", "--json"))) == {
        "per_machine": None,
        "per_user": None,
        "in_all": 12,
    }
    assert sentence(run("limits", "--in-all", "0")) == "in_all must be from 1 to 100,000, not 0."
    assert sentence(run("limits", "--in-all", "many")) == "in_all must be a whole number or none, not 'many'."


def test_an_agent_is_told_something(run: Run, store: Store) -> None:
    task = submit(run)
    with store.write() as ledger:
        begin(ledger, task.id)
    assert said(run("tell", "a1", "Try the other file.")) == "Builder is told, when `serve` runs."
    agent = answers.AgentShape.model_validate_json(said(run("tell", "a1", "And the third.", "--json")))
    assert agent.activity == "told by local: And the third."
    assert sentence(run("tell", "a1", " ")) == "text must have 1 to 2000 characters, not 0."
    assert sentence(run("tell", "nobody", "x")) == "There is no agent nobody."
