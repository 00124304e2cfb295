"""Search over a million messages: how fast the first page comes, how large the index is, how fast it is built."""

from __future__ import annotations

import itertools
import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from benchmarks.figures import Figure, at_most, p95, spread, told
from data.domain import events as e
from data.domain.agents import Role, Runtime
from data.domain.search import Kind, parse
from data.domain.tasks import Complexity, TaskType
from data.store import Store
from data.store.search_clock import Indexer, catch_up
from data.store.search_index import Text, insert, labels_of, prepared
from tests.postgres import PostgresServer

MESSAGES = 1_000_000
ON_POSTGRESQL = 200_000
CHUNK = 5_000
AGENTS, TASKS = 2_000, 500
FEW = 100_000
EACH = 25
"""Questions of each kind."""
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KINDS = (Kind.TEXT, Kind.OUTPUT, Kind.INPUT, Kind.OUTPUT, Kind.THINKING, Kind.PROMPT)
WORDS = {Kind.OUTPUT: 120, Kind.INPUT: 25, Kind.PROMPT: 80}
QUESTIONS: dict[str, str] = {
    "in every second message": "error",
    "two frequent words": "error {frequent}",
    "rare": "{rare}",
    "one message": "needle{number}",
    "frequent and rare": "error {rare}",
    "phrase": '"connection refused"',
    "beginning, frequent": "{frequent:.3}*",
    "beginning, rare": "{rare:.4}*",
    "without": "error -connection",
    "place and role": "error in:tool role:tester",
    "time": "error since:30d until:2026-11-10",
    "an old time": "error until:2026-09-05",
    "folder": "error dir:project_7",
    "status": "{frequent} status:failed",
    "a word that is nowhere": "nowhere{number}",
}


class Writer:
    """Texts as agents write them: few words are frequent, many are rare."""

    def __init__(self, seed: int = 7, messages: int = MESSAGES) -> None:
        self.messages = messages
        self.random = random.Random(seed)
        letters = "etaoinshrdlucmfwypvbgkjqxz"
        weights = range(27, 1, -1)
        size = 60_000
        self.words = [
            "".join(self.random.choices(letters, weights=weights, k=self.random.randint(3, 10))) for _ in range(size)
        ]
        self._shares = list(itertools.accumulate(1 / (place + 3) for place in range(size)))
        self._stock = self.random.choices(self.words, cum_weights=self._shares, k=2_000_000)

    def text(self, number: int) -> Text:
        kind = KINDS[number % len(KINDS)]
        count = WORDS.get(kind, 50)
        start = self.random.randrange(len(self._stock) - count)
        said = self._stock[start : start + count]
        if number % 2:
            said[self.random.randrange(count)] = "error"
        if number % 20 == 1:
            said.insert(self.random.randrange(count), "connection refused")
        if number % 1000 == 0:
            said.append(f"needle{number // 1000}")
        at = NOW - timedelta(days=90) + timedelta(days=90) * (number / self.messages)
        tool = "Bash" if kind in (Kind.INPUT, Kind.OUTPUT) else ""
        return Text(f"k{number}", at, kind, " ".join(said), tool)


def measure(messages: int | None) -> Iterator[Figure]:
    with TemporaryDirectory(prefix="qd-search-") as folder:
        store = Store.open(f"sqlite:///{Path(folder) / 'store.sqlite'}")
        try:
            yield from _appended(store)
            yield from _searched(store, "SQLite", messages or MESSAGES, _file_mb(Path(folder)))
        finally:
            store.close()


def on_postgresql(messages: int | None) -> Iterator[Figure]:
    server = PostgresServer()
    try:
        store = Store.open(server.database("bench"))
        yield from _searched(store, "PostgreSQL", messages or ON_POSTGRESQL, lambda: _database_mb(store))
        store.close()
    finally:
        server.remove()


def _file_mb(folder: Path) -> Callable[[], float]:
    return lambda: sum(path.stat().st_size for path in folder.iterdir() if path.name == "store.sqlite") / 1e6


def _database_mb(store: Store) -> float:
    with store.reader.connect() as connection:
        return float(connection.execute(sa.text("select pg_database_size(current_database())")).scalar_one()) / 1e6


def _searched(store: Store, where: str, messages: int, size_mb: Callable[[], float]) -> Iterator[Figure]:
    _people(store)
    writer, before_mb = Writer(messages=messages), size_mb()
    chars, took_s = 0, 0.0
    for start in range(0, messages, CHUNK):
        texts = [writer.text(number) for number in range(start, min(start + CHUNK, messages))]
        chars += sum(len(text.text) for text in texts)
        agent = (start // CHUNK) % AGENTS
        whose = (f"t{agent % TASKS}", f"a{agent}")
        with store.read() as board:
            labels = labels_of(board.connection, {whose})[whose]
        began = time.perf_counter()
        made = [(labels, prepared(text, sqlite=store.sqlite)) for text in texts]
        with store.write() as ledger:
            insert(ledger.connection, made)
        took_s += time.perf_counter() - began
    with store.writer.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)" if store.sqlite else "ANALYZE")
        driver.commit()
    grown_mb = size_mb() - before_mb
    beside = f"{messages:,} messages, {chars / 1e6:,.0f} MB of text; {messages / took_s:,.0f} messages/s"
    yield told(f"search index built, {where}", f"{chars / 1e6 / took_s:.1f} MB/s", beside)
    share = f"{100 * grown_mb / (chars / 1e6):.0f} % of the text, which is kept compressed in it"
    yield told(f"search index size, {where}, per million messages", f"{grown_mb * 1e6 / messages:,.0f} MB", share)
    by_kind = _asked(store, writer)
    every = [ms for found in by_kind.values() for ms in found]
    slowest = sorted(((p95(found), kind) for kind, found in by_kind.items()), reverse=True)[:3]
    beside = f"{spread(every)}; slowest: " + ", ".join(f"{kind} {ms:.0f} ms" for ms, kind in slowest)
    target = 200 if messages >= FEW else None
    yield at_most(f"search, first page, {messages:,} messages, {where}, p95", p95(every), target, "ms", beside)


