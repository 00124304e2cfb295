"""Questions of people's own, over HTTP: one statement over a copy of the warehouse, and the saved ones."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from data.domain import errors as e
from data.domain.exports import Format
from data.store import settings
from data.warehouse.adhoc import MOST_CHARACTERS, Answered
from orchestrator_adapter import commands_adhoc, reports
from orchestrator_adapter.api.answers import Shape
from orchestrator_adapter.api.bodies import Sent
from orchestrator_adapter.api.http import Answer, Call, Operation, answer


class SqlBody(Sent):
    """One SELECT, WITH, FROM, DESCRIBE, SUMMARIZE or EXPLAIN of DuckDB."""

    sql: str = Field(max_length=MOST_CHARACTERS)
    format: Literal["json", "csv", "parquet"] = "json"


class SaveBody(Sent):
    name: str = Field(max_length=commands_adhoc.MOST_NAME)
    sql: str = Field(max_length=MOST_CHARACTERS)


class ForgetBody(Sent):
    name: str = Field(max_length=commands_adhoc.MOST_NAME)


class ColumnShape(Shape):
    name: str
    type: str


class TableShape(Shape):
    name: str
    columns: list[ColumnShape]


class QuestionShape(Shape):
    name: str
    sql: str


class SqlSchemaShape(Shape):
    tables: list[TableShape]
    saved: list[QuestionShape]


class SqlShape(Shape):
    clock: int
    columns: list[ColumnShape]
    rows: list[list[Any]]
    """Times in ISO 8601, exact decimals as texts."""
    more: bool
    """Whether there were more rows or bytes than one answer may have."""
    seconds: float


class SavedShape(Shape):
    saved: list[QuestionShape]


def ask(call: Call, body: SqlBody) -> Answer:
    found = commands_adhoc.ask_sql(call.deck, call.actor, body.sql)
    if body.format == "json":
        return answer(told(found))
    written = Format(body.format)
    headers = {
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="answer.{written}"',
        "x-more-rows": str(found.more).lower(),
    }
    return Answer(reports.rows_file(found.rows, written, {}), media_type=reports.MEDIA[written], headers=headers)


def told(found: Answered) -> dict[str, Any]:
    """The same for every front end."""
    return {
        "clock": found.clock,
        "columns": [{"name": field.name, "type": str(field.type)} for field in found.rows.schema],
        "rows": [[reports.plain(value) for value in line] for line in reports.lines(found.rows)],
        "more": found.more,
        "seconds": round(found.seconds, 3),
    }


def schema(call: Call, _: object) -> Answer:
    with call.deck.store.read() as board:
        saved = settings.questions(board.connection)
    tables: dict[str, list[dict[str, str]]] = {}
    for table, column, kind in call.deck.adhoc.columns():
        tables.setdefault(table, []).append({"name": column, "type": kind})
    return answer({"tables": [{"name": name, "columns": has} for name, has in tables.items()], **_saved(saved)})


def save(call: Call, body: SaveBody) -> Answer:
    return answer(_saved(commands_adhoc.save_question(call.deck, call.actor, body.name, body.sql)))


def forget(call: Call, body: ForgetBody) -> Answer:
    return answer(_saved(commands_adhoc.forget_question(call.deck, call.actor, body.name)))


def _saved(found: dict[str, str]) -> dict[str, Any]:
    return {"saved": [{"name": name, "sql": sql} for name, sql in found.items()]}


def operations(v1: str) -> list[Operation]:
    change = (e.BodyInvalid, e.InvalidField, e.CrossSite, e.NotAllowed)
    return [
        Operation("GET", f"{v1}/sql", schema, "What can be asked for, and the saved questions", gives=SqlSchemaShape),
        Operation(
            "POST",
            f"{v1}/sql",
            ask,
            "Ask a question of your own in SQL over a copy of the warehouse",
            SqlBody,
            SqlShape,
            refuses=(e.QuestionRefused, e.QuestionTooLong, *change),
        ),
        Operation(
            "POST",
            f"{v1}/sql/saved",
            save,
            "Save a question for everybody",
            SaveBody,
            SavedShape,
            refuses=(e.QuestionRefused, *change),
        ),
        Operation(
            "POST", f"{v1}/sql/forget", forget, "Forget a saved question", ForgetBody, SavedShape, refuses=change
        ),
    ]
