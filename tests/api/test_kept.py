"""Kept answers: made once however many ask, forgotten in order, and never a refusal."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from data.domain.errors import StoreUnavailable
from orchestrator_adapter.kept import Kept


def test_many_who_ask_at_once_wait_for_one_answer():
    kept, made, asked = Kept(), [], threading.Barrier(8)

    def ask() -> bytes:
        asked.wait()
        return kept.get("question", make)

    def make() -> bytes:
        made.append(1)
        return b"answer"

    with ThreadPoolExecutor(8) as pool:
        answers = [future.result() for future in [pool.submit(ask) for _ in range(8)]]
    assert answers == [b"answer"] * 8
    assert len(made) == 1


def test_what_was_not_asked_for_lately_is_forgotten():
    kept = Kept(most=2)
    for key in ("a", "b", "a", "c"):
        kept.get(key, lambda: b"first")
    assert [kept.get(key, lambda: b"again") for key in ("a", "c", "b")] == [b"first", b"first", b"again"]


def test_a_refusal_is_not_kept():
    kept = Kept()

    def refuse() -> bytes:
        raise StoreUnavailable

    with pytest.raises(StoreUnavailable):
        kept.get("question", refuse)
    assert kept.get("question", lambda: b"answer") == b"answer"
