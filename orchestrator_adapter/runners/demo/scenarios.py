"""The stories the demo can play, and what each role says in them."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Step = Mapping[str, Any]

TAG = re.compile(r"\[\[scenario:([\w-]+)\.([\w-]+)\]\]")
NONE = "none"
"""The story of a demo task that names none."""
PLAN = "plan"
"""The part of the agent that designs the workflow."""

CALC = '''"""A very small calculator."""


def add(a, b):
    """The sum of two numbers."""
    return a - b
'''
TESTS = '''"""What add() must give."""

import unittest

from calc import add


class AddTest(unittest.TestCase):
    def test_adds_positive_numbers(self):
        self.assertEqual(add(2, 3), 5)

    def test_adds_a_negative_number(self):
        self.assertEqual(add(-1, 1), 0)


if __name__ == "__main__":
    unittest.main()
'''
FILES = {"calc.py": CALC, "test_calc.py": TESTS}

PLAN_JSON = """```json
{
  "rationale": "Scripted plan: find the cause, change one line, run the tests, review.",
  "complexity": "simple",
  "workflow": [
    {"key": "analyst", "role": "analyst", "scope": "Find why add() gives wrong results.",
     "depends_on": [], "constraints": ["Change nothing."]},
    {"key": "builder", "role": "builder", "scope": "Correct add() in calc.py.",
     "depends_on": ["analyst"], "constraints": ["Change one line only."]},
    {"key": "tester", "role": "tester", "scope": "Run the tests and report.",
     "depends_on": ["builder"], "constraints": []},
    {"key": "reviewer", "role": "reviewer", "scope": "Review the change.",
     "depends_on": ["tester"], "constraints": []}
  ]
}
```"""


@dataclass(frozen=True)
class Scenario:
    """One story, as a person chooses it."""

    name: str
    title: str
    summary: str


@functools.cache
def _stories() -> dict[str, dict[str, Any]]:
    return tomllib.loads(Path(__file__).with_name("scenarios.toml").read_text(encoding="utf-8"))


def scenarios() -> tuple[Scenario, ...]:
    """Every story, in the order in which they are best shown."""
    return tuple(Scenario(name, story["title"], story["summary"]) for name, story in _stories().items())


def prepare(name: str, folder: Path) -> None:
    """Write the small project a story works on; files that are there stay as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for needed in _stories().get(name, {}).get("needs", []):
        path = folder / needed
        if not path.exists():
            path.write_text(FILES[needed], encoding="utf-8")


def tag(scenario: str | None, role: str, folder: Path) -> str:
    """What tells the server which part to play; a story whose files are missing is not played, only named."""
    story = _stories().get(scenario or "", {})
    playable = all((folder / needed).exists() for needed in story.get("needs", []))
    return f"[[scenario:{scenario or NONE}.{role}]]" if playable else f"[[scenario:{scenario}.{role}-elsewhere]]"


def steps(scenario: str, part: str) -> Sequence[Step]:
    """What one part says: its own replies, else those of the story it is like, else an honest sentence."""
    if part == PLAN:
        return [{"text": PLAN_JSON, "seconds": 1.2}]
    story = _stories().get(scenario, {})
    found = story.get(part) or _stories().get(story.get("like", ""), {}).get(part)
    if not isinstance(found, list):
        return _generic(scenario, part)
    return [step for step in found for _ in range(step.get("repeat", 1))]


def _generic(scenario: str, part: str) -> list[Step]:
    role = part.removesuffix("-elsewhere").upper()
    shown = "no scenario" if scenario == NONE else f"scenario {scenario}"
    said = f"Scripted agent: I play {shown} as {role}. No model was asked, so this is not an answer to the task."
    return [
        {"text": f"Scripted agent: I play {shown} as {role}.", "tools": [_LOOK]},
        {"text": f"## Summary\n{said}\n\n## Files Modified\nNone\n\n## Key Findings\nNone"},
    ]


_LOOK = {"name": "Bash", "input": {"command": "ls", "description": "List the files"}}
