"""Reading ahead: the same in the same order, errors where they are waited for, and nobody left reading."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from data.warehouse.ahead import reading_ahead


def test_the_same_in_the_same_order() -> None:
    with reading_ahead(range(100)) as parts:
        assert list(parts) == list(range(100))


def test_what_reading_raises_is_raised_where_it_is_taken() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"), reading_ahead(broken()) as parts:
        assert next(parts) == 1
        next(parts)


def test_leaving_ends_the_reading() -> None:
    def endless() -> Iterator[int]:
        while True:
            yield 0

    before = threading.active_count()
    with pytest.raises(ValueError, match="enough"), reading_ahead(endless()) as parts:
        next(parts)
        raise ValueError("enough")
    assert threading.active_count() == before
