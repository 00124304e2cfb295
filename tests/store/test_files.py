"""Files in the store: what was found takes the place of what calls say, one file's history, and who made a change."""

from __future__ import annotations

import json

import pytest

from data.domain import events as e
from data.domain import files as f
from data.domain.agents import AgentStatus, FileChange, Role, Runtime
from data.domain.errors import FileUnknown
from data.domain.money import Tokens
from data.store import Ledger, Store, filing
from tests.events import submitted

MADE, CHANGED, GONE, READ = FileChange.CREATED, FileChange.MODIFIED, FileChange.DELETED, FileChange.READ


class Told:
    """Writes what an agent of a task does."""

    def __init__(self, ledger: Ledger, task: str = "t1", agent: str = "a1", folder: str = "/srv/calc") -> None:
        self._ledger, self._ids = ledger, {"task_id": task, "agent_id": agent}
        self._number = 0
        if task not in {one.event.task_id for one in ledger.appended}:
            ledger.append(
                submitted(task, description="Fix it", workflow=(), working_directory=folder, runtime=Runtime.IMPORTED)
            )
        made = {"step": "builder", "role": Role.BUILDER, "name": "Builder", "model": "m"}
        ledger.append(e.AgentCreated(**self._ids, **made, runtime=Runtime.IMPORTED))
        ledger.append(e.AgentMoved(**self._ids, to=AgentStatus.ACTIVE))

    def call(self, tool: str, change: FileChange | None = None, path: str = "", **given: object) -> str:
        self._number += 1
        key, message = f"{self._ids['agent_id']}-{self._number}", f"m-{self._ids['agent_id']}-{self._number}"
        used = {"model": "m", "tokens": Tokens(1, 1), "cost_nanousd": 1_000 * self._number}
        self._ledger.append(e.MessageMetered(**self._ids, message_id=message, **used))
        blob = self._ledger.keep(json.dumps(given).encode())
        words = f"{tool} {given.get('command') or path}"
        called = {"tool_use_id": key, "tool": tool, "words": words, "input_blob": blob, "message_id": message}
        self._ledger.append(e.ToolCalled(**self._ids, **called))
        self._ledger.append(e.ToolReturned(**self._ids, tool_use_id=key, tool=tool, is_error=False, output_blob=blob))
        if change:
            self._ledger.append(e.FileTouched(**self._ids, path=path, change=change, tool_use_id=key, added=1, lines=7))
        return key

    def found(self, *files: e.FoundFile) -> None:
        self._ledger.append(e.FolderCompared(**self._ids, files=files, looked_at=9, words="", took_ms=1))

    def file(self, path: str, before: str | None, after: str | None, **more: object) -> e.FoundFile:
        keep = self._ledger.keep
        blobs = {
            "before_blob": None if before is None else keep(before.encode()),
            "after_blob": None if after is None else keep(after.encode()),
        }
        change = MADE if before is None else GONE if after is None else CHANGED
        return e.FoundFile(path=path, change=change, **blobs, **more)


def test_what_was_found_takes_the_place_of_what_calls_said(store: Store) -> None:
    with store.write() as ledger:
        told = Told(ledger)
        told.call("Edit", CHANGED, "a.py", old_string="x", new_string="y")
        told.call("Read", READ, "a.py")
        told.call("Write", MADE, "/elsewhere/b.py", content="b")
        told.found(told.file("a.py", "x\n", "y\n", added=1, removed=1), told.file("c.py", None, "c\n", added=1))
    with store.read() as board:
        found = board.files_of_agent("a1")
        assert [(one.path, one.change, one.found) for one in found] == [
            ("/elsewhere/b.py", MADE, False),
            ("a.py", CHANGED, True),
            ("c.py", MADE, True),
            ("a.py", READ, False),
        ]
        assert found[-1].lines == 7
        assert board.task("t1").files == board.agent("a1").files
        assert board.agent("a1").files == {
            "created": ["/elsewhere/b.py", "c.py"],
            "modified": ["a.py"],
            "read": ["a.py"],
        }


def test_a_later_comparison_replaces_the_one_before(store: Store) -> None:
    with store.write() as ledger:
        told = Told(ledger)
        told.found(told.file("a.py", "x\n", "y\n"), told.file("b.py", None, "b\n"))
        told.found(told.file("a.py", "x\n", None))
    with store.read() as board:
        assert [(one.path, one.change) for one in board.files_of_task("t1")] == [("a.py", GONE)]


