"""What one step hands to the next: an agent's final report, read, judged and passed on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from data.domain import words
from data.domain.agents import Agent, Role

TAIL = 4_000
"""Characters of the raw answer that go on when it has no headings: the end, where conclusions stand."""

MAX_PART = 6_000
"""Characters of one part of what goes on; a next agent pays for every one of them."""

JUDGES = frozenset({Role.TESTER, Role.REVIEWER})
"""Roles whose report may fail the step."""


class Verdict(StrEnum):
    """How a TESTER or REVIEWER judged the work."""

    PASS = "pass"
    FAIL = "fail"
    NONE = "none"
    """It did not say."""


@dataclass(frozen=True)
class TestCounts:
    """Results of a test run, as the agent reported them."""

    __test__ = False  # pytest would collect a class of this name

    passed: int = 0
    failed: int = 0
    errors: int = 0

    @property
    def bad(self) -> int:
        return self.failed + self.errors


@dataclass(frozen=True)
class Handover:
    """An agent's report, in parts."""

    summary: str = ""
    files_created: tuple[str, ...] = ()
    files_modified: tuple[str, ...] = ()
    key_findings: tuple[str, ...] = ()
    recommendations: str = ""
    tests: TestCounts | None = None
    issues: tuple[str, ...] = ()
    verdict: Verdict = Verdict.NONE
    raw: str = ""


_HEADINGS = {
    "summary": "summary",
    "files created": "created",
    "documentation files created": "created",
    "test files created": "created",
    "files modified": "modified",
    "files changed": "modified",
    "key findings": "findings",
    "recommendations for next agent": "recommendations",
    "for next agent": "recommendations",
    "recommendations": "recommendations",
    "test results": "tests",
    "issues": "issues",
    "issues found": "issues",
    "verdict": "verdict",
}
"""Headings as agents write them, in lower case, and the part each opens."""

_MARKED = re.compile(r"\s*(?P<marks>#{1,6})(?P<text>.*)")
_BOLD = re.compile(r"\s*(?:\*\*|__)(?P<text>.*)")
_NUMBER = re.compile(r"\d{1,3}[.)]\s")
_BULLET = re.compile(r"\s*(?:[-*+\u2022]|\d{1,3}[.)])\s+(?P<text>\S.*)")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_VERDICT = re.compile(
    r"[\s#*_-]{0,20}(?:final |overall |my )?verdict[\W_]{1,20}(?P<word>pass|fail)(?:ed|es|s|ure)?\b", re.IGNORECASE
)
_UNDECIDED = re.compile(r"pass[\s*_`]{0,5}(?:or|/|\|)[\s*_`]{0,5}(?:verdict[\s:]{1,5})?fail", re.IGNORECASE)
_COUNT = re.compile(
    r"(?<![\d.])(?P<number>\d{1,7})(?:\s?(?:/|out of|of)\s?(?P<total>\d{1,7}))?\s{1,3}(?:tests?\s{1,3})?"
    r"(?P<kind>passed|failed|errors?)\b",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"\b(?P<kind>passed|failed|errors?)[\s*_`|]{0,6}[:=|][\s*_`|]{0,6}(?P<number>\d{1,7})\b", re.IGNORECASE
)
_ERROR_TOTAL = re.compile(r"errors? in \d", re.IGNORECASE)
_FAILED_TEST = re.compile(r"\s*(?:FAILED|ERROR)\s+(?P<test>\S*::.*)")
_NOTHING = re.compile(
    r"\W*(?:none|nothing|n/?a|no (?:[\w-]{1,20} ){0,3}"
    r"(?:issues?|problems?|defects?|concerns?|findings?|errors?|bugs?|blockers?|files?|changes?))"
    r"(?: (?:were |was )?(?:found|identified|remain|remaining|detected|to report|created|modified|changed|needed))?\W*",
    re.IGNORECASE,
)
"""A bullet that only says that there is none."""
_RESERVE = re.compile(r"\b(?:but|except|however|apart|although|though|other than)\b", re.IGNORECASE)

_UNMARKED = 7
"""Level of a heading without `#`: below all that have one."""


def read(text: str, role: Role) -> Handover:
    """The parts of an agent's final text; never raises, whatever the text is."""
    lines = text.splitlines()
    parts = _parts(lines)
    judge = role in JUDGES
    return Handover(
        summary=_last(parts, "summary"),
        files_created=_items(parts, "created"),
        files_modified=_items(parts, "modified"),
        key_findings=_points(parts, "findings"),
        recommendations=_last(parts, "recommendations"),
        tests=_counts(_lines_of(parts, "tests") or lines) if role is Role.TESTER else None,
        issues=_issues(parts, lines, role) if judge else (),
        verdict=_verdict(lines, _last(parts, "verdict")) if judge else Verdict.NONE,
        raw=text,
    )


