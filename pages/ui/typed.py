"""A text area whose text is known while it is being typed, not only when it is left."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent
PAUSE_MS = 300


def text_area(label: str, *, key: str, height: int, placeholder: str) -> str:
    """The text as it stands now."""
    with st.container(gap=None):
        left = st.text_area(label, key=key, height=height, placeholder=placeholder, persist_state="session") or ""
        result = _component()(
            key=f"{key}-typing",
            data={"box": key, "pauseMs": PAUSE_MS},
            default={"text": None},
            on_text_change=lambda: None,
        )
    return newer(st.session_state, key, left, result.text)


def newer(state: MutableMapping[Any, Any], key: str, left: str, typed: str | None) -> str:
    """What was typed since, unless the text area itself has just been handed in."""
    seen = state.get(f"{key}-seen")
    if seen is None or seen[0] != left:
        newest = left
    elif seen[1] != typed and typed is not None:
        newest = typed
    else:
        newest = str(state.get(f"{key}-newest", left))
    state[f"{key}-seen"] = (left, typed)
    state[f"{key}-newest"] = newest
    return newest


def _component() -> Any:
    js = (HERE / "typing.js").read_text(encoding="utf-8")
    return st.components.v2.component("quarterdeck_typing", js=js)
