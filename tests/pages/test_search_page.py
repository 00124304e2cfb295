"""The page of search as a person meets it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.domain import events as e
from data.domain.agents import Role, Runtime
from data.domain.search import EXAMPLES
from data.domain.tasks import Complexity, TaskType
from data.store.search_clock import catch_up
from orchestrator_adapter.deck import Deck
from tests.pages.opening import ENTRY, beside

SEARCH = "pages/watch/search.py"


@pytest.fixture
def deck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deck]:
    """What is indexed when is decided here."""
    with beside(monkeypatch, tmp_path / "home") as opened:
        assert opened.indexer is None
        yield opened


@pytest.fixture
def full(deck: Deck) -> Deck:
    """A conversation of thirty texts, ten days old."""
    then = deck.store.now() - timedelta(days=10)
    plain = {"complexity": Complexity.SIMPLE, "analyst_included": False, "analyst_reason": "", "workflow": ()}
    about = {"task_type": TaskType.BUG_FIX, "working_directory": "/src", "runtime": Runtime.IMPORTED, "by": "me"}
    made = {"step": "s", "role": Role.BUILDER, "name": "Ada", "model": "m", "runtime": Runtime.IMPORTED}
    with deck.store.write() as ledger:
        ledger.append(e.TaskSubmitted(task_id="t1", description="Mend <the> sail", **plain, **about), then)
        ledger.append(e.AgentCreated(task_id="t1", agent_id="a1", **made), then)
        for number in range(30):
            blob = ledger.keep(f"<b>needle</b> {number} in the sail".encode())
            ids = {"task_id": "t1", "agent_id": "a1", "message_id": "m"}
            ledger.append(e.Said(**ids, block="text", chars=9, blob=blob), then)
    while catch_up(deck.store):
        pass
    return deck


def page(**asked: str) -> AppTest:
    at = AppTest.from_file(ENTRY, default_timeout=30).run()
    at.switch_page(SEARCH)
    for name, value in asked.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception, at.exception[0].message
    return at


def html(at: AppTest) -> str:
    return "".join(block.proto.body for block in at.get("html"))


def test_an_empty_field_shows_what_can_be_asked(full: Deck) -> None:
    at = page()
    examples = [button for button in at.button if str(button.key).startswith("example-")]
    assert len(examples) == len(EXAMPLES)
    assert 'class="qd-found"' not in html(at)
    assert "the first 16,000 and the last 4,000 are searched" in at.caption[-1].value
    examples[0].click().run()
    assert at.text_input(key="q").value == next(iter(EXAMPLES))
    assert "No hit" in at.markdown[0].value
    at.text_input(key="q").set_value("n").run()
    assert "type two at least" in html(at)


def test_hits_stand_under_their_task_with_their_words_marked(full: Deck) -> None:
    at = page(q="needle sail")
    shown = html(at)
    assert "30 hits." in shown
    assert shown.count('href="agent?id=a1&amp;message=') == 20
    assert '<a class="task" href="task?id=t1">Mend &lt;the&gt; sail</a>' in shown
    assert "&lt;b&gt;<mark>needle</mark>&lt;/b&gt;" in shown
    assert "Ada · builder" in shown
    at.button(key="more-search").click().run()
    assert html(at).count('href="agent?id=a1&amp;message=') == 30
    assert not [button for button in at.button if button.key == "more-search"]


def test_the_address_is_the_question(full: Deck) -> None:
    assert "1 hit." in html(page(q="sail in:task"))
    at = page(q="sail", since="7d")
    assert 'class="qd-found"' not in html(at)
    assert "Leave out the time." in at.caption[-1].value
    at = page(q="sail role:wizard -needle", status="queued")
    assert "1 hit." in html(at)
    assert any("knows orchestrator" in caption.value for caption in at.caption)


def test_what_is_not_indexed_yet_is_said(full: Deck) -> None:
    with full.store.write() as ledger:
        ledger.append(
            e.Diagnostic(task_id="t1", agent_id="a1", words="a needle that came late"),
            full.store.now() - timedelta(days=1),
        )
    shown = html(page(q="needle"))
    assert "UTC; 1 event to go." in shown


def test_the_list_of_tasks_leads_on_to_search(full: Deck) -> None:
    at = AppTest.from_file(ENTRY, default_timeout=30).run()
    at.switch_page("pages/watch/tasks.py")
    at.query_params["q"] = "sail"
    at.run()
    assert not at.exception
    links = [link.proto for link in at.get("page_link")]
    assert any("sail" in link.label and "q=sail" in str(link) for link in links)
