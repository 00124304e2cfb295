"""The architecture as a test: who may import whom, where each package lives, how long a file may be."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAX_LINES = 400
MAX_FUNCTION_LINES = 50

# Folder -> our own modules that it may import. The longest matching folder decides.
MAY: dict[str, tuple[str, ...]] = {
    "data": ("data.domain",),
    "data/domain": ("data.domain",),
    "data/store": ("data.domain", "data.store"),
    "data/warehouse": ("data.domain", "data.store", "data.warehouse"),
    "orchestrator_adapter": ("data", "orchestrator_adapter"),
    "orchestrator_adapter/planning": ("data.domain", "orchestrator_adapter.planning"),
    "orchestrator_adapter/runners": ("data.domain", "orchestrator_adapter.runners", "orchestrator_adapter.settings"),
    "orchestrator_adapter/ingest": (
        "data.domain",
        "data.store",
        "orchestrator_adapter.ingest",
        "orchestrator_adapter.runners.activity",
        "orchestrator_adapter.runners.metering",
    ),
    "orchestrator_adapter/engine": (
        "data.domain",
        "data.store",
        "orchestrator_adapter.engine",
        "orchestrator_adapter.handover",
        "orchestrator_adapter.planning",
        "orchestrator_adapter.prompts",
        "orchestrator_adapter.runners",
        "orchestrator_adapter.settings",
    ),
    "orchestrator_adapter/delivery": (
        "data",
        "orchestrator_adapter.delivery",
        "orchestrator_adapter.reports",
    ),
    "orchestrator_adapter/views": ("data", "orchestrator_adapter.kept", "orchestrator_adapter.views"),
    "pages": ("data", "orchestrator_adapter", "pages.ui"),
}

# Package -> the only places that may import it. A package that is not listed may be used on any floor.
HOME: dict[str, tuple[str, ...]] = {
    "streamlit": (
        "pages",
        "streamlit_app.py",
        *(f"orchestrator_adapter/api/{name}.py" for name in ("assets", "theme")),
    ),
    "streamlit_autorefresh": ("pages",),
    "altair": ("pages",),
    "starlette": ("orchestrator_adapter", "streamlit_app.py"),
    "uvicorn": ("orchestrator_adapter",),
    "dbos": ("orchestrator_adapter/engine",),
    "claude_agent_sdk": tuple(
        f"orchestrator_adapter/runners/{name}.py" for name in ("claude", "translate", "scripted")
    ),
    "sqlalchemy": ("data/store", "orchestrator_adapter/engine/boot.py", "orchestrator_adapter/engine/own_tables.py"),
    "alembic": ("data/store",),
    "psycopg": ("data/store",),
    "duckdb": ("data/warehouse",),
    "fpdf": ("orchestrator_adapter/report_pdf.py",),
    "vl_convert": ("orchestrator_adapter/report_charts.py",),
    "apprise": ("orchestrator_adapter/delivery/outlet.py",),
    "genai_prices": ("data/domain/prices.py",),
    "opentelemetry": ("orchestrator_adapter/ingest/otlp.py",),
    "google": ("orchestrator_adapter/ingest/otlp.py",),
}
# Taken out again from what MAY allows: a page changes something only through commands.
NEVER: dict[str, tuple[str, ...]] = {
    "pages": ("orchestrator_adapter.engine", "orchestrator_adapter.runners.claude", "orchestrator_adapter.api"),
}
OURS = ("data", "orchestrator_adapter", "pages", "streamlit_app", "tests", "benchmarks")
UNFINISHED = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK", "W" + "IP")) + r")\b")
LOOKED_AT = ("data", "orchestrator_adapter", "pages", "tests", "benchmarks", "docs", ".ci", ".github", ".streamlit")
TEXT = {".py", ".sql", ".js", ".css", ".html", ".toml", ".md", ".yml", ".yaml", ".txt", ".mako"}
CODE = {".py", ".sql", ".js", ".css"}


def within(name: str, prefixes: tuple[str, ...], sep: str = ".") -> bool:
    return any(name == prefix or name.startswith(prefix + sep) for prefix in prefixes)


def imported(path: Path, package: list[str]) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything a file imports, relative imports resolved."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def layer(place: str) -> str | None:
    return max((folder for folder in MAY if within(place, (folder,), "/")), key=len, default=None)


def import_culprits(path: Path, place: str) -> Iterator[str]:
    folder = layer(place)
    for line, name in imported(path, place.split("/")[:-1]):
        top = name.partition(".")[0]
        if top in HOME and not within(place, HOME[top], "/"):
            yield f"{place}:{line}: {top} may be imported only in {', '.join(HOME[top])}"
        elif folder and top in OURS and not within(name, MAY[folder]):
            yield f"{place}:{line}: {folder} may not import {name}, only {', '.join(MAY[folder])}"
        elif folder and within(name, NEVER.get(folder, ())):
            yield f"{place}:{line}: {folder} may not import {name}"


def file_culprits(path: Path, place: str) -> Iterator[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    if path.suffix in CODE and len(lines) > MAX_LINES:
        yield f"{place}:{MAX_LINES + 1}: {len(lines)} lines; a file holds at most {MAX_LINES}"
    for number, line in enumerate(lines, 1):
        if found := UNFINISHED.search(line):
            yield f"{place}:{number}: unfinished: {found.group()}"
    # Streamlit serves a script directly in pages/ around streamlit_app.py, and so around whatever guards it.
    if path.suffix == ".py" and path.parent.name == "pages" and "/" not in place.removeprefix("pages/"):
        yield f"{place}:1: a script directly in pages/ is served by itself; put it into a section"


def function_culprits(path: Path, place: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield f"{place}:{node.lineno}: {node.name} has {lines} lines; at most {MAX_FUNCTION_LINES} are allowed"


def culprits(root: Path) -> list[str]:
    """Every broken rule as `file:line: sentence`."""
    inside = (path for folder in LOOKED_AT for path in (root / folder).rglob("*") if path.is_file())
    found = []
    for path in sorted([*inside, *(path for path in root.iterdir() if path.is_file())]):
        place = path.relative_to(root).as_posix()
        if path.suffix in TEXT or path.name == "Makefile":
            found += file_culprits(path, place)
        if path.suffix == ".py" and not place.startswith(("tests/", "benchmarks/")):
            found += import_culprits(path, place)
            # A migration is a list of tables, not a thought.
            if "/migrations/" not in place:
                found += function_culprits(path, place)
    return found


def test_the_layers_hold():
    assert culprits(ROOT) == []


def pinned(requirements: str) -> set[str]:
    names = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==", requirements, flags=re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


def test_what_the_product_imports_is_pinned():
    product = [path for folder in ("data", "orchestrator_adapter", "pages") for path in (ROOT / folder).rglob("*.py")]
    found = (imported(path, list(path.relative_to(ROOT).parts[:-1])) for path in product)
    tops = {name.partition(".")[0] for names in found for _, name in names} - set(OURS) - sys.stdlib_module_names
    installed = packages_distributions()
    assert tops - set(installed) == set(), "imported but not installed"
    packages = {installed[top][0].lower().replace("_", "-") for top in tops}
    assert packages - pinned((ROOT / "requirements.txt").read_text(encoding="utf-8")) == set()


BAD = {
    "the domain knows no store": ("data/domain/a.py", "import data.store.ledger"),
    "the domain knows no adapter": ("data/domain/a.py", "from orchestrator_adapter import settings"),
    "the store knows no warehouse": ("data/store/a.py", "from data.warehouse import costs"),
    "data knows no adapter": ("data/a.py", "from orchestrator_adapter.settings import read"),
    "relative imports are resolved": ("data/domain/a.py", "from ..store import ledger"),
    "imports inside functions count": ("data/store/a.py", "def f():\n    import pages.ui", 2),
    "the adapter knows no pages": ("orchestrator_adapter/a.py", "from pages.ui import words"),
    "the adapter knows no tests": ("orchestrator_adapter/a.py", "import tests.conftest"),
    "the engine knows no api": ("orchestrator_adapter/engine/a.py", "from orchestrator_adapter import api"),
    "the engine never reads the mirror": ("orchestrator_adapter/engine/a.py", "import data.warehouse.costs"),
    "runners know no store": ("orchestrator_adapter/runners/a.py", "from data.store import ledger"),
    "views know no api": ("orchestrator_adapter/views/a.py", "from orchestrator_adapter.api import shapes"),
    "planning knows no engine": ("orchestrator_adapter/planning/a.py", "import orchestrator_adapter.engine"),
    "pages go around no command": ("pages/watch/a.py", "from orchestrator_adapter.engine import boot"),
    "sections know each other not": ("pages/watch/a.py", "from pages.run import new_task"),
    "streamlit stays in pages": ("orchestrator_adapter/a.py", "import streamlit as st"),
    "streamlit in one file of the api": ("orchestrator_adapter/api/http.py", "from streamlit import config"),
    "altair stays in pages": ("data/warehouse/a.py", "import altair"),
    "starlette above data": ("data/store/a.py", "from starlette.routing import Route"),
    "dbos stays in the engine": ("orchestrator_adapter/commands.py", "from dbos import DBOS"),
    "the sdk stays in three files": ("orchestrator_adapter/runners/demo/a.py", "import claude_agent_sdk"),
    "sqlalchemy stays in the store": ("orchestrator_adapter/engine/flow.py", "import sqlalchemy as sa"),
    "duckdb stays in the warehouse": ("data/store/a.py", "import duckdb"),
    "the warehouse asks the store": ("data/warehouse/a.py", "import sqlalchemy"),
    "pages ask by name": ("pages/measure/a.py", "import duckdb"),
    "no script directly in pages": ("pages/fleet.py", "x = 1"),
    "no long file": ("data/store/a.py", "x = 1\n" * (MAX_LINES + 1), MAX_LINES + 1),
    "no long query file": ("data/warehouse/sql/a.sql", "select 1;\n" * (MAX_LINES + 1), MAX_LINES + 1),
    "no long function": ("pages/ui/a.py", "y = 1\ndef f():\n" + "    x = 1\n" * MAX_FUNCTION_LINES, 2),
    "nothing unfinished in code": ("tests/test_a.py", "x = 1\n# TO" + "DO: more", 2),
    "nothing unfinished in docs": ("README.md", "FIX" + "ME"),
}


@pytest.mark.parametrize("rule", BAD)
def test_each_rule_names_its_one_culprit(rule: str, tmp_path: Path):
    place, text, *line = BAD[rule]
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_text(text, encoding="utf-8")
    (only,) = culprits(tmp_path)
    assert only.startswith(f"{place}:{line[0] if line else 1}: ")


GOOD = {
    "data/store/ledger.py": "import sqlalchemy as sa\nfrom data.domain.money import Tokens",
    "data/warehouse/costs.py": "import duckdb\nfrom data.store import ledger",
    "orchestrator_adapter/engine/boot.py": "import sqlalchemy\nfrom dbos import DBOS\nimport data.store",
    "orchestrator_adapter/runners/claude.py": "import claude_agent_sdk\nfrom . import process",
    "orchestrator_adapter/api/assets.py": "import streamlit",
    "pages/watch/fleet.py": "import streamlit as st\nimport pages.ui.words\nfrom orchestrator_adapter import commands",
    "streamlit_app.py": "import streamlit as st\nfrom orchestrator_adapter import api\nimport pages.ui.session",
    "tests/test_a.py": "import sqlalchemy, streamlit, data.store",
    "data/store/b.py": "x = 1\n" * MAX_LINES,
    "data/store/c.py": "def f():\n" + "    x = 1\n" * (MAX_FUNCTION_LINES - 1),
    "data/store/migrations/versions/a.py": "def upgrade():\n" + "    x = 1\n" * MAX_FUNCTION_LINES,
}


def test_what_is_allowed_is_not_accused(tmp_path: Path):
    for place, text in GOOD.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text, encoding="utf-8")
    assert culprits(tmp_path) == []
