"""Old months in Parquet: every answer stays what it was, and nothing a crash or a broken file does is lost."""

from __future__ import annotations

import dataclasses
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from data.domain import windows
from data.domain.alert_rules import HOUR_S, AlertRule, Metric
from data.domain.exports import What
from data.domain.money import Tokens
from data.domain.windows import Grain
from data.store import Store
from data.warehouse import Reader, Warehouse, alerts_history, analyst_roi, costs, performance, reports, trends
from data.warehouse.alerts_history import Asked
from data.warehouse.costs import By, Cut
from orchestrator_adapter.kept import Kept
from tests.warehouse import histories
from tests.warehouse.histories import MODELS, START, Reply

LATER = START + timedelta(days=200)
WHOLE = windows.between(START - timedelta(days=3), START + timedelta(days=8, minutes=7))
ROUGH = windows.between(START + timedelta(hours=5, minutes=3, seconds=1), START + timedelta(days=2, minutes=1))
_TOLD: list[tuple[int | None, int, tuple[str, ...]]] = [
    (5_000_000, 5, ("Read",)),
    (None, 700, ()),
    (7, 4_000, ("Bash", "Read")),
    (99_999, 5_700, ("Edit",)),
    (12, 5_000, ()),
    (3_000, 6_000, ("Bash",)),
]
"""Cost, minutes and tools: the month ends after 5,760 minutes."""
OVER_A_MONTH = [
    Reply(place % 6, place, "a" * (place % 2), MODELS[place % 4], Tokens(place, 5, 7, 9, 11), *told, False)
    for place, told in enumerate(_TOLD)
]


@pytest.fixture
def warehouse(lite: Store, tmp_path: Path) -> Iterator[Warehouse]:
    opened = Warehouse(lite, tmp_path / "warehouse", Kept())
    yield opened
    opened.close()


RULES = ((Metric.SPEND, HOUR_S), (Metric.CONTEXT, 0), (Metric.AGENT_COST, 0), (Metric.DRIFT, 0))


def answers(reader: Reader) -> list[object]:
    """Every question of every page, of two windows, one of which begins and ends within a quarter of an hour."""
    found: list[object] = [costs.names(reader)]
    for window in (WHOLE, ROUGH):
        for cut in (Cut(window, user="ann"), Cut(window, simulated=True)):
            found += [
                costs.page(reader, cut, Grain.DAY, By.ROLE),
                costs.runs(reader, cut),
                costs.by(reader, cut, By.MODEL),
            ]
            found += [performance.page(reader, cut, Grain.DAY), trends.page(reader, cut, Grain.WEEK)]
            found += [reports.rows(reader, cut, what, Grain.DAY) for what in What]
            asked = analyst_roi.Cut(window.begin_ms, window.end_ms, cut.simulated)
            found.append(analyst_roi.cases(reader, asked))
        for metric, window_s in RULES:
            rule = AlertRule("r", "R", metric, 0.1, window_s)
            found.append(alerts_history.points(reader, Asked(rule, window.begin_ms, window.end_ms)))
    return [plain(one) for one in found]


def plain(found: Any) -> Any:
    if isinstance(found, pd.DataFrame):
        return found.astype(object).where(found.notna(), None).to_dict("list")
    if hasattr(found, "to_pylist"):
        return found.to_pylist()
    if dataclasses.is_dataclass(found):
        return {field.name: plain(getattr(found, field.name)) for field in dataclasses.fields(found)}
    if isinstance(found, dict):
        return {key: plain(value) for key, value in found.items()}
    return [plain(one) for one in found] if isinstance(found, list | tuple) else found


def look(warehouse: Warehouse) -> list[object]:
    warehouse.refresh()
    with warehouse.look() as reader:
        return answers(reader)


LATE = [Reply(2, 2, "", MODELS[1], Tokens(900, 900, 900, 900, 900), 5, 4_000, ("Bash",), False), histories.Deletion(1)]


@pytest.fixture
def untiered(lite: Store, tmp_path: Path) -> Iterator[Warehouse]:
    opened = Warehouse(lite, tmp_path / "untiered", Kept())
    yield opened
    opened.close()


def test_every_question_has_the_same_answer_wherever_the_rows_lie(lite, warehouse, untiered):
    histories.begin(lite)
    histories.play(lite, OVER_A_MONTH)
    warehouse.refresh()
    assert warehouse.tier(LATER) == 3
    assert look(warehouse) == look(untiered)
    histories.play(lite, LATE)
    assert look(warehouse) == look(untiered), "a reply of a month that has moved was larger, a task was deleted"
    assert warehouse.tier(LATER) == 2
    assert look(warehouse) == look(untiered)
    hot, warm = warehouse.mirror.tiers() or pytest.fail("it is all in memory")
    assert (hot.replies, hot.calls, warm.replies, warm.calls) == (0, 0, 6, 6)
    assert warehouse.tier(LATER) == 0, "once more changes nothing"


