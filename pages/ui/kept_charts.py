"""Charts that are built once for all who see the same answer: building one takes longer than the rest of a page."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from orchestrator_adapter.kept import Kept
from pages.ui import look

ROWS = alt.NamedData(name="rows")
"""What stands for the rows while a chart is built: so every encoding has to name its type."""


@dataclass(frozen=True)
class Built:
    """A chart, the rows it shows, and what it says in words."""

    chart: Any
    rows: pd.DataFrame
    told: str


@dataclass(frozen=True)
class _Spec:
    of: pd.DataFrame
    """Held so that its identity stays its own."""
    rows: pd.DataFrame
    told: str
    spec: dict[str, Any]


_kept: Kept[_Spec] = Kept(64)


def show(found: pd.DataFrame, build: Callable[[], Built], *how: Hashable, key: str, **more: Any) -> None:
    """Draw what is built of an answer, as `how` says; `found` is the answer itself, the same for all who asked."""
    made = _kept.get((id(found), how, look.dark()), lambda: _made(found, build()))
    spec = copy.deepcopy(made.spec) | {"datasets": {"rows": made.rows}}
    st.vega_lite_chart(spec=spec, key=key, alt=made.told, **more)


def _made(found: pd.DataFrame, built: Built) -> _Spec:
    spec = look.inked(built.chart).to_dict()
    spec["config"].pop("view", None)  # sizes that the library gives where nobody gave one
    return _Spec(found, built.rows, built.told, spec)
