"""Questions of people's own: ask one, and save one for everybody."""

from __future__ import annotations

from data.domain.control_events import FleetSet
from data.domain.errors import InvalidField, QuestionRefused
from data.domain.texts import storable
from data.store import settings
from data.warehouse.adhoc import MOST_CHARACTERS, Answered
from orchestrator_adapter.access import Actor, require
from orchestrator_adapter.deck import Deck

MOST_SAVED = 200
MOST_NAME = 80


def ask_sql(deck: Deck, actor: Actor, sql: str) -> Answered:
    """One statement over a copy of the warehouse. Raises QuestionRefused, QuestionTooLong, StoreUnavailable."""
    require(actor, "ask_sql")
    return deck.adhoc.ask(sql)


def save_question(deck: Deck, actor: Actor, name: str, sql: str) -> dict[str, str]:
    """Under a name that may be taken again; all that are saved now. Raises InvalidField, QuestionRefused."""
    require(actor, "save_question")
    name, sql = storable(name).strip(), storable(sql).strip()
    if not 1 <= len(name) <= MOST_NAME:
        raise InvalidField(f"A name has from 1 to {MOST_NAME} characters.", field="name")
    if not 1 <= len(sql) <= MOST_CHARACTERS:
        raise QuestionRefused(f"A question has from 1 to {MOST_CHARACTERS:,} characters.", field="sql")
    with deck.store.write(durable=True) as ledger:
        known = settings.questions(ledger.connection)
        if name not in known and len(known) >= MOST_SAVED:
            raise InvalidField(f"At most {MOST_SAVED} questions are saved; forget one first.", field="name")
        if known.get(name) != sql:
            known[name] = sql
            ledger.append(FleetSet(task_id="", name="questions", values=dict(known), by=actor.name))
        return known


def forget_question(deck: Deck, actor: Actor, name: str) -> dict[str, str]:
    """All that are still saved. Raises InvalidField if there is none of that name."""
    require(actor, "forget_question")
    with deck.store.write(durable=True) as ledger:
        known = settings.questions(ledger.connection)
        if name not in known:
            raise InvalidField(f"No question is saved as {name[:MOST_NAME]!r}.", field="name")
        del known[name]
        ledger.append(FleetSet(task_id="", name="questions", values=dict(known), by=actor.name))
        return known
