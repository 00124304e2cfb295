"""SQL by name: `sql/NOUN.sql` holds statements, each under a line `-- name: ...`."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

FOLDER = Path(__file__).with_name("sql")
_NAME = re.compile(r"^-- name: (\w+)\n", flags=re.MULTILINE)


@functools.cache
def named(noun: str) -> Mapping[str, str]:
    """Every statement of a noun, in the order of its file."""
    _, *rest = _NAME.split(source(noun))
    return MappingProxyType(dict(zip(rest[::2], (text.strip() for text in rest[1::2]), strict=True)))


def source(noun: str) -> str:
    return (FOLDER / f"{noun}.sql").read_text(encoding="utf-8")
