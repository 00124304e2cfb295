"""The stream: what it says, what it never loses, and what a board becomes from its patches."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from data.domain import events as e
from data.domain import observed
from orchestrator_adapter.api import topics
from orchestrator_adapter.api.boards import BoardSource
from orchestrator_adapter.api.hub import FULL, Hub
from orchestrator_adapter.api.stream import Stream
from orchestrator_adapter.arrivals import arrivals
from orchestrator_adapter.views import live

PATH = "/api/v1/events"
EVENTS = f"ws://127.0.0.1:8501{PATH}"


def activity(fleet: Any, words: str, task_id: str = "t1", agent_id: str = "a1") -> None:
    with fleet.store.write() as ledger:
        ledger.append(e.Activity(task_id=task_id, agent_id=agent_id, words=words))


def clock(fleet: Any) -> int:
    with fleet.store.read() as board:
        return board.clock()


def log(fleet: Any, task_id: str, after: int = 0) -> list[int]:
    with fleet.store.read() as board:
        return [entry.id for entry in board.events(task_id=task_id, after=after, limit=100_000)]


def until(socket: Any, kind: str) -> dict[str, Any]:
    while (message := socket.receive_json())["kind"] != kind:
        pass
    return message


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("topics=weather", "topics"),
        ("topics=fleet,weather", "topics"),
        ("topics=", "topics"),
        ("", "topics"),
        ("topics=fleet&after=-1", "after"),
        ("topics=fleet&after=99999999999999999999", "after"),
        ("topics=fleet&colour=blue", "colour"),
        ("topics=" + ",".join(f"task:{n}" for n in range(21)), "topics"),
    ],
)
def test_a_wrong_wish_is_refused_in_words_before_the_socket_closes(client: TestClient, query: str, field: str):
    with client.websocket_connect(f"{EVENTS}?{query}") as socket:
        error = socket.receive_json()["error"]
        assert (error["code"], error["details"]["field"]) == ("INVALID_FIELD", field)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 4400


def test_a_page_says_that_its_live_parts_are_drawn(client: TestClient, fleet: Any):
    mark = arrivals.expect()
    with client.websocket_connect(f"{EVENTS}?topics=board:fleet&page={mark}") as socket:
        assert socket.receive_json()["kind"] == "board"
        assert arrivals.wait(mark, 60)


def test_a_page_hears_when_it_is_its_turn_to_draw_itself_again_and_others_do_not(client: TestClient, fleet: Any):
    page, other = f"{EVENTS}?topics=board:fleet&wakes=1", f"{EVENTS}?topics=board:fleet"
    with client.websocket_connect(page) as socket, client.websocket_connect(other) as script:
        assert [socket.receive_json()["kind"] for _ in range(2)] == ["board", "wake"]
        assert script.receive_json()["kind"] == "board"
        for task_id in ("t1", "t2"):
            fleet.task(task_id)
            assert f"task:{task_id}" in script.receive_json()["data"]["set"], "the board again, and nothing before it"
        heard = [socket.receive_json()["kind"] for _ in range(3)]
        assert heard.count("board") == 2
        assert "wake" in heard


@pytest.mark.parametrize("topic", ["task:nobody", "board:task:nobody"])
def test_a_task_that_is_not_there_cannot_be_followed(client: TestClient, topic: str):
    with client.websocket_connect(f"{EVENTS}?topics={topic}") as socket:
        assert socket.receive_json()["error"]["code"] == "TASK_NOT_FOUND"
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 4404


def test_a_task_is_told_event_by_event(client: TestClient, fleet: Any):
    fleet.task()
    fleet.task("t2")
    fleet.agent(live=True)
    with client.websocket_connect(f"{EVENTS}?topics=task:t1") as socket:
        activity(fleet, "thinking")
        fleet.agent("t2", "a2", live=True)
        activity(fleet, "running: pytest -q")
        first, second = socket.receive_json(), socket.receive_json()
    assert [m["data"]["data"]["words"] for m in (first, second)] == ["thinking", "running: pytest -q"]
    assert (first["topic"], first["kind"], str(first["clock"])) == ("task:t1", "activity", first["data"]["id"])


def test_a_fleet_is_told_by_its_newest_rows(client: TestClient, fleet: Any):
    fleet.task()
    with client.websocket_connect(f"{EVENTS}?topics=fleet&after=0") as socket:
        assert socket.receive_json()["data"]["status"] == "pending"
        fleet.agent(live=True)
        agent = until(socket, "agent")
    assert agent["data"]["id"] == "a1"
    assert agent["data"]["cost_usd"] in (0, 0.00423)


def test_costs_are_told(client: TestClient, fleet: Any):
    fleet.task()
    with client.websocket_connect(f"{EVENTS}?topics=costs") as socket:
        fleet.agent(live=True)
        told = socket.receive_json()
    assert told["kind"] == "costs"
    assert told["data"]["simulated_cost_usd"] == 0.00423


@pytest.mark.parametrize("after", [0, 10**9])
def test_who_is_too_far_behind_is_told_to_read_again(client: TestClient, fleet: Any, after: int):
    fleet.task()
    fleet.agent()
    with fleet.store.write() as ledger:
        for number in range(topics.FAR_BEHIND if after == 0 else 1):
            ledger.append(e.Activity(task_id="t1", agent_id="a1", words=f"step {number}"))
    with client.websocket_connect(f"{EVENTS}?topics=task:t1&after={after}") as socket:
        told = socket.receive_json()
        assert (told["kind"], told["data"]) == ("resync", {"from": after, "to": clock(fleet)})
        fleet.end()
        assert socket.receive_json()["kind"] == "task_moved"


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 12), min_size=1, max_size=5), st.sampled_from([1, 3, 50]))
def test_what_was_replayed_and_what_came_live_are_the_log(
    client: TestClient, fleet: Any, rounds: list[int], heard_each_time: int
):
    """Cut off again and again while things happen, resuming at the last clock: nothing is lost, nothing comes twice."""
    name = f"t{clock(fleet)}"
    fleet.task(name)
    fleet.agent(name, f"a-{name}", live=True)
    heard: list[int] = []
    for number in rounds:
        at = heard[-1] if heard else 0
        with client.websocket_connect(f"{EVENTS}?topics=task:{name}&after={at}") as socket:
            writer = threading.Thread(
                target=lambda n=number: [activity(fleet, f"step {i}", name, f"a-{name}") for i in range(n)]
            )
            writer.start()
            due = len(log(fleet, name, at))
            heard += [int(socket.receive_json()["data"]["id"]) for _ in range(min(heard_each_time, due))]
            writer.join()
    at = heard[-1] if heard else 0
    rest = len(log(fleet, name, at))
    with client.websocket_connect(f"{EVENTS}?topics=task:{name}&after={at}") as socket:
        heard += [int(socket.receive_json()["data"]["id"]) for _ in range(rest)]
    assert heard == log(fleet, name)


def test_any_clock_of_a_socket_with_several_topics_is_safe_to_resume_from(client: TestClient, fleet: Any):
    for name in ("t1", "t2"):
        fleet.task(name)
        fleet.agent(name, f"a-{name}", live=True)
    known: set[str] = set()
    at = 0
    for _ in range(12):
        with client.websocket_connect(f"{EVENTS}?topics=task:t1,fleet,task:t2&after={at}") as socket:
            for number in range(5):
                activity(fleet, f"{number}", f"t{number % 2 + 1}", f"a-t{number % 2 + 1}")
            for _ in range(4):
                message = socket.receive_json()
                at = message["clock"]
                if message["topic"] != "fleet":
                    known.add(message["data"]["id"])
        ours = log(fleet, "t1") + log(fleet, "t2")
        assert {str(n) for n in ours if n <= at} <= known, "a clock promised more than was told"


def test_a_quiet_topic_does_not_hold_the_clock_back(client: TestClient, fleet: Any):
    for name in ("busy", "quiet"):
        fleet.task(name)
        fleet.agent(name, f"a-{name}", live=True)
    with client.websocket_connect(f"{EVENTS}?topics=task:quiet,task:busy&after={clock(fleet)}") as socket:
        for number in range(50):  # at first the quiet topic has not been looked at yet
            activity(fleet, f"{number}", "busy", "a-busy")
            message = socket.receive_json()
            if str(message["clock"]) == message["data"]["id"]:
                return
    pytest.fail("the clock stayed behind")


@contextmanager
def quick_client(deck: Any, **options: float) -> Iterator[TestClient]:
    hub = Hub(deck.settings.intervals_ms)

    @contextmanager
    def nothing() -> Iterator[None]:
        yield

    app = Starlette(routes=[WebSocketRoute(PATH, Stream(hub, **options))])
    with TestClient(app) as opened:
        assert opened.portal
        opened.portal.call(hub.start, deck.store)
        yield opened
        opened.portal.call(hub.close)


def test_a_heartbeat_tells_the_clock_while_nothing_happens(deck: Any, fleet: Any):
    fleet.task()
    with quick_client(deck, heartbeat_s=0.05) as client, client.websocket_connect(f"{EVENTS}?topics=fleet") as socket:
        told = socket.receive_json()
        assert told == {"clock": clock(fleet), "topic": "stream", "kind": "heartbeat", "data": {}}


def test_who_does_not_listen_is_passed_over_and_loses_nothing(deck: Any, fleet: Any):
    """A hub with a listener that takes nothing: its outbox stays short, and afterwards it hears everything."""
    fleet.task()
    fleet.agent(live=True)

    async def story() -> tuple[int, list[int]]:
        hub = Hub({"task": 0})
        await hub.start(deck.store)
        listener = hub.join(["task:t1"], 0)
        for number in range(3 * FULL):
            await asyncio.to_thread(activity, fleet, f"{number}")
            await asyncio.sleep(0.005)
        longest = listener.outbox.qsize()
        heard: list[int] = []
        wanted = await asyncio.to_thread(log, fleet, "t1")
        while len(heard) < len(wanted):
            async with asyncio.timeout(5):
                batch = await listener.outbox.get()
            heard += [int(json.loads(text)["data"]["id"]) for text in batch]
            listener.sent()
        hub.leave(listener)
        hub.close()
        assert heard == wanted
        return longest, heard

    longest, _ = asyncio.run(story())
    assert longest <= FULL


def test_what_others_report_does_not_hold_up_what_the_fleet_does(deck: Any, fleet: Any):
    """The interval is longer than any test waits; what the fleet itself does is told within it."""
    fleet.task()
    fleet.agent(live=True)
    elsewhere = observed.task_id("s")
    fleet.task(elsewhere)
    fleet.agent(elsewhere, observed.agent_id("s"), live=True)

    async def story() -> list[str]:
        hub = Hub({"costs": 60_000})
        await hub.start(deck.store)
        listener = hub.join(["board:fleet"], None)
        batches = []
        for told in (None, ("s reports", elsewhere, observed.agent_id("s")), ("running: pytest -q", "t1", "a1")):
            if told is not None:
                await asyncio.to_thread(activity, fleet, *told)
            if told is None or told[1] == "t1":
                async with asyncio.timeout(10):
                    batches += await listener.outbox.get()
        hub.leave(listener)
        hub.close()
        return batches

    whole, news = asyncio.run(story())
    assert '"full":true' in whole
    assert "s reports" in news
    assert "running: pytest -q" in news


def test_a_topic_that_fails_recovers(deck: Any, fleet: Any, monkeypatch: pytest.MonkeyPatch):
    fleet.task()

    async def story() -> str:
        hub = Hub({})
        await hub.start(deck.store)
        listener = hub.join(["board:fleet"], None)
        feed = listener.seats[0].feed
        good: Callable[..., Any] = feed.source._view  # a view that breaks once
        broken = iter([True])

        def view(board: Any, now: Any) -> Any:
            if next(broken, False):
                raise RuntimeError("broken view")
            return good(board, now)

        feed.source._view = view
        async with asyncio.timeout(5):
            batch = await listener.outbox.get()
        hub.leave(listener)
        hub.close()
        return batch[0]

    assert '"full":true' in asyncio.run(story())


def patched(board: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """What a page does with a patch."""
    base = {} if data["full"] else {k: v for k, v in board.items() if k not in data["drop"]}
    return base | data["set"]


def test_a_board_is_told_whole_and_then_by_what_changed(client: TestClient, fleet: Any):
    fleet.task()
    fleet.agent(live=True)
    with client.websocket_connect(f"{EVENTS}?topics=board:fleet") as socket:
        first = socket.receive_json()
        assert (first["kind"], first["topic"], first["data"]["full"]) == ("board", "board:fleet", True)
        assert set(first["data"]["set"]) == {"kpis", "task:t1", "agent:a1"}
        assert first["data"]["set"]["agent:a1"]["cost"] == "$0.0042"
        activity(fleet, "running: pytest -q")
        second = socket.receive_json()
    assert second["data"]["full"] is False
    assert set(second["data"]["set"]) == {"kpis", "task:t1", "agent:a1"}
    assert second["data"]["set"]["agent:a1"]["activity"] == "running: pytest -q"
    assert second["data"]["set"]["task:t1"]["steps"][0]["activity"] == "running: pytest -q"


def test_a_task_board_tells_what_happened_in_words(client: TestClient, fleet: Any):
    fleet.task()
    fleet.agent()
    with client.websocket_connect(f"{EVENTS}?topics=board:task:t1") as socket:
        elements = socket.receive_json()["data"]["set"]
        lines = [element["words"] for key, element in elements.items() if key.startswith("line:")]
        assert "editing calc.py" in lines
        assert "modified calc.py +2 −1" in lines
        assert elements["task"]["title"] == "Fix the sign bug in add() of t1"
        fleet.end()
        changed = socket.receive_json()["data"]
    assert changed["set"]["task"]["result"] == "All good."


STEPS = st.lists(st.sampled_from(["task", "agent", "activity", "end", "delete"]), min_size=1, max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, st.lists(st.booleans(), min_size=12, max_size=12))
def test_patches_from_any_version_give_the_board(fleet: Any, steps: list[str], looks: list[bool]):
    """Whoever takes each patch and whoever takes few come to the same board as who asks for it whole."""
    source = BoardSource("board:fleet", "costs", live.fleet, lambda entry: True)
    eager: tuple[int | None, dict[str, Any]] = (None, {})
    lazy: tuple[int | None, dict[str, Any]] = (None, {})
    for step, look in zip(steps, looks, strict=False):
        _happen(fleet, step)
        eager = _taken(source, fleet, eager)
        if look:
            lazy = _taken(source, fleet, lazy)
    whole = _taken(source, fleet, (None, {}))
    assert _taken(source, fleet, eager)[1] == _taken(source, fleet, lazy)[1] == whole[1]


def _taken(source: Any, fleet: Any, known: tuple[int | None, dict[str, Any]]) -> tuple[int | None, dict[str, Any]]:
    news = source.news(fleet.store, {known[0]})[known[0]]
    board = known[1]
    for message in news.messages:
        board = patched(board, json.loads('{"clock":0,' + message.rest)["data"])
    return news.position, board


def _happen(fleet: Any, what: str) -> None:
    number = clock(fleet)
    with fleet.store.read() as board:
        running = [task.id for task in board.running_tasks()]
        ended = [task.id for task in board.tasks().items if task.ended]
        live = [(agent.task_id, agent.id) for agent in board.agents().items if agent.live]
    match what:
        case "agent" if running:
            fleet.agent(running[0], f"a{number}", live=number % 2 == 0)
        case "activity" if live:
            activity(fleet, f"doing {number}", *live[0])
        case "end" if running:
            with fleet.store.read() as board:
                if str(board.task(running[0]).status) == "in_progress":
                    fleet.end(running[0])
        case "delete" if ended:
            with fleet.store.write() as ledger:
                ledger.append(e.TaskDeleted(task_id=ended[0], by="grace"))
        case _:
            fleet.task(f"t{number}")
