"""The command line as people use it: its words, its JSON and its exit code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from data.store import Store
from orchestrator_adapter.api import answers, fleet_answers
from tests.terminal import Run, environment, home, run, run_apart, sentence

__all__ = ["home", "run", "run_apart"]


def test_help_names_the_commands_of_this_version(run: Run):
    shown = run("--help").stdout
    for name in (
        "serve",
        "migrate",
        "submit",
        "tasks",
        "agents",
        "cancel",
        "seed",
        "doctor",
        "worker",
        "workers",
        "import",
        "logs",
        "diagnose",
        "costs",
        "outcome",
        "lottery",
        "roi",
    ):
        assert re.search(rf"\b{name}\b", shown), name
    for later in ("backup", "restore", "verify"):
        assert not re.search(rf"^\W*{later}\b", shown, flags=re.MULTILINE), later


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["sail"], "No such command 'sail'."),
        (["tasks", "--colour"], "No such option: --colour"),
        (["tasks", "--limit", "900"], "--limit"),
        (["tasks", "--status", "asleep"], "in_progress"),
        (["submit", ""], "The description is empty"),
        (["submit", "Fix it", "--budget", "-1"], "budget must be more than 0"),
        (["submit", "Fix it", "--budget", "nan"], "budget must be more than 0"),
        (["cancel", "nobody"], "There is no task nobody."),
        (["seed", "--tasks", "0"], "tasks must be from 1"),
        (["worker", "--queues", "cakes"], "--queues takes tasks, agents or tasks,agents, not 'cakes'."),
    ],
)
def test_a_failure_is_one_sentence_and_exit_code_1(run: Run, words: list[str], says: str):
    assert says in sentence(run(*words))


@pytest.mark.parametrize("command", ["tasks", "agents", "migrate", "doctor", "serve", "worker", "workers"])
def test_a_wrong_setting_is_told_by_every_command(run: Run, command: str):
    assert sentence(run(command, QUARTERDECK_COLOUR="blue")).startswith("Unknown setting QUARTERDECK_COLOUR.")


def test_a_store_that_cannot_be_reached_is_told_without_its_password(run: Run):
    told = sentence(run("tasks", DATABASE_URL="postgresql://grace:secret@127.0.0.1:1/fleet"))
    assert "127.0.0.1" in told
    assert "secret" not in told


def test_a_task_waits_for_a_server_if_nobody_waits_for_it(run: Run):
    made = run("submit", "Fix the sign bug in add()", "--type", "bug_fix", "--budget", "2.5", "--json")
    task = answers.TaskShape.model_validate_json(made.stdout)
    assert (task.status, task.budget_usd, task.task_type) == ("pending", 2.5, "bug_fix")
    assert "it will start when `serve` runs" in run("submit", "Fix it").stdout
    listed = json.loads(run("tasks", "--json", "--status", "pending").stdout)
    assert [t["id"] for t in listed][-1] == task.id
    assert task.id in run("tasks").stdout
    assert run("cancel", task.id).stdout == f"Task {task.id} is cancelled; it had cost $0.00, simulated.\n"
    assert json.loads(run("tasks", "--json", "--status", "cancelled").stdout)[0]["id"] == task.id


def test_a_task_is_followed_to_its_end_without_a_server(run: Run, run_apart: Run):
    done = run_apart("submit", "Fix the sign bug in add()", "--wait")
    assert done.returncode == 0, done
    assert "step builder completed" in done.stdout
    assert re.search(r"completed for \$\d+\.\d+ simulated\.$", done.stdout.strip())
    agents = json.loads(run("agents", "--json").stdout)
    assert {agent["status"] for agent in agents} == {"completed"}
    assert "Builder" in run("agents", "--ended").stdout


def test_a_task_is_worked_on_by_the_server_that_runs(run_apart: Run, home: Path):
    """The command writes the task down; the server's engine, and no second one, does it."""
    server = subprocess.Popen(
        [sys.executable, "-m", "orchestrator_adapter", "serve", "--port", "0"],
        cwd="/",
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout
        assert server.stdout.readline().startswith("Quarterdeck is at ")
        done = run_apart("submit", "Fix the sign bug in add()", "--wait", "--json")
    finally:
        server.terminate()
        server.communicate(timeout=20)
    assert done.returncode == 0, done
    assert json.loads(done.stdout)["status"] == "completed"
    store = Store(f"sqlite:///{home / 'quarterdeck.sqlite'}")
    with store.read() as board:
        kinds = [entry.event.kind for entry in board.events(limit=1000)]
    store.close()
    assert kinds.count("task_submitted") == 1
    assert kinds.count("agent_created") == len(json.loads(done.stdout)["workflow"])


def test_a_store_is_seeded_once(run: Run):
    assert json.loads(run("seed", "--days", "2", "--tasks", "3", "--json").stdout)["tasks"] == 3
    assert sentence(run("seed", "--days", "2", "--tasks", "3"))
    assert len(json.loads(run("tasks", "--json").stdout)) == 3


def test_the_doctor_says_what_is_there_and_changes_nothing(run: Run, home: Path):
    found = {line["what"]: line for line in json.loads(run("doctor", "--json").stdout)}
    assert found["python"]["ok"] is True
    assert found["ANTHROPIC_API_KEY"]["ok"] is False
    assert "runtime claude" in found
    assert "not there yet" in found["store"]["found"]
    assert not home.exists()


def test_engine_processes_are_listed_with_what_became_of_them(run: Run, run_apart: Run):
    assert json.loads(run("workers", "--json").stdout) == []
    assert run_apart("submit", "Fix the sign bug in add()", "--wait").returncode == 0
    (worker,) = json.loads(run("workers", "--json").stdout)
    fleet_answers.WorkerShape.model_validate(worker)
    assert (worker["state"], worker["agents"]) == ("ended", 0)
    shown = run("workers").stdout.splitlines()
    assert shown[0].split()[:4] == ["worker", "state", "host", "pid"]
    assert shown[1].split()[:2] == [worker["id"], "ended"]
    found = {line["what"]: line["found"] for line in json.loads(run("doctor", "--json").stdout)}
    assert found["engine"].startswith("no engine process runs")


def test_the_doctor_never_shows_a_key_or_a_password(run: Run):
    shown = run("doctor", ANTHROPIC_API_KEY="dummy-key", DATABASE_URL="postgresql://grace:secret@127.0.0.1:1/fleet")
    assert shown.returncode == 1
    assert "dummy-key" not in shown.stdout + shown.stderr
    assert "secret" not in shown.stdout + shown.stderr


def test_it_starts_as_a_module_from_any_folder_and_fails_without_a_trace(run_apart: Run):
    assert sentence(run_apart("cancel", "nobody")) == "There is no task nobody."


def test_migrate_twice(run: Run):
    assert run("migrate").stdout == run("migrate").stdout
