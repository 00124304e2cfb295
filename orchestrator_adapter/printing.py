"""How a command of the command line prints."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

import orjson


@contextlib.contextmanager
def to_its_end() -> Iterator[None]:
    """A person who interrupts, and a reader who had enough, end a command without a word."""
    try:
        yield
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def print_json(value: object) -> None:
    print(orjson.dumps(value, default=str).decode())


def print_table(columns: list[str], rows: list[list[str]]) -> None:
    from rich.console import Console  # takes longer than all that a program needs which asks for JSON
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    # without a terminal nothing is folded, so that other programs find one row in one line
    Console(width=None if sys.stdout.isatty() else 400, highlight=False, markup=False).print(table)
