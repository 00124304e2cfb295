"""What imported transcripts say is found, at the very line, also while they grow and after they were replaced."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from data.domain import observed
from data.domain.conversation_lines import read
from data.domain.search import Kind, parse
from data.domain.search_lines import pieces, time_of
from data.domain.search_words import searchable
from data.store import Store
from data.store.search import Hit
from data.store.search_clock import catch_up
from orchestrator_adapter.ingest.transcript_files import find
from orchestrator_adapter.ingest.transcripts import Scan
from tests.ingest.trees import SESSION, calls, main_file, prompt, returns, says, sub_file, write

MAIN = observed.agent_id(SESSION)


def found(store: Store, text: str) -> list[Hit]:
    with store.read() as board:
        return board.search(parse(text, datetime.now(UTC)), limit=100).hits


def taken(store: Store, root: Path, most_chars: int = 500_000) -> None:
    Scan(store).run(find(root))
    while catch_up(store, most_chars=most_chars):
        pass


def marked(hit: Hit) -> str:
    return "".join(f"[{bit.text}]" if bit.hit else bit.text for bit in hit.snippet)


def test_a_session_is_found_by_what_was_said_called_and_answered(store: Store, tmp_path: Path) -> None:
    sub = {"session": SESSION, "isSidechain": True, "agentId": "a1"}
    lines = [
        prompt("Fix the till"),
        calls(2, "Edit", {"file_path": "/srv/shop/till.py", "new_string": "open the till"}, second=2),
        returns(2),
        says(3, second=3),
    ]
    write(main_file(tmp_path), *lines)
    write(sub_file(tmp_path, "a1"), prompt("Look at the till", **sub), says(4, second=8, **sub))
    taken(store, tmp_path)
    hits = {(hit.kind.value, marked(hit)) for hit in found(store, "till runtime:imported -in:tool")}
    assert hits == {
        ("description", "Fix the [till]"),
        ("prompt", "Fix the [till]"),
        ("prompt", "Look at the [till]"),
        ("file", "/srv/shop/[till].py"),
    }
    (call,) = found(store, '"open the till"')
    assert (call.kind, call.tool, call.agent_id) == (Kind.INPUT, "Edit", MAIN)
    with store.read() as board:
        talk = read(line.value() for line in board.transcript_lines(MAIN))
    for hit in found(store, f"agent:{MAIN} -in:task"):
        assert talk.find(hit.key) is not None, hit
    (said,) = found(store, '"answer 3"')
    assert marked(said) == "[Answer 3]."


def test_a_transcript_that_grows_or_is_replaced_is_found_as_it_was_read(store: Store, tmp_path: Path) -> None:
    path = main_file(tmp_path)
    write(path, *[prompt(f"needle {n} " + "hay " * 20) for n in range(40)])
    taken(store, tmp_path, most_chars=300)
    assert len(found(store, "needle in:conversation")) == 40
    with path.open("ab") as file:
        file.write(b'{"broken": \n[1]\n"x"\n')
    write(sub_file(tmp_path, "a2"), prompt("needle of a sub-agent", session=SESSION, isSidechain=True, agentId="a2"))
    taken(store, tmp_path)
    assert len(found(store, "needle in:conversation")) == 41
    path.unlink()
    write(path, prompt("another needle"))
    taken(store, tmp_path)
    assert [marked(hit) for hit in found(store, '"another needle" in:conversation')] == ["[another needle]"]
    assert marked(found(store, '"needle 7" in:conversation')[0]).startswith("[needle 7] hay")


NAMES = st.sampled_from(["type", "message", "content", "text", "thinking", "input", "name", "id", "uuid", "isMeta"])
WORDS = st.sampled_from(["user", "assistant", "system", "text", "tool_use", "tool_result", "thinking", "<synthetic>"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | NAMES, inner, max_size=5),
    max_leaves=12,
)


@given(st.dictionaries(NAMES, WORDS | values, max_size=8) | values)
def test_whatever_stands_in_a_line_has_texts_or_none(line: object) -> None:
    for piece in pieces(1, line):
        assert 0 < len(piece.key) <= 120
        searchable(piece.text)
    time_of(line)
