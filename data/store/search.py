"""Search: finds texts over all tasks and agents, the best first, on SQLite and PostgreSQL alike.

The work is bounded whatever is asked: of all texts with the words asked for, the newest stretch is weighed, and the
next pages go on with the stretch before it. So a word that stands everywhere is answered as fast as a rare one.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
import zstandard

from data.domain import words
from data.domain.errors import CursorInvalid
from data.domain.search import Kind, Query
from data.domain.search_lines import pieces
from data.domain.search_words import Bit, Term, capped, snippet
from data.domain.tasks import TaskStatus
from data.store import search_index, search_question
from data.store import tables as t
from data.store.lists import like
from data.store.look import Look
from data.store.rows import at, ms
from data.store.search_index import LINE
from data.store.tables_search import search_entries
from data.store.transcripts import Transcripts

Order = Literal["best", "newest"]
ORDERS: tuple[Order, ...] = ("best", "newest")

NAMED_TASKS = 64
"""As many tasks can be asked for by name in the index."""
HALF_LIFE_MS = 14 * 86_400_000
"""A text of today weighs twice as much as a very old one, and half of the difference is gone in this time."""
_WEIGHTS = {Kind.DESCRIPTION: 2.0, Kind.RESULT: 1.4, Kind.ERROR: 1.6, Kind.TEXT: 1.2, Kind.PROMPT: 1.1}
_LOUD = {Kind.THINKING: 0.9, Kind.INPUT: 0.8, Kind.OUTPUT: 0.7}


@dataclass(frozen=True)
class Bounds:
    """How much work one page may be."""

    weighed: int = 1_000
    """Texts that are weighed against each other at once."""
    looked_at: int = 10_000
    """Texts that are looked at for them where filters decide that are no words of the index."""
    near: int = 20_000
    """Texts that PostgreSQL looks through before it asks its index."""
    rounds: int = 3
    """Stretches that are looked at while nothing in them fits."""


@dataclass(frozen=True)
class Hit:
    """One text in which the words were found."""

    key: str
    """Of the entry of the agent's conversation that it belongs to."""
    kind: Kind
    tool: str
    at: datetime
    snippet: tuple[Bit, ...]
    task_id: str
    task: str
    """The beginning of its description."""
    status: TaskStatus
    archived: bool
    simulated: bool
    task_nanousd: int
    agent_id: str | None
    agent: str
    role: str
    agent_nanousd: int | None


@dataclass(frozen=True)
class Results:
    """One page of what was found."""

    hits: list[Hit]
    count: int
    """How many texts were found in the stretch that was weighed."""
    more: bool
    """Whether there are texts beyond that stretch: `more than count`."""
    looked_at: int
    """Texts with the words asked for that were looked at."""
    next_cursor: str | None


@dataclass(frozen=True)
class Indexed:
    """How far the index is behind what happened."""

    upto: datetime | None
    """Everything until then can be found; None if it is all."""
    behind: int
    """Events that are not looked at yet."""


BOUNDS = Bounds()


class _Place(NamedTuple):
    """Where a page begins: a stretch, and how far into it."""

    top: int
    offset: int
    ref_ms: int


