"""A session that was read in is replayed like one that ran here: from its lines, to where its rows stand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from data.domain import events as e
from data.domain import observed
from data.domain.agents import AgentStatus, FileChange
from data.domain.tasks import TaskStatus
from data.store import AgentFilter, Store, TaskFilter
from orchestrator_adapter.ingest.transcript_files import find
from orchestrator_adapter.ingest.transcripts import Scan
from orchestrator_adapter.views import story
from orchestrator_adapter.views.story import Opened
from tests.ingest.trees import OTHER, PRICE, SESSION, calls, main_file, packed, prompt, returns, says, sub_file, write


def imported(store: Store, root: Path) -> str:
    Scan(store).run(find(root))
    return observed.task_id(SESSION)


def at(store: Store, task_id: str, when: str | None = None) -> Opened:
    with store.read() as board:
        return story.at(store, board, task_id, when)[1]


def tree(root: Path) -> None:
    """A session with a fork that repeats its beginning, a sub-agent, files, an error, and a broken line."""
    edits = calls(3, "Edit", {"file_path": "/srv/shop/a.py"}, second=12)
    edited = returns(3, {"filePath": "/srv/shop/a.py", "structuredPatch": [{"lines": ["+x", "+y", "-z"]}]})
    edited |= {"timestamp": "2026-11-01T10:00:14.000Z"}
    failed = returns(4, failed=True) | {"timestamp": "2026-11-01T10:00:22.000Z"}
    overloaded = says(5, second=24, isApiErrorMessage=True)
    overloaded["message"] = overloaded["message"] | {"model": "<synthetic>"}
    begins = (prompt("Fix it"), says(1), says(1, second=2))
    main = [*begins, edits, edited, calls(4, "Bash", {"command": "make"}, second=20), failed, overloaded]
    more = [prompt("Now the tax", second=30), says(6, second=33), {"type": "cost-state", "totalCostUSD": 0.5}]
    write(main_file(root), *main, *more, torn=b"{torn}\n")
    write(sub_file(root, "a1"), prompt("Look", isSidechain=True, second=5), says(7, isSidechain=True, second=9))
    write(main_file(root, OTHER), *(line | {"sessionId": OTHER} for line in begins), says(8, second=50))


def test_its_story_ends_where_its_rows_are(store: Store, tmp_path: Path) -> None:
    tree(tmp_path)
    imported(store, tmp_path)
    with store.read() as board:
        tasks = board.tasks(TaskFilter()).items
    assert len(tasks) == 2
    for task in tasks:
        with store.read() as board:
            whole, agents = board.task(task.id), board.agents(AgentFilter(task_id=task.id)).items
        then = at(store, task.id)
        moment = then.moment.whole()
        assert moment is not None
        for name in (
            "status",
            "cost_nanousd",
            "tokens",
            "unpriced_messages",
            "tool_calls",
            "files",
            "result",
            "runtime",
        ):
            assert getattr(moment, name) == getattr(whole, name), name
        assert (moment.reported_nanousd or 0, moment.description) == (whole.reported_nanousd or 0, whole.description)
        assert [step.status for step in moment.workflow] == [step.status for step in whole.workflow]
        shown = {agent.id: agent for agent in then.moment.everybody()}
        assert shown.keys() == {agent.id for agent in agents}
        for agent in agents:
            for name in ("status", "role", "cost_nanousd", "tokens", "tool_calls", "files", "result", "context_used"):
                assert getattr(shown[agent.id], name) == getattr(agent, name), name


def test_each_moment_is_as_it_was_then(store: Store, tmp_path: Path) -> None:
    tree(tmp_path)
    task_id = imported(store, tmp_path)
    before, early = at(store, task_id, "1"), at(store, task_id, "2026-11-01T10:00:03Z")
    assert before.moment.task is not None
    assert (before.moment.task.status, before.moment.agents) == (TaskStatus.PENDING, {})
    assert early.moment.task is not None
    assert (early.moment.task.status, early.cost_nanousd, early.moment.task.tool_calls) == ("in_progress", PRICE, 0)
    calling = at(store, task_id, "2026-11-01T10:00:13Z")
    assert {agent.name: agent.status for agent in calling.moment.everybody()} == {
        "Claude Code": AgentStatus.ACTIVE,
        "sub-agent": AgentStatus.COMPLETED,
    }
    assert calling.lines[-1].words == "Edit: /srv/shop/a.py"
    assert not calling.moment.touched
    edited = at(store, task_id, "2026-11-01T10:00:14Z")
    assert edited.lines[-1].words == "modified /srv/shop/a.py +2 −1"
    (touched,) = edited.moment.touched.values()
    assert list(touched) == [("/srv/shop/a.py", FileChange.MODIFIED)]
    told = [line.words for line in at(store, task_id, "2026-11-01T10:00:32Z").lines]
    assert told[-3:] == ["Bash failed: done", "Answer 5.", "told by a person: Now the tax"]


def test_what_is_read_in_later_is_part_of_it(store: Store, tmp_path: Path) -> None:
    path = write(main_file(tmp_path), prompt("Fix it"), says(1))
    task_id = imported(store, tmp_path)
    first = at(store, task_id)
    with path.open("ab") as file:
        file.write(packed(says(2, second=40)))
    imported(store, tmp_path)
    later = at(store, task_id)
    assert (later.cost_nanousd, later.number) == (2 * PRICE, first.number + 2)
    assert later.at == datetime(2026, 11, 1, 10, 0, 40, tzinfo=UTC)


def test_it_ends_as_the_task_stands_and_a_deleted_agent_is_part_of_it(store: Store, tmp_path: Path) -> None:
    tree(tmp_path)
    task_id = imported(store, tmp_path)
    whole = at(store, task_id)
    agents = {agent.name: agent.id for agent in whole.moment.everybody()}
    ids = {"task_id": task_id, "agent_id": agents["sub-agent"]}
    with store.write() as ledger:
        ledger.append(e.AgentMoved(**ids, to=AgentStatus.DELETED))
    fewer = at(store, task_id)
    assert [agent.name for agent in fewer.moment.everybody() if agent.id not in fewer.moment.deleted] == ["Claude Code"]
    assert fewer.cost_nanousd == whole.cost_nanousd
    goes_on = e.TaskResumed(task_id=task_id, kept_steps=(), kept_nanousd=0, by="ann")
    fails = e.TaskMoved(task_id=task_id, to=TaskStatus.FAILED)
    for event, status in ((goes_on, TaskStatus.IN_PROGRESS), (fails, TaskStatus.FAILED)):
        with store.write() as ledger:
            ledger.append(event)
        then = at(store, task_id).moment.task
        assert then is not None
        assert then.status is status


def test_what_is_read_in_takes_the_place_of_what_was_watched(store: Store, tmp_path: Path) -> None:
    tree(tmp_path)
    task_id = observed.task_id(SESSION)
    with store.read() as board:
        assert len(story.of(store, board, task_id)) == 0
    imported(store, tmp_path)
    assert at(store, task_id).cost_nanousd > 0


@pytest.mark.parametrize(
    "strange", [{"type": "user"}, {"type": "assistant", "message": 7}, {"type": "cost-state"}, [1]]
)
def test_whatever_a_line_holds_the_story_is_told(lite: Store, tmp_path: Path, strange: Any) -> None:
    write(main_file(tmp_path), prompt("Fix it"), says(1), strange, says(2, second=9))
    task_id = imported(lite, tmp_path)
    assert at(lite, task_id).cost_nanousd == 2 * PRICE
