"""The parts of the pages, one by one."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data.domain import words
from data.domain.agents import Agent, AgentStatus, FileChange, Role, Runtime
from data.domain.events import AgentCreated, FileTouched, StepMoved, ToolCalled, ToolReturned
from data.domain.money import dollars
from data.domain.tasks import TaskStatus
from data.domain.workflows import StepStatus
from data.store import Page, Store
from orchestrator_adapter import picture, views
from pages.ui import cards, filters, history, logs, look, tables, typed
from tests.events import submitted

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def agent(log_dir: Path | None = None) -> Agent:
    return Agent(
        id="a1",
        task_id="t1",
        step="builder",
        role=Role.BUILDER,
        name="Builder",
        model="m",
        status=AgentStatus.ACTIVE,
        activity="",
        runtime=Runtime.SCRIPTED,
        simulated=True,
        created_at=NOW,
        log_dir=None if log_dir is None else str(log_dir),
    )


@pytest.fixture
def told(lite: Store) -> Store:
    """A store with one agent that edited a file."""
    with lite.write() as ledger:
        ledger.append(
            submitted(description="Fix it", workflow=(), working_directory="/tmp", runtime=Runtime.SCRIPTED, by="test")
        )
        who = {"task_id": "t1", "agent_id": "a1"}
        ledger.append(AgentCreated(**who, step="b", role=Role.BUILDER, name="B", model="m", runtime=Runtime.SCRIPTED))
        ledger.append(ToolCalled(**who, tool_use_id="u1", tool="Edit", words="editing a.py", input_blob="i"))
        ledger.append(FileTouched(**who, path="a.py", change=FileChange.MODIFIED, added=2, removed=1))
        ledger.append(FileTouched(**who, path="a.py", change=FileChange.MODIFIED, added=1))
        ledger.append(FileTouched(**who, path="b.py", change=FileChange.READ))
        ledger.append(ToolReturned(**who, tool_use_id="u1", tool="Edit", is_error=False, output_blob="o"))
        ledger.append(ToolCalled(**who, tool_use_id="u2", tool="Bash", words="running tests", input_blob="i"))
    return lite


def test_lines_of_a_file_add_up_and_changes_come_first(told: Store):
    with told.read() as board:
        rows = board.files_of_agent("a1")
    assert [(row.path, row.change.value, row.added, row.removed) for row in rows] == [
        ("a.py", "modified", 3, 1),
        ("b.py", "read", 0, 0),
    ]


@pytest.mark.parametrize("wanted", [1, 3, 100])
def test_the_newest_events_come_first(told: Store, wanted: int):
    with told.read() as board:
        found = history.newest(board, "t1", wanted)
        everything = board.events(task_id="t1")
    assert found == everything[::-1][:wanted]


def test_the_newest_events_of_a_quiet_task_are_found_far_back(told: Store):
    with told.read() as board:
        (first,) = board.events(task_id="t1", limit=1)
    with told.write() as ledger:
        ledger.append(first.event.model_copy(update={"task_id": "t2"}))
        for _ in range(3 * history.WINDOW):
            ledger.append(StepMoved(task_id="t2", step="b", to=StepStatus.ACTIVE))
    with told.read() as board:
        assert len(history.newest(board, "t1", 50)) == 8


def test_a_log_is_shown_from_its_end_and_only_from_its_folder(tmp_path: Path):
    root = tmp_path / "logs"
    (root / "one").mkdir(parents=True)
    (root / "one" / "text.txt").write_text("first line\n" + "x" * logs.SHOWN_BYTES + "\nlast line", encoding="utf-8")
    (tmp_path / "prompt.txt").write_text("secret", encoding="utf-8")
    found = logs.read(agent(root / "one"), "text.txt", root)
    assert found is not None
    assert (found.cut, found.tail) == (True, "last line")
    assert logs.read(agent(root / "one"), "prompt.txt", root) is None
    assert logs.read(agent(tmp_path), "prompt.txt", root) is None, "not under the folder of the logs"
    assert logs.read(agent(root / "one"), "../../prompt.txt", root) is None
    assert logs.read(agent(), "text.txt", root) is None


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b'{"a":[1]}', ('{\n  "a": [\n    1\n  ]\n}', "json")),
        (b'"text in quotes\\n"', ("text in quotes\n", "text")),
        (b"plain \xff", ("plain \ufffd", "text")),
    ],
)
def test_content_is_laid_out_if_it_is_json(content: bytes, shown: tuple[str, str]):
    assert logs.pretty(content) == shown


@pytest.mark.parametrize(
    ("seen", "left", "text", "newest"),
    [
        ({}, "", None, ""),
        ({}, "left", None, "left"),
        ({"k-seen": ("", None)}, "", "typed", "typed"),
        ({"k-seen": ("", "typed"), "k-newest": "typed"}, "", "typed", "typed"),
        ({"k-seen": ("", "typ"), "k-newest": "typ"}, "typed", "typ", "typed"),
        ({"k-seen": ("left", "typ"), "k-newest": "left"}, "left", "typ", "left"),
        ({"k-seen": ("left", "typ"), "k-newest": "left"}, "left", "", ""),
    ],
)
def test_the_newer_of_what_was_typed_and_what_was_left(seen: dict, left: str, text: str | None, newest: str):
    assert typed.newer(seen, "k", left, text) == newest


def test_stretches_of_a_list_follow_their_cursors():
    def ask(cursor: str | None) -> Page[int]:
        start = int(cursor or 0)
        return Page([start, start + 1], str(start + 2) if start < 4 else None)

    assert filters.stretches(ask, 1) == ([0, 1], True)
    assert filters.stretches(ask, 2) == ([0, 1, 2, 3], True)
    assert filters.stretches(ask, 9) == ([0, 1, 2, 3, 4, 5], False)


@pytest.mark.parametrize(
    ("ours", "reported", "said"),
    [(5, None, "–"), (5, 5, "none"), (102, 100, "+2.0 %"), (90, 100, "-10.0 %"), (10_000_000, 0, "$0.01")],
)
def test_drift_in_words(ours: int, reported: int | None, said: str):
    assert tables.drift(ours, reported) == said


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(20, 90, "20 to 90 s"), (495, 1480, "8 to 25 min"), (10, 300, "1 to 5 min"), (3600, 9000, "1 h 00 to 2 h 30")],
)
def test_a_span_of_time_in_words(low: float, high: float, said: str):
    assert cards.span(low, high) == said


def test_every_status_has_a_word_an_icon_and_a_sign():
    names = {str(item) for kind in (TaskStatus, AgentStatus, StepStatus) for item in kind}
    assert names <= set(look.STATUS)
    assert all(look.status_cell(name) for name in names)
    assert set(look.ROLE_COLOURS) == set(Role)


def test_the_browser_and_the_server_agree_on_colours_and_states():
    css = picture.text("live.css")
    js = picture.text("parts.js")
    for role, colours in look.ROLE_COLOURS.items():
        line = next(line for line in css.splitlines() if f'[data-role="{role.value}"]' in line)
        assert all(colour in line for colour in colours), role
    for name in look.STATUS:
        assert f"{name}:" in js, f"{name} has no icon in parts.js"


@pytest.mark.parametrize("text", ["a_b_c", "$1 to $2", "**x** <b> [a](b)", ":material/delete: `x`", "# 1 & 2 ~3~ | !"])
def test_what_people_write_is_never_markdown(text: str):
    shown = look.plain(text)
    assert re.sub(r"\\(.)", r"\1", shown).replace("\u2060", "") == text
    assert not re.search(r"(?<!\\)[*_$`<\[:]", shown)


def test_a_live_view_is_computed_once_for_all_who_look_at_one_clock(told: Store) -> None:
    first = views.current(told)
    assert views.current(told) is first
    assert {"kpis", "task:t1", "agent:a1"} <= set(first["elements"])
    one = views.current(told, "t1")
    assert {"task", "agent:a1"} <= set(one["elements"])
    with told.write() as ledger:
        ledger.append(FileTouched(task_id="t1", agent_id="a1", path="b.py", change=FileChange.CREATED, added=1))
    again = views.current(told)
    assert again["clock"] == first["clock"] + 1
    assert again["elements"]["agent:a1"] != first["elements"]["agent:a1"]


def test_a_cost_that_is_not_known_is_not_shown_as_free(told: Store):
    with told.read() as board:
        found = board.tasks().items[0]
    rows = tables.task_rows([replace(found, unpriced_messages=3, cost_nanousd=0), found], found.created_at).to_pydict()
    assert rows["Cost"] == [None, dollars(found.cost_nanousd)]


def test_costs_of_a_long_list_have_decimals_by_their_amount_and_keep_their_order_as_text(told: Store):
    with told.read() as board:
        found = board.tasks().items[0]
    amounts = [1_200_000, 230_000_000, 9_990_000_000, 12_000_000_000, 1_234_500_000_000]
    rows = tables.task_rows([replace(found, cost_nanousd=one) for one in amounts], found.created_at).to_pydict()["Cost"]
    assert [text.strip() for text in rows] == ["$0.0012", "$0.23", "$9.99", "$12.00", "$1,234.50"]
    assert rows == sorted(rows, key=lambda text: text.replace("\u2007", " "))


def test_durations_are_sorted_by_the_browser_as_the_times_they_are():
    seconds = [0, 5, 59, 60, 600, 3_599, 3_600, 7_384, 36_000, 86_399, 86_400, 864_000]
    texts = tables.times([*seconds, None])
    assert texts[-1] == "", "no time is not no seconds"
    assert [text.strip("\u2007") for text in texts[:-1]] == [words.duration(one) for one in seconds]
    as_compared = [text.replace("\u2007", " ") for text in texts[:-1]]  # the space comes before every figure
    assert as_compared == sorted(as_compared)
    assert tables.times([5, 67]) == ["0:05", "1:07"], "nothing is moved where all are alike"
