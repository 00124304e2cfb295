"""A program that searches everything that was said and done."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from data.domain import events as e
from data.store import Store
from data.store.search_clock import catch_up
from orchestrator_adapter.api import answers
from orchestrator_adapter.api.search import SearchShape

SEARCH = "/api/v1/search"


def search(client: TestClient, **query: object) -> SearchShape:
    answer = client.get(SEARCH, params=query)
    assert answer.status_code == 200, answer.text
    return SearchShape.model_validate(answer.json())


def refused(client: TestClient, code: str, **query: object) -> answers.RefusalDetail:
    answer = client.get(SEARCH, params=query)
    assert answer.status_code == 422, answer.text
    error = answers.RefusalShape.model_validate(answer.json()).error
    assert error.code == code
    return error


def said(store: Store, text: str) -> None:
    with store.write() as ledger:
        ids = {"task_id": "t1", "agent_id": "a1", "message_id": "m"}
        ledger.append(e.Said(**ids, block="text", chars=len(text), blob=ledger.keep(text.encode())))


def test_what_was_said_is_found_with_the_way_to_it(client: TestClient, fleet: Any) -> None:
    fleet.task()
    fleet.agent(live=True)
    said(fleet.store, "<b>The sign</b> of add() was wrong")
    before = search(client, q="sign")
    assert before.items == []
    assert before.indexed.behind > 0
    catch_up(fleet.store)
    found = search(client, q="sign", sort="newest")
    assert (found.count, found.more, found.next_cursor, found.notes, found.indexed.behind) == (2, False, None, [], 0)
    hit, task = found.items
    assert (hit.task_id, hit.agent_id, hit.role, hit.kind, hit.place) == ("t1", "a1", "builder", "text", "conversation")
    assert [(bit.text, bit.hit) for bit in hit.snippet] == [
        ("<b>The ", False),
        ("sign", True),
        ("</b> of add() was wrong", False),
    ]
    assert hit.address == f"agent?id=a1&message={hit.key}"
    assert hit.agent_cost_usd == 0.00423
    assert (task.kind, task.agent_id, task.address) == ("description", None, "task?id=t1")
    assert [one.kind for one in search(client, q="sign", **{"in": "task"}).items] == ["description"]


def test_pages_and_notes(client: TestClient, fleet: Any) -> None:
    fleet.task()
    fleet.agent(live=True)
    for number in range(5):
        said(fleet.store, f"needle {number}")
    catch_up(fleet.store)
    first = search(client, q="needle", limit=3)
    assert (len(first.items), first.count) == (3, 5)
    rest = search(client, q="needle", limit=3, cursor=first.next_cursor)
    assert len({hit.key for hit in (*first.items, *rest.items)}) == 5
    assert rest.next_cursor is None
    assert search(client, q="needle role:wizard").notes[0].startswith("`role:` knows")
    assert search(client, q='"').items == []


def test_what_cannot_be_asked_is_refused(client: TestClient) -> None:
    refused(client, "INVALID_FIELD")
    refused(client, "INVALID_FIELD", q="x", limit=201)
    refused(client, "INVALID_FIELD", q="x" * 1001)
    refused(client, "INVALID_FIELD", q="x", **{"in": "attic"})
    refused(client, "CURSOR_INVALID", q="needle", cursor="x")
