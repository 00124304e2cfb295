"""Files over HTTP and on the command line: the list, what changed inside, versions, reports and refusals."""

from __future__ import annotations

import csv
import io
import json

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from data.domain import events as e
from data.domain.agents import FileChange, Role
from data.store import Store
from orchestrator_adapter.api import file_shapes
from orchestrator_adapter.cli import app
from orchestrator_adapter.deck import Deck
from tests.store.test_files import Told


@pytest.fixture
def told(deck: Deck) -> Store:
    """A task whose agent edited a file, made another with a command, and read a third."""
    with deck.store.write() as ledger:
        told = Told(ledger)
        told.call("Read", FileChange.READ, "notes.md")
        told.call("Edit", FileChange.MODIFIED, "a.py", old_string="old", new_string="new")
        told.call("Bash", command="make")
        told.found(
            told.file("a.py", "old\n", "new\n", added=1, removed=1, lines=1),
            told.file("b.bin", None, None, withheld="binary").model_copy(update={"change": FileChange.CREATED}),
            told.file("=c.txt", None, "c\n", added=1, lines=1),
        )
    return deck.store


def test_the_list_tells_everything_but_what_is_inside(client: TestClient, told: Store):
    found = client.get("/api/v1/agents/a1/files").json()
    file_shapes.FileList.model_validate(found)
    assert [(one["path"], one["change"], one["compared"], one["diff"]) for one in found["items"]] == [
        ("=c.txt", "created", True, None),
        ("a.py", "modified", True, None),
        ("b.bin", "created", True, None),
        ("notes.md", "read", False, None),
    ]
    assert client.get("/api/v1/tasks/t1/files").json() == found


def test_what_changed_inside_on_demand(client: TestClient, told: Store):
    found = client.get("/api/v1/tasks/t1/files", params={"diff": "true", "path": "a.py"}).json()
    file_shapes.FileList.model_validate(found)
    (one,) = found["items"]
    assert one["diff"]["patch"] == "--- a/a.py\n+++ b/a.py\n@@ -1,1 +1,1 @@\n-old\n+new\n"
    ((maker,),) = (hunk["made_by"] for hunk in one["diff"]["hunks"])
    assert (maker["tool"], maker["tool_use_id"], maker["cost_usd"]) == ("Edit", "a1-2", 0.000002)
    everything = client.get("/api/v1/agents/a1/files", params={"diff": "true"}).json()
    inside = {one["path"]: one["diff"] for one in everything["items"]}
    assert inside["b.bin"]["why_not"] == "Its content is not kept: binary."
    assert [maker["kind"] for maker in inside["=c.txt"]["made_by"]] == ["command"]
    assert inside["notes.md"] is None


def test_each_version_of_a_file(client: TestClient, told: Store):
    url = "/api/v1/agents/a1/files/content"
    before = client.get(url, params={"path": "a.py", "version": "before"})
    assert (before.text, client.get(url, params={"path": "a.py"}).text) == ("old\n", "new\n")
    assert before.headers["content-disposition"] == "attachment; filename*=UTF-8''a.py"
    assert before.headers["content-type"] == "application/octet-stream"
    for path, code in (("b.bin", "BLOB_NOT_FOUND"), ("unknown.py", "FILE_UNKNOWN")):
        refused = client.get(url, params={"path": path})
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, code)


def test_reports(client: TestClient, told: Store):
    table = client.get("/api/v1/agents/a1/files", params={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [(row["path"], row["change"], row["added"], row["content"]) for row in rows] == [
        ("'=c.txt", "created", "1", "kept"),
        ("a.py", "modified", "1", "kept"),
        ("b.bin", "created", "0", "not kept: binary"),
        ("notes.md", "read", "1", "not looked at"),
    ]
    text = client.get("/api/v1/tasks/t1/files", params={"format": "markdown"})
    assert text.headers["content-type"] == "text/markdown; charset=utf-8"
    assert "3 changed, +2 -1 lines; 1 read." in text.text
    assert "| ~ | `a.py` | +1 -1 | `Builder` |" in text.text


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("agents/unknown/files", 404, "AGENT_NOT_FOUND"),
        ("tasks/unknown/files", 404, "TASK_NOT_FOUND"),
        ("agents/a1/files?path=unknown.py", 404, "FILE_UNKNOWN"),
        ("agents/a1/files?format=pdf", 422, "INVALID_FIELD"),
        ("agents/a1/files?diff=maybe", 422, "INVALID_FIELD"),
    ],
)
def test_refusals(client: TestClient, told: Store, url: str, status: int, code: str):
    refused = client.get(f"/api/v1/{url}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)


def test_more_diffs_than_are_given_at_once_are_refused(client: TestClient, told: Store):
    with told.write() as ledger:
        files = tuple(e.FoundFile(path=f"{n}.txt", change=FileChange.DELETED) for n in range(51))
        ledger.append(e.FolderCompared(task_id="t1", agent_id="a1", files=files, looked_at=9, words="", took_ms=1))
    error = client.get("/api/v1/agents/a1/files?diff=true").json()["error"]
    assert error["message"] == "diff takes up to 50 changed files at once, and here are 51: name one by path."


def test_on_the_command_line(told: Store, deck: Deck, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", deck.settings.database_url)

    def said(*words: str) -> str:
        done = CliRunner().invoke(app, ["files", *words])
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "~ a.py" in " ".join(said("t1").split())
    assert said("a1", "--csv").startswith("change,path,")
    inside = said("t1", "--diff", "--path", "a.py")
    assert "# by Builder, step builder: Edit a.py (a1-2, a reply of <$0.0001)" in inside
    assert "@@ -1,1 +1,1 @@\n-old\n+new" in inside
    assert {one["path"] for one in json.loads(said("a1", "--json"))} == {"a.py", "b.bin", "=c.txt", "notes.md"}
    assert "# Files of Builder" in said("a1", "--markdown")
    refused = CliRunner().invoke(app, ["files", "unknown"])
    assert str(refused.exception) == "There is no task and no agent unknown."


def test_a_role_is_told_with_each_file(client: TestClient, told: Store):
    assert {one["role"] for one in client.get("/api/v1/tasks/t1/files").json()["items"]} == {Role.BUILDER.value}
