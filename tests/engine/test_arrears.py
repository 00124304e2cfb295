"""Replies that were billed and that a kill -9 left nobody to write down: counted from the session, once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from benchmarks.overshoot import Service
from benchmarks.servers import ROOT, environment
from benchmarks.stages import bash, delegate
from data.domain import events as e
from data.domain.agents import Runtime
from data.domain.budgets import CHEAPER_MODEL, Act, Period, Scope
from data.domain.money import NANO
from data.domain.tasks import TaskStatus, TaskType
from data.store import AgentFilter, Store
from data.store import tables as t
from tests.events import submitted
from tests.runners.real_agents import needs_cli

pytestmark = [*needs_cli, pytest.mark.timeout(120)]
Killed = tuple[Path, tuple[int, ...]]
Eventually = Callable[..., None]
STORIES = {
    "builder": [
        delegate("killed", "helper"),
        bash("test -e once || { touch once; python3 -c 'import time; time.sleep(60)'; }"),
        {"text": "## Summary\nDone.\n\nVerdict: PASS"},
    ],
    "helper": [{"text": "I have looked."}],
}
TASK = "t1"
SEEN, KILL = 1, 3
"""The first reply is written down; the one of the sub-agent and the next are not."""


class Host:
    """A process with an engine and real agents."""

    def __init__(self, home: Path, url: str, *places: int) -> None:
        command = [sys.executable, "-m", "tests.engine.cli_host", str(home), url, *map(str, places)]
        env = environment(home, QUARTERDECK_RUNTIME="scripted")
        self.process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "up\n"

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    opened = Service()
    opened.script = lambda _story, part: STORIES[part]
    opened.start()
    yield opened
    opened.stop()


@pytest.fixture(scope="module")
def killed(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Killed:
    """The home of a server that died with two replies paid and not written down; what was billed."""
    home = tmp_path_factory.mktemp("killed") / "home"
    store = Store.open(f"sqlite:///{home / 'quarterdeck.sqlite'}")
    host = Host(home, service.url, SEEN, KILL)
    try:
        submit(store, home / "work")
        host.process.wait(timeout=60)
        assert len(counted(store)) == 1
    finally:
        host.end()
        store.close()
    bills = billed(service)
    assert len(bills) == 3
    return home, tuple(bills)


@pytest.fixture
def home(killed: Killed, tmp_path: Path) -> Path:
    return Path(shutil.copytree(killed[0], tmp_path / "home", ignore=shutil.ignore_patterns("cc-socks")))


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{home / 'quarterdeck.sqlite'}")
    yield opened
    opened.close()


@pytest.fixture
def host(home: Path, service: Service) -> Iterator[Callable[[], Host]]:
    started: list[Host] = []

    def start() -> Host:
        started.append(Host(home, service.url))
        return started[-1]

    yield start
    for one in started:
        one.end()


def submit(store: Store, folder: Path) -> None:
    folder.mkdir(parents=True)
    with store.write(durable=True) as ledger:
        ledger.append(
            submitted(
                TASK,
                description="Work that is paid and then killed",
                task_type=TaskType.CUSTOM,
                working_directory=str(folder),
                runtime=Runtime.SCRIPTED,
                scenario="killed",
                by="test",
            )
        )


def counted(store: Store) -> list[int]:
    with store.read() as board:
        return sorted(board.connection.execute(sa.select(t.messages.c.cost_nanousd)).scalars())


def billed(service: Service) -> list[int]:
    return sorted(bill.nanousd for bill in service.bills)


def test_a_step_that_never_goes_on_has_all_it_used(store: Store, host: Callable[[], Host], killed: Killed) -> None:
    with store.write(durable=True) as ledger:
        ledger.append(e.TaskMoved(task_id=TASK, to=TaskStatus.CANCELLED, by="test"))
    host()
    assert counted(store) == list(killed[1]), "known by the time that the server is up"


def test_a_budget_that_it_uses_up_lets_nothing_go_on(
    store: Store,
    service: Service,
    host: Callable[[], Host],
    killed: Killed,
    eventually: Eventually,
) -> None:
    budget = e.BudgetSet(
        task_id="",
        budget_id="b1",
        name="Fleet",
        scope=Scope.FLEET,
        period=Period.TOTAL,
        limit_nanousd=sum(counted(store)) + NANO // 1000,
        stages=(e.BudgetStage(percent=100, act=Act.INTERRUPT),),
        cheaper_model=CHEAPER_MODEL,
        simulated=True,
        by="test",
    )
    with store.write(durable=True) as ledger:
        ledger.append(budget)
    before = billed(service)
    host()

    def paused() -> bool:
        with store.read() as board:
            live = board.agents(AgentFilter(task_id=TASK, live=True)).items
            return board.task(TASK).status is TaskStatus.PAUSED and not live

    eventually(paused, within=30)
    assert counted(store) == list(killed[1])
    assert billed(service) == before, "nothing more was asked for"


def test_a_step_that_goes_on_has_it_once(
    store: Store, service: Service, host: Callable[[], Host], eventually: Eventually
) -> None:
    host()

    def ended() -> bool:
        with store.read() as board:
            return board.task(TASK).ended

    eventually(ended, within=60)
    assert counted(store) == billed(service)
    with store.read() as board:
        (agent,) = board.agents(AgentFilter(task_id=TASK)).items
        task = board.task(TASK)
        assert sum(message.subagent for message in board.messages(agent.id)) == 1
    assert task.status is TaskStatus.COMPLETED
    assert task.cost_nanousd == agent.cost_nanousd == sum(billed(service))
    assert agent.transcript_nanousd == agent.cost_nanousd, "read once more when the step ended"
