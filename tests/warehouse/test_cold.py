"""Months of long ago, written down for good: whole, checked, and read back as they were."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from data.domain.errors import ArchiveDamaged, InvalidField
from data.store import Store
from data.store import tables as t
from data.warehouse import Warehouse, cold
from orchestrator_adapter.kept import Kept
from tests.warehouse import histories
from tests.warehouse.histories import START
from tests.warehouse.test_tiers import OVER_A_MONTH

LONG_AFTER = START + timedelta(days=500)


@pytest.fixture
def warehouse(lite: Store, tmp_path: Path) -> Iterator[Warehouse]:
    histories.begin(lite)
    histories.play(lite, OVER_A_MONTH)
    opened = Warehouse(lite, tmp_path / "warehouse", Kept())
    yield opened
    opened.close()


def write(warehouse: Warehouse, folder: Path, now: datetime = LONG_AFTER) -> list[str]:
    warehouse.refresh()
    with warehouse.look() as reader:
        return cold.write(reader, folder, now)


def told(store: Store) -> list[tuple[object, ...]]:
    m = t.messages.c
    query = sa.select(
        m.at_ms, m.agent_id, m.model, m.tokens_input, m.tokens_cache_write_1h, m.cost_nanousd, m.simulated
    )
    with store.read() as board:
        return sorted((tuple(row) for row in board.connection.execute(query)), key=repr)


def read(folder: Path) -> list[tuple[object, ...]]:
    names = ("agent_id", "model", "tokens_input", "tokens_cache_write_1h", "cost_nanousd", "simulated")
    rows = [row for month in cold.kept(folder) for row in cold.lines(folder, month.month, "replies")]
    at = [round(datetime.fromisoformat(row["at"]).timestamp() * 1000) for row in rows]
    return sorted(((when, *(row[name] for name in names)) for when, row in zip(at, rows, strict=True)), key=repr)


def test_what_is_written_down_is_read_back_as_it_was(lite, warehouse, tmp_path):
    folder = tmp_path / "archive"
    assert write(warehouse, folder, START + timedelta(days=300)) == [], "it is not a year ago"
    assert write(warehouse, folder) == ["2026-03", "2026-04"]
    assert read(folder) == told(lite)
    assert [row["id"] for row in cold.lines(folder, "2026-03", "tasks")] == ["t0", "t1", "t2"]
    assert sum(1 for _ in cold.lines(folder, "2026-03", "agents")) == 6
    assert cold.damaged(folder) == []
    assert write(warehouse, folder) == [], "once more there is nothing to do"
    warehouse.tier(LONG_AFTER)
    assert write(warehouse, folder) == [], "wherever the rows lie"


def test_a_month_that_changed_is_written_anew_and_old_files_go(lite, warehouse, tmp_path):
    folder = tmp_path / "archive"
    write(warehouse, folder)
    larger = histories.Reply(
        3, 3, "a", histories.MODELS[3], histories.Tokens(900, 900, 900, 900, 900), 5, 4_000, (), False
    )
    histories.play(lite, [larger])
    assert write(warehouse, folder) == ["2026-03"]
    assert read(folder) == told(lite)
    listed = {part.file for month in cold.kept(folder) for part in month.parts}
    assert {path.name for path in folder.iterdir()} == listed | {"2026-03.json", "2026-04.json"}


def test_a_file_that_is_not_what_was_written_is_named_and_not_read(warehouse, tmp_path):
    folder = tmp_path / "archive"
    write(warehouse, folder)
    (part,) = [part for part in cold.kept(folder)[0].parts if part.noun == "replies"]
    content = bytearray((folder / part.file).read_bytes())
    content[-1] ^= 1
    (folder / part.file).write_bytes(content)
    assert cold.damaged(folder) == [f"{part.file} is not what was written."]
    with pytest.raises(ArchiveDamaged, match="not what was written"):
        cold.lines(folder, "2026-03", "replies")
    (folder / part.file).unlink()
    assert write(warehouse, folder) == ["2026-03"], "what is missing is written again"
    assert cold.damaged(folder) == []
    for month in ("2026-3", "../2026-03", "2020-01"):
        with pytest.raises(InvalidField, match=r"month|archived"):
            cold.lines(folder, month, "replies")


def test_no_json_is_left_half_by_a_list_that_cannot_be_read(warehouse, tmp_path):
    folder = tmp_path / "archive"
    write(warehouse, folder)
    (folder / "2026-03.json").write_text(json.dumps({"month": 1}), encoding="utf-8")
    assert [one.month for one in cold.kept(folder)] == ["2026-04"]
    assert write(warehouse, folder) == ["2026-03"]
    assert START.tzinfo is UTC
