"""Differences of texts: hunks lead from one to the other, and each is put down to the calls that made it."""

from __future__ import annotations

import time
from collections.abc import Iterable

from hypothesis import example, given
from hypothesis import strategies as st

from data.domain import diffs
from data.domain.diffs import Edit, Hunk, Made

ROWS = st.lists(st.sampled_from(["a", "b", "", "  c", "a\r", "\u2028x", "\x0b"]), max_size=30)
TEXTS = st.tuples(ROWS, st.sampled_from(["", "\n"])).map(lambda made: "\n".join(made[0]) + made[1])


def applied(before: str, found: Iterable[Hunk]) -> str:
    """The text after the hunks."""
    old, at = diffs.lines(before), 0
    out: list[str] = []
    for hunk in found:
        out += old[at : hunk.before_start]
        out += [line for sign, line in hunk.lines if sign != "-"]
        at = hunk.before_start + len(hunk.lines) - hunk.added
    return "".join(out + old[at:])


@given(TEXTS, TEXTS, st.integers(0, 4))
@example("", "a", 3)
@example("a", "", 3)
@example("a", "a\n", 3)
def test_the_hunks_lead_from_the_one_text_to_the_other(before: str, after: str, context: int):
    found = diffs.hunks(before, after, context)
    assert applied(before, found) == after
    assert (found == ()) == (before == after)
    assert diffs.counts(before, after) == (sum(h.added for h in found), sum(h.removed for h in found))


@given(TEXTS)
def test_the_lines_of_a_text_are_the_text(text: str):
    assert "".join(diffs.lines(text)) == text


def test_two_places_far_from_one_another_are_two_hunks_with_three_lines_around_them():
    before = "".join(f"{n}\n" for n in range(40))
    after = before.replace("5\n", "five\n", 1).replace("30\n", "", 1)
    assert [hunk.header for hunk in diffs.hunks(before, after)] == ["@@ -3,7 +3,7 @@", "@@ -28,7 +28,6 @@"]


def test_a_patch_says_where_a_line_has_no_end():
    assert diffs.as_text(diffs.hunks("a\nb", "a\nc\n")) == (
        "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n"
    )


def test_texts_that_have_nothing_in_common_are_compared_in_good_time():
    before, after = ("".join(f"{sign}{n}\n" for n in range(100_000)) for sign in "xy")
    began = time.monotonic()
    (only,) = diffs.hunks(before, after)
    assert (only.added, only.removed) == (100_000, 100_000)
    assert time.monotonic() - began < 5


def edit(key: str, old: str, new: str, **more: object) -> Edit:
    return Edit(key, "Edit", {"old_string": old, "new_string": new, **more})


TEN = "".join(f"line {n}\n" for n in range(10))


def test_each_hunk_is_put_down_to_the_calls_that_made_it():
    before = TEN + TEN.replace("line", "row")
    calls = [edit("one", "line 1\n", "first\n"), edit("two", "row 8", "eighth"), edit("three", "first\n", "1st\n")]
    after = before.replace("line 1\n", "1st\n").replace("row 8", "eighth")
    assert diffs.explain(before, after, calls) == [Made(("one", "three"), False), Made(("two",), False)]


def test_what_no_call_explains_is_said():
    before = TEN + TEN.replace("line", "row")
    after = before.replace("line 1\n", "first\n").replace("row 8", "by a command")
    assert diffs.explain(before, after, [edit("one", "line 1\n", "first\n")]) == [
        Made(("one",), False),
        Made((), True),
    ]


def test_a_hunk_may_be_of_a_call_and_of_something_else():
    after = TEN.replace("line 4\n", "four\n").replace("line 5\n", "by a command\n")
    assert diffs.explain(TEN, after, [edit("one", "line 4\n", "four\n")]) == [Made(("one",), True)]


def test_an_edit_of_what_a_command_wrote_is_still_found():
    """The command came first, so the text that the call names is in neither of the texts that are known."""
    after = TEN + "made by a command\nthen edited\n"
    assert diffs.explain(TEN, after, [edit("one", "to be edited", "then edited")]) == [Made(("one",), True)]


def test_a_whole_file_that_was_written_is_of_that_call():
    (made,) = diffs.explain("", "a\nb\n", [Edit("w", "Write", {"content": "a\nb\n"})])
    assert made == Made(("w",), False)


def test_all_places_of_an_edit_and_several_edits_of_one_call():
    every = edit("all", "line", "row", replace_all=True)
    assert every.applied(TEN) == TEN.replace("line", "row")
    several = Edit("m", "MultiEdit", {"edits": [{"old_string": "line 1", "new_string": "x"}, 7, "?"]})
    assert several.applied(TEN) == TEN.replace("line 1", "x", 1)
    assert Edit("b", "Bash", {}).applied(TEN) is None
    assert Edit("e", "Edit", {"old_string": 4}).applied("text") is None


def test_a_cell_of_a_notebook_is_of_its_call_though_its_text_stands_there_as_json():
    call = Edit("n", "NotebookEdit", {"new_source": "print('a')\n"})
    assert diffs.explain('{"source": []}\n', '{"source": ["print(\'a\')\\n"]}\n', [call]) == [Made(("n",), False)]


CALLS = st.lists(
    st.tuples(st.sampled_from(["a", "b\n", "a\nb", ""]), st.sampled_from(["b", "x\ny", "", "a\n"])), max_size=6
)


@given(TEXTS, CALLS, st.booleans())
def test_calls_alone_explain_what_they_made(before: str, changes: list[tuple[str, str]], disturbed: bool):
    calls = [edit(str(number), old, new) for number, (old, new) in enumerate(changes)]
    after = before
    for call in calls:
        done = call.applied(after)
        after = after if done is None else done
    made = diffs.explain(before, after + ("\nelse" if disturbed else ""), calls)
    assert disturbed or not any(one.other and not one.calls for one in made if before == "")
    assert not disturbed or any(one.other for one in made)


def test_the_hunks_of_a_call_alone():
    (hunk,) = edit("one", "a\nb\n", "a\nc\n").hunks()
    assert hunk.lines == ((" ", "a\n"), ("-", "b\n"), ("+", "c\n"))
