"""Tables of money: the data of each chart as it is seen, with its CSV, and the dearest with a way in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from data.domain import words
from data.domain.money import NANO
from data.domain.windows import zone
from data.warehouse.costs import DRIFT_PERCENT, By
from orchestrator_adapter import reports
from pages.ui import clicks, cost_filters, look, tables
from pages.ui.cost_filters import Asked


def over_time(found: pd.DataFrame, asked: Asked) -> pd.DataFrame:
    here = zone(asked.cut.window.zone)
    return pd.DataFrame(
        {
            "From": began(found["at"], here),
            cost_filters.PARTS[asked.split].capitalize(): _names(found, asked.split),
        }
        | _sums(found)
    )


def began(at_ms: Iterable[int], here: ZoneInfo) -> list[str]:
    """When bars begin, by the clocks of a zone."""
    return [f"{datetime.fromtimestamp(at / 1000, here):%Y-%m-%d %H:%M}" for at in at_ms]


def parts(found: pd.DataFrame, part: By) -> pd.DataFrame:
    return pd.DataFrame({"Name": _names(found, part)} | _sums(found))


def _names(found: pd.DataFrame, part: By) -> list[str]:
    return [cost_filters.spoken(part, str(name)) for name in found["name"]]


def _sums(found: pd.DataFrame) -> dict[str, Any]:
    return {
        "USD": found["cost_nanousd"] / NANO,
        "Tokens": found["tokens"],
        "Replies": found["replies"],
        "Unpriced replies": found["unpriced"],
    }


def data(name: str, frame: pd.DataFrame, title: str, label: str = "Data") -> None:
    """The numbers of a chart, one click away; they are laid out only for who looks."""
    with st.popover(label, icon=":material/table:", key=f"costs-data-{name}", on_change="rerun") as shown:
        if not shown.open:
            return
        st.dataframe(
            frame,
            hide_index=True,
            height=tables.height(len(frame)),
            column_config={"USD": st.column_config.NumberColumn(format="%.6f")},
            key=f"costs-rows-{name}",
            alt=title,
        )
        st.download_button(
            "CSV",
            reports.frame_csv(frame),
            file_name=f"costs-{name}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key=f"costs-csv-{name}",
        )


def tasks(found: pd.DataFrame) -> None:
    _opening("task", "dear-task", list(found["id"]), _task_rows(found), "The dearest tasks")


def more_tasks(found: pd.DataFrame) -> None:
    data("tasks", _task_rows(found).assign(Id=list(found["id"])), "Tasks, the dearest first")


def _task_rows(found: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Task": [words.title(text) for text in found["description"]],
            "Cost": [_cost(row) for row in found.itertuples(index=False)],
            "Tokens": [words.tokens(int(tokens)) for tokens in found["tokens"]],
            "Type": [words.shortened(kind.replace("_", " "), 30) for kind in found["task_type"]],
            "Status": [look.status_cell(status) for status in found["status"]],
            "ANALYST": ["in" if included else "out" for included in found["analyst_included"]],
            "Why": list(found["analyst_reason"]),
            "Person": list(found["person"]),
        }
    )


def agents(found: pd.DataFrame) -> None:
    frame = pd.DataFrame(
        {
            "Agent": list(found["name"]),
            "Cost": [_cost(row) for row in found.itertuples(index=False)],
            "Tokens": [words.tokens(int(tokens)) for tokens in found["tokens"]],
            "Role": list(found["role"]),
            "Model": [cost_filters.spoken(By.MODEL, model) for model in found["model"]],
            "Task": [words.title(text) for text in found["description"]],
        }
    )
    _opening("agent", "dear-agent", list(found["id"]), frame, "The dearest agents")


def tools(found: pd.DataFrame) -> None:
    frame = pd.DataFrame(
        {
            "Tool": list(found["tool"]),
            "Cost": [words.dollars(int(cost)) for cost in found["cost_nanousd"]],
            "Calls": list(found["calls"]),
        }
    )
    st.dataframe(frame, hide_index=True, height=tables.height(len(frame)), key="dear-tools", alt="The dearest tools")
    st.caption(
        "What a reply cost, parted evenly among the tools it called. Replies that called none, and those of imported "
        "transcripts, are not in it."
    )


def _opening(page: str, key: str, ids: list[str], frame: pd.DataFrame, title: str) -> None:
    """A table whose first column opens the row's page."""
    clicks.shown(key, ids)
    first = str(frame.columns[0])

    columns = {
        first: st.column_config.ButtonColumn(
            first,
            type="tertiary",
            key=f"click-{key}",
            on_click=clicks.note(key, page, key),
            width=320,
            alignment="left",
        ),
        "Cost": st.column_config.TextColumn(alignment="right"),
        "Tokens": st.column_config.TextColumn(alignment="right"),
    }
    st.dataframe(frame, column_config=columns, hide_index=True, height=tables.height(len(frame)), key=key, alt=title)


