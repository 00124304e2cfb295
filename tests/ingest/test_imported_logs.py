"""A session that was read in has a log too: what it called, what failed, and the way to each entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.domain import observed
from data.domain.log_entries import EntryKind, LogEntry, Outcome
from data.store import Store
from orchestrator_adapter import agent_logs
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.ingest.transcript_files import find
from orchestrator_adapter.ingest.transcripts import Scan
from tests.ingest.trees import SESSION, calls, main_file, prompt, returns, says, write
from tests.pages.test_pages import WATCH, deck, home, opened

__all__ = ["deck", "home"]
AGENT = observed.agent_id(SESSION)
LINES = (
    prompt("Fix the till"),
    calls(2, "Edit", {"file_path": "/srv/shop/till.py", "new_string": "open"}, second=2),
    returns(2, {"filePath": "/srv/shop/till.py", "originalFile": "shut", "structuredPatch": []}),
    calls(4, "Bash", {"command": "pytest -q"}, second=4),
    returns(4, failed=True),
    calls(6, "Bash", {"command": "sleep 9"}, second=6),
)


def read(store: Store, root: Path, *more: dict) -> list[LogEntry]:
    write(main_file(root), *LINES, *more)
    Scan(store).run(find(root))
    with store.read() as board:
        return agent_logs.actions(store, board, board.agent(AGENT))


def test_its_calls_have_outcome_duration_files_and_content(store: Store, tmp_path: Path):
    found = read(store, tmp_path)
    called = [one for one in found if one.kind is EntryKind.CALL]
    assert [(one.tool, one.words, one.outcome) for one in called] == [
        ("Edit", "/srv/shop/till.py", Outcome.OK),
        ("Bash", "pytest -q", Outcome.FAILED),
        ("Bash", "sleep 9", Outcome.UNFINISHED),
    ]
    assert called[0].files == (("/srv/shop/till.py", "modified"),)
    assert called[0].seconds == 0
    assert "pytest -q" in called[1].input_text
    assert found[0].words == "asked: Fix the till"
    assert len({one.id for one in found}) == len(found)


def test_numbers_stay_while_the_transcript_grows(store: Store, tmp_path: Path):
    before = read(store, tmp_path)
    after = read(store, tmp_path, returns(6), says(9, second=9))
    assert [one.id for one in after[: len(before)]] == [one.id for one in before]
    assert len(after) == len(before) + 1


def test_what_failed_in_it_is_said_on_top_and_leads_to_the_entry(deck: Deck, tmp_path: Path):
    failed = next(one for one in read(deck.store, tmp_path) if one.outcome is Outcome.FAILED)
    at = opened(f"{WATCH}/agent.py", id=AGENT, tab="Logs", entry=str(failed.id))
    told = " ".join(text.value for text in at.markdown)
    assert "1 call failed, 1 call without an answer" in told
    assert "pytest -q" in [code.value for code in at.code]
    assert len(at.get("vega_lite_chart")) == 1
    (frame,) = at.dataframe
    assert list(frame.value["Outcome"]).count("✕ failed") == 1


@pytest.mark.parametrize("line", [{"type": "user", "timestamp": "never"}, {"type": "assistant", "message": None}, {}])
def test_a_line_without_sense_takes_nothing_away(store: Store, tmp_path: Path, line: dict):
    assert len(read(store, tmp_path, line)) >= 4
