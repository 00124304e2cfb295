"""What can be had as a file, and in which formats."""

from __future__ import annotations

from enum import StrEnum


class What(StrEnum):
    """What the rows are of."""

    COSTS = "costs"
    TASKS = "tasks"
    AGENTS = "agents"
    TOOLS = "tools"


class Format(StrEnum):
    """What a file is written in."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    PDF = "pdf"
