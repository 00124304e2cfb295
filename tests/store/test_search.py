"""Search: the same answers on SQLite and PostgreSQL, up to date with the log, and bounded whatever is asked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.domain import events as e
from data.domain.agents import FileChange, Role, Runtime
from data.domain.errors import CursorInvalid
from data.domain.search import Kind, parse
from data.domain.search_words import places
from data.domain.tasks import Complexity, TaskStatus, TaskType
from data.store import Ledger, Store
from data.store.search import BOUNDS, Bounds, Hit, Order, Results
from data.store.search_clock import Indexer, catch_up
from data.store.search_index import Text, insert, labels_of, prepared

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def submit(ledger: Ledger, task_id: str, description: str = "A task", at: datetime = NOW, **values: object) -> None:
    given = {"task_type": TaskType.BUG_FIX, "working_directory": "/src/shop", "runtime": Runtime.CLAUDE} | values
    plain = {"complexity": Complexity.SIMPLE, "analyst_included": False, "analyst_reason": "", "workflow": ()}
    ledger.append(e.TaskSubmitted(task_id=task_id, description=description, by="me", **plain, **given), at)  # type: ignore[arg-type]


def agent(ledger: Ledger, task_id: str, agent_id: str, role: Role = Role.BUILDER) -> None:
    made = {"step": role.value, "role": role, "name": "Ada", "model": "m", "runtime": Runtime.CLAUDE}
    ledger.append(e.AgentCreated(task_id=task_id, agent_id=agent_id, **made), NOW)  # type: ignore[arg-type]


def said(ledger: Ledger, task_id: str, agent_id: str, text: str, at: datetime = NOW) -> int | None:
    blob = ledger.keep(text.encode())
    ids = {"task_id": task_id, "agent_id": agent_id}
    return ledger.append(e.Said(**ids, message_id="m", block="text", chars=len(text), blob=blob), at)  # type: ignore[arg-type]


def put(ledger: Ledger, *texts: Text) -> None:
    """Texts of an imported agent, as an import puts them into the index."""
    labels, sqlite = (
        labels_of(ledger.connection, {("t1", "a1")})["t1", "a1"],
        ledger.connection.dialect.name == "sqlite",
    )
    insert(ledger.connection, [(labels, prepared(text, sqlite=sqlite)) for text in texts])


def caught_up(store: Store) -> None:
    while catch_up(store):
        pass


def find(
    store: Store,
    text: str,
    limit: int = 20,
    cursor: str | None = None,
    order: Order = "best",
    bounds: Bounds = BOUNDS,
) -> Results:
    with store.read() as board:
        return board.search(parse(text, NOW), limit, cursor, order, NOW, bounds)


def marked(hit: Hit) -> str:
    return "".join(f"[{bit.text}]" if bit.hit else bit.text for bit in hit.snippet)


def shown(store: Store, text: str) -> set[tuple[str, str]]:
    return {(hit.kind.value, marked(hit)) for hit in find(store, text).hits}


@pytest.fixture
def full(store: Store) -> Store:
    """One task of which every kind of text is known, and one of another type, role and time."""
    with store.write() as ledger:
        submit(ledger, "t1", "Fix the checkout in src/shop/cart.py")
        agent(ledger, "t1", "a1")
        ids = {"task_id": "t1", "agent_id": "a1"}
        ledger.append(e.Prompted(**ids, chars=9, blob=ledger.keep(b"You are a builder. Mend it.")), NOW)
        said(ledger, "t1", "a1", "The checkout fails: Connection refused by snake_case")
        thought = ledger.keep("Perhaps the café is closed".encode())
        ledger.append(e.Said(**ids, message_id="m", block="thinking", chars=9, blob=thought), NOW)  # type: ignore[arg-type]
        given = ledger.keep(b'{"command": "npm test\\ncheckout-flow", "timeout": 30}')
        ledger.append(e.ToolCalled(**ids, tool_use_id="u1", tool="Bash", words="runs npm", input_blob=given), NOW)
        answer = ledger.keep(b"1 failed: cart total " + b"x " * 50_000 + b"Segmentation fault")
        ledger.append(e.ToolReturned(**ids, tool_use_id="u1", tool="Bash", is_error=True, output_blob=answer), NOW)
        ledger.append(e.FileTouched(**ids, path="src/shop/cart.py", change=FileChange.READ), NOW)
        ledger.append(e.FileTouched(**ids, path="src/shop/cart.py", change=FileChange.MODIFIED), NOW)
        ledger.append(e.Diagnostic(**ids, words="npm warn: engine too old"), NOW)
        ledger.append(e.AgentTold(**ids, words="look at the tax instead", by="me"), NOW)
        old = NOW - timedelta(days=70)
        submit(
            ledger, "t2", "Review the checkout", old, task_type=TaskType.CODE_REVIEW, working_directory="/src/bank_1"
        )
        agent(ledger, "t2", "a2", Role.REVIEWER)
        said(ledger, "t2", "a2", "The checkout of the bank is fine", old)
        ledger.append(e.TaskMoved(task_id="t2", to=TaskStatus.IN_PROGRESS), old)
        ledger.append(e.TaskMoved(task_id="t2", to=TaskStatus.FAILED, why="The tower of logic fell over"), old)
    caught_up(store)
    return store


def test_every_kind_of_text_is_found_with_its_hits_marked(full: Store) -> None:
    assert shown(full, "connection refused") == {("text", "The checkout fails: [Connection] [refused] by snake_case")}
    assert shown(full, "cafe") == {("thinking", "Perhaps the [café] is closed")}
    assert shown(full, "checkout-flow") == {("input", "command: npm test [checkout-flow] timeout: 30")}
    assert shown(full, '"segmentation fault"').pop()[1].endswith("[Segmentation fault]")
    assert shown(full, "cart.py in:file") == {("file", "src/shop/[cart.py]")}
    assert shown(full, "mend") == {("prompt", "You are a builder. [Mend] it.")}
    assert shown(full, "engine") == {("log", "npm warn: [engine] too old")}
    assert shown(full, "tax") == {("told", "look at the [tax] instead")}
    assert shown(full, "tower") == {("error", "The [tower] of logic fell over")}
    assert shown(full, "src/shop") == {
        ("description", "Fix the checkout in [src/shop]/cart.py"),
        ("file", "[src/shop]/cart.py"),
    }
    (hit,) = find(full, "tower").hits
    assert (hit.task_id, hit.task, hit.status, hit.agent_id) == ("t2", "Review the checkout", TaskStatus.FAILED, None)
    (hit,) = find(full, "snake_case").hits
    assert (hit.task_id, hit.agent_id, hit.agent, hit.role, hit.at) == ("t1", "a1", "Ada", "builder", NOW)


QUESTIONS: list[tuple[str, list[str]]] = [
    ("checkout", ["description", "description", "input", "text", "text"]),
    ("checkout -bank", ["description", "description", "input", "text"]),
    ('"checkout fails"', ["text"]),
    ('"fails checkout"', []),
    ("check*", ["description", "description", "input", "text", "text"]),
    ("checkout in:task", ["description", "description"]),
    ("checkout in:task in:tool", ["description", "description", "input"]),
    ("checkout -in:task", ["input", "text", "text"]),
    ("checkout role:reviewer", ["text"]),
    ("checkout type:code-review", ["description", "text"]),
    ("checkout -type:code-review", ["description", "input", "text"]),
    ("checkout status:failed", ["description", "text"]),
    ("checkout status:failed status:pending", ["description", "description", "input", "text", "text"]),
    ("checkout status:completed", []),
    ("checkout runtime:demo", []),
    ("checkout dir:bank_1", ["description", "text"]),
    ("checkout dir:bank%", []),
    ("checkout since:30d", ["description", "input", "text"]),
    ("checkout until:2026-10", ["description", "text"]),
    ("checkout since:2026-09-15 until:2026-09-15", ["description", "text"]),
    ("checkout since:2026-09-16 until:2026-10-02", []),
    ("checkout agent:a2", ["text"]),
    ("checkout task:t2", ["description", "text"]),
    ("tool:bash", ["input", "output"]),
    ("in:file", ["file"]),
    ("status:failed", ["description", "error", "text"]),
    ("-checkout in:conversation", ["prompt", "thinking", "told"]),
    ("since:1d -in:tool -in:conversation", ["description", "file", "log"]),
    ("timeout 30", ["input"]),
    ("nothing of this", []),
    ("c", []),
    ("", []),
]


def test_the_language_means_the_same_everywhere(full: Store) -> None:
    for question, kinds in QUESTIONS:
        results = find(full, question)
        assert sorted(hit.kind.value for hit in results.hits) == kinds, question
        assert (results.count, results.more, results.next_cursor) == (len(kinds), False, None), question


def test_deleted_tasks_vanish_and_archived_ones_are_marked(full: Store) -> None:
    with full.writer.connect() as connection, connection.begin():
        connection.execute(sa.text("update tasks set archived_at_ms = 1 where id = 't1'"))
    with full.write() as ledger:
        ledger.append(e.TaskDeleted(task_id="t2", by="me"))
    assert {(hit.task_id, hit.archived) for hit in find(full, "checkout").hits} == {("t1", True)}
    assert find(full, "checkout status:failed").hits == []
    assert find(full, "dir:bank").hits == []


@pytest.mark.parametrize(("question", "order"), [("needle", "best"), ("needle since:100d", "newest")])
def test_pages_go_on_while_texts_arrive(store: Store, question: str, order: Order) -> None:
    """Over the end of a stretch too, and each text once."""
    bounds = Bounds(weighed=7, looked_at=11)
    with store.write() as ledger:
        submit(ledger, "t1", "unrelated")
        agent(ledger, "t1", "a1")
        keys = [said(ledger, "t1", "a1", f"needle {n}", NOW - timedelta(days=n % 5)) for n in range(30)]
    caught_up(store)
    seen: list[str] = []
    cursor = None
    while True:
        page = find(store, question, 4, cursor, order, bounds)
        seen += [hit.key for hit in page.hits]
        cursor = page.next_cursor
        if cursor is None:
            break
        with store.write() as ledger:
            said(ledger, "t1", "a1", "needle that came later")
        caught_up(store)
    assert sorted(seen, key=int) == [str(key) for key in keys]


def test_more_than_was_weighed_is_said(store: Store) -> None:
    bounds = Bounds(weighed=5, looked_at=5)
    with store.write() as ledger:
        submit(ledger, "t1", "unrelated")
        agent(ledger, "t1", "a1")
        for n in range(9):
            said(ledger, "t1", "a1", f"needle {n}", NOW - timedelta(days=40 if n == 0 else 0))
    caught_up(store)
    page = find(store, "needle", limit=2, bounds=bounds)
    assert (len(page.hits), page.count, page.more, page.looked_at) == (2, 5, True, 5)
    far = find(store, "needle until:2026-11-01", bounds=bounds)  # looks further back by itself while nothing fits
    assert [marked(hit) for hit in far.hits] == ["[needle] 0"]


def test_times_within_a_month_are_words_of_the_index(store: Store) -> None:
    """However much stands beyond them: the days at both ends are asked of the index, and hours of each hit."""
    bounds = Bounds(weighed=3, looked_at=4)
    with store.write() as ledger:
        submit(ledger, "t1", "unrelated")
        agent(ledger, "t1", "a1")
        for hours in range(0, 24 * 40, 3):
            said(ledger, "t1", "a1", f"needle {hours}", NOW - timedelta(hours=24 * 40 - hours))
    caught_up(store)

    def hours(question: str) -> list[int]:
        out, cursor = [], None
        while True:
            page = find(store, question, 100, cursor, "newest", bounds)
            out += [int(marked(hit).split()[1]) for hit in page.hits]
            cursor = page.next_cursor
            if cursor is None:
                return out
            assert page.hits or page.looked_at

    start, october = NOW - timedelta(days=40), datetime(2026, 10, 1, tzinfo=UTC)
    for question, since, until in (
        ("needle since:2026-11-03 until:2026-11-05", october + timedelta(days=33), october + timedelta(days=36)),
        ("needle since:21d until:2026-11-10", NOW - timedelta(days=21), october + timedelta(days=41)),
        ("needle since:2026-10-31 until:20d", october + timedelta(days=30), NOW - timedelta(days=20)),
    ):
        wanted = [n for n in range(0, 24 * 40, 3) if since <= start + timedelta(hours=n) < until]
        assert sorted(hours(question)) == wanted, question
    assert find(store, "needle since:2026-11-03 until:2026-11-05", bounds=bounds).hits


def test_newer_and_weightier_texts_come_first(store: Store) -> None:
    with store.write() as ledger:
        submit(ledger, "t1", "A needle")
        agent(ledger, "t1", "a1")
        for days in (90, 1, 30):
            said(ledger, "t1", "a1", f"A needle {days}", NOW - timedelta(days=days))
    caught_up(store)
    assert [marked(hit) for hit in find(store, "needle").hits] == [
        "A [needle]",
        "A [needle] 1",
        "A [needle] 30",
        "A [needle] 90",
    ]


def test_a_cursor_belongs_to_its_question(full: Store) -> None:
    cursor = find(full, "checkout", limit=1).next_cursor
    with pytest.raises(CursorInvalid, match="another question"):
        find(full, "bank", cursor=cursor)
    for wrong in ("x", "!!!", "bnVsbA", "WzEsMiwzXQ", "W10"):
        with pytest.raises(CursorInvalid):
            find(full, "checkout", cursor=wrong)


def test_texts_are_found_where_they_lie_and_by_their_time(store: Store) -> None:
    with store.write() as ledger:
        submit(ledger, "t1", "unrelated", runtime=Runtime.IMPORTED)
        agent(ledger, "t1", "a1")
        blob = ledger.keep(b"a needle in a blob")
        texts = [
            Text("k1", NOW, Kind.PROMPT, "a needle that was asked for"),
            Text("k2", NOW - timedelta(days=400), Kind.OUTPUT, "a needle in a blob", "Bash", blob),
            Text("k2", NOW, Kind.INPUT, "a needle that went in", "Bash"),
            Text("k4", NOW, Kind.LOG, "needle"),
        ]
        put(ledger, *texts)
    assert {(hit.key, hit.kind.value, marked(hit)) for hit in find(store, "needle runtime:imported").hits} == {
        ("k1", "prompt", "a [needle] that was asked for"),
        ("k2", "output", "a [needle] in a blob"),
        ("k2", "input", "a [needle] that went in"),
        ("k4", "log", "[needle]"),
    }
    assert [hit.key for hit in find(store, "needle tool:bash until:2026-01-01").hits] == ["k2"]


def test_a_store_of_an_older_version_is_caught_up_with(store: Store) -> None:
    """In stretches, and what is behind is said; two processes at once index nothing twice."""
    with store.write() as ledger:
        submit(ledger, "t1", "unrelated")
        agent(ledger, "t1", "a1")
        for n in range(30):
            said(ledger, "t1", "a1", f"needle {n}")
    with store.read() as board:
        assert board.search_indexed().behind == 32
        assert board.search_indexed().upto == NOW
    assert catch_up(store, stretch=10)
    assert find(store, "needle").count == 8
    others = [threading.Thread(target=caught_up, args=(store,)) for _ in range(3)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    caught_up(store)
    assert find(store, "needle").count == 30
    with store.read() as board:
        assert (board.search_indexed().behind, board.search_indexed().upto) == (0, None)
    assert not catch_up(store)


def test_long_texts_are_indexed_in_several_transactions(lite: Store) -> None:
    with lite.write() as ledger:
        submit(ledger, "t1", "unrelated")
        agent(ledger, "t1", "a1")
        for n in range(100):
            said(ledger, "t1", "a1", f"needle {n} " + "hay " * 10)
    steps = 1
    while catch_up(lite, most_chars=50):
        steps += 1
    assert steps >= 4
    assert find(lite, "needle").count == 100


def test_what_cannot_be_read_is_left_out(store: Store) -> None:
    """A content that is gone, one that is no text, and the beginning of a huge one."""
    with store.write() as ledger:
        submit(ledger, "t1", "unrelated")
        agent(ledger, "t1", "a1")
        ids = {"task_id": "t1", "agent_id": "a1"}
        for blob in ("0" * 64, ledger.keep(b"\xff\x00 needle \xff"), ledger.keep(b"needle " + b"x " * 1_000_000)):
            ledger.append(e.Said(**ids, message_id="m", block="text", chars=1, blob=blob), NOW)  # type: ignore[arg-type]
        for content in (b"{", b'"needle"', b"[" * 100_000, b'{"a": [{"needle": 1.5, "b": null}, "x"]}'):
            blob = ledger.keep(content)
            ledger.append(e.ToolCalled(**ids, tool_use_id="u", tool="T", words="", input_blob=blob), NOW)
    caught_up(store)
    assert {(hit.kind.value, marked(hit)[:14]) for hit in find(store, "needle").hits} == {
        ("text", "\ufffd\ufffd [needle] \ufffd"),
        ("text", "[needle] x x x"),
        ("input", '"[needle]"'),
        ("input", "a: [needle]: 1"),
    }


def test_the_index_follows_by_itself(store: Store, eventually: Callable[..., None]) -> None:
    indexer = Indexer(store)
    indexer.start()
    try:
        with store.write() as ledger:
            submit(ledger, "t1", "A needle")
        eventually(lambda: find(store, "needle").count == 1)
        with store.write() as ledger:
            submit(ledger, "t2", "Another needle")
        eventually(lambda: find(store, "needle").count == 2)
    finally:
        indexer.stop()


WORDS = st.sampled_from(
    ["Straße", "naïve", "東京", "한국", "x1", "NOT", "and", "'", '"', "\\", "ﬁne", "½", "İ", "क्या", "*"]
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.lists(WORDS | st.text(max_size=8), max_size=6).map(" ".join))
def test_any_text_can_be_kept_and_asked_for(store: Store, text: str) -> None:
    """No question breaks the language of a database, and what is kept is found by its own words."""
    with store.write() as ledger:
        if ledger.connection.execute(sa.text("select count(*) from tasks")).scalar_one() == 0:
            submit(ledger, "t1", "unrelated")
            agent(ledger, "t1", "a1")
        key = f"k{ledger.connection.execute(sa.text('select count(*) from search_entries')).scalar_one()}"
        kept = bool(text.strip())
        if kept:
            put(ledger, Text(key, NOW, Kind.TEXT, text))
    find(store, text)
    plain = "".join(c for c in text if c not in '"*').strip()
    if kept and len(places(plain)) > 1 and plain.isascii():
        found = find(store, f'"{plain}"', limit=200)
        assert key in {hit.key for hit in found.hits} or found.more
