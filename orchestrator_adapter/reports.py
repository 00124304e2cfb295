"""Reports and exports: what can be had as a file, the same bytes from a page, the API and the command line."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from data.domain.exports import Format, What
from data.domain.money import NANO
from data.domain.schedules import Plan
from data.domain.windows import Grain, Window
from data.warehouse import Standing, Warehouse, reports
from data.warehouse.costs import Cut

USD = pa.decimal128(28, 9)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula."""


MEDIA = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSON: "application/json",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.PDF: "application/pdf",
}


@dataclass(frozen=True)
class Wanted:
    """Which file."""

    what: What
    format: Format
    cut: Cut
    grain: Grain = Grain.DAY
    """The steps of time of costs."""


@dataclass(frozen=True)
class File:
    """A file as it is handed over."""

    name: str
    media_type: str
    body: bytes


def cut_of(plan: Plan, window: Window) -> Cut:
    """The question that the plan of a schedule asks of a window."""
    role = plan.role.value if plan.role else None
    kind = plan.task_type.value if plan.task_type else None
    return Cut(window, plan.simulated, role, plan.model, kind, plan.folder, plan.user, plan.analyst)


def export(warehouse: Warehouse, wanted: Wanted, as_of: Standing | None = None) -> File:
    """At the same clock always the same bytes.

    A PDF is the whole report, with the first rows of `what` at its end. Raises ExportTooLarge, WindowInvalid,
    QuestionTooLong, StoreUnavailable.
    """
    standing = as_of or warehouse.refresh()
    if wanted.format is Format.PDF:
        from orchestrator_adapter import report_pdf  # what draws takes longer to load than a table to write

        body = report_pdf.made(warehouse, wanted.cut, standing)
    else:
        body = _encoded(wanted, rows(warehouse, wanted, standing), standing)
    return File(name(wanted), MEDIA[wanted.format], body)


def rows(warehouse: Warehouse, wanted: Wanted, as_of: Standing | None = None) -> pa.Table:
    """The rows of an export, money as whole nano-dollars and as exact decimals."""
    found: pa.Table = warehouse.ask(reports.rows, wanted.cut, wanted.what, wanted.grain, as_of=as_of)
    return priced(found)


def priced(found: pa.Table) -> pa.Table:
    """With a column of exact dollars behind each of nano-dollars."""
    for name in [name for name in found.column_names if name.endswith("_nanousd")]:
        cells = [None if cell is None else Decimal(cell) / NANO for cell in found[name].to_pylist()]
        place = found.column_names.index(name) + 1
        found = found.add_column(place, name.removesuffix("_nanousd") + "_usd", pa.array(cells, USD))
    zoned = [
        pa.field(field.name, pa.timestamp("ms", "UTC")) if pa.types.is_timestamp(field.type) else field
        for field in found.schema
    ]
    return found.cast(pa.schema(zoned))


def _encoded(wanted: Wanted, found: pa.Table, standing: Standing) -> bytes:
    head = _head(wanted.cut.window) | {"what": wanted.what, "simulated": wanted.cut.simulated}
    return rows_file(found, wanted.format, head | {"clock": standing.clock})


def unique(names: Iterable[str]) -> list[str]:
    """The same names; a second one of the same name is told apart by its number."""
    out: dict[str, None] = {}
    for name in names:
        free, number = name, 1
        while free in out:
            number += 1
            free = f"{name} ({number})"
        out[free] = None
    return list(out)


def rows_file(found: pa.Table, written: Format, head: dict[str, Any]) -> bytes:
    """Rows as CSV, JSON or Parquet; `head` is what JSON says of them."""
    found = found.rename_columns(unique(found.column_names))
    match written:
        case Format.CSV:
            return csv_bytes(found.column_names, lines(found))
        case Format.PARQUET:
            return parquet_bytes(found)
        case _:
            return json_bytes(found, head)


def _head(window: Window) -> dict[str, Any]:
    return {"window": {"from": window.begin.isoformat(), "to": window.end.isoformat(), "tz": window.zone}}


def name(wanted: Wanted) -> str:
    window = wanted.cut.window
    kind = "fleet-report" if wanted.format is Format.PDF else wanted.what.value
    marked = "-simulated" if wanted.cut.simulated else ""
    return f"quarterdeck-{kind}{marked}-{window.begin:%Y%m%d}-{window.end:%Y%m%d}.{wanted.format}"


def csv_bytes(names: Iterable[str], lines: Iterable[Iterable[Any]]) -> bytes:
    """UTF-8 with a line of names; a text that a spreadsheet would run as a formula gets an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_cell(name) for name in names])
    writer.writerows([_cell(value) for value in line] for line in lines)
    return out.getvalue().encode()


def lines(found: pa.Table) -> Iterable[tuple[Any, ...]]:
    """The rows of a table, also of one with two columns of the same name."""
    return zip(*(column.to_pylist() for column in found.columns), strict=True)


def frame_csv(frame: pd.DataFrame) -> bytes:
    """A table of a page."""
    return csv_bytes(map(str, frame.columns), frame.itertuples(index=False, name=None))


def _cell(value: Any) -> str:
    if isinstance(value, float) and math.isinf(value):
        return str(value)
    cell = plain(value)
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(FORMULA) and isinstance(value, str) else cell
    if isinstance(cell, dict | list):
        return json.dumps(cell, ensure_ascii=False, allow_nan=False)
    return "" if cell is None else str(cell).lower() if isinstance(cell, bool) else str(cell)


def plain(value: Any) -> Any:
    """As JSON knows it: times in ISO 8601 with offset, exact decimals as texts, no number that is none."""
    match value:
        case datetime():
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
        case Decimal():
            return f"{value:f}"
        case float():
            return value if math.isfinite(value) else None
        case pa.MonthDayNano():
            return _interval(value)
        case dict():
            return {str(name): plain(one) for name, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
    return value if isinstance(value, int | str | None) else str(value)


def _interval(value: Any) -> str:
    """As ISO 8601 writes a duration: P1M3DT4.5S."""
    return f"P{value.months}M{value.days}DT{Decimal(value.nanoseconds) / NANO:f}S"


def json_bytes(found: pa.Table, head: dict[str, Any]) -> bytes:
    """One object: what it is, the names of the columns, and the rows as objects."""
    names = found.column_names
    rows = [dict(zip(names, map(plain, line), strict=True)) for line in lines(found)]
    value = head | {"columns": names, "rows": rows}
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


def _is_parquet(field: pa.Field) -> bool:
    try:
        parquet.write_table(pa.schema([field]).empty_table(), io.BytesIO())
    except pa.ArrowNotImplementedError:
        return False
    return True


def parquet_bytes(found: pa.Table) -> bytes:
    """What Parquet has no type for, as intervals, stands in it as text."""
    out = io.BytesIO()
    for place, field in enumerate(found.schema):
        if not _is_parquet(field):
            cells = [None if value is None else _cell(value) for value in found.column(place).to_pylist()]
            found = found.set_column(place, field.name, pa.array(cells, pa.string()))
    parquet.write_table(found.replace_schema_metadata(None), out, compression="zstd")
    return out.getvalue()
