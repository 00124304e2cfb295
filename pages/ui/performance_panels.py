"""The Performance page below its filters: the answer first, then tokens, cache, tools, durations, success."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from data.domain import words
from data.domain.windows import zone
from data.warehouse import performance as questions
from data.warehouse.costs import By
from data.warehouse.performance import KINDS, Performance
from pages.ui import asked_panel, cards, cost_filters, cost_tables, frontier, performance_charts, session
from pages.ui.cost_filters import Asked
from pages.ui.look import plain

SHOWN = {"all": "All", "fresh": "Without cache reads"}
TOOLS_TOLD = (
    "Every call of a tool that was told. Refused: not permitted. Sessions that were read in from transcripts tell how "
    "many calls there were, not what became of them, and are not in it."
)
AGENTS_TOLD = (
    "Agents that ended in this time, from their start to their end, what they waited for included. Bar: the middle "
    "half; stroke: the middle one (p50), written at its end; diamond: p95; thin line: from p5 to p99."
)
SUCCESS_TOLD = (
    "Tasks of this fleet that ended in this time, whatever the filters of role and model. The share is of those that "
    "completed or failed; sessions that were read in are in no rate of success."
)


@session.live_panel("performance")
def performance(asked: Asked | None) -> None:
    found = asked_panel.answer(questions.page, asked, ":material/speed:")
    if asked is None or found is None:
        return
    _answer(found, asked)
    _figures(found)
    if len(found.tokens):
        _tokens(found, asked)
    _agents(found)
    left, right = st.columns(2)
    with left:
        _tools(found)
    with right:
        _success(found)
    with session.panel("workflows"):
        frontier.draw(asked)


def _answer(found: Performance, asked: Asked) -> None:
    """One sentence that answers first."""
    done, bad = int(found.success["completed"].sum()), int(found.success["failed"].sum())
    parts = []
    if done + bad:
        parts.append(f"**{words.percent(done, done + bad)}** of {words.count(done + bad, 'task')} succeeded")
    if len(found.overall):
        half = words.duration(int(found.overall["p50_ms"].iloc[0]) / 1000)
        parts.append(f"half of {words.count(int(found.overall['agents'].iloc[0]), 'agent')} were done within {half}")
    calls, failed = int(found.tools["calls"].sum()), int(found.tools["failed"].sum())
    if calls:
        parts.append(f"{words.percent(failed, calls)} of {words.count(calls, 'tool call')} failed")
    if not parts:
        parts.append(f"{words.tokens(sum(found.total(kind) for kind in KINDS))} tokens were used")
    kind = " of simulated work" if asked.cut.simulated else ""
    filters = cost_filters.chosen(asked.cut)
    st.markdown(f"{asked.spoken.capitalize()}{kind}{f', for {filters}' if filters else ''}: {'; '.join(parts)}.")


def _figures(found: Performance) -> None:
    whole = found.overall
    prompt, output = found.prompt, found.total("output")
    shown = [
        (words.percent(found.total("cache_read"), prompt), f"of {words.tokens(prompt)} tokens read, from the cache"),
        (
            words.tokens(output),
            f"tokens written in {words.count(int(found.tokens['replies'].sum()), 'reply', 'replies')}",
        ),
    ]
    for quantile in ("p50", "p95", "p99"):
        took = words.duration(int(whole[f"{quantile}_ms"].iloc[0]) / 1000) if len(whole) else "–"
        shown.append((took, f"{quantile} of how long agents work"))
    for column, (value, note) in zip(st.columns(len(shown)), shown, strict=True):
        with column:
            cards.figure(value, note)


def _tokens(found: Performance, asked: Asked) -> None:
    chosen = st.segmented_control(
        "Kinds of tokens",
        list(SHOWN),
        default="all",
        required=True,
        format_func=SHOWN.__getitem__,
        key="kinds",
        bind="query-params",
    )
    kinds = [kind for kind in KINDS if chosen == "all" or kind != "cache_read"]
    performance_charts.tokens(found.tokens, kinds, asked)
    performance_charts.cache(found.tokens, asked)
    cost_tables.data("tokens", _token_rows(found.tokens, asked), "Tokens by step of time")


def _token_rows(found: pd.DataFrame, asked: Asked) -> pd.DataFrame:
    here = zone(asked.cut.window.zone)
    prompt = found[[kind for kind in KINDS if kind != "output"]].sum(axis=1)
    return pd.DataFrame(
        {"From": cost_tables.began(found["at"], here)}
        | {name: found[kind] for kind, name in KINDS.items()}
        | {
            "From cache, %": (100 * found["cache_read"] / prompt.where(prompt > 0)).round(1),
            "Replies": found["replies"],
        }
    )


def _agents(found: Performance) -> None:
    if not len(found.by_role):
        return
    st.subheader("How long agents take")
    performance_charts.lengths(found.lengths)
    left, right = st.columns(2)
    with left:
        performance_charts.spans(found.by_role, By.ROLE, "How long does each role take?")
        cost_tables.data("by-role", _quantiles(found.by_role, By.ROLE), "How long each role takes, in seconds")
    with right:
        performance_charts.spans(found.by_model, By.MODEL, "How long does each model take?")
        cost_tables.data("by-model", _quantiles(found.by_model, By.MODEL), "How long each model takes, in seconds")
    st.caption(AGENTS_TOLD)


def _quantiles(found: pd.DataFrame, part: By) -> pd.DataFrame:
    columns: dict[str, Any] = {
        "Name": [cost_filters.spoken(part, str(name)) for name in found["name"]],
        "Agents": found["agents"],
        "Failed": found["failed"],
    }
    columns |= {f"{name}, s": found[f"{name}_ms"] / 1000 for name in questions.QUANTILES}
    return pd.DataFrame(columns | {"Longest, s": found["longest_ms"] / 1000})


def _tools(found: Performance) -> None:
    st.subheader("Tools")
    if not len(found.tools):
        st.caption("No tool was called in this time.")
        return
    performance_charts.tools(found.tools)
    frame = pd.DataFrame(
        {
            "Tool": found.tools["tool"],
            "Calls": found.tools["calls"],
            "Failed": found.tools["failed"],
            "Refused": found.tools["refused"],
            "Agents": found.tools["agents"],
        }
    )
    cost_tables.data("tools", frame, "Calls by tool")
    st.caption(plain(TOOLS_TOLD))


def _success(found: Performance) -> None:
    st.subheader("Success")
    if not len(found.success):
        st.caption("No task ended in this time.")
        return
    performance_charts.success(found.success)
    rows = found.success
    frame = pd.DataFrame(
        {
            "Type": [cost_filters.spoken(By.TASK_TYPE, str(name)) for name in rows["name"]],
            "Completed": rows["completed"],
            "Failed": rows["failed"],
            "Cancelled": rows["cancelled"],
            "Judged good": rows["good"],
            "Judged bad": rows["bad"],
            "Reworked": rows["reworked"],
            "Middle duration, s": rows["median_ms"] / 1000,
        }
    )
    cost_tables.data("success", frame, "How tasks of each type ended")
    st.caption(plain(SUCCESS_TOLD))
