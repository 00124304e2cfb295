"""The door to the warehouse: a question is answered as of now, once for everybody who asks the same."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Hashable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import duckdb
import pandas as pd
import pyarrow as pa

from data.domain.errors import QuestionTooLong
from data.store import Store
from data.warehouse import queries
from data.warehouse.mirror import Health, Mirror, Standing

T = TypeVar("T")
LONGEST_S = 20.0
"""A question that takes longer is given up."""


class Keep(Protocol):
    """Answers each question once, and remembers the last answers."""

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any: ...


class Reader:
    """One look at the warehouse: everything it answers is of the same moment."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self.cursor = cursor

    def frame(self, noun: str, name: str, **given: Any) -> pd.DataFrame:
        """The rows of a named statement; money must come as whole numbers."""
        found = self.cursor.execute(queries.named(noun)[name], given).df()
        for column in found:
            assert not (str(column).endswith("_nanousd") and found[column].dtype.kind == "f"), f"{name}: {column}"
        return found

    def table(self, noun: str, name: str, **given: Any) -> pa.Table:
        """The rows of a named statement as columns of Arrow."""
        return self.cursor.sql(queries.named(noun)[name], params=given).to_arrow_table()

    def run(self, noun: str, name: str, **given: Any) -> None:
        """A statement that leaves rows for the next ones of this look."""
        self.cursor.execute(queries.named(noun)[name], given)

    def with_edges(self, edges: list[datetime]) -> None:
        """Where each bar of time begins, for statements that read `edges`."""
        marks = [int(at.timestamp() * 1000) for at in edges]
        self.with_rows("edges", pd.DataFrame({"at": marks, "quarter": [at // 900_000 for at in marks]}))

    def with_rows(self, name: str, rows: pd.DataFrame) -> None:
        """Let statements of this look read rows that the caller has, under this name."""
        self.cursor.register(name, rows)


class Warehouse:
    """One for each process, over the store's rows."""

    def __init__(self, store: Store, folder: Path, keep: Keep, longest_s: float = LONGEST_S) -> None:
        self._store, self._keep, self._longest_s = store, keep, longest_s
        self.mirror = Mirror(store, folder)

    def refresh(self) -> Standing:
        """Follow the store. Raises StoreUnavailable."""
        return self.mirror.fill()

    def standing(self) -> Standing:
        """Up to where answers reach that are given without the store; clock 0: nowhere."""
        return self.mirror.standing

    def health(self) -> Health:
        return self.mirror.health()

    def ask(self, question: Callable[..., T], *given: Hashable, as_of: Standing | None = None) -> T:
        """The answer as of now, or as of a standing that the caller has; not to be changed by who gets it.

        Raises StoreUnavailable, QuestionTooLong.
        """
        standing = as_of or self.refresh()
        key = (id(self), standing.version, question.__module__, question.__qualname__, given)
        answer: T = self._keep.get(key, lambda: self._answer(question, given))
        return answer

    def _answer(self, question: Callable[..., T], given: tuple[Hashable, ...]) -> T:
        try:
            with self.look() as reader:
                return question(reader, *given)
        except duckdb.Error as error:
            self.mirror.mend(error)
            with self.look() as reader:
                return question(reader, *given)

    @contextlib.contextmanager
    def look(self) -> Iterator[Reader]:
        """A consistent look; what takes too long in it is interrupted. Raises QuestionTooLong."""
        cursor = self.mirror.cursor()
        timer = threading.Timer(self._longest_s, cursor.interrupt)
        timer.daemon = True
        timer.start()
        try:
            cursor.begin()
            yield Reader(cursor)
        except duckdb.InterruptException as error:
            raise QuestionTooLong(f"The question took more than {self._longest_s:g} s and was given up.") from error
        finally:
            timer.cancel()
            with contextlib.suppress(duckdb.Error):
                cursor.close()

    def tier(self, now: datetime) -> int:
        """Move months that are over long ago into Parquet; how many files were written. No answer changes."""
        return self.mirror.tier(now)

    def check(self) -> None:
        """Make it anew if a file of Parquet is not what was written. Raises StoreUnavailable."""
        self.mirror.check()

    def close(self) -> None:
        self.mirror.close()
