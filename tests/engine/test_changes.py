"""What a step changed in its folder, by a real engine: with calls, by commands, beside others, and across a kill."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from data.domain import events as e
from data.domain import files as f
from data.domain.agents import FileChange, Role, Runtime
from data.domain.events import Event
from data.domain.money import Tokens
from data.domain.tasks import Task, TaskStatus
from data.store import AgentFilter, Store
from orchestrator_adapter import commands
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.runners import Job, Reply
from tests.engine import change_host
from tests.engine.cast import REPORT
from tests.engine.conftest import Launch
from tests.runners.real_agents import bash, needs_cli, serving

CENT = 10_000_000
Do = tuple[str, str, dict, Callable[[Path], None]]
"""A call by its id, its tool, its input, and what it does to the folder."""


def write(key: str, name: str, content: str) -> Do:
    return key, "Write", {"file_path": name, "content": content}, lambda folder: _put(folder / name, content)


def edit(key: str, name: str, old: str, new: str) -> Do:
    def do(folder: Path) -> None:
        _put(folder / name, (folder / name).read_text().replace(old, new, 1))

    return key, "Edit", {"file_path": name, "old_string": old, "new_string": new}, do


def run(key: str, command: str, do: Callable[[Path], None]) -> Do:
    return key, "Bash", {"command": command}, do


def _put(path: Path, content: str) -> None:
    path.write_text(content)


@dataclass
class Hands:
    """A runner whose agents use tools; each role does what it is given, and can be held before its end."""

    doing: dict[Role, Sequence[Do]]
    hold: dict[Role, threading.Event] = field(default_factory=dict)
    done: dict[Role, threading.Event] = field(default_factory=dict)

    async def run(self, job: Job) -> AsyncIterator[Event | Reply]:
        ids = {"task_id": job.task_id, "agent_id": job.agent_id}
        yield e.SessionStarted(**ids, session_id=f"s-{job.step}", model="claude-sonnet-5-5")
        for number, (key, tool, given, do) in enumerate(self.doing.get(job.role, ())):
            message = f"m-{job.agent_id}-{number}"
            used = {"message_id": message, "model": "claude-sonnet-5-5", "tokens": Tokens(10, 5)}
            yield e.MessageMetered(**ids, **used, cost_nanousd=CENT)
            called = {"tool_use_id": key, "tool": tool, "words": f"{tool}: {json.dumps(given)}"[:80]}
            blob = job.keep(json.dumps(given).encode())
            yield e.ToolCalled(**ids, **called, input_blob=blob, message_id=message)
            do(job.working_directory)
            yield e.ToolReturned(**ids, tool_use_id=key, tool=tool, is_error=False, output_blob=job.keep(b"done"))
            if tool in f.WRITES:
                change = FileChange.CREATED if tool == "Write" else FileChange.MODIFIED
                yield e.FileTouched(**ids, path=given["file_path"], change=change, tool_use_id=key, added=1)
        if job.role in self.done:
            self.done[job.role].set()
        while job.role in self.hold and not self.hold[job.role].is_set():
            await asyncio.sleep(0.01)
        yield Reply(REPORT.format(role=job.role.value))


def submit(deck: Deck, folder: Path, runtime: Runtime = Runtime.SCRIPTED) -> Task:
    """A task of one step in a folder of ours; the command would give a scripted one a folder of its own."""
    told = change_host.submitted(folder).model_copy(update={"task_id": uuid.uuid4().hex, "runtime": runtime})
    with deck.store.write(durable=True) as ledger:
        ledger.append(told)
    with deck.store.read() as board:
        return board.task(told.task_id)


def agent(store: Store, task: Task, role: Role) -> str:
    with store.read() as board:
        return next(a.id for a in board.agents(AgentFilter(task_id=task.id), limit=50).items if a.role is role)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    (made / "code.py").write_text("one\ntwo\nthree\n")
    (made / "old.txt").write_text("old\n")
    return made


WORK = (
    edit("edit-1", "code.py", "two\n", "2\n"),
    write("write-1", "made.py", "made\n"),
    run("bash-1", "build", lambda folder: (folder / "built.txt").write_text("built\n") and None),
    run("bash-2", "rm old.txt", lambda folder: (folder / "old.txt").unlink()),
    run("bash-3", "draw", lambda folder: (folder / "picture.png").write_bytes(b"\x89PNG\x00") and None),
    run("bash-4", "login", lambda folder: _put(folder / ".env", "KEY=1\n")),
)


def test_everything_that_changed_is_told_with_what_made_it(launch: Launch, ended, folder: Path):
    deck = launch(Hands({Role.BUILDER: WORK}))
    task = ended(deck, submit(deck, folder).id)
    assert task.status is TaskStatus.COMPLETED
    with deck.store.read() as board:
        builder = agent(deck.store, task, Role.BUILDER)
        found = {one.path: one for one in board.files_of_agent(builder)}
        assert {one.path: (one.change.value, one.added, one.removed, one.withheld) for one in found.values()} == {
            "code.py": ("modified", 1, 1, ""),
            "made.py": ("created", 1, 0, ""),
            "built.txt": ("created", 1, 0, ""),
            "old.txt": ("deleted", 0, 1, ""),
            "picture.png": ("created", 0, 0, f.BINARY),
            ".env": ("created", 0, 0, f.SECRET_NAME),
        }
        assert all(one.found and one.shared == () for one in found.values())
        by_call = board.file_diff(builder, "code.py")
        assert (by_call.before, by_call.after) == ("one\ntwo\nthree\n", "one\n2\nthree\n")
        ((maker,),) = (one.makers for one in by_call.hunks)
        assert (maker.kind, maker.tool_use_id, maker.step, maker.cost_nanousd) == ("call", "edit-1", "builder", CENT)
        by_command = board.file_diff(builder, "built.txt")
        ((maker, *_),) = (one.makers for one in by_command.hunks)
        assert (maker.kind, maker.tool_use_id) == ("command", "bash-1")
        secret = board.file_diff(builder, ".env")
        assert (secret.before, secret.after, secret.hunks) == (None, None, ())
        assert secret.why_not == "Its content is not kept: looks like a secret by its name."
        assert [maker.tool_use_id for maker in secret.makers][-1] == "bash-4"
        assert board.task(task.id).files["deleted"] == ["old.txt"]
        assert [one.agent_id for one in board.file_history(str(folder), "code.py")] == [builder]


def test_nothing_changed_leaves_no_line_in_the_log(launch: Launch, ended, folder: Path):
    deck = launch(Hands({}))
    task = ended(deck, submit(deck, folder).id)
    with deck.store.read() as board:
        assert [one for one in board.events(task_id=task.id) if one.event.kind == "folder_compared"] == []


def test_a_person_who_writes_meanwhile_is_no_agent(launch: Launch, ended, folder: Path):
    """No call and no command explains it, and that is said."""
    calls = (edit("edit-1", "code.py", "two\n", "2\n"),)
    hands = Hands({Role.BUILDER: calls}, {Role.BUILDER: threading.Event()}, {Role.BUILDER: threading.Event()})
    deck = launch(hands)
    task = submit(deck, folder)
    assert hands.done[Role.BUILDER].wait(20)
    _put(folder / "mine.txt", "mine\n")
    hands.hold[Role.BUILDER].set()
    ended(deck, task.id)
    with deck.store.read() as board:
        diff = board.file_diff(agent(deck.store, task, Role.BUILDER), "mine.txt")
        assert [(one.makers, one.unknown) for one in diff.hunks] == [((), True)]


def test_steps_side_by_side_have_what_their_calls_name_and_share_the_rest(launch: Launch, ended, folder: Path):
    """Two tasks in one folder: one edits, both run commands, and a third file nobody names."""
    gate, ready = threading.Event(), threading.Event()
    one = Hands(
        {Role.BUILDER: (edit("edit-1", "code.py", "two\n", "2\n"), run("bash-1", "ls", lambda _: None))},
        {Role.BUILDER: gate},
        {Role.BUILDER: ready},
    )
    other = Hands({Role.BUILDER: (run("bash-2", "make", lambda folder: _put(folder / "built.txt", "x\n")),)})
    deck = launch(None, runners={Runtime.SCRIPTED: one, Runtime.DEMO: other})
    first = submit(deck, folder)
    assert ready.wait(20)
    second = ended(deck, submit(deck, folder, Runtime.DEMO).id)
    gate.set()
    ended(deck, first.id)
    with deck.store.read() as board:
        mine, theirs = agent(deck.store, first, Role.BUILDER), agent(deck.store, second, Role.BUILDER)
        assert {f.path: f.shared for f in board.files_of_agent(mine)} == {"code.py": (), "built.txt": (theirs,)}
        # when the second step began, the command of the first was over
        assert {f.path: f.shared for f in board.files_of_agent(theirs)} == {"built.txt": ()}
        (only,) = board.file_diff(mine, "built.txt").hunks
        assert ("bash-2", theirs) in [(maker.tool_use_id, maker.agent_id) for maker in only.makers]


def looked_at(store: Store, agent_id: str) -> list[str]:
    with store.read() as board:
        return [one.path for one in board.files_of_agent(agent_id) if one.found]


def test_a_cancelled_step_says_what_it_had_changed(
    launch: Launch, ended, folder: Path, eventually: Callable[..., None]
):
    hands = Hands({Role.BUILDER: WORK[:1]}, {Role.BUILDER: threading.Event()}, {Role.BUILDER: threading.Event()})
    deck = launch(hands)
    task = submit(deck, folder)
    assert hands.done[Role.BUILDER].wait(20)
    commands.cancel_task(deck, LOCAL, task.id)
    assert ended(deck, task.id).status is TaskStatus.CANCELLED
    builder = agent(deck.store, task, Role.BUILDER)
    eventually(lambda: looked_at(deck.store, builder) == ["code.py"])


def test_a_step_that_goes_on_after_a_kill_is_compared_with_its_beginning(folder: Path, tmp_path: Path, eventually):
    """What the first process changed before it was killed, and what the second one did, are one change."""
    store = Store.open(f"sqlite:///{tmp_path / 'home' / 'quarterdeck.sqlite'}")
    try:
        with store.write(durable=True) as ledger:
            ledger.append(change_host.submitted(folder))
        first = change_host.start(tmp_path / "home")
        eventually((folder / "during.txt").exists, within=30)
        first.kill()
        first.communicate()
        second = change_host.start(tmp_path / "home")
        try:
            eventually(lambda: change_host.look(store).ended, within=30)
        finally:
            second.kill()
            second.communicate()
        task = change_host.look(store)
        assert task.status is TaskStatus.COMPLETED
        builder = agent(store, task, Role.BUILDER)
        with store.read() as board:
            found = {one.path: one.change.value for one in board.files_of_agent(builder)}
            assert found == {"code.py": "modified", "during.txt": "created", "after.txt": "created"}
            assert board.file_diff(builder, "code.py").before == "one\ntwo\nthree\n"
    finally:
        store.close()


@pytest.mark.parametrize("_", [pytest.param(None, marks=needs_cli)])
def test_a_real_agent(_: None, launch: Launch, ended, folder: Path, tmp_path: Path):
    """The real command line: a file it writes, one it edits, one that its command makes, one that it takes away."""
    script = [
        {"tools": [{"name": "Write", "input": {"file_path": "{cwd}/made.py", "content": "made\n"}}]},
        {"tools": [{"name": "Read", "input": {"file_path": "{cwd}/code.py"}}]},
        {
            "tools": [
                {
                    "name": "Edit",
                    "input": {"file_path": "{cwd}/code.py", "old_string": "two", "new_string": "2"},
                }
            ]
        },
        bash("printf 'built\\n' > built.txt && rm old.txt"),
        {"text": "## Summary\nDone.\n\nVerdict: PASS"},
    ]
    with serving(tmp_path / "agents", *script) as runner:
        deck = launch(None, runners={Runtime.CLAUDE: runner}, QUARTERDECK_WORKDIRS=str(tmp_path))
        made = commands.start_agent(
            deck, LOCAL, Role.BUILDER, "Fix it", working_directory=str(folder), runtime=Runtime.CLAUDE
        )
        assert ended(deck, made.task_id).status is TaskStatus.COMPLETED
        with deck.store.read() as board:
            every = board.files_of_agent(made.id)
            found = {one.path: (one.change.value, one.lines) for one in every if one.found}
            assert [(one.path, one.change.value) for one in every if not one.found] == [("code.py", "read")]
            by_call, by_command = (board.file_diff(made.id, path) for path in ("code.py", "built.txt"))
    assert found == {
        "made.py": ("created", 1),
        "code.py": ("modified", 3),
        "built.txt": ("created", 1),
        "old.txt": ("deleted", None),
    }
    assert [maker.tool for maker in by_call.hunks[0].makers] == ["Edit"]
    assert [maker.tool for maker in by_command.hunks[0].makers] == ["Bash"]
