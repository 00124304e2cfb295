"""The index of search: puts texts into it, and reads them where they lie."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
import zstandard

from data.domain.search import Kind, day, place_of
from data.domain.search_words import capped, flat, places, searchable
from data.domain.texts import storable
from data.store import tables as t
from data.store.rows import ms
from data.store.tables_search import STRETCH, search_entries, search_progress, search_stretches

HUGE = 1024 * 1024
"""Of a content larger than this only the beginning is read."""
_BEGINNING = 64 * 1024
EVENTS = "events"
LINE = "@"
"""With this, and version, number and place, an entry names a text of a line of its agent's transcript."""


def line_place(version: int, line: int, place: int) -> str:
    return f"{LINE}{version}:{line}:{place}"


class Text(NamedTuple):
    """Something that can be found."""

    key: str
    """Of the entry of the conversation that it belongs to."""
    at: datetime
    kind: Kind
    text: str
    tool: str = ""
    blob: str = ""
    """Where the text lies already; without one it is kept beside the index."""


class Labels(NamedTuple):
    """What is the same for all texts of an agent."""

    task_id: str
    agent_id: str | None
    role: str
    task_type: str
    runtime: str


class Prepared(NamedTuple):
    """One text as it goes into the tables; made before the writer's lock is taken, for it takes the most time."""

    key: str
    kind: str
    tool: str
    at_ms: int
    blob: str | None
    text: bytes | None
    day: str
    words: str
    """As the index of the database takes them."""
    size: int
    """Characters that are found."""


def prepared(text: Text, *, sqlite: bool) -> Prepared:
    shown = capped(storable(text.text))
    return Prepared(
        text.key[:120],
        text.kind.value,
        text.tool[:120],
        ms(text.at),
        text.blob or None,
        None if text.blob else zstandard.compress(shown.encode(), 1),
        day(text.at),
        searchable(shown) if sqlite else _vector(shown),
        len(shown),
    )


def tag(name: str, value: str) -> str:
    """A word of the index for the value of a filter; ids and names as their digest, so that they are short."""
    if name in ("task", "agent", "tool"):
        return name + hashlib.sha1(value.lower().encode(), usedforsecurity=False).hexdigest()[:10]
    return name + re.sub(r"[^a-z0-9]", "", value.lower())


EVERY = "every"
"""A word that each text has: what is asked without one can only exclude."""


@functools.lru_cache(maxsize=1_000)
def _tags_of(labels: Labels) -> tuple[str, ...]:
    """Tags that all texts of an agent have."""
    named = {"role": labels.role, "type": labels.task_type, "runtime": labels.runtime, "task": labels.task_id}
    named["agent"] = labels.agent_id or ""
    return (EVERY, *(tag(name, value) for name, value in named.items() if value))


@functools.lru_cache(maxsize=10_000)
def _tags_in(kind: str, tool: str, day: str) -> tuple[str, ...]:
    """Tags of a text of its own."""
    named = {"in": place_of(Kind(kind)), "tool": tool, "month": day[:-2], "day": day}
    return tuple(tag(name, value) for name, value in named.items() if value)


def labels_of(db: sa.Connection, wanted: set[tuple[str, str | None]]) -> dict[tuple[str, str | None], Labels]:
    tasks, agents = {task for task, _ in wanted}, {agent for _, agent in wanted if agent}
    c, a = t.tasks.c, t.agents.c
    types = {r.id: r for r in db.execute(sa.select(c.id, c.task_type, c.runtime).where(c.id.in_(tasks)))}
    roles = {r.id: r.role for r in db.execute(sa.select(a.id, a.role).where(a.id.in_(agents)))} if agents else {}
    out = {}
    for task, agent in wanted:
        row = types.get(task)
        about = ("", "") if row is None else (row.task_type, row.runtime)
        out[task, agent] = Labels(task, agent, roles.get(agent, ""), *about)
    return out


NEXT = sa.select(sa.func.coalesce(sa.func.max(search_entries.c.id), 0) + 1)
_COLUMNS = ("id", "task_id", "agent_id", "key", "kind", "tool", "at_ms", "blob", "text")
_ENTRY = sa.insert(search_entries)
_TIMES = {
    "sqlite": sa.text(
        "INSERT INTO search_stretches (id, least_ms, most_ms) VALUES (:id, :least, :most) ON CONFLICT (id)"
        " DO UPDATE SET least_ms = min(least_ms, excluded.least_ms), most_ms = max(most_ms, excluded.most_ms)"
    ),
    "postgresql": sa.text(
        "INSERT INTO search_stretches AS known (id, least_ms, most_ms) VALUES (:id, :least, :most) ON CONFLICT (id)"
        " DO UPDATE SET least_ms = LEAST(known.least_ms, excluded.least_ms),"
        " most_ms = GREATEST(known.most_ms, excluded.most_ms)"
    ),
}
_WORDS_SQLITE = sa.text("INSERT INTO search_words(rowid, body, tags) VALUES (:id, :words, :tags)")
_WORDS_POSTGRESQL = sa.text("INSERT INTO search_words(id, words) VALUES (:id, CAST(:words AS tsvector))")