def analyst(found: pd.DataFrame) -> None:
    frame = pd.DataFrame(
        {
            "ANALYST": ["in" if included else "out" for included in found["included"]],
            "Tasks": found["tasks"],
            "Completed": [
                words.percent(done, done + bad) for done, bad in zip(found["completed"], found["failed"], strict=True)
            ],
            "Cost": _dollars(found["cost_nanousd"]),
            "Of it ANALYST agents": _dollars(found["analyst_nanousd"]),
            "Middle task": _dollars(found["median_nanousd"]),
            "Middle duration": [words.duration(ms / 1000) for ms in found["median_ms"]],
        }
    )
    st.dataframe(frame, hide_index=True, key="costs-analyst", alt="Tasks with and without an ANALYST, side by side")


def runs(found: pd.DataFrame, key: str = "costs-run-rows", alt: str = "Figures of each run") -> None:
    """The figures that are known of each run; its share of an invoice where there is one."""
    counted = found["counted_nanousd"]
    figures = {
        "Own total": (_known(found, "reported"), counted),
        "Price table": (_known(found, "listed"), counted),
        "Transcript": (_known(found, "transcript"), found["beside_nanousd"]),
    }
    if "share_nanousd" in found:
        figures["Share of the invoice"] = (_known(found, "share"), found["within_nanousd"].fillna(0))
    frame = pd.DataFrame(
        {
            "Run": [words.title(text) for text in found["description"]],
            "Began": [datetime.fromtimestamp(at / 1000, UTC) for at in found["created_at_ms"]],
            "Counted": _dollars(counted),
        }
        | {name: list(map(dollars_or_dash, values)) for name, (values, _) in figures.items()}
        | {
            f"{name} apart": [drift(value, int(have)) for value, have in zip(values, beside, strict=True)]
            for name, (values, beside) in figures.items()
        }
    )
    when = st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", timezone="UTC")
    height = tables.height(len(frame))
    st.dataframe(frame, hide_index=True, height=height, column_config={"Began": when}, key=key, alt=alt)


def _known(found: pd.DataFrame, name: str) -> list[int | None]:
    return [None if pd.isna(value) else int(value) for value in found[f"{name}_nanousd"]]


def dollars_or_dash(nanousd: int | None) -> str:
    return "–" if nanousd is None else words.dollars(nanousd)


def drift(value: int | None, counted: int, limit: float = DRIFT_PERCENT) -> str:
    """How far a figure is from what was counted, with a mark where it is too far."""
    if value is None or not counted:
        return "–"
    share = 100 * (value - counted) / counted
    return f"{share:+.1f} %" + (" ⚠" if abs(share) >= limit else "")


def _dollars(found: pd.Series) -> list[str]:
    return [words.dollars(int(value)) for value in found]


def _cost(row: Any) -> str:
    return tables.UNPRICED if row.unpriced and not row.cost_nanousd else words.dollars(int(row.cost_nanousd))