class Searches(Look):
    """What can be found."""

    def search(
        self,
        query: Query,
        limit: int = 20,
        cursor: str | None = None,
        order: Order = "best",
        now: datetime | None = None,
        bounds: Bounds = BOUNDS,
    ) -> Results:
        """The next page of what was found; nothing for a question that asks for nothing, or for one letter.

        Raises CursorInvalid.
        """
        if query.empty or query.too_short:
            return Results([], 0, False, 0, None)
        mark = zlib.crc32(f"{order} {query.text}".encode("utf-8", "replace"))
        # what arrives later stands above where the first page began, and moves nothing on the pages after it
        newest = self.connection.execute(search_index.NEXT).scalar_one()
        start = _place(cursor, mark) if cursor else _Place(newest, 0, ms(now or datetime.now(UTC)))
        wanted = _Wanted.of(self.connection, query, start.ref_ms, bounds)
        if self.connection.dialect.name == "postgresql":
            self.connection.exec_driver_sql(_FOR_THIS_QUESTION)
        if wanted.top is not None:
            start = start._replace(top=min(start.top, wanted.top))
        looked_at = 0
        for _ in range(bounds.rounds):
            found, lowest, looked = self._stretch(wanted, start, order)
            looked_at, full = looked_at + looked, looked >= wanted.look
            if len(found) > start.offset or not full:
                break
            start = start._replace(top=lowest, offset=0)
        page = found[start.offset : start.offset + limit]
        after = start.offset + len(page)
        following = None
        if after < len(found):
            following = _Place(start.top, after, start.ref_ms)
        elif full:
            following = _Place(lowest, 0, start.ref_ms)
        hits = self._hits(page, query.terms)
        return Results(hits, len(found), full, looked_at, _cursor(following, mark) if following else None)

    def search_indexed(self) -> Indexed:
        """How far the index is behind."""
        position = search_index.position(self.connection)
        c = t.events.c
        clock = self.connection.execute(sa.select(sa.func.coalesce(sa.func.max(c.id), 0))).scalar_one()
        next_ms = self.connection.execute(sa.select(c.at_ms).where(c.id > position).order_by(c.id).limit(1)).scalar()
        return Indexed(None if next_ms is None else at(next_ms), max(0, clock - position))

    def search_texts(self) -> int:
        """How many texts can be found."""
        return int(self.connection.execute(sa.select(sa.func.count()).select_from(search_entries)).scalar_one())

    def _stretch(self, wanted: _Wanted, start: _Place, order: Order) -> tuple[list[int], int, int]:
        """The newest texts below a place, the best first; the lowest that was looked at, and how many were."""
        if wanted.nothing:
            return [], 0, 0
        if wanted.match is None:
            c = search_entries.c
            every = sa.select(c.id, sa.literal(1.0).label("score")).where(c.id < start.top, c.id >= wanted.bottom)
            newest = every.order_by(c.id.desc()).limit(wanted.look).subquery()
            rows = self.connection.execute(wanted.filtered(newest)).all()
        elif self.connection.dialect.name == "sqlite":
            rows = self._looked_at(wanted, wanted.bottom, start.top, wanted.look, _SQLITE)
        else:
            rows = self._near_and_far(wanted, start.top)
        if not rows:
            return [], 0, 0
        kept = [row for row in rows if row.fits]
        if order == "newest":
            kept.sort(key=lambda row: (-row.at_ms, -row.id))
        else:
            kept.sort(key=lambda row: (-_score(row, start.ref_ms), -row.id))
        return [row.id for row in kept], min(row.id for row in rows), len(rows)

    def _near_and_far(self, wanted: _Wanted, top: int) -> Sequence[sa.Row[Any]]:
        """On PostgreSQL the newest texts are read one by one; then the index is asked, if what is wanted is rare.

        Of a frequent word the index gives all places before the newest is known; without it a rare one is looked for
        in every text. Its own guess of what is rare is far off for phrases, tags and words that it has not counted.
        """
        near = wanted.bounds.near
        middle = max(wanted.bottom, top - near)
        rows = list(self._looked_at(wanted, middle, top, wanted.look, _READ))
        if len(rows) < wanted.look and middle > wanted.bottom:
            how = _ASK_THE_INDEX if self._rare(str(wanted.match)) else _READ
            rows += self._looked_at(wanted, wanted.bottom, middle, wanted.look - len(rows), how)
        return rows

    def _rare(self, match: str) -> bool:
        """Whether few texts have what is asked for, as a sample of all of them says."""
        if match.startswith("!"):  # the index has no word for "not"
            return False
        share = min(100.0, 100.0 * SAMPLE / int(self.connection.execute(search_index.NEXT).scalar_one()))
        row = self.connection.execute(_SAMPLE, {"match": match, "share": share}).one()
        return bool(row.fits * RARE <= row.looked)

    def _looked_at(
        self, wanted: _Wanted, bottom: int, top: int, look: int, statement: sa.TextClause
    ) -> Sequence[sa.Row[Any]]:
        """The newest texts with the words asked for whose numbers are in this stretch."""
        given = {"match": wanted.match, "ranked": wanted.ranked, "bottom": bottom, "top": top, "look": look}
        found = statement.columns(sa.column("id", sa.BigInteger), sa.column("score", sa.Float)).subquery()
        return self.connection.execute(wanted.filtered(found), given).all()

    def _hits(self, ids: Sequence[int], terms: Iterable[Term]) -> list[Hit]:
        """Everything about these texts, in this order."""
        if not ids:
            return []
        c, task, agent = search_entries.c, t.tasks.c, t.agents.c
        described = sa.func.substr(task.description, 1, 400).label("described")
        about = (described, task.status, task.archived_at_ms, task.simulated, task.cost_nanousd.label("task_nanousd"))
        who = (agent.name, agent.role, agent.cost_nanousd.label("agent_nanousd"), agent.status.label("agent_status"))
        query = sa.select(search_entries, *about, *who).join(t.tasks, task.id == c.task_id)
        query = query.outerjoin(t.agents, agent.id == c.agent_id).where(c.id.in_(ids))
        rows = {row["id"]: row for row in self.connection.execute(query).mappings()}
        kept = search_index.contents(self.connection, [row["blob"] for row in rows.values() if row["blob"]])
        terms = tuple(terms)
        return [
            _hit(rows[number], _text(self.connection, rows[number], kept), terms) for number in ids if number in rows
        ]


