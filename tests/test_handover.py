"""Reading an agent's report, passing it on, and seeing from it that a step failed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.domain.agents import Role
from orchestrator_adapter.handover import MAX_PART, TAIL, Handover, TestCounts, Verdict, failed, forward, read

FULL = (
    "Intro\n\n## Summary\nDid X.\nAnd Y.\n\n## Files Created\n- a.py\n- b.py (new)\n* c.py\n\n## Files Modified\n- d.py"
    "\n\n## Key Findings\n- f1\n-  f2 \n-f3\n\n## Recommendations for Next Agent\nTest it.\n\n## Other\nzzz"
)
TESTED = (
    "## Summary\n3 passed, 2 failed\nFAILED tests/x.py::t - AssertionError: 1 != 2\n\n"
    "## Test Files Created\n- t.py\n\n## For Next Agent\nFix it"
)


def test_a_full_report() -> None:
    report = read(FULL, Role.BUILDER)
    assert report == Handover(
        summary="Did X.\nAnd Y.",
        files_created=("a.py", "b.py (new)", "c.py"),  # a bullet with * is a bullet too
        files_modified=("d.py",),
        key_findings=("f1", "f2"),
        recommendations="Test it.",
        raw=FULL,
    )
    assert forward(report) == (
        "## Previous Agent Summary\nDid X.\nAnd Y.\n\n## Files Created\n- a.py\n- b.py (new)\n- c.py\n\n"
        "## Files Modified\n- d.py\n\n## Key Findings\n- f1\n- f2\n\n## Recommendations\nTest it."
    )


@pytest.mark.parametrize("role", Role)
def test_nothing_in_nothing_out(role: Role) -> None:
    assert read("", role) == Handover()
    assert forward(read("", role)) == ""
    assert failed(read("", role), role) is None


SUMMARIES = [
    ("### Summary\nabc", "abc", "deeper headings count"),
    ("## summary\nabc", "abc", "case says nothing"),
    ("##Summary\nabc", "abc", "a missing blank says nothing"),
    ("## Summary: abc", "abc", "text after the colon is text"),
    ("# Summary:\nabc", "abc", "an empty colon"),
    ("**Summary**\nabc", "abc", "bold headings"),
    ("**Summary:** abc", "abc", "bold with a colon"),
    ("## 1. Summary\nabc", "abc", "numbered headings"),
    ("  ## **Summary**\nabc", "abc", "blanks and bold"),
    ("Summary:\nabc", "abc", "a line of its own with a colon"),
    ("## Summary\n\n## Files Created\n- a", "", "an empty part does not swallow the next"),
    ("## Summary\nabc\n### Details\nmore", "abc\n### Details\nmore", "a heading below belongs to its part"),
    ("## Summary\nabc\n## Other\nzzz", "abc", "an unknown heading ends a part"),
    ("## Summary\nabc\n# Top\nzzz", "abc", "a higher one too"),
    ("## Summary\nold\n\n## Summary\nnew", "new", "the later report counts"),
    ("## Summary\nold\n\n## Summary\n\n", "old", "unless it is empty"),
    (
        "## Summary\nrun:\n```sh\n# install\nmake\n```\nend",
        "run:\n```sh\n# install\nmake\n```\nend",
        "code is no heading",
    ),
    ("## Summary\n```yaml\nissues:\n- x\n```\nend", "```yaml\nissues:\n- x\n```\nend", "a key in code neither"),
    ("```markdown\n## Summary\nabc\n```\nBye", "abc", "a report in a fence"),
    ("## Summary\r\nabc\r\n## Other\r\n", "abc", "Windows line ends"),
    ("The summary: abc", "", "prose is no heading"),
    ("## Summary of work\nabc", "", "another heading"),
]


@pytest.mark.parametrize(("text", "summary", "why"), SUMMARIES)
def test_headings_as_agents_write_them(text: str, summary: str, why: str) -> None:
    assert read(text, Role.BUILDER).summary == summary, why


LISTS = [
    ("- Bullet\n* a\n+ b\n1. n", ("Bullet", "a", "b", "n"), "every kind of bullet"),
    ("\n        - src/auth.py\n        - src/utils.py", ("src/auth.py", "src/utils.py"), "indented"),
    ("\n        Files modified:\n        - src/auth.py\n        - src/utils.py", ("src/auth.py", "src/utils.py"), ""),
    ("I updated `config/settings.py`", (), "prose names no file for certain"),
    ("plain text", (), "as above"),
    ("- ../../etc/passwd\n- C:\\W", ("../../etc/passwd", "C:\\W"), "kept as written: nothing opens them"),
    ("- a.py\n- b.py\n- a.py\n- `a.py`", ("a.py", "b.py"), "each once"),
    ("- None", (), "a bullet that says there is none"),
    ("- none.\n- N/A\n- No files", (), "as above"),
    ("- src/none.py", ("src/none.py",), "but not a name that holds the word"),
    ("- a.py:\n  the new module\n- b.py", ("a.py: the new module", "b.py"), "an indented line goes on"),
]


@pytest.mark.parametrize(("body", "items", "why"), LISTS)
def test_lists(body: str, items: tuple[str, ...], why: str) -> None:
    assert read(f"## Files Modified\n{body}", Role.BUILDER).files_modified == items, why


def test_findings_without_bullets_are_one_finding() -> None:
    assert read("## Key Findings\nThe cache is\nnever cleared.", Role.ANALYST).key_findings == (
        "The cache is\nnever cleared.",
    )


def test_a_testers_report() -> None:
    report = read(TESTED, Role.TESTER)
    assert report.tests == TestCounts(passed=3, failed=2)
    assert report.files_created == ("t.py",)
    assert report.recommendations == "Fix it"
    assert report.issues == ("tests/x.py::t - AssertionError: 1 != 2",)  # once, with the test it is about
    assert failed(report, Role.TESTER) == (
        "The TESTER reported 3 passed, 2 failed. First issue: tests/x.py::t - AssertionError: 1 != 2"
    )


def test_only_a_tester_counts_tests_and_only_judges_have_issues() -> None:
    builder = read(TESTED + "\n## Issues\n- I1\nVerdict: FAIL", Role.BUILDER)
    assert (builder.tests, builder.issues, builder.verdict) == (None, (), Verdict.NONE)
    assert failed(builder, Role.BUILDER) is None
    assert read(TESTED, Role.REVIEWER).tests is None


COUNTS = [
    ("5 passed", TestCounts(5)),
    ("12 failed, 3 passed in 2s", TestCounts(3, 12)),
    ("x", None),
    ("", None),
    ("=== 1 failed, 2 passed, 1 error in 0.12s ===", TestCounts(2, 1, 1)),
    ("1 error in 0.05s", TestCounts(0, 0, 1)),
    ("I fixed 3 errors in the parser\n5 passed", TestCounts(5)),
    ("1 failed, 4 passed\nfixed it\n5 passed", TestCounts(5)),
    ("5/5 passed", TestCounts(5)),
    ("3/5 tests passed", TestCounts(3, 2)),
    ("2 of 5 tests failed", TestCounts(3, 2)),
    ("0 out of 5 tests failed", TestCounts(5, 0)),
    ("All 7 tests passed", TestCounts(7)),
    ("- Passed: 5\n- Failed: 2", TestCounts(5, 2)),
    ("- **Passed:** 5\n- **Failed:** 0\n- **Errors:** 1", TestCounts(5, 0, 1)),
    ("version 1.5 passed", None),
    ("**8 passed**, **1 failed**", TestCounts(8, 1)),
]


@pytest.mark.parametrize(("text", "counts"), COUNTS)
def test_counts_as_test_runners_print_them(text: str, counts: TestCounts | None) -> None:
    assert read(text, Role.TESTER).tests == counts


def test_the_section_with_the_results_counts_before_prose() -> None:
    text = "## Summary\nAt first 9 failed.\n## Test Results\n9 passed, 0 failed\n## Key Findings\n- 4 failed before"
    assert read(text, Role.TESTER).tests == TestCounts(9, 0)


VERDICTS = [
    ("Verdict: PASS", Verdict.PASS),
    ("verdict: fail", Verdict.FAIL),
    ("**Verdict: FAIL**", Verdict.FAIL),
    ("**Verdict:** `PASS`", Verdict.PASS),
    ("## Verdict: PASS", Verdict.PASS),
    ("## Verdict\n\n**FAIL**", Verdict.FAIL),
    ("- Final verdict \u2014 PASSED", Verdict.PASS),
    ("Verdict: \u2705 PASS", Verdict.PASS),
    ("Verdict: PASS, 0 failed", Verdict.PASS),
    ("Verdict: FAIL\nthen fixed\nVerdict: PASS", Verdict.PASS),
    ("Verdict: PASS\nbut no\nVerdict: FAIL", Verdict.FAIL),
    ("Verdict: PASS or FAIL", Verdict.NONE),
    ("Verdict: `PASS` / `FAIL`", Verdict.NONE),
    ("Verdict: PASS or Verdict: FAIL", Verdict.NONE),
    ("> Verdict: FAIL", Verdict.NONE),
    ("The verdict: FAIL was wrong", Verdict.NONE),
    ("Verdict: unclear", Verdict.NONE),
    ("Verdict: passable", Verdict.NONE),
]


@pytest.mark.parametrize("role", [Role.TESTER, Role.REVIEWER])
@pytest.mark.parametrize(("text", "verdict"), VERDICTS)
def test_verdicts(text: str, verdict: Verdict, role: Role) -> None:
    assert read(text, role).verdict is verdict


def test_the_verdict_is_no_part_of_the_last_section() -> None:
    text = "## Recommendations for Next Agent\nShip it.\n\nVerdict: PASS"
    assert read(text, Role.REVIEWER).recommendations == "Ship it."


OUTCOMES = [
    (Role.TESTER, "12 failed, 3 passed in 2s", "The TESTER reported 3 passed, 12 failed."),
    (Role.TESTER, "1 error in 2s", "The TESTER reported 0 passed, 0 failed, 1 error."),
    (Role.TESTER, "5 passed", None),
    (Role.TESTER, "2 failed, known to be flaky\nVerdict: PASS", None),
    (
        Role.TESTER,
        "5 passed\n## Issues\n- slow\nVerdict: FAIL",
        "The TESTER judged the work as not good. First issue: slow",
    ),
    (Role.TESTER, "could not run anything", None),
    (Role.REVIEWER, "no issues found", None),
    (Role.REVIEWER, "No problems, nothing missing", None),
    (Role.REVIEWER, "All good", None),
    (Role.REVIEWER, "## Issues\nNo issues found.", None),
    (Role.REVIEWER, "## Issues\nNo problems, nothing missing", None),
    (Role.REVIEWER, "## Issues\nNone. The code is clean.", None),
    (Role.REVIEWER, "## Issues\nI looked at all files:\n- None", None),
    (Role.REVIEWER, "issues found\n## Issues\n- I1\n- I2", "The REVIEWER named 2 issues. First issue: I1"),
    (Role.REVIEWER, "## Issues\n- No input validation", "The REVIEWER named 1 issue. First issue: No input validation"),
    (Role.REVIEWER, "## Issues\nLogin is open.", "The REVIEWER named 1 issue. First issue: Login is open."),
    (
        Role.REVIEWER,
        "## Issues\nNo issues, except that login is open.",
        "The REVIEWER named 1 issue. First issue: No issues, except that login is open.",
    ),
    (Role.REVIEWER, "## Issues\n- a nit\n\nVerdict: PASS", None),
    (Role.REVIEWER, "Verdict: FAIL", "The REVIEWER judged the work as not good."),
    (Role.REVIEWER, "12 failed", None),
    (Role.BUILDER, "12 failed\n## Issues\n- I1\nVerdict: FAIL", None),
]


@pytest.mark.parametrize(("role", "text", "sentence"), OUTCOMES)
def test_when_a_step_counts_as_failed(role: Role, text: str, sentence: str | None) -> None:
    assert failed(read(text, role), role) == sentence


def test_without_headings_the_end_of_the_answer_goes_on() -> None:
    text = "start " + "x" * 10_000 + " the conclusion\n"
    told = forward(read(text, Role.BUILDER))
    assert told.endswith("x the conclusion")
    assert len(told) <= TAIL
    assert forward(read("just done", Role.BUILDER)) == "just done"


def test_lists_without_prose_send_the_answer_too() -> None:
    text = "I rewrote it all.\n## Files Created\n- a.py"
    assert forward(read(text, Role.BUILDER)) == text


def test_what_goes_on_is_never_long() -> None:
    body = "".join(f"- {'x' * 80} {number}\n" for number in range(5_000))
    text = "".join(f"## {name}\n{body}" for name in ("Summary", "Files Created", "Key Findings", "For Next Agent"))
    told = forward(read(text, Role.BUILDER))
    assert len(told) < 4 * MAX_PART + 500
    assert "[cut]" in told
    assert "- and 4" in told


def test_what_goes_on_can_be_written_to_a_file() -> None:
    for text in ("half a pair \ud800", "## Summary\nhalf a pair \ud800"):
        assert forward(read(text, Role.BUILDER)).encode().endswith(b"half a pair ?")


def test_counts_and_issues_go_on() -> None:
    told = forward(read(TESTED, Role.TESTER))
    assert "## Test Results\n3 passed, 2 failed\n\n## Issues\n- tests/x.py::t - AssertionError: 1 != 2" in told


MANY = 100_000
HOSTILE = [
    "x" * MANY,
    " " * MANY,
    "#" * MANY,
    "# " * MANY,
    "*" * MANY,
    "-" * MANY,
    "- " * MANY,
    "-" + " " * MANY,
    "`" * MANY,
    "```\n" * MANY,
    "## Summary\n" * MANY,
    "## Issues\n- " + "no " * MANY,
    "## Issues\n- " + "!" * MANY + "x",
    "## Issues\n" + "none, " * MANY,
    "## Issues\n" + "- i\n" * MANY,
    "verdict" * MANY,
    "verdict" + ":" * MANY,
    "Verdict: pass" + " or" * MANY,
    "1" * MANY,
    "1 " * MANY,
    "1/" * MANY,
    "1 of " * MANY,
    "1 passed " * MANY,
    "passed" + " " * MANY,
    "FAILED " + ":" * MANY,
    "FAILED " * MANY,
    "\x00\x1b[31m\u202e漢字🙂\ud800" * 10_000,
    "## Summary\n" + "[](((" * MANY,
]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("role", [Role.TESTER, Role.BUILDER])
def test_long_and_hostile_texts_are_read_in_linear_time(text: str, role: Role) -> None:
    report = read(text, role)
    failed(report, role)
    assert len(forward(report)) < 10 * MAX_PART


PIECES = """## Summary|## Files Created|## Issues|**Verdict:**|FAIL|PASS|- |1. |```|:|None|12 failed|3/5 passed
|FAILED a::b|Errors: 2|#|  |No issues found.|Key Findings:|\n"""
pieces = st.sampled_from(PIECES.split("|"))


@settings(deadline=None, max_examples=400)
@given(st.lists(pieces | st.text(max_size=20)).map("".join), st.sampled_from(Role))
def test_no_text_makes_it_raise(text: str, role: Role) -> None:
    report = read(text, role)
    assert report.raw == text
    assert bool(forward(report)) == bool(text.strip())
    assert role in (Role.TESTER, Role.REVIEWER) or failed(report, role) is None
