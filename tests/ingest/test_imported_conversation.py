"""A session that was read in as a conversation: its sub-agents under their calls, and what its replies cost."""

from __future__ import annotations

import json
from pathlib import Path

from data.domain import observed
from data.store import Store
from orchestrator_adapter.ingest.transcript_files import find
from orchestrator_adapter.ingest.transcripts import Scan
from orchestrator_adapter.views.conversation import Conversations, Talk, hits, items, markdown
from tests.ingest.trees import PRICE, SESSION, calls, clock, main_file, packed, prompt, returns, says, sub_file, write

MAIN = observed.agent_id(SESSION)
BOUNDARY = {
    "type": "system",
    "subtype": "compact_boundary",
    "uuid": "b-1",
    "timestamp": clock(7),
    "compactMetadata": {"trigger": "auto", "preTokens": 150_000},
}


def read(store: Store, known: Conversations) -> Talk:
    with store.read() as board:
        return known.of(store, board, MAIN)


def told(talk: Talk) -> list[tuple[str, int, str]]:
    return [(one.entry.key, one.depth, one.entry.words) for one in talk.placed]


def test_a_session_that_was_read_in_is_read_like_any_other_and_grows(store: Store, tmp_path: Path) -> None:
    sub = {"session": SESSION, "isSidechain": True, "agentId": "a1"}
    path = write(
        main_file(tmp_path),
        prompt("Fix the till"),
        calls(2, "Task", {"description": "look around"}, second=2),
        returns(2),
        says(6, second=6),
    )
    write(sub_file(tmp_path, "a1"), prompt("Look around", second=3, **sub), says(7, second=4, **sub))
    meta = {"agentType": "Explore", "description": "Look around", "toolUseId": "toolu_2", "spawnDepth": 1}
    sub_file(tmp_path, "a1").with_suffix(".meta.json").write_text(json.dumps(meta))
    Scan(store).run(find(tmp_path))
    known = Conversations()
    talk = read(store, known)
    assert [depth for _, depth, _ in told(talk)] == [0, 0, 1, 1, 0]
    assert [talk.placed[place].entry.key for place in (1, 4)] == ["a-2-2", "a-6-6"]
    with store.read() as board:
        found = items(board, talk, range(5), whole=True)
        assert [item["reply"]["cost_usd"] for item in found if item["reply"]] == [PRICE / 1e9] * 3
        assert (found[1]["input"], found[1]["output"]) == ({"description": "look around"}, "done")
        assert hits(board, talk, "answer 7") == [3]
        assert "## Sub-agent · Agent" in "".join(markdown(board, talk, "Session"))
        assert board.conversation_compactions(MAIN) == []
    with path.open("ab") as file:
        file.write(packed(BOUNDARY, says(8, second=8)))
    Scan(store).run(find(tmp_path))
    grown = read(store, known)
    assert [words for _, _, words in told(grown)[5:]] == [
        "the context was compacted: 150 k tokens (by itself)",
        "",
    ]
    assert grown.settled(talk.clock) == 5, "what was there stays where it was"
    with store.read() as board:
        assert len(board.conversation_compactions(MAIN)) == 1
