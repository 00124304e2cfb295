"""Cancelling a real agent through the whole engine: nothing of it is left, and what it had cost is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from benchmarks.stages import Staged
from data.domain import events as e
from data.domain.agents import AgentStatus, Runtime
from data.domain.tasks import TaskStatus
from data.store import AgentFilter
from orchestrator_adapter import commands, settings
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck, build
from tests.runners.real_agents import needs_cli

pytestmark = needs_cli


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Deck, Staged]]:
    """One deck for the file: agents of one state do not disturb those of the next."""
    home = tmp_path_factory.mktemp("cancel")
    agents = Staged(home)
    deck = build(
        settings.read({"QUARTERDECK_HOME": str(home), "QUARTERDECK_RUNTIME": "scripted"}), {Runtime.SCRIPTED: agents}
    )
    yield deck, agents
    deck.close()
    agents.close()


@pytest.mark.parametrize(
    "state",
    ["starting", "streaming", "retrying", "command that ignores TERM", "background command", "sub-agent", "ending"],
)
def test_nothing_is_left_of_a_cancelled_agent_when_it_is_told_as_ended(
    staged: tuple[Deck, Staged], state: str, eventually: Callable[..., None]
) -> None:
    deck, agents = staged
    task_id = agents.bring(deck, state)
    seen_alive: list[bool] = []

    def heard(_clock: int, news: list) -> None:
        for entry in news:
            match entry.event:
                case e.AgentMoved(task_id=moved, to=AgentStatus.CANCELLED) if moved == task_id:
                    seen_alive.append(bool(agents.alive()))

    deaf = deck.store.listen(heard)
    commands.cancel_task(deck, LOCAL, task_id)
    eventually(lambda: seen_alive, within=20)
    deaf()
    assert seen_alive == [False], "an agent is told as ended only once its processes are gone"
    with deck.store.read() as board:
        task = board.task(task_id)
        (agent,) = board.agents(AgentFilter(task_id=task_id)).items
        counted = sum(message.cost_nanousd or 0 for message in board.messages(agent.id))
    assert (task.status, agent.status) == (TaskStatus.CANCELLED, AgentStatus.CANCELLED)
    assert task.cost_nanousd == agent.cost_nanousd == counted
    if state not in ("starting", "retrying"):
        assert counted > 0, "a reply that was broken off is paid for, and so it is counted"
    assert agents.alive() == []