def forward(handover: Handover) -> str:
    """What the next agent is told; the end of the raw answer if the report has no prose."""
    prose = handover.summary or handover.key_findings or handover.recommendations
    told = _retold(handover) if prose else handover.raw.strip()[-TAIL:].strip()
    # Half of a surrogate pair cannot be written to a log or sent.
    return told.encode("utf-8", "replace").decode()


def _retold(handover: Handover) -> str:
    parts = (
        ("Previous Agent Summary", _clipped(handover.summary)),
        ("Files Created", _bulleted(handover.files_created)),
        ("Files Modified", _bulleted(handover.files_modified)),
        ("Key Findings", _bulleted(handover.key_findings)),
        ("Test Results", _counted(handover.tests)),
        ("Issues", _bulleted(handover.issues)),
        ("Recommendations", _clipped(handover.recommendations)),
    )
    return "\n\n".join(f"## {heading}\n{body}" for heading, body in parts if body)


def failed(handover: Handover, role: Role) -> str | None:
    """Why a step counts as failed although its agent ended well; None if it does not."""
    if role not in JUDGES or handover.verdict is Verdict.PASS:
        return None
    tests, issues = handover.tests, handover.issues
    first = f" First issue: {_clipped(issues[0], 300)}" if issues else ""
    if role is Role.TESTER and tests and tests.bad:
        return f"The TESTER reported {_counted(tests)}.{first}"
    if handover.verdict is Verdict.FAIL:
        return f"The {role.name} judged the work as not good.{first}"
    if role is Role.REVIEWER and issues:
        return f"The REVIEWER named {len(issues)} {'issue' if len(issues) == 1 else 'issues'}.{first}"
    return None


Parts = Sequence[tuple[str, list[str]]]
"""The name of each part that was found, and its lines."""


def _parts(lines: Iterable[str]) -> Parts:
    """Known parts in the order in which they come; text under other headings is left out.

    Inside a code fence only known headings with `#` count: a comment in a script is no heading, yet some
    agents put their whole report into a fence.
    """
    parts: list[tuple[str, list[str]]] = []
    open_level, fenced = 0, False
    for line in lines:
        fenced ^= bool(_FENCE.match(line))
        level, name, rest = _heading(line)
        if name and not (fenced and level == _UNMARKED):
            parts.append((name, [rest] if rest else []))
            open_level = level
        elif level and level <= open_level and not fenced and not name:
            open_level = 0
        elif open_level:
            parts[-1][1].append(line)
    return parts


def _heading(line: str) -> tuple[int, str, str]:
    """Level, part and the text after the colon of a heading; level 0 for any other line."""
    marked = _MARKED.match(line)
    bold = None if marked else _BOLD.match(line)
    text = marked["text"] if marked else bold["text"] if bold else line
    level = len(marked["marks"]) if marked else _UNMARKED
    before, colon, after = text.partition(":")
    rest = after.strip("*_ \t")
    part = _HEADINGS.get(_bare(before), "")
    if part and (marked or bold or (colon and not rest)):
        return level, part, rest
    return (level if marked and text[:1] in ("", " ", "\t") else 0), "", ""


def _bare(text: str) -> str:
    """`3. **Key Findings**` as `key findings`."""
    if len(text) > 80:
        return ""
    return re.sub(r"^[\W_]+|[\W_]+$", "", _NUMBER.sub("", text.strip(), count=1)).lower()


def _lines_of(parts: Parts, name: str) -> list[str]:
    return [line for part, lines in parts if part == name for line in lines]


def _last(parts: Parts, name: str) -> str:
    """The last text of a part that is not empty: a report may be written twice, the later one counts."""
    texts = [_prose(lines) for part, lines in parts if part == name]
    return next((text for text in reversed(texts) if text), "")


def _prose(lines: Sequence[str]) -> str:
    """A part's text, without the end of a fence that began above it and without a verdict."""
    fences = [number for number, line in enumerate(lines) if _FENCE.match(line)]
    end = fences[-1] if len(fences) % 2 else len(lines)
    return "\n".join(line for line in lines[:end] if not _VERDICT.match(line)).strip()


def _bullets(lines: Iterable[str]) -> list[str]:
    """The items of a list; an indented line goes on with the item above it."""
    items: list[list[str]] = []
    inside = False
    for line in lines:
        if match := _BULLET.match(line):
            items.append([match["text"].strip()])
            inside = True
        elif inside and line.startswith(("  ", "\t")) and line.strip():
            items[-1].append(line.strip())
        else:
            inside = False
    return [" ".join(item) for item in items]


