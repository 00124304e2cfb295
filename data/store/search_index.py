"""The index of search: puts texts into it, and reads them where they lie."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
import zstandard

from data.domain.event_base import storable
from data.domain.search import Kind, month, place_of
from data.domain.search_words import capped, flat, places, searchable
from data.store import tables as t
from data.store.rows import ms
from data.store.tables_search import search_entries, search_progress

HUGE = 1024 * 1024
"""Of a content larger than this only the beginning is read."""
_BEGINNING = 64 * 1024
EVENTS = "events"
LINE = "@"
"""With this, and version, number and place, an entry names a text of a line of its agent's transcript."""


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


def index_transcript(db: sa.Connection, task_id: str, agent_id: str, texts: Iterable[Text]) -> int:
    """Put the texts of an agent into the index, in the caller's transaction; how many were not in it before.

    Texts are known by key and kind, so that calling it again with the same ones changes nothing.
    """
    fresh = {(text.key[:120], text.kind): text for text in texts if text.text.strip()}
    keys = sorted({key for key, _ in fresh})
    c = search_entries.c
    for start in range(0, len(keys), 500):
        known = sa.select(c.key, c.kind).where(c.agent_id == agent_id, c.key.in_(keys[start : start + 500]))
        for row in db.execute(known):
            fresh.pop((row.key, Kind(row.kind)), None)
    labels = labels_of(db, {(task_id, agent_id)})[task_id, agent_id]
    insert(db, [prepared(labels, text) for text in fresh.values()])
    return len(fresh)


class Prepared(NamedTuple):
    """One text as it goes into the tables; made before the writer's lock is taken."""

    entry: dict[str, Any]
    body: str
    tags: list[str]


def prepared(labels: Labels, text: Text) -> Prepared:
    shown = capped(storable(text.text))
    entry = {
        "task_id": labels.task_id,
        "agent_id": labels.agent_id,
        "key": text.key[:120],
        "kind": text.kind.value,
        "tool": text.tool[:120],
        "at_ms": ms(text.at),
        "blob": text.blob or None,
        "text": None if text.blob else zstandard.compress(shown.encode(), 1),
    }
    return Prepared(entry, shown, _tags(labels, text))


def tag(name: str, value: str) -> str:
    """A word of the index for the value of a filter; ids and names as their digest, so that they are short."""
    if name in ("task", "agent", "tool"):
        return name + hashlib.sha1(value.lower().encode(), usedforsecurity=False).hexdigest()[:10]
    return name + re.sub(r"[^a-z0-9]", "", value.lower())


EVERY = "every"
"""A word that each text has: what is asked without one can only exclude."""


def _tags(labels: Labels, text: Text) -> list[str]:
    named = {
        "in": place_of(text.kind),
        "role": labels.role,
        "type": labels.task_type,
        "runtime": labels.runtime,
        "task": labels.task_id,
        "agent": labels.agent_id or "",
        "tool": text.tool,
        "month": month(text.at),
    }
    return [EVERY, *(tag(name, value) for name, value in named.items() if value)]


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
_WORDS_SQLITE = sa.text("INSERT INTO search_words(rowid, body, tags) VALUES (:id, :body, :tags)")
_WORDS_POSTGRESQL = sa.text("INSERT INTO search_words(id, words) VALUES (:id, CAST(:words AS tsvector))")


def insert(db: sa.Connection, texts: Sequence[Prepared]) -> None:
    if not texts:
        return
    first = db.execute(NEXT).scalar_one()
    numbered = list(enumerate(texts, first))
    db.execute(sa.insert(search_entries), [{"id": number, **text.entry} for number, text in numbered])
    if db.dialect.name == "sqlite":
        rows = [{"id": n, "body": searchable(text.body), "tags": " ".join(text.tags)} for n, text in numbered]
        db.execute(_WORDS_SQLITE, rows)
    else:
        db.execute(_WORDS_POSTGRESQL, [{"id": n, "words": _vector(text)} for n, text in numbered])


def _vector(text: Prepared) -> str:
    """Words with their places as PostgreSQL reads them; a tag has a sign before it that no word has."""
    parts = [f"'{word}':{','.join(map(str, found[:255]))}" for word, found in places(text.body).items()]
    return " ".join([*parts, *(f"':{name}'" for name in text.tags)])


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


def set_position(db: sa.Connection, name: str, number: int) -> None:
    c = search_progress.c
    if db.execute(sa.update(search_progress).where(c.name == name).values(event_id=number)).rowcount == 0:
        db.execute(sa.insert(search_progress).values(name=name, event_id=number))
