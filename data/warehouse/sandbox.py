"""A process of its own that answers one statement over a copy of the warehouse, and can reach nothing else.

Run as a script, isolated, with the copy as its argument and the question as JSON on its input. It writes one line of
JSON, and the rows behind it as a stream of Arrow. Whoever started it ends it when it takes too long.
"""

from __future__ import annotations

import bisect
import json
import resource
import sys
import threading
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa

ADDRESSES = 4 * 1024**3
"""Bytes of address space: a wall behind DuckDB's own limit of memory."""
BATCH = 1_024
FILES = 64
NO_WAY_OUT: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "max_temp_directory_size": "0MB",
    "temp_directory": "",
    "threads": 2,
}
LOCKED = (
    "set python_enable_replacements = false",
    "set disabled_filesystems = 'LocalFileSystem'",
    "set lock_configuration = true",
)
"""Last of all, so that nothing of it can be taken back."""
ALLOWED = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)


class Refused(Exception):
    """What was asked is no question."""


def main(path: str, asked: dict[str, Any], out: BinaryIO) -> None:
    """Answer, or say in one line why not."""
    _walls(int(asked["seconds"]))
    try:
        connection = opened(path, str(asked["memory"]))
        timer = threading.Timer(float(asked["seconds"]), connection.interrupt)
        timer.daemon = True
        timer.start()
        table, more = answered(connection, str(asked["sql"]), int(asked["rows"]), int(asked["bytes"]))
    except Refused as refused:
        _say(out, {"refused": str(refused)})
    except duckdb.InterruptException:
        _say(out, {"late": True})
    except (duckdb.OutOfMemoryException, MemoryError):
        _say(out, {"refused": f"The question needs more than {asked['memory']} of memory."})
    except (duckdb.Error, pa.ArrowException, OSError) as error:  # while rows are fetched DuckDB's errors are an OSError
        late = isinstance(error, OSError) and "INTERRUPT" in str(error)
        _say(out, {"late": True} if late else {"refused": str(error)[:2_000]})
    else:
        _say(out, {"more": more})
        with pa.ipc.new_stream(out, table.schema) as stream:
            stream.write_table(table)


def opened(path: str, memory: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(path, read_only=True, config=NO_WAY_OUT | {"memory_limit": memory})
    for statement in LOCKED:
        connection.execute(statement)
    return connection


def answered(connection: duckdb.DuckDBPyConnection, sql: str, rows: int, most: int) -> tuple[pa.Table, bool]:
    """As many rows as are allowed, and whether there would be more."""
    found = connection.extract_statements(sql)
    if len(found) != 1 or found[0].type not in ALLOWED:
        raise Refused("Ask one question: a single SELECT, WITH, FROM, DESCRIBE, SUMMARIZE or EXPLAIN.")
    reader = connection.sql(sql).to_arrow_reader(BATCH)
    batches: list[pa.RecordBatch] = []
    count = size = 0
    for batch in reader:
        if count + batch.num_rows > rows or size + batch.nbytes > most:
            fits = _fitting(batch, rows - count, most - size)
            return pa.Table.from_batches([*batches, batch.slice(0, fits)], reader.schema), True
        batches.append(batch)
        count, size = count + batch.num_rows, size + batch.nbytes
    return pa.Table.from_batches(batches, reader.schema), False


def _fitting(batch: pa.RecordBatch, rows: int, most: int) -> int:
    """How many of its first rows are no more than so many, and take no more than so many bytes."""
    counts = range(min(rows, batch.num_rows) + 1)
    return max(0, bisect.bisect_right(counts, most, key=lambda count: batch.slice(0, count).nbytes) - 1)


def _walls(seconds: int) -> None:
    """What the system itself holds, should anything get past DuckDB's own limits."""
    for limit, value in (
        (resource.RLIMIT_AS, ADDRESSES),
        (resource.RLIMIT_CPU, 2 * seconds + 10),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))


def _say(out: BinaryIO, told: dict[str, Any]) -> None:
    out.write(json.dumps(told).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], json.load(sys.stdin), sys.stdout.buffer)
    sys.stdout.buffer.flush()
