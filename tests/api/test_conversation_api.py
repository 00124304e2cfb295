"""A conversation over HTTP: any stretch of it, what is new, what was sought, and all of it as Markdown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from data.domain import events as e
from data.domain.money import Tokens
from data.store import Ledger
from orchestrator_adapter.api.conversation_shapes import ConversationShape
from orchestrator_adapter.views import conversation

ADDRESS = "/api/v1/agents/a1/conversation"
IDS: dict[str, Any] = {"task_id": "t1", "agent_id": "a1"}
REPLIES = 30


def turn(ledger: Ledger, number: int, *, failed: bool = False, output: str = "ok") -> None:
    """One reply: a text and a call with its answer."""
    keep = ledger.keep
    message = f"msg-{number}"
    text, given = f"I look at part {number}.", {"command": f"pytest part_{number}"}
    ledger.append(e.Said(**IDS, message_id=message, block="text", chars=len(text), blob=keep(text.encode())))
    call = {"tool_use_id": f"c{number}", "tool": "Bash"}
    blob = keep(json.dumps(given).encode())
    ledger.append(e.ToolCalled(**IDS, **call, words=f"running part {number}", input_blob=blob, message_id=message))
    ledger.append(e.ToolReturned(**IDS, **call, is_error=failed, output_blob=keep(output.encode())))
    used = Tokens(input=2, output=10, cache_read=1000)
    ledger.append(
        e.MessageMetered(**IDS, message_id=message, request_id="r", model="m", tokens=used, cost_nanousd=2_000_000)
    )


@pytest.fixture(autouse=True)
def talk(fleet: Any) -> None:
    fleet.task()
    fleet.agent(live=True)
    with fleet.store.write() as ledger:
        for number in range(REPLIES):
            turn(ledger, number, failed=number == 7, output="Straße\n" if number == 3 else "ok")


def read(client: TestClient, **query: object) -> ConversationShape:
    answer = client.get(ADDRESS, params=query)
    assert answer.status_code == 200, answer.text
    return ConversationShape.model_validate(answer.json())


def test_a_conversation_is_read_from_its_beginning_to_its_end_while_it_grows(client: TestClient, fleet: Any):
    keys, cursor = [], None
    while True:
        page = read(client, limit=20, **({"cursor": cursor} if cursor else {}))
        keys += [item.key for item in page.items]
        with fleet.store.write() as ledger:
            if len(keys) == 20:
                turn(ledger, 99)
        if (cursor := page.next_cursor) is None:
            break
    assert len(keys) == len({*keys}) == page.total
    assert page.items[-1].words == "running part 99"


def test_a_message_comes_whole_or_short_with_what_its_reply_cost(client: TestClient):
    whole = read(client, limit=200).items
    call = next(item for item in whole if item.words == "running part 3")
    assert (call.input, call.output, call.answered, call.failed) == (
        {"command": "pytest part_3"},
        "Straße\n",
        True,
        False,
    )
    said = next(item for item in whole if item.text == "I look at part 3.")
    assert said.reply is not None
    assert (said.reply.cost_usd, said.reply.tokens.cache_read) == (0.002, 1000)
    assert call.reply is None, "it stands beside the first entry of the reply only"
    short = read(client, limit=200, detail="short").items
    assert [(item.key, item.input) for item in short] == [(item.key, None) for item in whole]
    assert [item.output for item in short if item.output] == ["ok"], "only of the call that failed"


def test_any_stretch_is_found_by_place_and_by_key(client: TestClient):
    every = read(client, limit=200)
    last = read(client, **{"from": -2})
    assert [item.position for item in last.items] == [every.total - 2, every.total - 1]
    middle = every.items[40]
    around = read(client, at=middle.key, limit=5)
    assert around.place == 40
    assert [item.position for item in around.items] == [38, 39, 40, 41, 42]
    answered = str(int(next(item for item in every.items if item.words == "running part 5").key) + 1)
    assert read(client, at=answered, limit=1).items[0].words == "running part 5", "its answer is no entry of its own"


def test_what_is_new_or_has_changed_is_told_apart(client: TestClient, fleet: Any):
    before = read(client, limit=1)
    assert read(client, since=before.clock).items == []
    with fleet.store.write() as ledger:
        ledger.append(e.ToolCalled(**IDS, tool_use_id="late", tool="Bash", words="waiting", input_blob=""))
    fresh = read(client, since=before.clock)
    assert [(item.words, item.answered) for item in fresh.items] == [("waiting", False)]
    assert fresh.settled == before.total
    with fleet.store.write() as ledger:
        ledger.append(e.ToolReturned(**IDS, tool_use_id="late", tool="Bash", is_error=False, output_blob=""))
    changed = read(client, since=fresh.clock)
    assert [(item.words, item.answered) for item in changed.items] == [("waiting", True)]
    assert changed.settled == changed.total, "nothing has moved"


@pytest.mark.parametrize(
    ("sought", "words"),
    [
        ("PYTEST PART_12", ["running part 12"]),
        ("strasse", ["running part 3"]),
        ("look at part 4.", [""]),
        ("running part 29", ["running part 29"]),
        ("nobody ever said this", []),
    ],
)
def test_search_finds_what_was_said_and_what_stands_in_calls(client: TestClient, sought: str, words: list[str]):
    found = read(client, q=sought)
    assert [item.words for item in found.items] == words
    assert found.hits == [item.position for item in found.items]
    assert found.hits_total == len(words)


def test_a_glance_shows_what_all_of_it_shows_later(client: TestClient, fleet: Any):
    conversation.kept.forget()
    glances = [read(client, glance=True, detail="short", limit=10, **{"from": first}) for first in (0, -10)]
    assert [glance.provisional for glance in glances] == [True, True]
    whole = [read(client, glance=True, detail="short", limit=10, **{"from": first}) for first in (0, -10)]
    assert [again.provisional for again in whole] == [True, True], "nobody has read all of it"
    every = read(client, limit=200, detail="short")
    known = [read(client, glance=True, detail="short", limit=10, **{"from": first}) for first in (0, -10)]
    assert [again.provisional for again in known] == [False, False]
    for glance, real in zip(glances, known, strict=True):
        assert glance.total == real.total == every.total
        assert [(i.key, i.position, i.words) for i in glance.items] == [
            (i.key, i.position, i.words) for i in real.items
        ]


def test_what_failed_is_found_at_once(client: TestClient):
    found = read(client, failed=True)
    assert [item.words for item in found.items] == ["running part 7"]
    assert found.failures == 1


def test_all_of_it_is_exported_as_markdown(client: TestClient, fleet: Any):
    with fleet.store.write() as ledger:
        turn(ledger, 100, output="a fence:\n````\nin it")
    answer = client.get(ADDRESS, params={"format": "md"})
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="Builder_a1.md"'
    text = answer.text
    assert text.startswith("# Builder\n")
    assert text.count("I look at part") == REPLIES + 1
    assert "### Bash: running part 7" in text
    assert "`````\na fence:\n````\nin it\n`````" in text
    assert "$0.0020" in text


@pytest.mark.parametrize(
    ("tool", "given", "diff"),
    [
        ("Edit", {"old_string": "a\nb", "new_string": "a\nc"}, ["@@ -1,2 +1,2 @@", " a", "-b", "+c"]),
        ("Write", {"content": "new"}, ["@@ -0,0 +1,1 @@", "+new"]),
        ("MultiEdit", {"edits": [{"old_string": "a", "new_string": ""}, "?"]}, ["@@ -1,1 +0,0 @@", "-a"]),
        ("Edit", {"old_string": 7, "new_string": None}, None),
        ("Write", [], None),
        ("Bash", {"command": "ls"}, None),
    ],
)
def test_a_call_that_writes_says_what_it_changes(tool: str, given: object, diff: list[str] | None):
    assert conversation.diff(tool, given) == diff


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"at": "nothing"}, 404, "MESSAGE_NOT_FOUND"),
        ({"cursor": "nothing"}, 422, "CURSOR_INVALID"),
        ({"limit": "0"}, 422, "INVALID_FIELD"),
        ({"detail": "some"}, 422, "INVALID_FIELD"),
    ],
)
def test_a_wrong_question_is_refused(client: TestClient, query: dict[str, str], status: int, code: str):
    answer = client.get(ADDRESS, params=query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_an_unknown_agent_has_no_conversation(client: TestClient):
    answer = client.get("/api/v1/agents/nobody/conversation")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "AGENT_NOT_FOUND")


def test_content_that_the_store_has_not_is_empty(client: TestClient, fleet: Any):
    with fleet.store.write() as ledger:
        ledger.append(e.Said(**IDS, message_id="x", block="thinking", chars=3, blob="gone"))
    last = read(client, **{"from": -1}).items[0]
    assert (last.kind, last.text, last.chars) == ("thinking", "", 0)
