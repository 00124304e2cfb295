"""What imported transcripts say is found, at the very line, also while they grow and after they were replaced."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from data.domain import observed
from data.domain.conversation_lines import read
from data.domain.search import Kind, parse
from data.domain.search_lines import pieces, time_of
from data.domain.search_words import searchable
from data.store import Store
from data.store.search import Hit
from data.store.search_clock import catch_up, settled
from data.store.search_index import start_over
from data.store.tables_search import search_entries
from orchestrator_adapter.ingest.transcript_files import find
from orchestrator_adapter.ingest.transcripts import Scan
from tests.ingest.trees import SESSION, calls, main_file, packed, prompt, returns, says, sub_file, write

MAIN = observed.agent_id(SESSION)


def found(store: Store, text: str) -> list[Hit]:
    with store.read() as board:
        return board.search(parse(text, datetime.now(UTC)), limit=100).hits


def taken(store: Store, root: Path, most_chars: int = 500_000, *, anew: bool = False) -> None:
    """`anew`: all of it is put into the index by what follows the log, as in a store that had none."""
    Scan(store).run(find(root))
    if anew:
        with store.write() as ledger:
            start_over(ledger.connection)
    while catch_up(store, most_chars=most_chars):
        pass


def indexed(store: Store) -> list[tuple[Any, ...]]:
    """All that is in the index, but for the order in which it came."""
    with store.read() as board:
        names = [column.name for column in search_entries.c if column.name not in ("id", "key")]
        rows = board.connection.execute(sa.select(search_entries)).mappings()
        return sorted((tuple(str(row[name]) for name in names), row["key"] if row["agent_id"] else "") for row in rows)


def marked(hit: Hit) -> str:
    return "".join(f"[{bit.text}]" if bit.hit else bit.text for bit in hit.snippet)


@pytest.mark.parametrize("anew", [False, True])
def test_a_session_is_found_by_what_was_said_called_and_answered(store: Store, tmp_path: Path, anew: bool) -> None:
    sub = {"session": SESSION, "isSidechain": True, "agentId": "a1"}
    lines = [
        prompt("Fix the till"),
        calls(2, "Edit", {"file_path": "/srv/shop/till.py", "new_string": "open the till"}, second=2),
        returns(2),
        says(3, second=3),
    ]
    write(main_file(tmp_path), *lines)
    write(sub_file(tmp_path, "a1"), prompt("Look at the till", **sub), says(4, second=8, **sub))
    taken(store, tmp_path, anew=anew)
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


@pytest.mark.parametrize("anew", [False, True])
def test_a_transcript_that_grows_or_is_replaced_is_found_as_it_was_read(
    store: Store, tmp_path: Path, anew: bool
) -> None:
    path = main_file(tmp_path)
    write(path, *[prompt(f"needle {n} " + "hay " * 20) for n in range(40)])
    taken(store, tmp_path, most_chars=300, anew=anew)
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


def test_every_script_is_found_and_nothing_said_breaks_a_question(store: Store, tmp_path: Path) -> None:
    said = [
        "שלום עולם",
        "مرحبا بالعالم",
        "東京タワーへ行く",
        "launch 🚀 rocket",
        "Große Straße",
        "<b>bold</b> & 'quoted' \"twice\"",
        "nul\x00between \ud83d half",
        "' OR 1=1; DROP TABLE tasks; --",
    ]
    write(main_file(tmp_path), *[prompt(text, second=n) for n, text in enumerate(said)])
    Scan(store).run(find(tmp_path))

    def asked(question: str) -> list[str]:
        return [marked(hit) for hit in found(store, f"{question} in:conversation")]

    assert asked("עולם") == ["שלום [עולם]"]
    assert asked("مرحبا") == ["[مرحبا] بالعالم"]
    assert asked("東京") == ["[東京]タワーへ行く"]
    assert asked("🚀 rocket") == ["launch 🚀 [rocket]"]
    assert asked("GROSSE") == []
    assert asked("große") == ["[Große] Straße"]
    assert asked("<b>bold</b>") == ["<[b>bold</b]> & 'quoted' \"twice\""]
    assert asked("between half") == ["nul\ufffd[between] ? [half]"]
    assert asked("' OR 1=1; DROP TABLE tasks; --") == ["' [OR] [1=1]; [DROP] [TABLE] [tasks]; --"]
    for hostile in (
        '"',
        "''",
        '"a" NEAR/2 b',
        "a AND OR NOT",
        "body:x",
        "{a}^2",
        "x\x00y",
        "é" * 5_000,
        "(" * 900,
        "*",
        "-",
        ":",
    ):
        found(store, hostile)
    with store.read() as board:
        assert len(board.transcript_files_of(observed.task_id(SESSION))) == 1


def test_an_import_is_found_the_moment_it_is_written(store: Store, tmp_path: Path) -> None:
    write(main_file(tmp_path), prompt("a needle in the hay"))
    Scan(store).run(find(tmp_path))
    assert [marked(hit) for hit in found(store, "needle in:conversation")] == ["a [needle] in the hay"]


def test_the_index_is_the_same_whoever_builds_it(store: Store, tmp_path: Path) -> None:
    """In this process or beside it, at once or afterwards, in one pass or in several; and nothing is in it twice."""
    edits = [calls(n, "Edit", {"file_path": f"/srv/{n % 3}.py", "new_string": f"x {n}"}, second=n) for n in range(9)]
    path = write(main_file(tmp_path), prompt("needle\x00 \ud800 two"), *edits[:5], {"no": "time", "type": "user"})
    write(sub_file(tmp_path, "a1"), prompt("sub", session=SESSION, isSidechain=True, agentId="a1"), says(44))
    paths: set[tuple[str, str]] = set()
    Scan(store, worth_it=0, files=paths).run(find(tmp_path))
    with path.open("ab") as file:
        file.write(packed(*edits[5:], says(30)))
    Scan(store, files=paths).run(find(tmp_path))
    while catch_up(store):
        pass
    at_once = indexed(store)
    assert len([hit for hit in found(store, "in:file")]) == 3
    with store.write() as ledger:
        start_over(ledger.connection)
    assert found(store, "needle") == []
    assert settled(store, 60)
    assert indexed(store) == at_once


def test_a_file_whose_beginning_is_not_indexed_is_followed_in_its_order(store: Store, tmp_path: Path) -> None:
    path = write(main_file(tmp_path), prompt("needle one"))
    Scan(store).run(find(tmp_path))
    with store.write() as ledger:
        start_over(ledger.connection)
    with path.open("ab") as file:
        file.write(packed(prompt("needle two", second=2)))
    Scan(store).run(find(tmp_path))
    assert found(store, "needle") == []
    assert settled(store, 60)
    assert sorted(marked(hit) for hit in found(store, "needle in:conversation")) == ["[needle] one", "[needle] two"]


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
