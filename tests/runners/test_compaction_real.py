"""The real command line compacts a conversation that fills the window: it is told, shown, and counted to the cent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from data.domain import context
from data.domain import events as e
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.conversation import Note
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.views import conversation
from tests.pages.test_pages import WATCH, deck, home, opened
from tests.runners.real_agents import Run, a_job, bash, needs_cli, run, serving
from tests.store.test_ledger import submitted

pytestmark = needs_cli
__all__ = ["deck", "home"]

FULL = 990_000
"""Of the million tokens of the window: the command line compacts before its next request."""
SCRIPT = (bash("echo one"), bash("echo two") | {"read_tokens": FULL}, bash("echo three"), {"text": "## Summary\nDone"})


def compactions(done: Run) -> list[e.MessageMetered]:
    return [reply for reply in done.of(e.MessageMetered) if context.compacting(reply.message_id)]


def total(done: Run) -> int:
    return done.of(e.TotalReported)[-1].total_nanousd


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("compaction")
    with serving(folder / "home", *SCRIPT) as runner:
        return run(runner, replace(a_job(folder), model="claude-sonnet-5-5"))


def test_a_compaction_is_told_and_its_request_is_counted(done: Run):
    assert done.error is None, done.error
    (compacted,) = done.of(e.ContextCompacted)
    assert compacted.trigger == "auto"
    assert (compacted.before_tokens or 0) > FULL
    assert 0 < (compacted.after_tokens or 0) < 20_000
    (reply,) = compactions(done)
    assert reply.message_id == compacted.message_id
    assert reply.tokens.output > 0
    assert reply.tokens.cache_read > 0
    assert done.cost_nanousd == total(done), "to the last nano-dollar what the command line says"


def test_a_session_that_is_continued_counts_only_what_is_new(tmp_path: Path):
    with serving(tmp_path / "home", {"text": "Begun"}, *SCRIPT) as runner:
        job = a_job(tmp_path)
        first = run(runner, job)
        assert compactions(first) == []
        second = run(runner, replace(job, resume=first.reply.session_id))
    assert len(compactions(second)) == 1
    assert first.cost_nanousd == total(first)
    assert second.cost_nanousd == total(second) - total(first)


def test_gauge_history_conversation_and_costs_show_it(deck: Deck, done: Run):
    ids = {"task_id": "t1", "agent_id": "agent-1"}
    with deck.store.write() as ledger:
        ledger.append(submitted(runtime=Runtime.CLAUDE, task_id="t1"))
        made = {"step": "builder", "role": Role.BUILDER, "name": "Builder", "model": "m", "runtime": Runtime.CLAUDE}
        ledger.append(e.AgentCreated(**ids, **made))
        ledger.append(e.AgentMoved(**ids, to=AgentStatus.ACTIVE))
        for number, event in enumerate(done.items[:-1]):
            ledger.append(event, deck.store.now() + timedelta(seconds=number))  # in the order in which they came
    last = [reply for reply in done.of(e.MessageMetered) if not context.compacting(reply.message_id)][-1]
    with deck.store.read() as board:
        agent = board.agent("agent-1")
        talk = conversation.kept.of(deck.store, board, "agent-1")
        items = conversation.items(board, talk, range(len(talk.placed)), whole=False)
    assert agent.context_used == last.tokens.prompt + last.tokens.output, "a request for a summary fills no window"
    (note,) = [item for item in items if item["about"] == Note.COMPACTED]
    assert note["words"].startswith("the context was compacted: 990 k tokens became ")
    (request,) = compactions(done)
    assert note["reply"]["tokens"] == request.tokens.as_dict()
    at = opened(f"{WATCH}/agent.py", id="agent-1", tab="Cost")
    charts = [chart.proto.alt for chart in at.get("vega_lite_chart")]
    assert any("compacted before reply 3" in told for told in charts), charts
    assert list(at.dataframe[0].value["By"]).count("compaction") == 1
