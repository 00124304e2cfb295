"""What made-up agents say: their final reports, in the form that every agent is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

from data.domain.agents import Role
from orchestrator_adapter.seed.phrases import Request

SUMMARIES: dict[Role, tuple[str, ...]] = {
    Role.ORCHESTRATOR: (
        "Compared what the steps before reported about the {part}; they agree, two open points are settled below.",
    ),
    Role.PLANNER: (
        "Planned the work on the {part} as four steps; after each of them the tests pass.",
        "Two steps are enough: the change itself in `{source}`, then the test that holds it.",
    ),
    Role.BUILDER: (
        "Made the change to the {part} in `{source}` and ran the tests that concern it.",
        "The {part} now does what the task asks for; the public interface is unchanged.",
        "Changed `{source}`. The old behaviour stays for callers that pass nothing.",
    ),
    Role.REVIEWER: (
        "Read the diff of `{source}` and its callers against the task.",
        "Went through the {part} line by line, then through the tests for it.",
    ),
    Role.ANALYST: (
        "The {part} lives in `{source}`; three modules call it and two tests hold its behaviour.",
        "Followed the {part} from its entry to the store. The place to change is `{source}`.",
    ),
    Role.TESTER: (
        "Ran the tests of the {part} and added the edges that were missing in `{test}`.",
        "Checked the change to the {part} with `{run}`.",
    ),
    Role.DOCUMENTER: (
        "Wrote the part about the {part} and tried each example.",
        "Brought the text about the {part} in line with `{source}`.",
    ),
    Role.CUSTOM: (
        "Looked into the {part} and followed each explanation until one held.",
        "Did what was asked for the {part}; the evidence is below.",
    ),
}
FINDINGS = (
    "`{source}` is the only place that knows the format.",
    "The {part} is called from a background job as well; it passes no user.",
    "An empty list and a missing list mean the same to all callers.",
    "Times are stored in UTC and shown in local time; the conversion is in one function.",
    "The two code paths differ only in the order of their checks.",
    "There was no test for more than 1,000 rows; now there is one.",
    "The configuration key is read once at start, so a change needs a restart.",
    "Most of the time goes into the same query, asked again for every row.",
)
RECOMMENDATIONS = (
    "Begin with `{test}`: it shows the expected behaviour.",
    "Watch the callers of the {part}; one of them ignores the returned value.",
    "Nothing is left to do here.",
    "Keep the interface of `{source}` as it is.",
)
ISSUES = (
    "`{source}`: an empty input still raises instead of giving an empty result",
    "`{source}`: the new branch is not reached when the flag comes from the environment",
    "`{test}`: the test passes without the change, so it proves nothing",
    "`{source}`: two requests at once can both take the last place",
)
THOUGHTS = (
    "The name suggests one thing and the callers expect another. Look at the callers first.",
    "Smallest change that works: keep the signature, change the branch.",
    "Before I touch this, see which tests hold it.",
    "The failing case has an empty list. Is that allowed at all? Two callers pass one.",
    "That is enough evidence; write it down.",
    "Run only the tests that concern this file, the whole suite takes minutes.",
)


def report(
    rng: Random, role: Role, request: Request, *, created: Iterable[str], modified: Iterable[str], good: bool
) -> str:
    """The last answer of an agent; `good` is its verdict where the role gives one."""
    parts = [
        ("Summary", _filled(request, rng.choice(SUMMARIES[role]))),
        ("Files Created", _bullets(sorted(created))),
        ("Files Modified", _bullets(sorted(modified))),
        ("Key Findings", _bullets(_filled(request, line) for line in rng.sample(FINDINGS, rng.randint(1, 3)))),
        ("Recommendations for Next Agent", _filled(request, rng.choice(RECOMMENDATIONS))),
    ]
    if role is Role.TESTER:
        failed = 0 if good else rng.randint(1, 4)
        parts.append(("Test Results", f"{rng.randint(8, 90)} passed, {failed} failed"))
    if role in (Role.TESTER, Role.REVIEWER):
        issues = () if good else rng.sample(ISSUES, rng.randint(1, 2))
        parts.append(("Issues", _bullets(_filled(request, issue) for issue in issues)))
    text = "\n\n".join(f"## {heading}\n{body}" for heading, body in parts)
    verdict = f"\n\nVerdict: {'PASS' if good else 'FAIL'}" if role in (Role.TESTER, Role.REVIEWER) else ""
    return text + verdict


def thought(rng: Random) -> str:
    return rng.choice(THOUGHTS)


def tool_output(rng: Random, tool: str, request: Request, *, good: bool) -> str:
    """A few lines of what a tool answered."""
    source = request.part.source
    match tool:
        case "Read":
            return f'1\t"""{request.part.name.capitalize()}."""\n2\n3\t# {source}, {rng.randint(60, 900)} lines'
        case "Grep":
            return "\n".join(_hits(request, rng.randint(2, 5)))
        case "Bash" if not good:
            return f"1 failed, {rng.randint(8, 60)} passed in {rng.uniform(0.4, 9):.2f}s"
        case "Bash":
            return f"{rng.randint(8, 90)} passed in {rng.uniform(0.4, 9):.2f}s"
        case _:
            return f"The file {source} has been updated."


def _hits(request: Request, number: int) -> Sequence[str]:
    part = request.part
    return [f"{part.source if n % 2 else part.test}:{17 + 31 * n}: {part.name}" for n in range(number)]


def _filled(request: Request, template: str) -> str:
    part = request.part
    return template.format(part=part.name, source=part.source, test=part.test, run=request.product.run_tests)


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or "None"
