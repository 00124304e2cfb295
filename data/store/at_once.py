"""Many rows in one statement: on SQLite one step of the database, beside which every other thread goes on.

Python's driver lets go of the interpreter for each row of an ordinary `executemany` and has to get it back from whoever
works meanwhile. Among busy threads a few hundred rows then hold the store for a few hundred turns.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

ADDED = 50
"""Rows of any values in one statement: each value is a parameter of it, and those are limited."""
Rows = Sequence[Mapping[str, object]]
"""All with the same columns; their values are texts, whole numbers, truths and nothing."""


def insert(db: sa.Connection, table: sa.Table, rows: Rows) -> None:
    """Insert rows of one table, in their order."""
    if not rows:
        return
    if db.dialect.name == "sqlite":
        names = tuple(rows[0])
        db.execute(_insert(table, names), {"rows": packed(rows, names)})
    else:
        db.execute(sa.insert(table), list(rows))


def add(db: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows of any values; those whose key is there already stay as they are."""
    if rows and db.dialect.name != "sqlite":
        db.execute(_add_one(table), list(rows))
        return
    for start in range(0, len(rows), ADDED):
        some = rows[start : start + ADDED]
        given = {f"{name}_{place}": value for place, row in enumerate(some) for name, value in row.items()}
        db.execute(_add(table, tuple(some[0]), len(some)), given)


@functools.cache
def update_of(table: sa.Table, sets: frozenset[str], adds: frozenset[str]) -> sa.Update:
    """Kept once built: building the statement takes several times as long as running it."""
    update = sa.update(table).where(table.c.id == sa.bindparam("row_id"))
    sums = {name: sa.func.coalesce(table.c[name], 0) + sa.bindparam(f"add_{name}") for name in adds}
    return update.values(**{name: sa.bindparam(f"set_{name}") for name in sets}, **sums)


def change(db: sa.Connection, table: sa.Table, sets: frozenset[str], adds: frozenset[str], rows: Rows) -> int:
    """Set columns and add to others; how many of the rows there are.

    Each row has `row_id`, of which each is there once, `set_` and `add_` with the columns' names.
    """
    if db.dialect.name == "sqlite":
        names = ("row_id", *(f"set_{name}" for name in sorted(sets)), *(f"add_{name}" for name in sorted(adds)))
        return db.execute(_update(table, sets, adds), {"rows": packed(rows, names)}).rowcount
    return db.execute(update_of(table, sets, adds), list(rows)).rowcount


def packed(rows: Rows, names: Sequence[str]) -> str:
    """The rows as one parameter: a list of lists, in the order of the names."""
    return orjson.dumps([[row[name] for name in names] for row in rows]).decode()


def _each() -> sa.TableValuedAlias:
    return sa.func.json_each(sa.bindparam("rows")).table_valued("value")


def _value(each: sa.TableValuedAlias, place: int) -> sa.ColumnElement[Any]:
    return sa.func.json_extract(each.c.value, sa.literal_column(f"'$[{place:d}]'"))


@functools.cache
def _insert(table: sa.Table, names: tuple[str, ...]) -> sa.Insert:
    each = _each()
    values = [_value(each, place) for place in range(len(names))]
    return sa.insert(table).from_select(names, sa.select(*values), include_defaults=False)


@functools.cache
def _update(table: sa.Table, sets: frozenset[str], adds: frozenset[str]) -> sa.Update:
    each = _each()
    values: dict[str, sa.ColumnElement[Any]] = {}
    for place, name in enumerate(sorted(sets), 1):
        values[name] = _value(each, place)
    for place, name in enumerate(sorted(adds), 1 + len(sets)):
        values[name] = sa.func.coalesce(table.c[name], 0) + _value(each, place)
    return sa.update(table).values(values).where(table.c.id == _value(each, 0))


@functools.cache
def _add(table: sa.Table, names: tuple[str, ...], number: int) -> sa.Insert:
    rows = [_row(names, place) for place in range(number)]
    return sqlite.insert(table).values(rows).on_conflict_do_nothing()


def _row(names: tuple[str, ...], place: int) -> dict[str, sa.ColumnElement[Any]]:
    return {name: sa.bindparam(f"{name}_{place}") for name in names}


@functools.cache
def _add_one(table: sa.Table) -> sa.Insert:
    return postgresql.insert(table).on_conflict_do_nothing()