def insert(db: sa.Connection, texts: Sequence[tuple[Labels, Prepared]]) -> None:
    if not texts:
        return
    first = db.execute(NEXT).scalar_one()
    numbered = [(number, labels, text) for number, (labels, text) in enumerate(texts, first)]
    entries = [(n, labels.task_id, labels.agent_id, *text[:6]) for n, labels, text in numbered]
    db.execute(_ENTRY, [dict(zip(_COLUMNS, entry, strict=True)) for entry in entries])
    db.execute(_TIMES[db.dialect.name], _times((n, text.at_ms) for n, _, text in numbered))
    tags = ((n, text.words, [*_tags_of(labels), *_tags_in(*text[1:3], text.day)]) for n, labels, text in numbered)
    if db.dialect.name == "sqlite":
        db.execute(_WORDS_SQLITE, [{"id": n, "words": said, "tags": " ".join(found)} for n, said, found in tags])
    else:
        signed = ((n, said, " ".join(f"':{name}'" for name in found)) for n, said, found in tags)
        db.execute(_WORDS_POSTGRESQL, [{"id": n, "words": f"{said} {found}"} for n, said, found in signed])


def _times(entries: Iterable[tuple[int, int]]) -> list[dict[str, int]]:
    """By stretch: the least and the most of the times of these entries."""
    found: dict[int, list[int]] = {}
    for number, at_ms in entries:
        found.setdefault(number // STRETCH, []).append(at_ms)
    return [{"id": number, "least": min(times), "most": max(times)} for number, times in found.items()]


def stretch_of(db: sa.Connection, since: datetime | None, until: datetime | None) -> tuple[int, int | None]:
    """The first number that a text of this time can have, and the one behind the last; None for no end.

    Texts are numbered as they come, and history comes in late: so a time is no stretch of numbers, but lies in one.
    """
    c = search_stretches.c
    bottom, top = 0, None
    if since is not None:
        first = db.execute(sa.select(sa.func.min(c.id)).where(c.most_ms >= ms(since))).scalar()
        bottom, top = (0, 0) if first is None else (first * STRETCH, top)
    if until is not None and top is None:
        last = db.execute(sa.select(sa.func.max(c.id)).where(c.least_ms < ms(until))).scalar()
        top = 0 if last is None else (last + 1) * STRETCH
    return bottom, top


def _vector(text: str) -> str:
    """Words with their places as PostgreSQL reads them; a tag has a sign before it that no word has."""
    return " ".join(f"'{word}':{','.join(map(str, found[:255]))}" for word, found in places(text).items())


def readable(kind: Kind, content: bytes) -> str:
    """A content as people read it; of a call the values of what went in, and their names."""
    text = storable(content.decode("utf-8", "replace"))
    if kind is not Kind.INPUT:
        return text
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return flat(given) if isinstance(given, dict | list) else text


def contents(db: sa.Connection, keys: Iterable[str]) -> dict[str, bytes]:
    """As much of these contents as search looks at."""
    wanted, c = sorted(set(keys)), t.blobs.c
    out: dict[str, bytes] = {}
    for start in range(0, len(wanted), 500):
        found = sa.select(c.id, c.size, c.content).where(c.id.in_(wanted[start : start + 500]))
        for row in db.execute(found):
            unpack = zstandard.ZstdDecompressor()
            if row.size > HUGE:
                out[row.id] = unpack.stream_reader(row.content).read(_BEGINNING)
            else:
                out[row.id] = unpack.decompress(row.content)
    return out


def position(db: sa.Connection, name: str = EVENTS) -> int:
    """The event up to which everything can be found; of a transcript's file the line."""
    c = search_progress.c
    return int(db.execute(sa.select(c.event_id).where(c.name == name)).scalar() or 0)


def positions(db: sa.Connection, names: Iterable[str]) -> dict[str, int]:
    """Those that are known of these."""
    c = search_progress.c
    found = sa.select(c.name, c.event_id).where(c.name.in_(list(names)))
    return {row.name: row.event_id for row in db.execute(found)}


_POSITION = sa.text(
    "INSERT INTO search_progress (name, event_id) VALUES (:name, :number)"
    " ON CONFLICT (name) DO UPDATE SET event_id = excluded.event_id"
)


def set_positions(db: sa.Connection, numbers: Mapping[str, int]) -> None:
    if numbers:
        db.execute(_POSITION, [{"name": name, "number": number} for name, number in numbers.items()])


_FORGET = {
    "sqlite": "INSERT INTO search_words(search_words) VALUES ('delete-all')",
    "postgresql": "TRUNCATE search_words",
}


def start_over(db: sa.Connection) -> None:
    """Forget all that is in the index; from what is kept it is built anew, as with a store that never had one."""
    db.exec_driver_sql(_FORGET[db.dialect.name])
    db.execute(sa.delete(search_entries))
    db.execute(sa.delete(search_stretches))
    db.execute(sa.delete(search_progress).where(search_progress.c.name != EVENTS))
    set_positions(db, {EVENTS: 0})
