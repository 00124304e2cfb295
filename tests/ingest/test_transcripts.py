"""Transcripts come into the store once, whatever happens to their files; every line can be had again."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from data.domain import events as e
from data.domain import observed
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.errors import TaskNotFound
from data.domain.imports import ImportReport
from data.domain.money import Tokens
from data.domain.tasks import Task, TaskStatus
from data.domain.transcripts import TranscriptState
from data.store import Board, Store
from data.store import tables_history as h
from data.store.imports import CHUNK
from orchestrator_adapter.ingest.transcript_files import find
from orchestrator_adapter.ingest.transcripts import DELETED, JUST_BEGUN, OURS, TWICE, Scan
from orchestrator_adapter.views import happenings
from tests.ingest import trees
from tests.ingest.trees import OTHER, PRICE, SESSION, calls, main_file, packed, prompt, returns, says, sub_file, write
from tests.store.test_board import created, submitted

TASK, MAIN = observed.task_id(SESSION), observed.agent_id(SESSION)


def scan(store: Store, root: Path, **more: Any) -> ImportReport:
    return Scan(store, **more).run(find(root))


def task_in(store: Store, task_id: str = TASK) -> Task:
    with store.read() as board:
        return board.task(task_id)


def kept(store: Store, agent_id: str = MAIN, **where: int) -> list[bytes]:
    with store.read() as board:
        return [line.raw for line in board.transcript_lines(agent_id, **where)]


def whole(store: Store) -> None:
    """What is kept has its checksums."""
    with store.read() as board:
        assert board.transcripts_damaged() == []


def test_a_session_becomes_a_task_with_its_agents_replies_and_files(store: Store, tmp_path: Path) -> None:
    sub = {"session": SESSION, "isSidechain": True, "agentId": "a1"}
    created_file = {"type": "create", "filePath": "/srv/shop/new.py", "content": "a\nb\n"}
    patched = {"filePath": "/srv/shop/old.py", "structuredPatch": [{"lines": ["-a", "+b", "+c", " d"]}]}
    write(
        main_file(tmp_path),
        {"type": "queue-operation", "operation": "enqueue", "sessionId": SESSION},
        prompt("Caveat: The messages below were generated", isMeta=True),
        prompt("<command-name>/clear</command-name>"),
        prompt("Fix the till\nand test it"),
        calls(2, "Write", {"file_path": "/srv/shop/new.py"}, second=2),
        returns(2, created_file),
        calls(3, "Edit", {"file_path": "/srv/shop/old.py"}, second=3),
        returns(3, patched),
        calls(4, "Read", {"file_path": "/srv/shop/gone.py"}, second=4),
        returns(4, failed=True),
        calls(5, "Read", {"file_path": "/srv/shop/old.py"}, second=5),
        returns(5),
        says(6, second=90, unknown={"kept": 1}),
        {"type": "cost-state", "sessionId": SESSION, "totalCostUSD": 0.05},
    )
    write(sub_file(tmp_path, "a1"), prompt("Look around", **sub), says(7, second=8, **sub))
    meta = {"agentType": "Reviewer", "description": "Look around", "toolUseId": "toolu_2", "spawnDepth": 1}
    sub_file(tmp_path, "a1").with_suffix(".meta.json").write_text(json.dumps(meta))
    report = scan(store, tmp_path)
    assert (report.new, report.sessions, report.subagents, report.replies) == (2, 1, 1, 6)
    assert report.nanousd == 6 * PRICE
    task = task_in(store)
    assert (task.runtime, task.status, task.description) == (
        Runtime.IMPORTED,
        TaskStatus.COMPLETED,
        "Fix the till\nand test it",
    )
    assert (task.working_directory, task.cost_nanousd, task.tool_calls) == ("/srv/shop", 6 * PRICE, 4)
    assert (task.created_at, task.ended_at) == (at(0), at(90))
    assert (task.tokens, task.reported_nanousd, task.result) == (Tokens(60, 600), 50_000_000, "Answer 6.")
    files = {"created": ["/srv/shop/new.py"], "modified": ["/srv/shop/old.py"], "read": ["/srv/shop/old.py"]}
    assert task.files == files
    with store.read() as board:
        main, helper = board.agent(MAIN), board.agent(observed.agent_id(SESSION, "a1"))
        assert (main.status, main.session_id, main.cost_nanousd) == (AgentStatus.COMPLETED, SESSION, 5 * PRICE)
        assert (main.context_used, main.context_window, main.tool_calls) == (110, 1_000_000, 4)
        assert (helper.role, helper.name, helper.cost_nanousd) == (Role.REVIEWER, "Look around", PRICE)
        assert [m.subagent for m in board.messages(helper.id)] == [False]
        assert [(step.started_at, step.ended_at) for step in board.step_times(TASK)] == [(at(0), at(90))]
        first, second = board.transcript_files_of(TASK)
        assert (first.agent_id, first.depth, first.lines, first.cli_version) == (MAIN, 0, 14, "2.1.330")
        assert (second.parent_agent_id, second.tool_use_id, second.depth) == (MAIN, "toolu_2", 1)
    assert b"".join(line + b"\n" for line in kept(store)) == main_file(tmp_path).read_bytes()
    whole(store)


def at(second: int) -> datetime:
    return datetime.fromisoformat(trees.clock(second)).astimezone(UTC)


def test_a_second_pass_finds_nothing_new_and_writes_nothing(store: Store, tmp_path: Path) -> None:
    write(main_file(tmp_path), prompt("Fix it"), says(1), says(1, second=2))
    scan(store, tmp_path)
    with store.read() as board:
        before = board.clock()
    report = scan(store, tmp_path)
    assert (report.known, report.new, report.replies) == (1, 0, 0)
    os.utime(main_file(tmp_path))
    assert scan(store, tmp_path).known == 1
    with store.read() as board:
        assert board.clock() == before
    assert task_in(store).cost_nanousd == PRICE


def test_what_is_appended_is_read_from_where_it_stopped_and_a_torn_line_waits(store: Store, tmp_path: Path) -> None:
    torn = packed(says(2, second=4))
    path = write(main_file(tmp_path), prompt("Fix it"), says(1), torn=torn[:50])
    report = scan(store, tmp_path)
    assert (report.waiting, report.replies, report.faults) == (1, 1, 0)
    assert scan(store, tmp_path).waiting == 1
    with path.open("ab") as file:
        file.write(torn[50:] + packed(says(1, second=5)) + packed(says(3, second=6))[:10])
    report = scan(store, tmp_path)
    assert (report.grown, report.new, report.replies, report.waiting) == (1, 0, 1, 1)
    assert (task_in(store).cost_nanousd, task_in(store).ended_at) == (2 * PRICE, at(5))
    with store.read() as board:
        file_now = board.transcript_file(MAIN)
        assert file_now is not None
        assert (file_now.lines, file_now.waiting, file_now.version) == (4, 10, 1)
        chunks = board.connection.execute(sa.select(sa.func.count()).select_from(h.transcript_chunks)).scalar()
        assert chunks == 1  # what a live session adds in drops is packed together
    whole(store)


def test_the_largest_copy_counts_in_whatever_pass_it_comes(store: Store, tmp_path: Path) -> None:
    early = says(1)
    early["message"] = early["message"] | {"usage": {"input_tokens": 10, "output_tokens": 1}}
    path = write(main_file(tmp_path), prompt("Fix it"), early)
    scan(store, tmp_path)
    assert task_in(store).tokens == Tokens(10, 1)
    with path.open("ab") as file:
        file.write(packed(says(1), early))
    assert scan(store, tmp_path).replies == 0
    assert (task_in(store).tokens, task_in(store).cost_nanousd) == (Tokens(10, 100), PRICE)
    with store.read() as board:
        assert [m.tokens for m in board.messages(MAIN)] == [Tokens(10, 100)]


def test_a_fork_is_a_task_of_its_own_and_its_copied_replies_count_once(store: Store, tmp_path: Path) -> None:
    write(main_file(tmp_path), prompt("Fix it"), says(1), says(2, second=3))
    os.utime(main_file(tmp_path), (1, 1))
    copied = [line | {"sessionId": OTHER} for line in (prompt("Fix it"), says(1))]
    larger = says(2, second=3, session=OTHER)
    larger["message"] = larger["message"] | {"usage": {"input_tokens": 10, "output_tokens": 300}}
    write(main_file(tmp_path, OTHER), *copied, larger, says(4, second=9, session=OTHER))
    report = scan(store, tmp_path)
    assert (report.new, report.replies, report.known_replies) == (2, 3, 2)
    fork = task_in(store, observed.task_id(OTHER))
    assert fork.cost_nanousd == PRICE
    assert task_in(store).tokens == Tokens(20, 400)  # the larger copy stands with the first that had the reply
    assert task_in(store).cost_nanousd == 2 * PRICE + 200 * 25_000
    with store.read() as board:
        file = board.transcript_file(observed.agent_id(OTHER))
        assert file is not None
        assert file.forked_from == MAIN


@pytest.mark.parametrize("shrinks", [True, False])
def test_a_file_that_was_cut_or_replaced_is_noticed_and_nothing_is_lost_or_counted_twice(
    store: Store, tmp_path: Path, shrinks: bool
) -> None:
    path = write(main_file(tmp_path), prompt("Fix it"), says(1), says(2, second=3))
    scan(store, tmp_path)
    before = kept(store)
    write(path, prompt("Anew" if shrinks else "Anew and longer " * 90), says(1), *([] if shrinks else [says(3)]))
    os.utime(path, (5_000_000_000, 5_000_000_000))
    report = scan(store, tmp_path)
    assert (report.grown, report.replaced, report.new) == (1, 1, 0)
    assert task_in(store).cost_nanousd == (2 if shrinks else 3) * PRICE
    assert kept(store, version=1) == before
    assert kept(store)[0].startswith(packed(prompt("Anew"))[:54])
    with store.read() as board:
        first, second = board.transcript_file(MAIN, 1), board.transcript_file(MAIN)
        assert first is not None
        assert second is not None
        assert (first.state, second.state, second.version) == (TranscriptState.REPLACED, TranscriptState.CURRENT, 2)
    whole(store)
    assert scan(store, tmp_path).known == 1


def test_a_file_that_was_moved_or_copied_is_the_same_one(store: Store, tmp_path: Path) -> None:
    path = write(main_file(tmp_path), prompt("Fix it"), says(1))
    scan(store, tmp_path)
    moved = tmp_path / "backup" / path.name
    moved.parent.mkdir()
    moved.write_bytes(path.read_bytes())
    assert scan(store, tmp_path).known == 2
    path.unlink()
    moved.write_bytes(moved.read_bytes() + packed(says(2, second=4)))
    report = scan(store, tmp_path)
    assert (report.grown, report.replies) == (1, 1)
    write(path, prompt("Something else"), says(9))
    assert scan(store, tmp_path).skipped == {TWICE: 1}
    assert task_in(store).cost_nanousd == 2 * PRICE


def test_broken_lines_are_kept_and_named_and_other_files_are_told_apart(store: Store, tmp_path: Path) -> None:
    path = write(main_file(tmp_path), prompt("Fix it"), torn=b'{"torn\n\n[1, 2]\n\xff\xfe\n' + packed(says(1)))
    write(tmp_path / "notes.jsonl", {"type": "note", "text": "no transcript"})
    (tmp_path / "empty.jsonl").write_bytes(b"")
    (tmp_path / "started.jsonl").write_bytes(b'{"type":"us')
    (tmp_path / "data.json").write_text("{}")
    (tmp_path / "folder.jsonl").mkdir()
    report = scan(store, tmp_path)
    assert (report.new, report.replies, report.faults) == (1, 1, 3)
    assert sum(report.skipped.values()) == 3
    assert report.fault_places[0] == f'{path}:2: not a JSON object: {{"torn'
    with store.read() as board:
        assert next((f.number, f.offset) for f in board.transcript_faults(TASK)) == (2, len(packed(prompt("Fix it"))))
        assert [f.number for f in board.transcript_faults()] == [2, 4, 5]
        values = [line.value() for line in board.transcript_lines(MAIN)]
    assert [value is None for value in values] == [False, True, True, True, True, False]
    whole(store)


def test_what_our_own_agents_did_is_not_counted_again(store: Store, tmp_path: Path) -> None:
    with store.write() as ledger:
        ledger.append(submitted("t1"))
        ledger.append(created("a1", "t1"))
        for session in (OTHER, SESSION):  # an agent that began anew has had two
            ledger.append(e.SessionStarted(task_id="t1", agent_id="a1", session_id=session, model="m"))
        counted = {"task_id": "t1", "agent_id": "a1", "model": "m", "tokens": Tokens(1, 1), "cost_nanousd": 5}
        ledger.append(e.MessageMetered(message_id="msg_1", **counted))
    write(main_file(tmp_path), prompt("Mine"), says(1))
    write(sub_file(tmp_path, "a1"), prompt("Mine", isSidechain=True), says(5, isSidechain=True))
    write(main_file(tmp_path, OTHER), prompt("Mine", session=OTHER), says(2, session=OTHER))
    third = "33333333-2222-4333-8444-555555555555"
    write(main_file(tmp_path, third), prompt("A fork by hand", session=third), says(1), says(3, session=third))
    report = scan(store, tmp_path)
    assert report.skipped == {OURS: 3}
    assert (report.new, report.replies, report.known_replies) == (1, 1, 1)
    assert (task_in(store, "t1").cost_nanousd, task_in(store, observed.task_id(third)).cost_nanousd) == (5, PRICE)


def test_a_session_that_has_just_begun_may_be_our_own_and_waits(tmp_path: Path) -> None:
    now = [at(5)]
    lite = Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}", now=lambda: now[0])
    write(main_file(tmp_path), prompt("Mine?"), says(1))
    first = Scan(lite)
    assert first.run(find(tmp_path)).skipped == {JUST_BEGUN: 1}
    assert first.later == {str(main_file(tmp_path))}
    now[0] = at(20)
    assert scan(lite, tmp_path).new == 1
    lite.close()


def test_a_reply_of_our_own_agent_that_was_read_in_too_early_goes_to_the_agent(store: Store, tmp_path: Path) -> None:
    write(main_file(tmp_path), prompt("Mine"), says(1), says(2, second=4))
    scan(store, tmp_path)
    with store.write() as ledger:
        ledger.append(submitted("t1"))
        ledger.append(created("a1", "t1"))
        ledger.append(e.SessionStarted(task_id="t1", agent_id="a1", session_id=SESSION, model="m"))
        counted = {"task_id": "t1", "agent_id": "a1", "model": trees.OPUS, "tokens": Tokens(10, 100)}
        for _ in range(2):
            ledger.append(e.MessageMetered(message_id="msg_1", request_id="req_1", cost_nanousd=PRICE, **counted))
    assert (task_in(store, "t1").cost_nanousd, task_in(store).cost_nanousd) == (PRICE, PRICE)
    assert (task_in(store).tokens, task_in(store, "t1").tokens) == (Tokens(10, 100), Tokens(10, 100))
    with store.read() as board:
        assert [m.message_id for m in board.messages("a1")] == ["msg_1"]
        assert [m.message_id for m in board.messages(MAIN)] == ["msg_2"]
    os.utime(main_file(tmp_path))
    with main_file(tmp_path).open("ab") as file:
        file.write(packed(says(1, second=9)))
    assert scan(store, tmp_path).known_replies == 1
    assert task_in(store, "t1").cost_nanousd == PRICE


def test_a_deleted_session_stays_away_until_it_is_asked_for(store: Store, tmp_path: Path) -> None:
    path = write(main_file(tmp_path), prompt("Fix it"), says(1))
    scan(store, tmp_path)
    with store.write() as ledger:
        ledger.append(e.TaskDeleted(task_id=TASK, by="me"))
    with path.open("ab") as file:
        file.write(packed(says(2, second=4)))
    for _ in range(2):
        assert scan(store, tmp_path).skipped == {DELETED: 1}
        with pytest.raises(TaskNotFound):
            task_in(store)
    report = scan(store, tmp_path, again=True)
    assert (report.new, report.grown, report.replies) == (0, 1, 1)
    assert task_in(store).cost_nanousd == 2 * PRICE
    with store.write() as ledger:
        ledger.append(e.TaskDeleted(task_id=TASK, by="me"))
    assert scan(store, tmp_path, again=True).grown == 1  # nothing new to read, and back all the same
    assert task_in(store).cost_nanousd == 2 * PRICE


def test_any_stretch_of_a_long_transcript_is_had_by_its_numbers(lite: Store, tmp_path: Path) -> None:
    lines = [says(n, blocks=[{"type": "text", "text": f"{n} " * 400}]) for n in range(700)]
    big = says(1000, blocks=[{"type": "text", "text": "x" * 2 * CHUNK}])
    path = write(main_file(tmp_path), prompt("Long"), *lines, big, says(1001))
    scan(lite, tmp_path)
    raw = path.read_bytes().split(b"\n")[:-1]
    assert kept(lite) == raw
    for first, last in ((1, 1), (500, 520), (702, 702), (703, 900), (900, 950)):
        assert kept(lite, first=first, last=last) == raw[first - 1 : last]
    with lite.read() as board:
        for line in board.transcript_lines(MAIN, 690, 703):
            assert path.read_bytes()[line.offset : line.offset + len(line.raw)] == line.raw
        assert list(board.transcript_lines("nobody")) == []
        files, size, packed_size = board.transcripts_kept()
    assert (files, size) == (1, path.stat().st_size)
    assert packed_size < size / 4


@pytest.mark.parametrize("place", ["subagents/agent-b2.jsonl", "subagents/a1/deep/agent-b2.jsonl", "../agent-b2.jsonl"])
def test_sub_agents_at_any_depth_belong_to_their_session(lite: Store, tmp_path: Path, place: str) -> None:
    side = {"isSidechain": True, "agentId": "b2"}
    path = main_file(tmp_path).with_suffix("") / place
    write(path, prompt("Look", **side), says(2, second=5, **side))
    write(main_file(tmp_path), prompt("Fix it"), says(1))
    os.utime(path, (1, 1))  # read first, before anything is known of its session
    report = scan(lite, tmp_path)
    assert (report.sessions, report.subagents, report.replies) == (1, 1, 2)
    assert (task_in(lite).description, task_in(lite).cost_nanousd) == ("Fix it", 2 * PRICE)
    with lite.read() as board:
        main, helper = board.transcript_files_of(TASK)
        assert (main.agent_id, helper.agent_id) == (MAIN, observed.agent_id(SESSION, "b2"))
        assert (helper.parent_agent_id, helper.depth) == (MAIN, 1)
        lines = [happenings.line(entry.event, {}) for entry in board.events(TASK)]
    assert [one["words"] for one in lines if one] == [
        "session 11111111 of Claude Code was read in",
        "2 lines read in, 1 reply, $0.0026",
        "2 lines read in, 1 reply, $0.0026",
    ]


def test_damage_to_what_is_kept_is_found(lite: Store, tmp_path: Path) -> None:
    lines = [says(n, blocks=[{"type": "text", "text": os.urandom(400).hex()}]) for n in range(1000)]
    write(main_file(tmp_path), prompt("Long"), *lines)
    scan(lite, tmp_path)
    c = h.transcript_chunks.c

    def damaged(statement: sa.Executable) -> str:
        with lite.writer.connect() as connection, connection.begin() as transaction:
            connection.execute(statement)
            found = Board(connection).transcripts_damaged()
            transaction.rollback()
        assert found
        return found[0]

    first, table = c.first_line == 1, h.transcript_chunks
    assert "checksum" in damaged(sa.update(table).where(first).values(sha256="0" * 64))
    assert "unpacked" in damaged(sa.update(table).where(first).values(content=b"torn"))
    assert "is missing" in damaged(sa.delete(table).where(first))
    assert "last lines are missing" in damaged(sa.delete(table).where(c.first_line > 1))
    whole(lite)


def test_two_scans_at_once_count_everything_once(store: Store, tmp_path: Path) -> None:
    path = write(main_file(tmp_path), prompt("Fix it"), says(1))
    one, two = Scan(store), Scan(store)
    one.run(find(tmp_path))
    assert two.run(find(tmp_path)).replies == 0
    assert (task_in(store).cost_nanousd, kept(store)) == (PRICE, path.read_bytes().split(b"\n")[:-1])


def test_replies_without_a_time_are_kept_and_marked(store: Store, tmp_path: Path) -> None:
    write(main_file(tmp_path), prompt("Fix it"), says(1), says(2, timestamp=None))
    scan(store, tmp_path)
    with store.read() as board:
        file = board.transcript_file(MAIN)
        assert file is not None
        assert file.undated == 1
        assert [m.at for m in board.messages(MAIN)] == [at(1), at(1)]
    assert task_in(store).cost_nanousd == 2 * PRICE


def test_odd_names_and_hostile_content_do_no_harm(store: Store, tmp_path: Path) -> None:
    odd = os.fsdecode(b"caf\xe9-\xff.jsonl")
    write(tmp_path / odd, prompt("NUL \x00 and \ud83d here", session="s" * 300), says(1, requestId="r" * 500))
    write(sub_file(tmp_path, "é" * 40), prompt("deep", isSidechain=True), says(2, cwd="/x" * 2000, isSidechain=True))
    write(
        tmp_path / "huge.jsonl", calls(3, "Read", {"file_path": "/y" * 3000}), returns(3), says(4, gitBranch="b" * 999)
    )
    report = scan(store, tmp_path)
    assert (report.new, report.replies) == (3, 4)
    assert scan(store, tmp_path).known == 3
    whole(store)
