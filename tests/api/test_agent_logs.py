"""Agents' logs over HTTP: stretches of files, actions by filter and cursor, diagnoses, and taking in folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from data.domain import events as e
from data.domain.agents import AgentStatus, Role, Runtime
from orchestrator_adapter.api import log_bodies
from orchestrator_adapter.api.streamed import CHUNK
from tests.ingest import dialect

IDS = {"task_id": "t1", "agent_id": "a1"}
LOG = "/api/v1/agents/a1/logs"


@pytest.fixture
def folder(deck: Any, fleet: Any) -> Path:
    folder: Path = deck.settings.logs / "t1" / "a1_Builder_20260601_120000"
    folder.mkdir(parents=True)
    fleet.task()
    fleet.agent(logs=folder, live=True)
    return folder


def test_a_log_is_sent_in_stretches_and_saved_under_its_name(client: TestClient, folder: Path):
    content = bytes(range(256)) * (CHUNK // 128)
    (folder / "text.txt").write_bytes(content)
    whole = client.get(f"{LOG}/text.txt")
    assert (whole.content, whole.headers["content-length"]) == (content, str(len(content)))
    assert client.get(f"{LOG}/text.txt", params={"offset": 5, "limit": 10}).content == content[5:15]
    assert client.get(f"{LOG}/text.txt", params={"offset": 10**12}).content == b""
    part = client.get(f"{LOG}/text.txt", headers={"range": "bytes=-3"})
    size = len(content)
    assert (part.status_code, part.content) == (206, content[-3:])
    assert part.headers["content-range"] == f"bytes {size - 3}-{size - 1}/{size}"
    saved = client.get(f"{LOG}/text.txt", params={"download": "true"})
    assert saved.headers["content-disposition"] == 'attachment; filename="a1_text.txt"'
    assert client.head(f"{LOG}/text.txt").headers["content-length"] == str(size)
    assert client.get(f"{LOG}/text.txt", params={"offset": "-1"}).status_code == 422


def test_nothing_outside_the_folder_is_sent(client: TestClient, folder: Path, tmp_path: Path):
    (tmp_path / "secret").write_text("not for you")
    (folder / "text.txt").symlink_to(tmp_path / "secret")
    (folder / "notes.txt").write_text("no log")
    for name in ("text.txt", "notes.txt", "..%2f..%2fsecret", "%2fetc%2fpasswd", "text.txt%00"):
        answer = client.get(f"{LOG}/{name}")
        assert (answer.status_code, "not for you" in answer.text) == (404, False), name
    assert client.get(LOG).json()["items"] == []


def test_a_folder_that_became_a_link_is_not_read(client: TestClient, folder: Path, tmp_path: Path):
    (folder / "text.txt").write_text("mine")
    other = tmp_path / "other"
    folder.rename(other)
    folder.symlink_to(other)
    assert client.get(f"{LOG}/text.txt").status_code == 404


def call(fleet: Any, key: str, tool: str, *, failed: bool | None, given: object = None) -> None:
    with fleet.store.write() as ledger:
        blob, output = ledger.keep(json.dumps(given or {}).encode()), ledger.keep(b"boom")
        words = f"using {tool}"
        ledger.append(e.ToolCalled(**IDS, tool_use_id=key, tool=tool, words=words, input_blob=blob))
        if failed is not None:
            back = {"tool_use_id": key, "tool": tool, "is_error": failed, "output_blob": output, "preview": "boom"}
            ledger.append(e.ToolReturned(**IDS, **back))


def test_actions_are_filtered_and_walked_by_cursor(client: TestClient, folder: Path, fleet: Any):
    for number in range(5):
        call(fleet, f"k{number}", "Bash", failed=number == 3, given={"command": f"echo {number}"})
    everything = client.get(f"{LOG}/tools").json()
    log_bodies.LogActionList.model_validate(everything)
    assert [item["tool_use_id"] for item in everything["items"]] == ["u1", "k0", "k1", "k2", "k3", "k4"]
    assert everything["tools"] == ["Bash", "Edit"]
    assert [item["outcome"] for item in everything["items"]] == ["unfinished", "ok", "ok", "ok", "failed", "ok"]
    failed = client.get(f"{LOG}/tools", params={"outcome": "failed", "tool": "Bash"}).json()["items"]
    assert [(item["input"], item["answer"]) for item in failed] == [({"command": "echo 3"}, "boom")]
    at = everything["items"][2]["at"]
    assert len(client.get(f"{LOG}/tools", params={"from": at}).json()["items"]) >= 4
    assert client.get(f"{LOG}/tools", params={"to": "2000-01-01T00:00:00Z"}).json()["items"] == []
    assert len(client.get(f"{LOG}/tools", params={"what": "all"}).json()["items"]) > 6
    seen: list[str] = []
    cursor = "0"
    while cursor is not None:
        page = client.get(f"{LOG}/tools", params={"limit": 2, "cursor": cursor}).json()
        seen += [item["tool_use_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        call(fleet, f"late{len(seen)}", "Read", failed=None) if len(seen) < 3 else None
    assert seen == ["u1", "k0", "k1", "k2", "k3", "k4", "late2"]
    assert client.get(f"{LOG}/tools", params={"outcome": "splendid"}).status_code == 422


def test_from_a_failed_task_to_the_entry_that_caused_it(client: TestClient, folder: Path, fleet: Any):
    call(fleet, "k1", "Bash", failed=True)
    with fleet.store.write() as ledger:
        ledger.append(e.AgentMoved(**IDS, to=AgentStatus.FAILED, why="The tests fail."))
    (found,) = client.get("/api/v1/tasks/t1/diagnosis").json()["items"]
    log_bodies.DiagnosisShape.model_validate(found)
    assert found["sentence"].startswith("Builder failed at ")
    assert (found["why"], found["cause_words"], found["cause_from"]) == (
        "The tests fail.",
        "boom",
        "what Bash answered",
    )
    assert found["link"] == f"/agent?id=a1&tab=Logs&entry={found['cause']['id']}"
    assert client.get("/api/v1/agents/a1/diagnosis").json()["items"][0]["cause"] == found["cause"]
    for path in ("tasks", "agents"):
        assert client.get(f"/api/v1/{path}/nobody/diagnosis").status_code == 404


def test_folders_are_taken_in_and_their_files_sent(client: TestClient, tmp_path: Path):
    log = dialect.run(tmp_path / "theirs" / "agent_logs")
    body = {"path": str(tmp_path / "theirs"), "zone": "Europe/Berlin"}
    found = client.post("/api/v1/imports/logs", json=body).json()
    log_bodies.LogImportShape.model_validate(found)
    assert (found["new"], found["items"][0]["cut"]) == (1, 1)
    agent = client.get(f"/api/v1/agents/{found['items'][0]['agent_id']}").json()
    assert (agent["runtime"], agent["cost_usd"], agent["simulated"]) == ("imported", 0.0123, False)
    one = f"/api/v1/agents/{agent['id']}/logs"
    assert [item["name"] for item in client.get(one).json()["items"]] == list(dialect_names())
    assert client.get(f"{one}/tools.jsonl").content == (log.folder / "tools.jsonl").read_bytes()
    assert client.post("/api/v1/imports/logs", json=body).json()["known"] == 1


def dialect_names() -> tuple[str, ...]:
    return ("prompt.txt", "text.txt", "tools.jsonl", "summary.jsonl")


def test_a_path_outside_the_allowed_folders_is_refused(client: TestClient, tmp_path_factory: pytest.TempPathFactory):
    outside = tmp_path_factory.mktemp("outside")
    refused = client.post("/api/v1/imports/logs", json={"path": str(outside)}).json()["error"]
    assert (refused["code"], refused["details"]["field"]) == ("FOLDER_REFUSED", "path")
    bad = client.post("/api/v1/imports/logs", json={"path": "/", "zone": "Mars/Base"}).json()["error"]
    assert (bad["code"], bad["details"]["field"]) == ("INVALID_FIELD", "zone")


def test_an_imported_folder_that_became_a_link_is_not_read(client: TestClient, fleet: Any, tmp_path: Path):
    elsewhere, folder = tmp_path / "secrets", tmp_path / "logs"
    elsewhere.mkdir()
    (elsewhere / "prompt.txt").write_text("secret")
    folder.symlink_to(elsewhere)
    fleet.task("t1", runtime=Runtime.IMPORTED)
    made = {"step": "builder", "role": Role.BUILDER, "name": "B", "model": "m", "runtime": Runtime.IMPORTED}
    with fleet.store.write() as ledger:
        ledger.append(e.AgentCreated(**IDS, **made, log_dir=str(folder)))
        ledger.append(e.AgentCreated(task_id="t1", agent_id="a2", **made, log_dir=str(elsewhere)))
    assert client.get(LOG).json()["items"] == []
    assert client.get("/api/v1/agents/a2/logs/prompt.txt").text == "secret", "the folder that was imported"
