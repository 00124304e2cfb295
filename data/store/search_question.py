"""A question as the index of each database takes it: words, and tags for what is known of a text besides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from data.domain.search import Query, months, rest_of_month
from data.domain.search_words import Term
from data.store.rows import at
from data.store.search_index import EVERY, tag

_IN_INDEX = ("in", "role", "type", "runtime", "task", "agent", "tool")


def tagged(query: Query, ref_ms: int, tasks: Sequence[str]) -> tuple[list[list[str]], list[str]]:
    """Tags of which each group must be met by one, and tags of which none may be there."""
    groups = [[tag(name, value) for value in query.only[name]] for name in _IN_INDEX if name in query.only]
    never = [tag(name, value) for name in _IN_INDEX for value in query.never.get(name, ())]
    if tasks:
        groups.append([tag("task", task) for task in tasks])
    soon = at(ref_ms) + timedelta(days=1)
    if query.since and (since := months(query.since, soon)):
        groups.append([*_days(query.since), *(tag("month", month) for month in since[1:])])
    if query.until and (until := months(query.until, soon)):
        never += [*_days(query.until)[not midnight(query.until) :], *(tag("month", month) for month in until[1:])]
    return groups, never


def _days(at: datetime) -> list[str]:
    return [tag("day", day) for day in rest_of_month(at)]


def midnight(at: datetime) -> bool:
    return not (at.hour or at.minute or at.second or at.microsecond)


def fts5(query: Query, groups: Sequence[Sequence[str]], never: Sequence[str]) -> str | None:
    """The question in the language of SQLite; words are letters and digits only, so nothing needs to be escaped."""
    must = [f"body : {_said(term)}" for term in query.terms]
    must += [f"tags : ({' OR '.join(group)})" for group in groups]
    wont = [f"body : {_said(term)}" for term in query.without] + [f"tags : {name}" for name in never]
    if not must and not wont:
        return None
    asked = " AND ".join(f"({part})" for part in must or [f"tags : {EVERY}"])
    return f"({asked}) NOT ({' OR '.join(f'({part})' for part in wont)})" if wont else asked


def _said(term: Term) -> str:
    return f'"{" ".join(term.words)}"' + (" *" if term.prefix else "")


def tsquery(query: Query, groups: Sequence[Sequence[str]], never: Sequence[str]) -> str | None:
    """The question in the language of PostgreSQL."""
    parts = [places(term) for term in query.terms]
    parts += [f"({' | '.join(_sign(name) for name in group)})" for group in groups]
    parts += [f"!{places(term)}" for term in query.without] + [f"!{_sign(name)}" for name in never]
    return " & ".join(parts) or None


def _sign(name: str) -> str:
    return f"':{name}'"


def places(term: Term) -> str:
    *most, last = (f"'{word}'" for word in term.words)
    return f"({' <-> '.join([*most, last + (':*' if term.prefix else '')])})"
