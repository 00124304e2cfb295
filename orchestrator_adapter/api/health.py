"""How the server is: alive, fit for work, and in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from data.domain.money import to_usd
from data.store import workers
from data.store.board import Fleet
from data.store.workers import Worker
from orchestrator_adapter.api import bodies, shapes
from orchestrator_adapter.api.http import Answer, Call, answer, encoded
from orchestrator_adapter.deck import Deck

TEXT = "text/plain; version=0.0.4; charset=utf-8"
MOST_RUNNING = 1000
STATUS_S = 10


def health(call: Call, _: bodies.Nothing) -> Answer:
    """With what was wrong with the warehouse, if anything was: it mends itself, and somebody may want to know why."""
    found = call.deck.warehouse.health()
    told = {"rebuilt": found.rebuilt, "why": found.why, "in_memory": found.in_memory}
    return answer({"status": "ok"} | ({"warehouse": told} if found.rebuilt else {}))


def ready(call: Call, _: bodies.Nothing) -> Answer:
    reasons = call.deck.not_ready()
    return answer({"status": "not ready" if reasons else "ready", "reasons": reasons}, 503 if reasons else 200)


def status(call: Call, _: bodies.Nothing) -> Answer:
    deck = call.deck
    now = deck.store.now()
    with deck.store.read() as board:
        clock = board.clock()

        def ask() -> bytes:
            return encoded(_counts(board.fleet(now), workers.living(board.connection), clock, deck))

        # the same clock may be another day: an answer is kept for some seconds only
        key = ("status", clock, int(now.timestamp()) // STATUS_S)
        return Answer(call.kept.get(key, ask), headers={"cache-control": "no-store"})


def _counts(fleet: Fleet, living: list[Worker], clock: int, deck: Deck) -> shapes.Json:
    return {
        "clock": clock,
        "agents": {
            "total": fleet.agents,
            "live": sum(fleet.by_role.values()),
            "by_status": fleet.by_status,
            "by_role": fleet.by_role,
        },
        "tasks": {
            "running": fleet.running_tasks,
            "created_7d": fleet.tasks_7d,
            "completed_7d": fleet.completed_7d,
            "failed_7d": fleet.failed_7d,
            "with_analyst_7d": fleet.analyst_in_7d,
        },
        "today": shapes.spend(fleet),
        "default_runtime": deck.default_runtime(),
        "runtimes": deck.runtimes(),
        "engine_processes": [shapes.worker(one) for one in living],
    }


class _FleetNumbers(Collector):
    """Asks the board when somebody scrapes, so that nothing is counted twice."""

    def __init__(self, find: Callable[[], Deck], subscribers: Callable[[], int]) -> None:
        self._find, self._subscribers = find, subscribers

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing, so that registering does not open the store."""
        return []

    def collect(self) -> Iterable[GaugeMetricFamily]:
        store = self._find().store
        with store.read() as board:
            clock, fleet = board.clock(), board.fleet(store.now())
            running = Counter(task.status.value for task in board.running_tasks(MOST_RUNNING))
        ended = {"completed": fleet.completed_7d, "failed": fleet.failed_7d}
        today = {"false": to_usd(fleet.today_nanousd), "true": to_usd(fleet.simulated_today_nanousd)}
        yield _gauge("quarterdeck_agents", "Agents by status", "status", fleet.by_status)
        yield _gauge("quarterdeck_tasks", "Tasks that have not ended, by status", "status", running)
        yield _gauge("quarterdeck_tasks_ended_7d", "Tasks of the last seven days by outcome", "status", ended)
        yield GaugeMetricFamily("quarterdeck_events", "Events in the log: the clock", value=clock)
        yield _gauge("quarterdeck_cost_today_usd", "Cost since midnight UTC", "simulated", today)
        yield GaugeMetricFamily("quarterdeck_stream_subscribers", "Open event streams", value=self._subscribers())


def _gauge(name: str, help_text: str, label: str, values: dict[str, int] | dict[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


class Meters:
    """The numbers of one server."""

    def __init__(self, find: Callable[[], Deck], subscribers: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_FleetNumbers(find, subscribers))
        self._requests = Histogram(
            "quarterdeck_request_seconds",
            "Answered requests and how long they took",
            ["route", "method", "status"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 5),
            registry=self._registry,
        )

    def note(self, route: str, method: str, status_code: int, seconds: float) -> None:
        known = method if method in {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"} else "other"
        self._requests.labels(route, known, str(status_code)).observe(seconds)

    def metrics(self, _call: Call, _: bodies.Nothing) -> Answer:
        return Answer(generate_latest(self._registry), media_type=TEXT, headers={"cache-control": "no-store"})
