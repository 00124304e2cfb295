"""What the agents of a seeded fleet write into files: believable lines by the kind of file, the same every time."""

from __future__ import annotations

from typing import Any

from data.domain.diffs import counts

PYTHON = (
    ("    total = price\n", "    total = price - discount\n    if total < 0:\n        total = 0\n"),
    ("        return None\n", '        raise LookupError(f"{key} is not there")\n'),
    ("    for row in rows:\n        out.append(row.value)\n", "    out = [row.value for row in rows if row.valid]\n"),
    ("    timeout = 30\n", "    timeout = settings.timeout_s\n"),
    ("    assert result\n", "    assert result.status == 200\n    assert result.rows == 3\n"),
)
TYPESCRIPT = (
    ("  const total = price;\n", "  const total = Math.max(price - discount, 0);\n"),
    ("  return undefined;\n", "  throw new Error(`${key} is not there`);\n"),
    ("  items.forEach((item) => out.push(item));\n", "  const out = items.filter(valid);\n"),
    ("  expect(result).toBeTruthy();\n", "  expect(result.status).toBe(200);\n  expect(result.rows).toBe(3);\n"),
)
PROSE = (
    ("It can be configured.\n", "It is configured by environment variables; the table below names each.\n"),
    ("## Usage\n", "## Usage\n\nRun it once to see what it would do; nothing is written then.\n"),
)
PYTHON_TESTS = '''"""Cases that were missing."""

from __future__ import annotations


def test_a_coupon_is_counted_once():
    assert basket(10, coupon=3).total == 7


def test_nothing_costs_less_than_nothing():
    assert basket(1, coupon=3).total == 0
'''
TYPESCRIPT_TESTS = """import { basket } from './basket';

test('a coupon is counted once', () => {
  expect(basket(10, { coupon: 3 }).total).toBe(7);
});
"""
PAGE = """# How it works

Each request is looked up once, and its answer is kept for a minute.
"""


def given(tool: str, path: str, number: int) -> dict[str, Any]:
    """The part of a call's input that says what is written."""
    ending = path.rpartition(".")[2]
    if tool == "Write":
        return {"content": {"py": PYTHON_TESTS, "ts": TYPESCRIPT_TESTS}.get(ending, PAGE)}
    if tool != "Edit":
        return {}
    pairs = {"py": PYTHON, "ts": TYPESCRIPT}.get(ending, PROSE)
    old, new = pairs[number % len(pairs)]
    return {"old_string": old, "new_string": new}


def changed(given: dict[str, Any]) -> tuple[int, int]:
    """Lines that such a call adds and removes."""
    return counts(given.get("old_string", ""), given.get("new_string", given.get("content", "")))