def _text(db: sa.Connection, row: sa.RowMapping, kept: dict[str, bytes]) -> str:
    """Of a hit the text that was indexed, from where it lies."""
    if row["blob"] is None:
        return "" if row["text"] is None else zstandard.decompress(row["text"]).decode()
    if row["blob"].startswith(LINE):
        version, number, place = map(int, row["blob"][1:].split(":"))
        lines = Transcripts(db).transcript_lines(row["agent_id"], number, number, version=version)
        told = [piece for line in lines for piece in pieces(number, line.value())]
        return capped(told[place].text) if place < len(told) else ""
    return capped(search_index.readable(Kind(row["kind"]), kept.get(row["blob"], b"")))


def _hit(row: sa.RowMapping, text: str, terms: tuple[Term, ...]) -> Hit:
    there = row["agent_id"] is not None and row["agent_status"] not in (None, "deleted")
    return Hit(
        key=row["key"],
        kind=Kind(row["kind"]),
        tool=row["tool"],
        at=at(row["at_ms"]),
        snippet=snippet(text, terms),
        task_id=row["task_id"],
        task=words.title(row["described"]),
        status=TaskStatus(row["status"]),
        archived=row["archived_at_ms"] is not None,
        simulated=row["simulated"],
        task_nanousd=row["task_nanousd"],
        agent_id=row["agent_id"] if there else None,
        agent=row["name"] or "",
        role=row["role"] or "",
        agent_nanousd=row["agent_nanousd"],
    )


def _score(row: Any, ref_ms: int) -> float:
    """How well it fits, how new it is, and what it is."""
    kind = Kind(row.kind)
    age = max(0, ref_ms - row.at_ms) / HALF_LIFE_MS
    weight = _WEIGHTS.get(kind) or _LOUD.get(kind, 1.0)
    return float(row.score) * weight * (1 + math.exp2(-age))


# Both give the newest stretch first and weigh no more than it. The tags weigh nothing.
_SQLITE = sa.text(
    "SELECT rowid AS id, -bm25(search_words, 1.0, 0.0) AS score FROM search_words"
    " WHERE search_words MATCH :match AND rowid < :top AND rowid >= :bottom ORDER BY rowid DESC LIMIT :look"
)
# "is true" and "+ 0" keep PostgreSQL from the index of words, and from that of numbers
_READ = sa.text(
    "SELECT id, ts_rank(words, CAST(:ranked AS tsquery), 1) AS score FROM ("
    "SELECT id, words FROM search_words WHERE (words @@ CAST(:match AS tsquery)) IS TRUE"
    " AND id < :top AND id >= :bottom ORDER BY id DESC LIMIT :look) AS newest"
)
_ASK_THE_INDEX = sa.text(
    "SELECT id, ts_rank(words, CAST(:ranked AS tsquery), 1) AS score FROM ("
    "SELECT id, words FROM search_words WHERE words @@ CAST(:match AS tsquery) AND id + 0 < :top AND id + 0 >= :bottom"
    " ORDER BY id + 0 DESC LIMIT :look) AS newest"
)
_SAMPLE = sa.text(
    "SELECT count(*) AS looked, count(*) FILTER (WHERE words @@ CAST(:match AS tsquery)) AS fits"
    " FROM search_words TABLESAMPLE SYSTEM (:share)"
)
SAMPLE = 2_000
"""Texts of a sample."""
_FOR_THIS_QUESTION = "SET LOCAL plan_cache_mode = force_custom_plan"
"""A plan for whatever is asked expects so much that it joins with every text there is."""
RARE = 50
"""What stands in fewer than one of so many texts is had faster from the index of PostgreSQL than by reading."""


