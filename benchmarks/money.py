"""Our sum of priced replies beside the total that the command line itself reports, over every demo story that ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from benchmarks import fleets
from benchmarks.figures import Figure, at_most, told
from data.domain import events as e
from data.domain.agents import Agent, Runtime
from data.domain.money import NANO
from data.domain.tasks import ENDED, AnalystChoice, Draft
from data.store import AgentFilter
from orchestrator_adapter import commands, settings
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck, build
from orchestrator_adapter.runners.demo import DemoRunner, scenarios

ENDLESS = frozenset({"stuck"})
"""Stories that only a person ends."""
MOST_USD = 1e-6
TASK = "Fix the sign bug in add(): the tests say that it subtracts."
END_S = 180.0


def measure() -> Iterator[Figure]:
    unexplained = [0]
    compared = 0
    with fleets.empty_home() as home:
        deck = build(settings.read({"QUARTERDECK_HOME": str(home)}), {Runtime.DEMO: DemoRunner(home, pace=0)})
        try:
            for story in (s.name for s in scenarios() if s.name not in ENDLESS):
                for agent in _played(deck, story):
                    compared += agent.reported_nanousd is not None
                    why = _why(deck, agent)
                    apart = agent.cost_nanousd - (agent.reported_nanousd or 0)
                    if why:
                        yield told(f"difference explained: {story}, {agent.name}", f"{apart / NANO:+.6f} USD", why)
                    else:
                        unexplained.append(abs(apart))
        finally:
            deck.close()
    worst = max(unexplained) / NANO
    beside = f"{compared} agents compared in {len(scenarios()) - len(ENDLESS)} stories, priced reply by reply"
    yield at_most("largest unexplained difference to the command line's own total", worst, MOST_USD, "USD", beside, 9)


def _played(deck: Deck, story: str) -> list[Agent]:
    """Every agent of one task that plays the story to its end."""
    ended = threading.Event()
    stop = deck.store.listen(
        lambda _clock, news: (
            ended.set() if any(isinstance(n.event, e.TaskMoved) and n.event.to in ENDED for n in news) else None
        )
    )
    draft = Draft(TASK, analyst=AnalystChoice.FORCE, runtime=Runtime.DEMO, scenario=story)
    task = commands.submit_task(deck, LOCAL, draft)
    if not ended.wait(END_S):
        raise RuntimeError(f"The story {story} did not end within {END_S:.0f} s.")
    stop()
    with deck.store.read() as board:
        return board.agents(AgentFilter(task_id=task.id), limit=200).items


def _why(deck: Deck, agent: Agent) -> str:
    """Why the two figures may differ; empty if they must not, or do not."""
    if agent.cost_nanousd == agent.reported_nanousd:
        return ""
    with deck.store.read() as board:
        log = [entry.event for entry in board.events(agent_id=agent.id, limit=1000)]
    if agent.reported_nanousd is None:
        return f"the command line reported no total: {agent.error or agent.status}"
    if retries := sum(isinstance(event, e.RetryScheduled) for event in log):
        return f"{retries} refused attempts, which brought no reply that could be priced"
    return ""
