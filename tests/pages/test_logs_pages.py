"""The log of an agent and why it failed, on the pages: from the failed task to the entry, filters, files."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import ElementList

from data.domain import events as e
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.tasks import TaskStatus
from data.store import AgentFilter
from orchestrator_adapter import commands_import_logs
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.ingest.log_files import Line, parsed
from pages.ui import log_lines
from pages.ui.agent_logs import moment
from tests.ingest import dialect
from tests.pages.opening import opened
from tests.pages.test_control import moved, told

IDS = {"task_id": "t1", "agent_id": "a1"}


def said(texts: ElementList) -> str:
    """All texts, without what keeps their signs from meaning anything."""
    return "\n".join(text.value for text in texts).replace("\\", "").replace("\u2060", "")


def failed(deck: Deck, folder: Path | None = None) -> int:
    """A task whose only agent failed at its tests; the number of the call that shows it."""
    deck.engine.close()  # or it would do the task
    told(deck, moved(TaskStatus.IN_PROGRESS))
    with deck.store.write() as ledger:
        made = {"step": "builder", "role": Role.BUILDER, "name": "Builder", "model": "m", "runtime": Runtime.SCRIPTED}
        ledger.append(e.AgentCreated(**IDS, **made, log_dir=str(folder) if folder else None))
        ledger.append(e.AgentMoved(**IDS, to=AgentStatus.ACTIVE))
        number = 0
        for key, tool, words, bad in (
            ("u1", "Edit", "editing calc.py", False),
            ("u2", "Bash", "running: pytest -q", True),
        ):
            given = ledger.keep(json.dumps({"command": words}).encode())
            called = e.ToolCalled(**IDS, tool_use_id=key, tool=tool, words=words, input_blob=given)
            number = ledger.append(called) or 0
            output = ledger.keep(b"FAILED test_add: -1 != 3")
            back = {"tool_use_id": key, "tool": tool, "is_error": bad, "output_blob": output}
            ledger.append(e.ToolReturned(**IDS, **back, preview="FAILED test_add: -1 != 3"))
        ledger.append(e.AgentMoved(**IDS, to=AgentStatus.FAILED, why="The tests fail."))
        ledger.append(e.TaskMoved(task_id="t1", to=TaskStatus.FAILED, why="Step builder: The tests fail."))
    return number


def test_a_failed_task_names_agent_time_sentence_and_leads_to_the_entry(deck: Deck):
    number = failed(deck)
    at = opened("pages/watch/task.py", id="t1")
    assert "Builder failed at" in said(at.markdown)
    everything = f"{said(at.error)} {said(at.markdown)} {said(at.caption)}"
    assert everything.count("The tests fail") == 1, "the reason is read once"
    assert "FAILED test_add: -1 != 3" in [code.value for code in at.code]
    assert "Last good step: editing calc.py" in said(at.caption)
    links = [link for link in at.get("page_link") if "caused" in link.proto.label]
    assert [link.proto.query_string for link in links] == [f"id=a1&tab=Logs&entry={number}"]


def test_the_entry_stands_on_the_page_of_its_agent_with_what_went_in_and_out(deck: Deck):
    number = failed(deck)
    at = opened("pages/watch/agent.py", id="a1", tab="Logs", entry=str(number))
    shown = [code.value for code in at.code]
    assert "running: pytest -q" in shown, "the command as it is typed"
    assert shown.count("FAILED test_add: -1 != 3") == 1, "it is the likely cause: its answer is read once"
    frame = at.dataframe[0].value
    assert list(frame["Tool"]) == ["moved", "Edit", "Bash", "moved"]
    assert list(frame["Outcome"]) == ["✓ ok", "✓ ok", "✕ failed", "✕ failed"]
    at.button(key="way-log-entry-talk").click().run()
    assert at.session_state["tab"] == "Conversation"
    assert (at.query_params["message"], "entry" in at.query_params) == ("u2", False)


def test_the_filters_live_in_the_address(deck: Deck):
    failed(deck)
    at = opened("pages/watch/agent.py", id="a1", tab="Logs", log_outcome="failed", log_tool="Bash")
    assert list(at.dataframe[0].value["What"]) == ["running: pytest -q"]
    at = opened("pages/watch/agent.py", id="a1", tab="Logs", log_text="EDITING")
    assert list(at.dataframe[0].value["What"]) == ["editing calc.py"]
    at = opened("pages/watch/agent.py", id="a1", tab="Logs", log_to="2001-01-01 10:00")
    assert any("No action fits" in text.value for text in at.markdown)
    at = opened("pages/watch/agent.py", id="a1", tab="Logs", log_from="soon")
    assert any("A time like 14:05" in text.value for text in at.caption)


def test_the_files_are_laid_out_searched_and_handed_out(deck: Deck):
    folder = deck.settings.logs / "t1" / "a1_Builder_20260601_120000"
    folder.mkdir(parents=True)
    lines = [json.dumps({"timestamp": "2026-06-01T12:00:00", "type": "tool_use", "n": n}) for n in range(3000)]
    lines[2998] = '{"timestamp": "2026'
    (folder / "tools.jsonl").write_text("\n".join(lines) + "\n")
    failed(deck, folder)
    at = opened("pages/watch/agent.py", id="a1", tab="Logs", log="tools.jsonl")
    html = "".join(part.proto.body for part in at.get("html"))
    assert "Not readable: it is no JSON" in html, "the last page comes first"
    assert '<span class="number">2999</span>' in html
    assert at.get("link_button")[0].proto.url == "/api/v1/agents/a1/logs/tools.jsonl?download=true"
    at.text_input(key="log_find").set_value('"n": 17}').run()
    assert list(at.dataframe[0].value["Line"]) == [18]
    at = opened("pages/watch/agent.py", id="a1", tab="Logs", log="summary.jsonl")
    assert any("has not written it" in text.value for text in at.caption)


def test_an_imported_log_is_shown_like_one_of_ours_and_a_lost_folder_is_said(deck: Deck, tmp_path: Path):
    root = deck.settings.workdirs[0] / "theirs"
    dialect.run(root)
    report = commands_import_logs.import_logs(deck, LOCAL, str(root))
    assert report.count("new") == 1
    with deck.store.read() as board:
        (agent,) = board.agents(AgentFilter(runtime=Runtime.IMPORTED)).items
    at = opened("pages/watch/agent.py", id=agent.id, tab="Logs")
    assert "is completed; on the way: 1 call failed" in said(at.markdown)
    assert "Read" in list(at.dataframe[0].value["Tool"])
    at = opened("pages/watch/agent.py", id=agent.id, tab="Logs", log="summary.jsonl")
    assert "ResultMessage" in "".join(part.proto.body for part in at.get("html"))
    root.rename(deck.settings.workdirs[0] / "gone")
    at = opened("pages/watch/agent.py", id=agent.id, tab="Logs", log="text.txt")
    assert any("The log folder is gone" in text.value for text in at.markdown)


@pytest.mark.parametrize(
    "raw", [b'{"a": "<script>alert(1)</script>"}', b"<script>alert(1)</script>", b'{"a": "x\\ny"}']
)
def test_no_line_becomes_a_part_of_the_page(raw: bytes):
    value, why = parsed(raw)
    html = log_lines.html([Line(0, raw, len(raw) + 1, value, why)], 1)
    assert "<script" not in html
    if b"script" in raw:
        assert "&lt;script&gt;" in html


def test_a_line_of_megabytes_is_cut_and_says_so():
    html = log_lines.html([Line(0, b"", 1, {"content": "x" * 1_000_000})], 1)
    assert len(html) < 30_000
    assert "more characters; download the file" in html


def test_times_as_people_type_them():
    day = date(2026, 3, 1)
    assert moment("9:05", day) == datetime(2026, 3, 1, 9, 5, tzinfo=UTC)
    assert moment("2026-03-02 14:05:30", day) == datetime(2026, 3, 2, 14, 5, 30, tzinfo=UTC)
    assert moment("25:00", day) is None
    assert moment("soon", day) is None


def import_page() -> None:
    from pages.ui import import_logs

    import_logs.draw()


def test_folders_are_taken_in_from_a_page(deck: Deck):
    deck.engine.close()
    root = deck.settings.workdirs[0] / "theirs"
    dialect.run(root)
    at = AppTest.from_function(import_page, default_timeout=30).run()
    at.text_input(key="import-logs-path").set_value(str(root))
    at.button[0].click().run()
    assert "1 new, 0 grown, 0 known, 0 skipped." in at.success[0].value.replace("\\", "")
    assert list(at.dataframe[0].value["Outcome"]) == ["+ new"]
    at.text_input(key="import-logs-path").set_value("/etc")
    at.button[0].click().run()
    assert "is outside the folders" in at.error[0].value