@dataclass(frozen=True)
class _Wanted:
    """A question in the words of the database."""

    match: str | None
    """None: the index has no word for it, so every text is looked at."""
    ranked: str
    query: Query
    bounds: Bounds
    tasks: tuple[sa.ColumnElement[bool], ...] = ()
    """What a task must be, where it cannot be asked of the index."""
    nothing: bool = False
    bottom: int = 0
    top: int | None = None
    """Between these numbers the texts of the time lie that is asked for."""

    @classmethod
    def of(cls, db: sa.Connection, query: Query, ref_ms: int, bounds: Bounds) -> _Wanted:
        tasks = _task_filters(query)
        named: list[str] = []
        if tasks:
            few = sa.select(t.tasks.c.id).where(t.tasks.c.deleted_at_ms.is_(None), *tasks).limit(NAMED_TASKS + 1)
            named = list(db.execute(few).scalars())
            if not named:
                return cls(None, "", query, bounds, nothing=True)
        if 0 < len(named) <= NAMED_TASKS:
            tasks = ()
        tags = search_question.tagged(query, ref_ms, [] if tasks else named)
        sqlite = db.dialect.name == "sqlite"
        speak = search_question.fts5 if sqlite else search_question.tsquery
        ranked = " & ".join(search_question.places(term) for term in query.terms)
        bottom, top = search_index.stretch_of(db, query.since, query.until)
        return cls(speak(query, *tags), ranked, query, bounds, tasks, bottom=bottom, top=top)

    @property
    def look(self) -> int:
        """More where something decides that is no word of the index; of a time the index knows the day."""
        newest = self.query.until
        some_of_a_day = newest is not None and not search_question.midnight(newest)
        return self.bounds.looked_at if self.tasks or some_of_a_day else self.bounds.weighed

    def filtered(self, looked: Any) -> sa.Select[Any]:
        """Of the texts that were looked at, what is needed to weigh them, and whether they fit."""
        c, task = search_entries.c, t.tasks.c
        fits: list[sa.ColumnElement[bool]] = [task.deleted_at_ms.is_(None), *self.tasks]
        if self.query.since:
            fits.append(c.at_ms >= ms(self.query.since))
        if self.query.until:
            fits.append(c.at_ms < ms(self.query.until))
        columns = (looked.c.id, looked.c.score, c.at_ms, c.kind, sa.and_(task.id.is_not(None), *fits).label("fits"))
        joined = looked.join(search_entries, c.id == looked.c.id).outerjoin(t.tasks, task.id == c.task_id)
        return sa.select(*columns).select_from(joined)


def _task_filters(query: Query) -> tuple[sa.ColumnElement[bool], ...]:
    c = t.tasks.c
    out: list[sa.ColumnElement[bool]] = []
    if status := query.only.get("status"):
        out.append(c.status.in_(status))
    if folders := query.only.get("dir"):
        out.append(sa.or_(*(c.working_directory.ilike(like(folder), escape="!") for folder in folders)))
    return tuple(out)


def _cursor(place: _Place, mark: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([mark, *place]).encode()).decode().rstrip("=")


def _place(cursor: str, mark: int) -> _Place:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        known, *numbers = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError) as error:
        raise CursorInvalid(field="cursor") from error
    right = len(numbers) == 3 and all(type(number) is int and 0 <= number <= 2**62 for number in numbers)
    if not right or known != mark or numbers[2] > 2**52:
        raise CursorInvalid("The cursor was issued for another question.", field="cursor")
    return _Place(*numbers)