def test_one_files_history_over_tasks_in_different_folders(store: Store) -> None:
    with store.write() as ledger:
        for task, agent, folder, path in (
            ("t1", "a1", "/srv/calc", "src/a.py"),
            ("t2", "a2", "/srv/calc/src", "a.py"),
            ("t3", "a3", "/other", "/srv/calc/src/a.py"),
            ("t4", "a4", "/srv/other", "src/a.py"),
            ("t5", "a5", "/srv/calc", "a.py"),
        ):
            told = Told(ledger, task, agent, folder)
            told.call("Edit", CHANGED, path, old_string="x", new_string="y")
    with store.read() as board:
        for folder, path in (("/srv/calc", "src/a.py"), ("/srv/calc/src", "a.py"), ("/x", "/srv/calc/src/a.py")):
            assert {one.agent_id for one in board.file_history(folder, path)} == {"a1", "a2", "a3"}
        assert len(board.file_history("/srv/calc", "src/a.py", limit=2)) == 2
        assert board.file_history("/srv/calc", "unknown.py") == []


def test_a_hunk_leads_to_the_call_and_what_its_reply_cost(store: Store) -> None:
    with store.write() as ledger:
        told = Told(ledger)
        key = told.call("Edit", CHANGED, "a.py", old_string="b", new_string="B")
        command = told.call("Bash", command="sed -i s/z/Z/ a.py")
        text = "".join(f"{sign}\n" for sign in "abcdefghijklmnopqrstuvwxyz")
        told.found(told.file("a.py", text, text.replace("b", "B").replace("z", "Z")))
    with store.read() as board:
        diff = board.file_diff("a1", "a.py")
    assert diff.placed
    first, last = diff.hunks
    assert [(m.kind, m.tool_use_id, m.agent, m.step, m.cost_nanousd) for m in first.makers] == [
        ("call", key, "Builder", "builder", 1_000)
    ]
    assert [(m.kind, m.tool_use_id, m.cost_nanousd) for m in last.makers] == [("command", command, 2_000)]
    assert not first.unknown
    assert not last.unknown


def test_where_nobody_compared_the_calls_say_what_they_can(store: Store) -> None:
    """As with sessions that others ran: there is no text before and after, only what was asked for."""
    with store.write() as ledger:
        told = Told(ledger)
        told.call("Edit", CHANGED, "a.py", old_string="x\nold\n", new_string="x\nnew\n")
        told.call("Write", MADE, ".env", content="KEY=1")
        told.call("Write", MADE, "config.py", content="TOKEN = 'ghp_" + "a" * 36 + "'")
        told.call("Read", READ, "b.py")
        told.call("Bash", GONE, "c.py", command="rm c.py")
    with store.read() as board:
        diff = board.file_diff("a1", "a.py")
        assert not diff.placed
        assert [one.hunk.lines for one in diff.hunks] == [((" ", "x\n"), ("-", "old\n"), ("+", "new\n"))]
        assert board.file_diff("a1", ".env").why_not == f"Its content is not shown: {f.SECRET_NAME}."
        assert board.file_diff("a1", "config.py").why_not == f"Its content is not shown: {f.SECRET_INSIDE}."
        assert board.file_diff("a1", "b.py").why_not == "It was only read."
        gone = board.file_diff("a1", "c.py")
        assert gone.why_not.startswith("Only what calls say is known")
        assert [maker.words for maker in gone.makers] == ["Bash rm c.py"]
        with pytest.raises(FileUnknown):
            board.file_diff("a1", "d.py")


def test_agents_that_worked_at_other_times_or_places_share_nothing(store: Store) -> None:
    with store.write() as ledger:
        since = int(ledger.now().timestamp() * 1000) + 60_000
        mine = Told(ledger)
        for task, agent, folder in (("t2", "a2", "/srv/calc"), ("t3", "a3", "/srv/calculator")):
            told = Told(ledger, task, agent, folder)
            told.call("Bash", command="make")
        ledger.append(e.AgentMoved(task_id="t2", agent_id="a2", to=AgentStatus.COMPLETED))
        file = mine.file("a.py", "x\n", "y\n")
        assert filing.shared(ledger.connection, "a1", "/srv/calc", since, [file]) == [file]


def test_what_another_agents_call_names_is_not_this_ones(store: Store) -> None:
    with store.write() as ledger:
        mine, theirs = Told(ledger), Told(ledger, "t2", "a2", "/srv")
        mine.call("Edit", CHANGED, "a.py", old_string="x", new_string="y")
        theirs.call("Edit", CHANGED, "calc/b.py", old_string="x", new_string="y")
        files = [mine.file(path, "x\n", "y\n") for path in ("a.py", "b.py", "c.py")]
        found = filing.shared(ledger.connection, "a1", "/srv/calc", 0, files)
        assert [(one.path, one.shared) for one in found] == [("a.py", ()), ("c.py", ())]
        theirs.call("Bash", command="make")
        found = filing.shared(ledger.connection, "a1", "/srv/calc", 0, files)
        assert [one.path for one in found] == ["a.py"], "only the other one ran a command"
        mine.call("Bash", command="make")
        found = filing.shared(ledger.connection, "a1", "/srv/calc", 0, files)
        assert [(one.path, one.shared) for one in found] == [("a.py", ()), ("c.py", ("a2",))]