def _items(parts: Parts, name: str) -> tuple[str, ...]:
    """The bullets of a part, each once."""
    return _unique(_bullets(_lines_of(parts, name)))


def _points(parts: Parts, name: str) -> tuple[str, ...]:
    """The bullets of a part; if it has none, its prose as one point."""
    if _bullets(_lines_of(parts, name)):
        return _items(parts, name)
    prose = _last(parts, name)
    first, *rest = re.split(r"[.,;!]\s", prose, maxsplit=1)
    nothing = _NOTHING.fullmatch(first) and not any(_RESERVE.search(text) for text in rest)
    return () if nothing else _unique([prose])


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    """Each item once, without backticks around the whole of it, without those that say that there is none."""
    bare = (item[1:-1] if item[:1] == item[-1:] == "`" and item.count("`") == 2 else item for item in items)
    return tuple(dict.fromkeys(item for item in bare if item and not _NOTHING.fullmatch(item)))


def _issues(parts: Parts, lines: Iterable[str], role: Role) -> tuple[str, ...]:
    """What stands under Issues; of a TESTER also the tests that the runner listed as failed."""
    tests = (match["test"].strip() for line in lines if (match := _FAILED_TEST.match(line)))
    return _unique((*_points(parts, "issues"), *(tests if role is Role.TESTER else ())))


def _verdict(lines: Iterable[str], section: str) -> Verdict:
    """The last verdict in a text; a line that offers both words is the question, not the answer."""
    found = [match for line in lines if (match := _VERDICT.match(line)) and not _UNDECIDED.search(line)]
    match = found[-1] if found else re.match(r"\W{0,10}(?P<word>pass|fail)", section, re.IGNORECASE)
    return Verdict(match["word"].lower()) if match else Verdict.NONE


def _counts(lines: Iterable[str]) -> TestCounts | None:
    """The last counts in a text: a later run replaces an earlier one."""
    counts: dict[str, int] = {}
    for line in lines:
        found = _counts_in(line[:2_000])
        counts = found if found.keys() & counts.keys() else counts | found
    return TestCounts(**counts) if counts else None


def _counts_in(line: str) -> dict[str, int]:
    """What `2 of 5 tests failed`, `3 passed, 1 error` or `Passed: 3` says."""
    counted = list(_COUNT.finditer(line))
    found = dict(_rests(counted))
    for match in (*counted, *_LABELLED.finditer(line)):
        kind = match["kind"].lower()
        found["errors" if kind.startswith("error") else kind] = int(match["number"])
    prose = found.keys() == {"errors"} and not (_ERROR_TOTAL.search(line) or _LABELLED.search(line))
    return {} if prose else found


def _rests(counted: Iterable[re.Match[str]]) -> Iterator[tuple[str, int]]:
    """The other side of `2 of 5 failed`: 3 passed."""
    others = {"passed": "failed", "failed": "passed"}
    for match in counted:
        if match["total"] and (other := others.get(match["kind"].lower())):
            yield other, max(0, int(match["total"]) - int(match["number"]))


def _counted(tests: TestCounts | None) -> str:
    if tests is None:
        return ""
    errors = f", {tests.errors} {'error' if tests.errors == 1 else 'errors'}" if tests.errors else ""
    return f"{tests.passed} passed, {tests.failed} failed{errors}"


def _bulleted(items: Iterable[str]) -> str:
    """Bullets up to the limit, then how many more there are."""
    bullets = [f"- {_clipped(item, 500)}" for item in items]
    sizes = accumulate(len(bullet) + 1 for bullet in bullets)
    kept = [bullet for bullet, size in zip(bullets, sizes, strict=True) if size <= MAX_PART]
    more = [f"- and {len(bullets) - len(kept)} more"] if len(kept) < len(bullets) else []
    return "\n".join(kept + more)


def _clipped(text: str, limit: int = MAX_PART) -> str:
    return text if len(text) <= limit else f"{text[:limit].rstrip()} [cut]"


def gave(agent: Agent) -> str:
    """What an agent gave, in its own words; what it does while it is at work."""
    if agent.error:
        return words.shortened(agent.error, 240)
    if agent.live:
        return words.shortened(agent.activity or "not yet at work", 240)
    report = read(agent.result or "", agent.role)
    said = report.summary or (report.key_findings[0] if report.key_findings else "") or report.raw
    return words.shortened(said.replace("**", "").replace("`", ""), 240) or "It left no words."
