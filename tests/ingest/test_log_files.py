"""The readers of log files: nothing makes them fail, nothing is swallowed, and a page costs little of a large file."""

from __future__ import annotations

import io
import json
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator_adapter.ingest import log_files

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=4)
quick = settings(deadline=None, max_examples=60)


@given(st.lists(OBJECTS, max_size=8))
@quick
def test_what_python_writes_as_json_is_read(objects: list[dict]):
    content = "".join(json.dumps(value) + "\n" for value in objects).encode()
    found = list(log_files.lines(io.BytesIO(content)))
    assert [line.why for line in found] == [None] * len(objects)
    assert [json.dumps(line.value, sort_keys=True) for line in found] == [
        json.dumps(json.loads(json.dumps(value)), sort_keys=True) for value in objects
    ]


@given(st.binary(max_size=600))
@quick
def test_whatever_lies_in_a_file_each_byte_belongs_to_one_line(content: bytes):
    found = list(log_files.lines(io.BytesIO(content)))
    assert [line.offset for line in found] == [0, *(line.end for line in found)][:-1]
    assert sum(line.end - line.offset for line in found) == len(content)
    assert all((line.value is None) == (line.why is not None) for line in found)


@given(st.lists(OBJECTS, min_size=1, max_size=5), st.data())
@quick
def test_a_file_that_is_cut_anywhere_says_so_and_gives_all_before(objects: list[dict], data: st.DataObject):
    content = "".join(json.dumps({"timestamp": "t", **value}) + "\n" for value in objects).encode()
    cut = data.draw(st.integers(0, len(content)))
    found = list(log_files.lines(io.BytesIO(content[:cut])))
    whole = content[:cut].count(b"\n")
    assert all(line.value is not None for line in found[:whole])
    for line in found[whole:]:  # only its line break is missing, or it is half-written
        assert line.value is not None or (line.torn and "half-written" in str(line.why))


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"\n", "empty"),
        (b"\x00\x00\x00\n", "3 zero bytes"),
        (b"[1]\n", "no object"),
        (b'{"a": \n', "from character 7 on"),
        (b"[" * 100_000 + b"\n", "no JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}\n", "no JSON"),
    ],
)
def test_a_broken_line_says_why_and_the_next_one_is_read(raw: bytes, why: str):
    broken, good = log_files.lines(io.BytesIO(raw + b'{"ok": 1}\n'))
    assert why in str(broken.why)
    assert (good.value, good.offset) == ({"ok": 1}, len(raw))


def test_a_line_that_broke_off_does_not_take_the_next_one_with_it():
    content = b'{"timestamp": "t1", "input": {"a": {"timestamp": "t2", "b": 1}\n{"timestamp": "t3"}\n'
    broken, glued, last = log_files.lines(io.BytesIO(content))
    assert "half-written" in str(broken.why)
    assert broken.text == '{"timestamp": "t1", "input": {"a": '
    assert glued.value == {"timestamp": "t2", "b": 1}
    assert last.value == {"timestamp": "t3"}
    assert (broken.end, glued.end) == (glued.offset, last.offset)


def test_a_line_that_is_too_long_is_passed_over():
    content = b'{"a": "' + b"x" * 5000 + b'"}\n{"ok": 1}\n'
    long, good = log_files.lines(io.BytesIO(content), most=1000)
    assert "5,010 bytes long; lines are read up to 1,000" in str(long.why)
    assert (good.value, good.offset) == ({"ok": 1}, 5010)


@given(st.lists(st.integers(0, 90), max_size=40), st.integers(10, 60))
@quick
def test_pages_hold_each_line_once_with_its_number(lengths: list[int], size: int):
    content = b"".join(b"%05d" % number + b"x" * length + b"\n" for number, length in enumerate(lengths, 1))
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        seen: list[int] = []
        for number in range(1, log_files.pages(len(content), size) + 1):
            shown = log_files.page(file, number, jsonl=False, length=size)
            assert (shown.number, shown.pages) == (number, log_files.pages(len(content), size))
            if shown.lines:
                assert shown.first == int(shown.lines[0].raw[:5])
            seen += [int(line.raw[:5]) for line in shown.lines]
        assert seen == list(range(1, len(lengths) + 1))


def test_the_end_of_a_file_of_200_mb_is_read_and_not_the_file(tmp_path: Path):
    path = tmp_path / "text.txt"
    with path.open("wb") as file:
        file.truncate(200_000_000)  # a hole: it takes no room on the disk
        file.seek(200_000_000)
        file.write(b"\nthe last line\n")
    with log_files.opened(tmp_path, "text.txt") as opened:
        assert opened is not None
        shown = log_files.page(opened, jsonl=False)
    assert (shown.number, shown.lines[-1].text) == (shown.pages, "the last line")
    assert shown.first == 2


def test_a_text_is_found_in_any_case_and_in_either_spelling(tmp_path: Path):
    path = tmp_path / "tools.jsonl"
    path.write_bytes(b'{"a": 1}\n' + json.dumps({"b": "Tür zu"}).encode() + "\n{'c': 'TÜR'}\n{'d': 'tür'}".encode())
    with log_files.opened(tmp_path, path.name) as file:
        found, more = log_files.search(file, "tür")
        assert [line.number for line in found] == [2, 4]
        assert not more
        assert log_files.search(file, " ") == ([], False)
        assert log_files.search(file, "[") == ([], False), "a text, no pattern"


def test_only_a_plain_file_of_the_folder_itself_is_opened(tmp_path: Path):
    outside, folder = tmp_path / "secret", tmp_path / "log"
    outside.write_text("secret")
    folder.mkdir()
    (folder / "text.txt").symlink_to(outside)
    os.mkfifo(folder / "tools.jsonl")
    (folder / "summary.jsonl").mkdir()
    for name in (*log_files.NAMES, "../secret", "secret", "/etc/passwd", "prompt.txt\0"):
        with log_files.opened(folder, name) as file:
            assert file is None, name
    (folder / "prompt.txt").write_text("hello")
    with log_files.opened(folder, "prompt.txt") as file:
        assert file.read() == b"hello"
