"""Guessing what kind of work a description asks for."""

from __future__ import annotations

from data.domain.tasks import TaskType
from orchestrator_adapter.planning import vocabulary

KEYWORDS: dict[TaskType, tuple[str, ...]] = {
    TaskType.INVESTIGATION: (
        "investigate|investigates|investigated|investigating|investigation",
        "analyze|analyzes|analyzed|analyzing|analyse|analysed|analysing|analysis",
        "research|researched|researching",
        "root cause|root causes",
        "diagnose|diagnosing|diagnosis",
        "find out|look into",
        "bottleneck|bottlenecks",
        "profile|profiling",
        "explore|exploring",
        "why",
    ),
    TaskType.CODE_REVIEW: (
        "review|reviews|reviewed|reviewing",
        "code review|security review",
        "audit|audits|auditing",
        "pull request|pull requests|merge request",
        "critique",
        "inspect|inspecting",
        "look over|look through",
        "code quality",
    ),
    TaskType.REFACTORING: (
        "refactor|refactors|refactored|refactoring",
        "restructure|restructured|restructuring",
        "reorganize|reorganise|reorganizing|reorganising",
        "redesign|redesigned|redesigning",
        "clean up|cleaning up|cleanup",
        "improve code|improve the code",
        "simplify|simplifies|simplified|simplifying",
        "modularize|modularise|modularizing",
        "extract|extracted|extracting",
        "consolidate|consolidated|consolidating",
        "deduplicate|duplication",
    ),
    TaskType.DOCUMENTATION: (
        "document|documents|documented|documenting",
        "documentation",
        "readme",
        "docs|doc",
        "api docs|api documentation",
        "comment|comments|docstring|docstrings|jsdoc",
        "explain|explains|explaining|explanation",
        "describe|describes|describing|description",
        "guide|tutorial|write guide",
        "changelog|release notes",
    ),
    TaskType.BUG_FIX: (
        "fix|fixes|fixed|fixing",
        "bug|bugs",
        "error|errors",
        "issue|issues",
        "problem|problems",
        "broken|breaks",
        "crash|crashes|crashed|crashing",
        "not working|doesn't work|does not work|don't work",
        "fail|fails|failed|failing|failure|failures",
        "repair|repairs|repairing",
        "resolve|resolves|resolving",
        "leak|leaks|leaking",
        "regression|regressions",
    ),
    TaskType.TESTING: (
        "test|tests|testing|tested",
        "unit test|unit tests",
        "integration test|integration tests",
        "e2e|end to end",
        "spec|specs",
        "coverage",
        "jest|pytest|playwright",
        "test case|test cases",
    ),
    TaskType.FEATURE_IMPLEMENTATION: (
        "add|adds|added|adding",
        "implement|implements|implemented|implementing|implementation",
        "create|creates|created|creating",
        "build|builds|building",
        "develop|develops|developing",
        "write|writing",
        "design|designing",
        "feature|features",
        "functionality|function",
        "capability|capabilities",
        "support|supports",
        "new",
        "enhancement|enhancements|enhance",
    ),
}
"""Words that speak for a type, one family of inflections per string; of equal types the upper wins.

The order goes from rare to common words: "add a test" asks for a test, "fix the docs" for documentation.
"""


def guess_type(description: str) -> TaskType:
    """The type with most hits; `custom` if no listed word comes up."""
    return type_of(vocabulary.read(description))


def type_of(wording: vocabulary.Wording) -> TaskType:
    hits = {kind: len(wording.hits(families)) for kind, families in KEYWORDS.items()}
    best = max(hits, key=lambda kind: hits[kind])
    return best if hits[best] else TaskType.CUSTOM
