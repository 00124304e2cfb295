"""Imports in the background: one for each folder, followed by whoever looks, and by themselves if people want that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from data.domain import observed
from data.domain.errors import ImportRunning
from data.domain.fleet import Watching
from data.domain.history_events import ImportMoved
from data.store import Store, settings
from orchestrator_adapter.ingest.history_folder import history_folder
from orchestrator_adapter.ingest.importing import Importer
from tests.ingest.trees import OTHER, PRICE, SESSION, main_file, packed, prompt, says, write
from tests.store.test_board import append


def watch(store: Store, folder: Path, *, automatic: bool = True) -> None:
    append(store, settings.event(Watching(automatic, str(folder)), "me"))


def cost(store: Store) -> int:
    with store.read() as board:
        return board.task(observed.task_id(SESSION)).cost_nanousd


def test_a_watched_folder_is_read_on_as_it_grows_and_only_then(lite: Store, tmp_path: Path) -> None:
    importer, path = Importer(lite), write(main_file(tmp_path), prompt("Fix it"), says(1))
    assert importer.look() is None
    watch(lite, tmp_path)
    first = importer.look()
    assert first is not None
    assert (first.new, cost(lite)) == (1, PRICE)
    assert importer.look() is None
    with path.open("ab") as file:
        file.write(packed(says(2, second=4)))
    grown = importer.look()
    assert grown is not None
    assert (grown.grown, grown.known, cost(lite)) == (1, 0, 2 * PRICE)
    watch(lite, tmp_path, automatic=False)
    write(main_file(tmp_path, OTHER), prompt("More", session=OTHER))
    assert importer.look() is None
    watch(lite, tmp_path / "gone")
    assert importer.look() is None


def test_the_watch_reads_by_itself_until_it_is_closed(
    lite: Store, tmp_path: Path, eventually: Callable[..., None]
) -> None:
    write(main_file(tmp_path), prompt("Fix it"), says(1))
    watch(lite, tmp_path)
    importer = Importer(lite, look_s=0.05)
    importer.watch()

    def read_in() -> bool:
        with lite.read() as board:
            return board.imported_counts() == (1, 1)

    eventually(read_in)
    importer.close()
    assert cost(lite) == PRICE


def test_one_import_of_a_folder_at_a_time_and_one_that_was_broken_off_is_in_nobodys_way(
    lite: Store, tmp_path: Path
) -> None:
    importer = Importer(lite)
    append(lite, ImportMoved(task_id="", import_id="dead", folder=str(tmp_path), to="running", by="me"))
    assert importer.run(tmp_path, by="me").status == "completed"  # it said nothing for weeks
    append(lite, ImportMoved(task_id="", import_id="live", folder=str(tmp_path), to="running", by="me"), at=lite.now())
    with pytest.raises(ImportRunning, match="is being imported already"):
        importer.start(tmp_path, by="me")


def test_an_import_that_fails_says_why_and_keeps_what_it_read(lite: Store, tmp_path: Path) -> None:
    write(main_file(tmp_path), prompt("Fix it"), says(1))
    importer = Importer(lite)
    importer.close()  # the server ends
    done = importer.run(tmp_path, by="me")
    assert (done.status, done.ended_at is not None) == ("failed", True)
    assert done.error
    assert "goes on where this one stopped" in done.error
    assert Importer(lite).run(tmp_path, by="me").status == "completed"
    assert cost(lite) == PRICE


def test_the_folder_is_that_of_the_environment(tmp_path: Path) -> None:
    assert history_folder({"CLAUDE_CONFIG_DIR": str(tmp_path)}) == tmp_path / "projects"
    assert history_folder({}) == Path.home() / ".claude" / "projects"
