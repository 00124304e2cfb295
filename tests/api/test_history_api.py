"""A program that reads history in, and asks how far it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from data.domain import observed
from orchestrator_adapter.api import answers
from orchestrator_adapter.api.history_shapes import ImportList, ImportShape, WatchingShape
from tests.ingest.trees import PRICE, SESSION, main_file, prompt, says, write

IMPORTS, WATCHING = "/api/v1/imports", "/api/v1/imports/watching"


def refused(answer: Any, status: int, code: str) -> str:
    assert answer.status_code == status, answer.text
    error = answers.RefusalShape.model_validate(answer.json()).error
    assert error.code == code
    return error.message


def ended(client: TestClient, import_id: str, eventually: Callable[..., None]) -> ImportShape:
    found: list[ImportShape] = []

    def done() -> bool:
        found.append(ImportShape.model_validate(client.get(f"{IMPORTS}/{import_id}").json()))
        return found[-1].status != "running"

    eventually(done)
    return found[-1]


def test_an_import_is_begun_followed_and_listed(
    client: TestClient, tmp_path: Path, eventually: Callable[..., None]
) -> None:
    write(main_file(tmp_path), prompt("Fix it"), says(1), says(2, second=4))
    (tmp_path / "notes.jsonl").write_text('{"type":"note"}\n')
    answer = client.post(IMPORTS, json={"folder": str(tmp_path)})
    assert answer.status_code == 202, answer.text
    begun = ImportShape.model_validate(answer.json())
    done = ended(client, begun.id, eventually)
    assert (done.status, done.files_total, done.files_done, done.by) == ("completed", 2, 2, "local")
    assert (done.report.new, done.report.replies, done.report.cost_usd) == (1, 2, 2 * PRICE / 1e9)
    assert done.report.skipped == {"no transcripts of Claude Code": 1}
    (listed,) = ImportList.model_validate(client.get(IMPORTS).json()).items
    assert listed == done
    task = answers.TaskShape.model_validate(client.get(f"/api/v1/tasks/{observed.task_id(SESSION)}").json())
    assert (task.runtime, task.cost_usd) == ("imported", 2 * PRICE / 1e9)
    again = ended(client, client.post(IMPORTS, json={"folder": str(tmp_path)}).json()["id"], eventually)
    assert (again.report.known, again.report.new) == (1, 0)


def test_a_deleted_session_comes_back_only_when_asked_for(
    client: TestClient, tmp_path: Path, eventually: Callable[..., None]
) -> None:
    write(main_file(tmp_path), prompt("Fix it"), says(1))
    one = f"/api/v1/tasks/{observed.task_id(SESSION)}"
    for body, status in (({}, 404), ({"again": True}, 200)):
        begun = client.post(IMPORTS, json={"folder": str(tmp_path)}).json()
        ended(client, begun["id"], eventually)
        assert client.delete(one).status_code in (204, 404)
        begun = client.post(IMPORTS, json={"folder": str(tmp_path)} | body).json()
        ended(client, begun["id"], eventually)
        assert client.get(one).status_code == status


def test_what_cannot_be_done_to_an_imported_task_is_refused(
    client: TestClient, tmp_path: Path, eventually: Callable[..., None]
) -> None:
    write(main_file(tmp_path), prompt("Fix it"), says(1))
    ended(client, client.post(IMPORTS, json={"folder": str(tmp_path)}).json()["id"], eventually)
    one = f"/api/v1/tasks/{observed.task_id(SESSION)}"
    for order in ("resume", "rerun", "pause"):
        assert "can only be read or deleted" in refused(
            client.post(f"{one}/{order}", json={}), 503, "RUNTIME_UNAVAILABLE"
        )


def test_folders_that_cannot_be_read_are_named(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder, says_why in (
        (str(tmp_path / "nowhere"), "does not exist"),
        (str(tmp_path / "file"), "is a file"),
        ("relative/path", "whole path"),
        ("/" + "x" * 5000, "cannot be read"),
    ):
        for address, more in ((IMPORTS, {}), (WATCHING, {"automatic": True})):
            said = refused(client.post(address, json={"folder": folder} | more), 422, "HISTORY_FOLDER_INVALID")
            assert says_why in said
    assert ImportList.model_validate(client.get(IMPORTS).json()).items == []
    refused(client.get(f"{IMPORTS}/none"), 404, "IMPORT_NOT_FOUND")
    refused(client.get(f"{IMPORTS}/{'x' * 99}"), 404, "IMPORT_NOT_FOUND")


def test_a_folder_is_watched_until_it_is_not(client: TestClient, tmp_path: Path) -> None:
    assert WatchingShape.model_validate(client.get(WATCHING).json()) == WatchingShape(automatic=False, folder="")
    for automatic in (True, False):
        answer = client.post(WATCHING, json={"automatic": automatic, "folder": str(tmp_path) if automatic else None})
        wanted = WatchingShape(automatic=automatic, folder=str(tmp_path))
        assert WatchingShape.model_validate(answer.json()) == wanted
        assert WatchingShape.model_validate(client.get(WATCHING).json()) == wanted