def _asked(store: Store, writer: Writer) -> dict[str, list[float]]:
    """Milliseconds of the first page with snippets, by the kind of question."""
    out: dict[str, list[float]] = {}
    for kind, pattern in QUESTIONS.items():
        for number in range(EACH):
            given = {
                "frequent": writer.words[number % 20],
                "rare": writer.words[5_000 + 700 * number],
                "number": 13 * number,
            }
            query = parse(pattern.format(**given), NOW)
            began = time.perf_counter()
            with store.read() as board:
                board.search(query, 20, None, "best", NOW)
            out.setdefault(kind, []).append(1000 * (time.perf_counter() - began))
    return out


def _people(store: Store) -> None:
    """The tasks and agents of the messages; every tenth task has failed."""
    roles = list(Role)
    plain = {"complexity": Complexity.SIMPLE, "analyst_included": False, "analyst_reason": "", "workflow": ()}
    with store.write() as ledger:
        for number in range(TASKS):
            about = {"task_type": list(TaskType)[number % 8], "working_directory": f"/src/project_{number % 50}"}
            ledger.append(
                e.TaskSubmitted(
                    task_id=f"t{number}",
                    description=f"Task {number}",
                    runtime=Runtime.CLAUDE,
                    by="me",
                    **plain,
                    **about,
                )
            )
        for number in range(AGENTS):
            made = {"step": "s", "role": roles[number % len(roles)], "name": "Ada", "model": "m"}
            ledger.append(
                e.AgentCreated(task_id=f"t{number % TASKS}", agent_id=f"a{number}", runtime=Runtime.CLAUDE, **made)
            )
        ledger.connection.execute(sa.text("update tasks set status = 'failed' where id like '%3'"))


def _appended(store: Store) -> Iterator[Figure]:
    """What it would cost to index an answer in the transaction that appends it, and how far the index is behind."""
    writer = Writer(3)
    with store.write() as ledger:
        plain = {"complexity": Complexity.SIMPLE, "analyst_included": False, "analyst_reason": "", "workflow": ()}
        about = {"task_type": TaskType.BUG_FIX, "working_directory": "/src", "runtime": Runtime.CLAUDE}
        ledger.append(e.TaskSubmitted(task_id="b", description="Bench", by="me", **plain, **about))
        made = {"step": "s", "role": Role.BUILDER, "name": "Ada", "model": "m", "runtime": Runtime.CLAUDE}
        ledger.append(e.AgentCreated(task_id="b", agent_id="b", **made))
    number = itertools.count()

    def append(indexed: bool) -> float:
        """Milliseconds for one batch of 20 answers, as a recorder writes them."""
        texts = [" ".join(writer.text(6 * next(number) + 1).text for _ in range(3)) for _ in range(20)]
        began = time.perf_counter()
        with store.write() as ledger:
            for text in texts:
                ids = {"task_id": "b", "agent_id": "b", "tool_use_id": "u"}
                blob = ledger.keep(text.encode())
                ledger.append(e.ToolReturned(**ids, tool="Bash", is_error=False, output_blob=blob, preview=text[:200]))
                if indexed:
                    kept = Text(f"b{next(number)}", NOW, Kind.OUTPUT, text, "Bash", blob)
                    labels = labels_of(ledger.connection, {("b", "b")})["b", "b"]
                    insert(ledger.connection, [(labels, prepared(kept, sqlite=store.sqlite))])
        return 1000 * (time.perf_counter() - began)

    pairs = [(append(False), append(True)) for _ in range(60)]
    alone, together = (statistics.median(values) for values in zip(*pairs, strict=True))
    slower = 100 * (together / alone - 1)
    beside = f"{alone:.1f} ms without, {together:.1f} ms with; so the index follows in transactions of its own"
    yield told(
        "indexing inside the event's transaction would slow an append of 20 answers by", f"{slower:.0f} %", beside
    )
    while catch_up(store):
        pass
    indexer = Indexer(store)
    indexer.start()
    try:
        lags = [_lag_ms(store, writer, 6_000_000 + step) for step in range(20)]
    finally:
        indexer.stop()
    yield at_most("from an answer to its being found, p95", p95(lags), 1000, "ms", spread(lags))


def _lag_ms(store: Store, writer: Writer, number: int) -> float:
    word = f"late{number}"
    began = time.perf_counter()
    with store.write() as ledger:
        blob = ledger.keep(f"{word} {writer.text(1).text}".encode())
        ids = {"task_id": "b", "agent_id": "b", "tool_use_id": "u"}
        ledger.append(e.ToolReturned(**ids, tool="Bash", is_error=False, output_blob=blob))
    while True:
        with store.read() as board:
            if board.search(parse(word, NOW), 1).hits:
                return 1000 * (time.perf_counter() - began)
        time.sleep(0.01)
