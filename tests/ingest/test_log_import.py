"""Agent log folders are taken in once, go on when they grow, and stand in the store like agents of our own."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from data.domain import events as e
from data.domain.agents import Agent, AgentStatus, Role, Runtime
from data.domain.errors import FolderRefused
from data.domain.money import Tokens
from data.domain.tasks import Task, TaskStatus, TaskType
from data.store import AgentFilter, Store
from orchestrator_adapter.ingest import log_import
from orchestrator_adapter.ingest.log_events import NEVER_RAN, NO_END
from orchestrator_adapter.runners import Job
from orchestrator_adapter.runners.agent_log import AgentLog
from tests.ingest import dialect

BERLIN = ZoneInfo("Europe/Berlin")
TASK = "803a350b-6c1e-4a53-9d0c-0f6c5a2b7e11"


def take_in(store: Store, path: Path) -> log_import.Report:
    return log_import.take_in(store, path, BERLIN)


def only_agent(store: Store) -> Agent:
    with store.read() as board:
        (agent,) = board.agents().items
    return agent


def task(store: Store, task_id: str = TASK) -> Task:
    with store.read() as board:
        return board.task(task_id)


def told(store: Store, agent_id: str) -> list[e.Event]:
    with store.read() as board:
        return [entry.event for entry in board.events(agent_id=agent_id, limit=5000)]


def test_a_folder_becomes_an_agent_with_all_that_it_did(store: Store, tmp_path: Path):
    log = dialect.run(tmp_path / "agent_logs")
    (taken,) = take_in(store, tmp_path).items
    assert (taken.outcome, taken.broken, taken.half_written, taken.cut) == ("new", 0, (), 1)
    agent = only_agent(store)
    assert (agent.name, agent.role, agent.runtime, agent.status) == (
        "Builder Agent",
        Role.BUILDER,
        Runtime.IMPORTED,
        AgentStatus.COMPLETED,
    )
    assert (agent.model, agent.session_id, agent.result, agent.log_dir) == (
        dialect.MODEL,
        "sess-1",
        "Fixed.",
        str(log.folder),
    )
    assert agent.started_at == datetime(2026, 3, 1, 13, 0, tzinfo=UTC), "by the clocks of Berlin"
    assert (agent.tool_calls, agent.tokens) == (5, Tokens(120, 45, 5000, 1000))
    assert (agent.cost_nanousd, agent.reported_nanousd, agent.unpriced_messages) == (12_300_000, 12_300_000, 0)
    assert (agent.context_used, agent.simulated) == (0, False), "a sum says nothing about the context"
    assert agent.files == {
        "read": ["calc.py"],
        "modified": ["calc.py"],
        "created": ["test_calc.py"],
        "deleted": [],
    } or agent.files == {"read": ["calc.py"], "modified": ["calc.py"], "created": ["test_calc.py"]}
    with store.read() as board:
        found = board.events(agent_id=agent.id, limit=100)
        said = [entry.event for entry in found if isinstance(entry.event, e.Said)]
        assert [board.blob(one.blob).decode() for one in said] == ["Let me look.", "I read the file first.", "Fixed."]
        back = [entry.event for entry in found if isinstance(entry.event, e.ToolReturned)]
        assert board.blob(back[0].output_blob).decode() == "def add(a, b):\n    return a - b  # é"
        assert [one.is_error for one in back] == [False, True, False, False, False]
    assert [entry.at for entry in found] == sorted(entry.at for entry in found)
    assert found[1].at.year == 2026


def test_its_task_stands_as_its_agents_do(store: Store, tmp_path: Path):
    planner = dialect.TheirLog(tmp_path, name="Workflow Planner", agent="0a0a0a0a", session="s0")
    planner.prompt(dialect.PLAN.format(description="Fix the sign bug\nin add()", kind="bug_fix"))
    planner.init().says("{}").result(0.05, dialect.USAGE, "{}")
    dialect.run(tmp_path, at=datetime(2026, 3, 1, 14, 5))
    report = take_in(store, tmp_path)
    assert report.sentence == "2 new, 0 grown, 0 known, 0 skipped."
    found = task(store)
    assert (found.description, found.task_type, found.working_directory) == (
        "Fix the sign bug\nin add()",
        TaskType.BUG_FIX,
        "/src/calc",
    )
    assert (found.status, found.runtime, found.result) == (TaskStatus.COMPLETED, Runtime.IMPORTED, "Fixed.")
    assert [(step.key, step.status.value) for step in found.workflow] == [
        ("plan", "completed"),
        ("builder", "completed"),
    ]
    assert (found.cost_nanousd, found.reported_nanousd) == (62_300_000, 62_300_000), "the planner's cost counts"
    assert found.started_at == datetime(2026, 3, 1, 13, 0, tzinfo=UTC)
    with store.read() as board:
        (message,) = board.messages(board.agents(AgentFilter(role=Role.BUILDER)).items[0].id)
    assert message.at == datetime(2026, 3, 1, 13, 5, 15, tzinfo=UTC), "money belongs to the day on which it was spent"


def test_a_second_import_changes_nothing(store: Store, tmp_path: Path):
    dialect.run(tmp_path / "agent_logs")
    take_in(store, tmp_path)
    with store.read() as board:
        before = board.clock()
    for path in (tmp_path, tmp_path / "agent_logs" / TASK):
        assert take_in(store, path).sentence == "0 new, 0 grown, 1 known, 0 skipped."
    shutil.copytree(tmp_path / "agent_logs", tmp_path / "copy")
    assert [item.outcome for item in take_in(store, tmp_path / "copy").items] == ["known"], "a copy is no other agent"
    with store.read() as board:
        assert board.clock() == before


def test_a_grown_folder_goes_on_where_it_ended(store: Store, tmp_path: Path):
    log = dialect.TheirLog(tmp_path).prompt("Fix it").init().says("One.").uses("t1", "Bash", command="ls")
    take_in(store, tmp_path)
    agent = only_agent(store)
    assert (agent.status, agent.error) == (AgentStatus.FAILED, NO_END)
    assert task(store).error == f"Builder Agent: {NO_END}"
    log.returns("t1", "a.py").says("Two.").result(0.02, dialect.USAGE, "Two.")
    (taken,) = take_in(store, tmp_path).items
    assert taken.outcome == "grown"
    agent = only_agent(store)
    assert (agent.status, agent.error, agent.result) == (AgentStatus.COMPLETED, None, "Two.")
    assert (task(store).status, task(store).error) == (TaskStatus.COMPLETED, None)
    kinds = [event.kind for event in told(store, agent.id)]
    assert (kinds.count("said"), kinds.count("tool_called"), kinds.count("session_started")) == (2, 1, 1)
    assert next(event.tool for event in told(store, agent.id) if isinstance(event, e.ToolReturned)) == "Bash"


def test_totals_that_run_on_through_a_session_are_not_added_up(store: Store, tmp_path: Path):
    log = dialect.TheirLog(tmp_path).prompt("Fix it").init().result(0.05, dialect.USAGE)
    take_in(store, tmp_path)
    log.prompt("[CONTINUE] and the tests").init().result(0.08, dialect.USAGE)
    take_in(store, tmp_path)
    assert only_agent(store).cost_nanousd == only_agent(store).reported_nanousd == 80_000_000
    log.result(0.01, dialect.USAGE)  # a command line that counts anew for each process
    take_in(store, tmp_path)
    assert only_agent(store).cost_nanousd == only_agent(store).reported_nanousd == 90_000_000
    assert task(store).cost_nanousd == 90_000_000
    assert only_agent(store).tokens == Tokens(360, 135, 15_000, 3_000)


def test_each_prompt_is_kept_once(store: Store, tmp_path: Path):
    log = dialect.TheirLog(tmp_path).prompt("Fix it").init().result(0.05, dialect.USAGE)
    take_in(store, tmp_path)
    log.prompt("[CONTINUE] and the tests")
    assert take_in(store, tmp_path).items[0].outcome == "grown"
    assert take_in(store, tmp_path).items[0].outcome == "known"
    agent = only_agent(store)
    sent = [event for event in told(store, agent.id) if isinstance(event, e.Prompted)]
    with store.read() as board:
        assert [board.blob(one.blob) for one in sent] == [b"Fix it", b"[CONTINUE] and the tests"]


def test_a_half_written_line_is_waited_for_and_told(store: Store, tmp_path: Path):
    log = dialect.run(tmp_path)
    with (log.folder / "tools.jsonl").open("ab") as file:
        file.write(b'{"timestamp": "2026-03-01T14:01:00", "type": "tool_use", "tool_name": "Bash", "tool_use')
    (taken,) = take_in(store, tmp_path).items
    assert taken.half_written == ("tools.jsonl",)
    assert only_agent(store).tool_calls == 5
    with (log.folder / "tools.jsonl").open("ab") as file:
        file.write(b'_id": "t9", "input": {"command": "ls"}}\n')
    (taken,) = take_in(store, tmp_path).items
    assert (taken.outcome, taken.events, taken.half_written) == ("grown", 1, ())
    assert only_agent(store).tool_calls == 6


def test_a_broken_line_is_kept_as_a_notice(store: Store, tmp_path: Path):
    log = dialect.TheirLog(tmp_path).prompt("Fix it").uses("t1", "Read", file_path="/a").breaks_off()
    log.uses("t2", "Read", file_path="/b").returns("t2", "b")
    (taken,) = take_in(store, tmp_path).items
    assert taken.broken == 1
    notices = [event.words for event in told(store, taken.agent_id) if isinstance(event, e.Diagnostic)]
    assert notices == ["tools.jsonl, line 2: it is half-written: the next line begins in it"]
    assert only_agent(store).tool_calls == 2


def test_a_failed_start_says_why(store: Store, tmp_path: Path):
    dialect.TheirLog(tmp_path, task="t-one").prompt("Fix it")
    words = "Not logged in · Please run /login"
    log = dialect.TheirLog(tmp_path, task="t-two").prompt("Fix it").says(words)
    log.result(None, None, words, is_error=True)
    take_in(store, tmp_path)
    assert task(store, "t-one").error == f"Builder Agent: {NEVER_RAN}"
    assert task(store, "t-two").error == f"Builder Agent: {words}"


def test_what_is_passed_over_says_why(store: Store, tmp_path: Path):
    (tmp_path / "t" / "5f0c1d2e_Builder_Agent_20260301_140000").mkdir(parents=True)
    (tmp_path / "t" / "notes").mkdir()
    (tmp_path / "t" / "notes" / "prompt.txt").write_text("x")
    (tmp_path / "t" / "5f0c1d2e_Builder_Agent_20269999_140000").mkdir()
    (tmp_path / "t" / "5f0c1d2e_Builder_Agent_20269999_140000" / "prompt.txt").write_text("x")
    why = sorted(item.why for item in take_in(store, tmp_path).items)
    assert why == [
        "20269999_140000 in its name is no date and time",
        "it is empty: its agent never ran",
        "its name is not ID_NAME_DATE_TIME, as an agent's log folder has it",
    ]
    with store.read() as board:
        assert board.agents().items == []
    with pytest.raises(FolderRefused):
        take_in(store, tmp_path / "missing")


def test_a_folder_that_was_rewritten_is_not_mixed_up(store: Store, tmp_path: Path):
    log = dialect.run(tmp_path)
    take_in(store, tmp_path)
    text = (log.folder / "text.txt").read_text().replace("I read", "I wrote")
    (log.folder / "text.txt").write_text(text)
    (taken,) = take_in(store, tmp_path).items
    assert (taken.outcome, taken.why) == ("skipped", "text.txt is no longer what was read of it before")


def test_a_deleted_one_does_not_come_back(store: Store, tmp_path: Path):
    dialect.run(tmp_path)
    take_in(store, tmp_path)
    with store.write() as ledger:
        ledger.append(e.TaskDeleted(task_id=TASK, by="ana"))
    assert take_in(store, tmp_path).items[0].why == "it was imported before, and deleted here since"


def test_agents_that_come_later_become_further_steps(store: Store, tmp_path: Path):
    dialect.run(tmp_path)
    take_in(store, tmp_path)
    dialect.run(tmp_path, agent="77777777", at=datetime(2026, 3, 1, 15, 0))
    dialect.run(tmp_path, agent="88888888", name="Tester Agent", at=datetime(2026, 3, 1, 16, 0))
    take_in(store, tmp_path)
    assert [step.key for step in task(store).workflow] == ["builder", "builder-2", "tester"]
    assert {step.status.value for step in task(store).workflow} == {"completed"}


def test_our_own_agents_are_known_and_those_of_another_fleet_are_taken_in(store: Store, tmp_path: Path):
    folder = tmp_path / "t1" / "a1_Builder_20260301_140000"
    job = Job("t1", "a1", "builder", Role.BUILDER, "Fix it", "You are BUILDER.", Path("/w"), folder, model="m")
    log = AgentLog(job)
    log.message({"type": "assistant", "content": [{"type": "text", "text": "Done."}]})
    log.message({"type": "result", "is_error": False, "result": "Done.", "session_id": "s", "total_cost_usd": 0.1})
    log.ended()
    (taken,) = take_in(store, tmp_path).items
    assert (taken.outcome, taken.agent_id, taken.task_id) == ("new", "a1", "t1")
    assert (only_agent(store).status, only_agent(store).model) == (AgentStatus.COMPLETED, "m")
    assert task(store, "t1").working_directory == "/w"
    shutil.move(tmp_path / "t1", tmp_path / "t2")
    other = tmp_path / "t2" / folder.name / "summary.jsonl"
    other.write_text(other.read_text().replace('"a1"', '"a2"').replace('"t1"', '"t2"'))
    with store.write() as ledger:
        ids = {"task_id": "t1", "agent_id": "a2"}
        made = {"step": "builder", "role": Role.BUILDER, "name": "B", "model": "m", "runtime": Runtime.CLAUDE}
        ledger.append(e.AgentCreated(**ids, **made))
    assert take_in(store, tmp_path / "t2").items[0].why == "its agent is here already, as one that is claude"


def test_a_long_log_is_written_in_batches_and_a_killed_import_goes_on(lite: Store, tmp_path: Path):
    log = dialect.TheirLog(tmp_path).prompt("Fix it")
    for number in range(700):
        log.uses(f"t{number}", "Bash", command=f"echo {number}").returns(f"t{number}", str(number))
    with pytest.raises(KeyboardInterrupt):
        _stopped_after_the_first_batch(lite, tmp_path)
    begun = only_agent(lite).tool_calls
    assert 0 < begun < 700
    (taken,) = take_in(lite, tmp_path).items
    assert (taken.outcome, only_agent(lite).tool_calls) == ("grown", 700)


def _stopped_after_the_first_batch(store: Store, path: Path) -> None:
    def stop(_clock: int, _news: object) -> None:
        raise KeyboardInterrupt

    ending = store.listen(stop)
    try:
        take_in(store, path)
    finally:
        ending()


def test_two_imports_at_once_take_each_thing_in_once(lite: Store, tmp_path: Path):
    dialect.run(tmp_path)
    late: list[log_import.Report] = []

    def meanwhile(_clock: int, _news: object) -> None:
        ending()
        late.append(take_in(lite, tmp_path))

    ending = lite.listen(meanwhile)
    take_in(lite, tmp_path)
    assert [item.outcome for report in late for item in report.items] == ["known"]
    assert only_agent(lite).tool_calls == 5
