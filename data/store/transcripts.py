"""Transcripts that were read in, as they are kept: files, their lines by number, what was broken, and checksums.

The lines of an imported agent, sub-agents included, are those of the file it was read from:

    with store.read() as board:
        file = board.transcript_file(agent_id)             # None for an agent that was not imported
        for line in board.transcript_lines(agent_id, first=1001, last=1200):
            line.number, line.offset, line.raw              # as Claude Code wrote it, without the line end
            line.value()                                    # the object in it, None if the line is broken

They lie in compressed chunks of about a quarter of a mebibyte with the number of their first line, so a stretch
anywhere in a transcript costs no more than the chunks it touches. `transcript_files_of(task_id)` gives a session's
main agent first, then its sub-agents with the tool call that started each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import sqlalchemy as sa
import zstandard

from data.domain.errors import TranscriptDamaged
from data.domain.transcripts import TranscriptFault, TranscriptFile, TranscriptLine, TranscriptState
from data.store import rows, tables
from data.store import tables_history as t
from data.store.look import Look
from data.store.rows import Row

_AT_ONCE = 500


def file_of(row: Row) -> TranscriptFile:
    return TranscriptFile(
        id=row["id"],
        agent_id=row["agent_id"],
        task_id=row["task_id"],
        session_id=row["session_id"],
        path=row["path"],
        version=row["version"],
        state=TranscriptState(row["state"]),
        offset=row["offset"],
        lines=row["lines"],
        faults=row["faults"],
        undated=row["undated"],
        waiting=row["waiting"],
        parent_agent_id=row["parent_agent_id"],
        tool_use_id=row["tool_use_id"],
        agent_type=row["agent_type"],
        depth=row["depth"],
        forked_from=row["forked_from"],
        cli_version=row["cli_version"],
        git_branch=row["git_branch"],
        read_at=rows.at(row["read_at_ms"]),
    )


def unpacked(row: Row) -> bytes:
    """The lines of a chunk, each with its line end."""
    return zstandard.ZstdDecompressor().decompress(row["content"], max_output_size=row["size"])


class Transcripts(Look):
    """What is kept of transcripts."""

    def transcript_file(self, agent_id: str, version: int | None = None) -> TranscriptFile | None:
        """The file an agent was read from, the newest version of it by default."""
        c = t.transcript_files.c
        query = sa.select(t.transcript_files).where(c.agent_id == agent_id).order_by(c.version.desc())
        if version is not None:
            query = query.where(c.version == version)
        row = self.connection.execute(query.limit(1)).mappings().first()
        return None if row is None else file_of(row)

    def transcript_files_of(self, task_id: str) -> list[TranscriptFile]:
        """The newest version of each file of a session, the main agent's first, sub-agents as they were started."""
        c = t.transcript_files.c
        query = sa.select(t.transcript_files).join(tables.agents, tables.agents.c.id == c.agent_id)
        query = query.where(c.task_id == task_id)
        query = query.order_by(c.depth, tables.agents.c.created_at_ms, c.agent_id, c.version)
        newest = {row["agent_id"]: file_of(row) for row in self.connection.execute(query).mappings()}
        return list(newest.values())

    def transcript_lines(
        self, agent_id: str, first: int = 1, last: int | None = None, *, version: int | None = None
    ) -> Iterator[TranscriptLine]:
        """The lines from `first` to `last`, both included; none for an agent that was not imported."""
        file = self.transcript_file(agent_id, version)
        if file is None:
            return
        c = t.transcript_chunks.c
        until = file.lines if last is None else last
        query = sa.select(t.transcript_chunks).where(c.file_id == file.id, c.first_line <= until)
        query = query.where(c.first_line + c.lines > first).order_by(c.first_line)
        for row in self.connection.execute(query).yield_per(4).mappings():
            for line in _lines(row):
                if first <= line.number <= until:
                    yield line

    def transcript_faults(self, task_id: str | None = None, limit: int = 200) -> list[TranscriptFault]:
        """Lines that could not be read, with their place; of one session, or of all."""
        c, f = t.transcript_faults.c, t.transcript_files.c
        query = sa.select(f.path, c.line, c.offset, c.why).join_from(
            t.transcript_faults, t.transcript_files, c.file_id == f.id
        )
        if task_id is not None:
            query = query.where(f.task_id == task_id)
        found = self.connection.execute(query.order_by(f.path, c.line).limit(limit))
        return [TranscriptFault(row.path, row.line, row.offset, row.why) for row in found]

    def transcripts_kept(self) -> tuple[int, int, int]:
        """Files whose content is kept, its bytes as they were, and its bytes as they are kept."""
        c = t.transcript_chunks.c
        sums = [sa.func.coalesce(sa.func.sum(value), 0) for value in (c.size, sa.func.length(c.content))]
        files, size, packed = self.connection.execute(sa.select(sa.func.count(c.file_id.distinct()), *sums)).one()
        return int(files), int(size), int(packed)

    def transcripts_damaged(self) -> list[str]:
        """Check every kept line against its checksum and its place: a sentence for each chunk that is damaged."""
        c, f = t.transcript_chunks.c, t.transcript_files.c
        query = sa.select(t.transcript_chunks, f.path, f.lines.label("lines_read"), f.offset.label("bytes_read"))
        query = query.outerjoin(t.transcript_files, c.file_id == f.id).order_by(c.file_id, c.first_line)
        damaged: list[str] = []
        seen: dict[str, tuple[int, int]] = {}
        for row in self.connection.execute(query).yield_per(8).mappings():
            line, start = seen.get(row["file_id"], (1, 0))
            why = _damage(row, line, start)
            if why:
                damaged.append(f"{row['path']}: lines {row['first_line']} on: {why}.")
            seen[row["file_id"]] = (row["first_line"] + row["lines"], row["start"] + row["size"])
        return damaged + self._cut_short(seen)

    def _cut_short(self, seen: dict[str, tuple[int, int]]) -> list[str]:
        c = t.transcript_files.c
        found = self.connection.execute(sa.select(c.id, c.path, c.lines, c.offset).where(c.lines > 0))
        whole = ((row, seen.get(row.id, (1, 0))) for row in found)
        return [f"{row.path}: its last lines are missing." for row, end in whole if end != (row.lines + 1, row.offset)]


def _damage(row: Row, line: int, start: int) -> str:
    if (row["first_line"], row["start"]) != (line, start):
        return f"what stood between line {line} and this is missing"
    try:
        raw = unpacked(row)
    except zstandard.ZstdError:
        return "the content cannot be unpacked"
    if hashlib.sha256(raw).hexdigest() != row["sha256"]:
        return "the content does not have its checksum"
    return "" if raw.count(b"\n") == row["lines"] else "the number of lines is not right"


def _lines(row: Row) -> Iterator[TranscriptLine]:
    try:
        raw = unpacked(row)
    except zstandard.ZstdError as error:
        raise TranscriptDamaged(f"Kept lines from {row['first_line']} on are damaged: {error}.") from error
    offset = row["start"]
    for number, line in enumerate(raw.split(b"\n")[:-1], row["first_line"]):
        yield TranscriptLine(number, offset, line.removesuffix(b"\r"))
        offset += len(line) + 1
