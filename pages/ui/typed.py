"""A text area whose text is known while it is being typed, not only when it is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent
PAUSE_MS = 300


def text_area(label: str, *, key: str, height: int, placeholder: str) -> str:
    """The text as it stands now."""
    left = st.text_area(label, key=key, height=height, placeholder=placeholder, persist_state="session") or ""
    typing = f"{key}-typing"
    result = _component()(
        key=typing,
        data={"box": key, "pauseMs": PAUSE_MS},
        default={"text": None},
        on_text_change=lambda: None,
    )
    # The newer of the two: what was typed since, unless the text area itself has just been handed in.
    seen = st.session_state.get(f"{key}-seen")
    now = (left, result.text)
    if seen is None or seen[0] != left:
        newest = left
    elif seen[1] != result.text and result.text is not None:
        newest = result.text
    else:
        newest = str(st.session_state.get(f"{key}-newest", left))
    st.session_state[f"{key}-seen"] = now
    st.session_state[f"{key}-newest"] = newest
    return newest


def _component() -> Any:
    js = (HERE / "typing.js").read_text(encoding="utf-8")
    return st.components.v2.component("quarterdeck_typing", js=js)
