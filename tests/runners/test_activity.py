"""Activity words: readable for the usual tools, harmless for anything else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator_adapter.runners.activity import LIMIT, WORDS, activity, inside

FOLDER = Path("/home/me/project")


@pytest.mark.parametrize(
    ("tool", "given_input", "words"),
    [
        ("Read", {"file_path": "/home/me/project/calc.py"}, "reading calc.py"),
        ("Edit", {"file_path": "/home/me/project/src/app.py"}, "editing src/app.py"),
        ("Write", {"file_path": "/etc/passwd"}, "writing /etc/passwd"),
        ("Bash", {"command": "pytest -q", "description": "Run"}, "running: pytest -q"),
        ("Bash", {"command": "a\n  b"}, "running: a b"),
        ("Task", {"description": "count files"}, "delegating: count files"),
        ("Grep", {"pattern": "def add"}, "searching for def add"),
        ("Unheard", {}, "using Unheard"),
        ("Read", {}, "reading a file"),
    ],
)
def test_usual_tools_in_words(tool, given_input, words):
    assert activity(tool, given_input, FOLDER) == words


def test_long_commands_are_cut_to_one_short_line():
    words = activity("Bash", {"command": "x" * 500}, FOLDER)
    assert len(words) == LIMIT
    assert words.endswith("…")


def test_a_folder_with_a_similar_name_is_not_inside():
    assert inside("/home/me/project-2/a.py", FOLDER) == "/home/me/project-2/a.py"
    assert inside("/home/me/project/../other/a.py", FOLDER) == "/home/me/other/a.py"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(["file_path", "notebook_path", "command", "pattern", "description", "path", "url", "query"])


@given(tool=st.sampled_from(sorted(WORDS)) | st.text(), given_input=JSON | st.dictionaries(FIELDS, JSON))
def test_no_tool_input_ever_fails(tool, given_input):
    words = activity(tool, given_input, FOLDER)
    assert len(words) <= LIMIT
    assert "\n" not in words
    words.encode("utf-8")
