"""The queue, priorities and the fleet's settings over HTTP."""

from __future__ import annotations

from data.domain.errors import TaskNotFound
from orchestrator_adapter import commands_fleet
from orchestrator_adapter.api import bodies, fleet_bodies, shapes
from orchestrator_adapter.api.http import Answer, Call, answer


def queue(call: Call, query: fleet_bodies.QueueQuery) -> Answer:
    """A stretch of the queue; positions shift while places are given, so an item may come twice."""
    with call.deck.store.read() as board:
        found = board.queue()
    end = query.cursor + query.limit
    return answer(
        {
            "items": [shapes.waiting(one) for one in found.waiting[query.cursor : end]],
            "next_cursor": str(end) if end < len(found.waiting) else None,
            "waiting": len(found.waiting),
            "held": [shapes.waiting(one) for one in found.held],
            "places": {
                "in_all": shapes.share(found.in_all),
                "machines": [shapes.share(one) for one in found.machines],
                "users": [shapes.share(one) for one in found.users],
            },
        }
    )


def prioritize_task(call: Call, body: fleet_bodies.PriorityBody) -> Answer:
    task = commands_fleet.prioritize_task(call.deck, call.actor, call.id(TaskNotFound), body.priority)
    return answer(shapes.task(task))


def settings(call: Call, _: bodies.Nothing) -> Answer:
    with call.deck.store.read() as board:
        return answer(shapes.fleet_settings(board.settings()))


def change_settings(call: Call, body: fleet_bodies.FleetBody) -> Answer:
    """All of what was sent, or nothing if one of it is refused."""
    with call.deck.store.read() as board:
        wanted = body.over(board.settings())
    commands_fleet.set_fleet(call.deck, call.actor, wanted)
    return settings(call, bodies.Nothing())