@settings(max_examples=6, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(told=st.lists(histories.steps, min_size=1, max_size=3))
def test_any_history_has_the_same_rows_wherever_they_lie(tmp_path_factory, told):
    home = tmp_path_factory.mktemp("history")
    store = Store.open(f"sqlite:///{home / 'store.sqlite'}")
    hot, tiered = (Warehouse(store, home / name, Kept()) for name in ("hot", "tiered"))
    try:
        histories.begin(store)
        for part in told:
            histories.play(store, part)
            assert rows(tiered) == rows(hot), "news of months that have moved already"
            tiered.tier(LATER)
            assert rows(tiered) == rows(hot)
    finally:
        hot.close()
        tiered.close()
        store.close()


def test_only_months_that_are_over_move_and_a_later_process_finds_them(lite, tmp_path, warehouse):
    histories.begin(lite)
    histories.play(lite, OVER_A_MONTH)
    before = look(warehouse)
    assert warehouse.tier(START + timedelta(days=80)) == 0, "the month was not over long enough"
    assert warehouse.tier(START + timedelta(days=120)) == 2, "replies and calls of March, none of April"
    hot, warm = warehouse.mirror.tiers() or pytest.fail("it is all in memory")
    assert (hot.replies, hot.calls, warm.replies, warm.calls, warm.files) == (1, 0, 5, 5, 2)
    assert warm.until is not None
    assert hot.since is not None
    assert warm.until < START + timedelta(days=4) <= hot.since
    warehouse.close()
    again = Warehouse(lite, tmp_path / "warehouse", Kept())
    assert look(again) == before
    assert (again.mirror.tiers() or pytest.fail("it is all in memory"))[1] == warm
    assert again.health().rebuilt == 0
    again.close()


@pytest.mark.parametrize("how", ["missing", "cut", "flipped"])
@pytest.mark.parametrize("open_", [True, False])
def test_a_broken_file_is_made_again_from_the_store(lite, tmp_path, warehouse, how, open_):
    histories.begin(lite)
    histories.play(lite, OVER_A_MONTH)
    before = rows(warehouse)
    warehouse.tier(LATER)
    if not open_:
        warehouse.close()
    (path,) = tmp_path.glob("warehouse/0/*.warm/replies-*-03-*.parquet") or tmp_path.glob(
        "warehouse/0/*.warm/replies-2026-03-*"
    )
    spoil(path, how)
    found = warehouse if open_ else Warehouse(lite, tmp_path / "warehouse", Kept())
    if open_:
        found.check()
    elif how == "flipped":
        found.refresh()
        found.check()  # as it is done once in a while: an open looks at names and sizes only
    assert rows(found) == before
    assert found.health().rebuilt == 1
    found.tier(LATER)
    assert rows(found) == before
    found.close()


def spoil(path: Path, how: str) -> None:
    if how == "missing":
        path.unlink()
        return
    content = bytearray(path.read_bytes())
    if how == "cut":
        path.write_bytes(content[: len(content) // 2])
        return
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def test_a_question_that_meets_a_missing_file_is_answered_all_the_same(lite, tmp_path, warehouse):
    histories.begin(lite)
    histories.play(lite, OVER_A_MONTH)
    cut = Cut(ROUGH)
    before = warehouse.ask(costs.total, cut)
    warehouse.tier(LATER)
    for path in tmp_path.glob("warehouse/0/*.warm/*"):
        path.unlink()
    assert warehouse.ask(costs.page, cut, Grain.DAY, By.ROLE).total == before
    assert warehouse.health().rebuilt == 1


KILLED = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from data.store import Store
from data.warehouse import Warehouse
from orchestrator_adapter.kept import Kept
from tests.warehouse.histories import START
home, left = Path(sys.argv[1]), int(sys.argv[2])

def watch(frame, event, arg):
    global left
    if event == "call" and frame.f_code.co_filename.endswith(("tiers.py", "mirror.py")):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

warehouse = Warehouse(Store.open(f"sqlite:///{home / 'store.sqlite'}"), home / "warehouse", Kept())
warehouse.refresh()
sys.setprofile(watch)
warehouse.tier(START + timedelta(days=200))
sys.setprofile(None)
print("done", flush=True)
"""


def rows(warehouse: Warehouse) -> list[list[tuple[object, ...]]]:
    """All that the files can hold."""
    warehouse.refresh()
    with warehouse.look() as reader:
        names = ("replies", "calls", "usage", "shares")
        return [reader.cursor.execute(f"select * from {name} order by all").fetchall() for name in names]


def test_a_kill_at_any_moment_leaves_a_warehouse_that_answers_the_same(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}")
    histories.begin(store)
    histories.play(store, OVER_A_MONTH)
    first = Warehouse(store, tmp_path / "warehouse", Kept())
    before = rows(first)
    first.close()
    for place in (3, 9, 14, 17, 20, 23, 500):
        command = [sys.executable, "-c", KILLED, str(tmp_path), str(place)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == (0 if place == 500 else -signal.SIGKILL), done.stderr
        found = Warehouse(store, tmp_path / "warehouse", Kept())
        assert rows(found) == before
        assert found.health().rebuilt == 0, "what was there is found again, not made anew"
        found.close()
    store.close()
