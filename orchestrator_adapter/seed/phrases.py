"""What the tasks of a made-up fleet are about: products, their parts, and how people ask for work on them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from data.domain.agents import Role
from data.domain.tasks import TaskType

ROOT = "/srv/demo"
"""Where the made-up products lie; nothing there is ever read or written."""


@dataclass(frozen=True)
class Part:
    """One corner of a product, and the files it lives in."""

    name: str
    source: str
    test: str


@dataclass(frozen=True)
class Product:
    """One made-up repository."""

    name: str
    parts: tuple[Part, ...]
    run_tests: str

    @property
    def folder(self) -> str:
        return f"{ROOT}/{self.name}"


@dataclass(frozen=True)
class Request:
    """What a person asks for."""

    description: str
    task_type: TaskType
    product: Product
    part: Part


def _python(folder: str, *parts: tuple[str, str]) -> tuple[Part, ...]:
    return tuple(Part(name, f"{folder}/{file}.py", f"tests/test_{file}.py") for name, file in parts)


def _typescript(*parts: tuple[str, str]) -> tuple[Part, ...]:
    return tuple(Part(name, f"src/{file}.ts", f"src/{file}.test.ts") for name, file in parts)


PRODUCTS = (
    Product(
        "checkout-service",
        _python(
            "checkout",
            ("cart totals", "totals"),
            ("coupon codes", "coupons"),
            ("invoice export", "invoices"),
            ("tax rules", "tax"),
            ("refund queue", "refunds"),
        ),
        "pytest -q",
    ),
    Product(
        "storefront",
        _typescript(
            ("search box", "search"),
            ("product page", "product"),
            ("wish list", "wishlist"),
            ("address form", "address"),
            ("language switch", "language"),
        ),
        "npm test",
    ),
    Product(
        "data-pipeline",
        _python(
            "pipeline",
            ("nightly import", "nightly"),
            ("duplicate filter", "duplicates"),
            ("schema checks", "schema"),
            ("currency table", "currencies"),
            ("late arrivals", "late"),
        ),
        "pytest -q",
    ),
    Product(
        "mobile-api",
        _python(
            "api",
            ("push tokens", "push"),
            ("rate limit", "limits"),
            ("sign-in", "signin"),
            ("avatar upload", "avatars"),
            ("offline sync", "sync"),
        ),
        "pytest -q",
    ),
    Product(
        "ops-tools",
        _python(
            "ops",
            ("backup job", "backup"),
            ("log rotation", "rotation"),
            ("deploy script", "deploy"),
            ("certificate check", "certificates"),
        ),
        "pytest -q",
    ),
)

SIMPLE: dict[TaskType, tuple[str, ...]] = {
    TaskType.FEATURE_IMPLEMENTATION: (
        "Add a --dry-run switch to the {part}",
        "Let the {part} remember the last choice ({source})",
        "Add an empty state to the {part}",
        "Add a count of skipped rows to the {part}",
        "Create a simple health endpoint for the {part}",
        "Add support for ISO week dates in the {part}",
    ),
    TaskType.BUG_FIX: (
        "Fix the rounding in the {part}: totals are off by a cent",
        "The {part} fails when the list is empty, see {source}",
        "Fix the crash in the {part} when a name holds an umlaut",
        "{source}: last page is missing, fix the off-by-one",
        "The {part} shows yesterday's date after midnight UTC, please fix",
        "Fix a typo in the error message of the {part}",
    ),
    TaskType.CODE_REVIEW: (
        "Review {source} for readability",
        "Review the last change to the {part}",
        "Look over the {part} before the release",
        "Security review of the {part}, {source} only",
    ),
    TaskType.DOCUMENTATION: (
        "Document the options of the {part} in the README",
        "Write a docstring for each public function in {source}",
        "Describe in docs/ how the {part} is configured",
        "Update the changelog for the {part}",
    ),
    TaskType.REFACTORING: (
        "Simplify the branches in {source}",
        "Clean up the imports in {source}",
        "Extract the date handling from the {part}",
        "Deduplicate the two parsers in {source}",
    ),
    TaskType.TESTING: (
        "Write a unit test for the {part}: negative amounts",
        "Raise the coverage of {source}",
        "Test cases for time zones in the {part}",
        "Make the flaky test of the {part} deterministic ({test})",
    ),
    TaskType.INVESTIGATION: (
        "Why does the {part} take three seconds on a cold start?",
        "Find out who still calls the old {part}",
        "Look into the warnings that the {part} writes every night",
    ),
    TaskType.CUSTOM: (
        "Bump the pinned versions used by the {part}",
        "Rename the config keys of the {part} to snake case",
        "Sort the entries in {source}",
    ),
}

COMPLEX: dict[TaskType, tuple[str, ...]] = {
    TaskType.FEATURE_IMPLEMENTATION: (
        "Implement a retry system for the {part} with backoff, a dead letter list and a page that shows both",
        "Add multiple currencies to the {part}, from the form to the stored rows, with the rates of the day",
        "Add OAuth sign-in for partners to the {part}; payment data must stay out of the tokens and of the logs",
        "Build the new architecture for the {part}: plug-ins with a stable interface, the old ones ported",
    ),
    TaskType.BUG_FIX: (
        "The {part} sometimes books twice. Investigate under concurrency, fix the cause and prove it with a test",
        "Fix the memory leak in the {part}; it affects multiple workers and shows only after some hours",
        "The whole system slows down when the {part} runs. Fix the lock that is held too long in {source}",
    ),
    TaskType.CODE_REVIEW: (
        "Comprehensive review of the {part}: correctness, security and the way errors travel through it",
        "Audit the {part} and everything in multiple modules that calls it, before we open it to partners",
    ),
    TaskType.DOCUMENTATION: (
        "Write comprehensive documentation of the {part}: concepts, a tutorial, every option, what goes wrong",
        "Document the architecture of {product}, with the {part} as the worked example",
    ),
    TaskType.REFACTORING: (
        "Refactor the {part} into pure functions and a thin shell; behaviour must not change",
        "Redesign the {part} so that the store can be replaced, and migrate its callers one by one",
        "Restructure {source}: it has grown to 1,400 lines and multiple teams edit it every week",
    ),
    TaskType.TESTING: (
        "Build a comprehensive test system for the {part}: properties, failure injection, a slow network",
        "Write end to end tests for multiple journeys through the {part}, fast enough for every commit",
    ),
    TaskType.INVESTIGATION: (
        "Investigate why the {part} lost 14 rows on Tuesday; rule out the import and the migration of last week",
        "Analyze the cost of the {part} and research two alternatives, with numbers for each",
    ),
    TaskType.CUSTOM: (
        "Migrate the settings of the {part} to the new format, on all environments, with a way back",
        "Prepare the {part} for the new region: multiple time zones, a second certificate, other tax rules",
    ),
}

ERRANDS: dict[Role, tuple[str, ...]] = {
    Role.ORCHESTRATOR: ("Settle the open points between the {part} and its callers in {product}",),
    Role.PLANNER: ("Plan how the {part} could move to its own package",),
    Role.BUILDER: ("Pin the versions the {part} needs", "Write a fixture with 100 rows for the {part}"),
    Role.REVIEWER: ("Have a second look at {source}",),
    Role.ANALYST: ("Map everything that depends on the {part}",),
    Role.TESTER: ("Run the tests of the {part} ten times and list the flaky ones",),
    Role.DOCUMENTER: ("Shorten the README of {product}",),
    Role.CUSTOM: ("Compare {source} with the copy in the old repository",),
}
"""What a single agent is started for."""

TYPE_WEIGHTS: dict[TaskType, int] = {
    TaskType.FEATURE_IMPLEMENTATION: 27,
    TaskType.BUG_FIX: 27,
    TaskType.CODE_REVIEW: 9,
    TaskType.DOCUMENTATION: 9,
    TaskType.REFACTORING: 11,
    TaskType.TESTING: 10,
    TaskType.INVESTIGATION: 3,
    TaskType.CUSTOM: 4,
}


def request(rng: Random, *, complex_share: float) -> Request:
    """A task as somebody would write it."""
    task_type = rng.choices(list(TYPE_WEIGHTS), list(TYPE_WEIGHTS.values()))[0]
    templates = COMPLEX if rng.random() < complex_share else SIMPLE
    return _filled(rng, rng.choice(templates[task_type]), task_type)


def errand(rng: Random, role: Role) -> Request:
    """What one agent of the role is asked to do."""
    return _filled(rng, rng.choice(ERRANDS[role]), TaskType.CUSTOM)


def _filled(rng: Random, template: str, task_type: TaskType) -> Request:
    product = rng.choice(PRODUCTS)
    part = rng.choice(product.parts)
    text = template.format(part=part.name, source=part.source, test=part.test, product=product.name)
    return Request(text[:1].upper() + text[1:], task_type, product, part)
