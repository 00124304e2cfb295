"""One order for many tasks or agents over HTTP."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator_adapter import commands_batch
from orchestrator_adapter.api import bodies
from orchestrator_adapter.api.http import Answer, Call, answer
from orchestrator_adapter.commands_batch import Outcome


def order_tasks(call: Call, body: bodies.TaskOrderBody) -> Answer:
    return _answer(commands_batch.order_tasks(call.deck, call.actor, body.order, body.ids))


def order_agents(call: Call, body: bodies.AgentOrderBody) -> Answer:
    return _answer(commands_batch.order_agents(call.deck, call.actor, body.order, body.ids))


def _answer(outcomes: Sequence[Outcome]) -> Answer:
    """200 even if some were refused: each says so for itself."""
    return answer({"items": [shape(one) for one in outcomes]})


def shape(one: Outcome) -> dict[str, object]:
    refused = one.refused
    return {
        "id": one.id,
        "done": one.done,
        "code": refused.code if refused else None,
        "message": str(refused) if refused else None,
    }
