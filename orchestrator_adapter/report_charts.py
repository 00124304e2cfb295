"""Charts of a report on paper: Vega-Lite drawn without a browser, black on white."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import vl_convert

INK, QUIET, GRID = "#0b0c0e", "#4b5563", "#e3e7ec"
COLOURS = ("#0b5cad", "#9a5b00", "#0f7b4f", "#8a32fd", "#b3261e", "#5f6b7a", "#02a770", "#ac9419")
ENDS = {"completed": "#0f7b4f", "failed": "#b3261e", "cancelled": "#5f6b7a"}
SCALE = 2.5
"""Points of the picture for each of the drawing: sharp when it is printed."""
CONFIG = {
    "font": "Liberation Sans",  # comes with the drawing itself; another may not be there, and then there are no letters
    "background": "white",
    "view": {"stroke": None},
    "axis": {
        "labelColor": QUIET,
        "gridColor": GRID,
        "domainColor": GRID,
        "tickColor": GRID,
        "labelFontSize": 11,
        "title": None,
        "labelLimit": 170,
    },
    "legend": {"orient": "bottom", "title": None, "labelFontSize": 11, "labelColor": INK, "columns": 4},
}


def png(spec: dict[str, Any]) -> bytes:
    """The drawing as a picture; the same drawing gives the same bytes."""
    whole = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "config": CONFIG} | spec
    return bytes(vl_convert.vegalite_to_png(whole, scale=SCALE))


def stacked(rows: Sequence[dict[str, Any]], steps: Sequence[str], parts: Sequence[str], form: str) -> dict[str, Any]:
    """Standing bars by step of time; `rows` have when, part and value."""
    scale = {"domain": list(parts), "range": list(COLOURS[: len(parts)])}
    x = {"field": "when", "type": "ordinal", "sort": None, "scale": {"domain": list(steps)}}
    return {
        "width": 700,
        "height": 210,
        "data": {"values": list(rows)},
        "mark": "bar",
        "encoding": {
            "x": x | {"axis": {"labelAngle": 0, "labelOverlap": True}},
            "y": {
                "field": "value",
                "type": "quantitative",
                "aggregate": "sum",
                "axis": {"format": form, "tickCount": 5},
            },
            "color": {"field": "part", "type": "nominal", "scale": scale},
            "order": {"field": "order", "type": "quantitative"},
        },
    }


def ends(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> dict[str, Any]:
    """Lying bars of how tasks ended; `rows` have name, part, value and order."""
    scale = {"domain": list(ENDS), "range": list(ENDS.values())}
    return {
        "width": 560,
        "height": {"step": 20},
        "data": {"values": list(rows)},
        "mark": {"type": "bar", "height": 13},
        "encoding": {
            "y": {"field": "name", "type": "nominal", "sort": list(names)},
            "x": {"field": "value", "type": "quantitative", "axis": {"tickMinStep": 1, "format": "d"}},
            "color": {"field": "part", "type": "nominal", "scale": scale},
            "order": {"field": "order", "type": "quantitative"},
        },
    }
