"""Files on the pages of an agent and of a task, and choosing a folder in the form of a new task."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.domain import events as e
from data.domain.agents import AgentStatus, FileChange
from data.domain.diffs import Edit, hunks
from orchestrator_adapter.deck import Deck
from pages.ui import file_diff, highlight
from pages.ui.file_diff import Drawer
from tests.pages.opening import opened
from tests.store.test_files import Told


@pytest.fixture
def told(deck: Deck) -> Deck:
    deck.engine.close()
    with deck.store.write() as ledger:
        told = Told(ledger)
        told.call("Read", FileChange.READ, "notes.md")
        told.call("Edit", FileChange.MODIFIED, "calc.py", old_string="return a - b", new_string="return a + b")
        told.call("Bash", command="make <b>")
        before = "def add(a, b):\n    return a - b\n"
        told.found(
            told.file("calc.py", before, before.replace("-", "+"), added=1, removed=1, lines=2),
            told.file("<img src=x onerror=alert(1)>.html", None, "<script>alert(1)</script>\n", added=1, lines=1),
            told.file("secret.pem", None, None, withheld="looks like a secret by its name"),
        )
        ledger.append(e.AgentMoved(task_id="t1", agent_id="a1", to=AgentStatus.COMPLETED))
    return deck


def texts(at: AppTest) -> str:
    return "\n".join(str(one.value) for one in [*at.markdown, *at.caption])


def html(at: AppTest) -> str:
    return "\n".join(str(one.proto.body) for one in at.get("html"))


@pytest.mark.parametrize(("page", "one"), [("agent", "a1"), ("task", "t1")])
def test_what_was_consumed_and_produced_and_what_changed(told: Deck, page: str, one: str):
    at = opened(f"pages/watch/{page}.py", id=one)
    at.session_state["tab"] = "Files"
    at.run()
    assert not at.exception
    assert [error.value for error in at.error] == []
    said = texts(at)
    assert "3 files changed, +2 −1 lines; 1 file read" in said
    assert "**Consumed**" in said
    assert "**Produced**" in said
    drawn = html(at)
    assert "qd-code sides" in drawn
    assert "<script>" not in drawn
    assert "&lt;" in drawn


def test_an_address_names_a_file(told: Deck):
    """The conversation leads to what became of a file in this way."""
    at = opened("pages/watch/agent.py", id="a1", tab="Files", file="secret.pem")
    assert "looks like a secret by its name" in texts(at)


def diff_of(deck: Deck, path: str):
    with deck.store.read() as board:
        return board.file_diff("a1", path)


def test_side_by_side_pairs_what_went_with_what_came(told: Deck):
    diff = diff_of(told, "calc.py")
    drawer, (only,) = Drawer(diff), diff.hunks
    assert [(line.sign, line.before, line.after) for line in drawer.lines(only.hunk)] == [
        (" ", 1, 1),
        ("-", 2, None),
        ("+", None, 2),
    ]
    rows = drawer.side_by_side(only.hunk).split("<tr>")[1:]
    assert len(rows) == 2
    assert 'class="code out"' in rows[1]
    assert 'class="code in"' in rows[1]
    assert '<i class="k">return</i>' in drawer.unified(only.hunk)


def test_a_long_change_is_cut_and_says_so(told: Deck):
    diff = diff_of(told, "calc.py")
    drawn = Drawer(diff).unified(diff.hunks[0].hunk, most=1)
    assert "and 2 more lines" in drawn


@pytest.mark.parametrize("name", ["a.py", "a.html", "a.json", "a.unknown", "Makefile", "a.md", "a.js", "a.sql"])
@pytest.mark.parametrize(
    "text", ["", "\n", "a\n\nb", "'''open\nfor ever\n", "<b>&amp;</b>\n", "x\r\ny\r\n", "\u2028\n"]
)
def test_colours_lose_no_line_and_let_nothing_through(name: str, text: str):
    lines = highlight.highlighted(text, name)
    assert len(lines) == text.count("\n") + 1
    for line in lines:
        assert "<b" not in line
    for shown, (_, given) in zip(
        highlight.coloured([line for _, line in _lines(text)], name), _lines(text), strict=True
    ):
        assert bool(shown) == bool(given.strip("\r\n"))


def _lines(text: str) -> list[tuple[str, str]]:
    return [line for hunk in hunks("", text) for line in hunk.lines]


def test_hunks_that_only_a_call_tells_have_no_numbers(told: Deck):
    with told.store.write() as ledger:
        more = Told(ledger, "t2", "a2")
        more.call("Edit", FileChange.MODIFIED, "x.py", old_string="a\n", new_string="b\n")
    with told.store.read() as board:
        diff = board.file_diff("a2", "x.py")
    (only,) = diff.hunks
    assert only.hunk == Edit("", "Edit", {"old_string": "a\n", "new_string": "b\n"}).hunks()[0]
    assert {(line.before, line.after) for line in Drawer(diff).lines(only.hunk)} == {(None, None)}


def test_pairs_of_lines_keep_their_order():
    def line(sign: str) -> file_diff.Line:
        return file_diff.Line(sign, sign, None, None)  # type: ignore[arg-type]

    pairs = file_diff._pairs([line(sign) for sign in " --+ +-"])
    assert [(old.sign if old else "", new.sign if new else "") for old, new in pairs] == [
        (" ", " "),
        ("-", "+"),
        ("-", ""),
        (" ", " "),
        ("", "+"),
        ("-", ""),
    ]


def test_a_folder_is_chosen_by_looking(deck: Deck, tmp_path: Path):
    root = tmp_path.resolve()
    (root / "a project" / "inside").mkdir(parents=True)
    at = opened("pages/run/new_task.py")
    if "claude" not in at.segmented_control(key="new-runtime").options[0].lower():
        pytest.skip("the claude runtime cannot run here, and others need no folder")
    at.segmented_control(key="new-runtime").set_value("claude").run()
    at.text_input(key="new-folder").set_value(str(root / "a project")).run()
    at.button(key="picker-open").click().run()
    inside = f"picker-{root / 'a project'}-0"
    assert at.button(key=inside).label == "inside"
    assert at.button(key="picker-crumb-0").label.endswith(" /"), "the way back"
    at.text_input(key="new-folder").set_value("/nowhere").run()
    at.button(key="picker-open").click().run()
    at.button(key="picker-open").click()
    at.button(key="picker-use").click().run()
    assert not at.exception
    assert at.text_input(key="new-folder").value == str(root), "it begins at the root, if nothing better is typed"
