"""The reads about files: what agents and tasks read and changed, one file's history, and one change in full."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import sqlalchemy as sa

from data.domain import diffs
from data.domain import files as f
from data.domain.agents import FileChange, Role
from data.domain.errors import BlobNotFound, FileUnknown
from data.domain.files import Explained, FileDiff, FileEntry, Maker
from data.store import blobs, file_calls, rows
from data.store import tables as t
from data.store.look import Look

MOST_ENTRIES = 2_000
_ORDER = {FileChange.CREATED: 0, FileChange.MODIFIED: 0, FileChange.DELETED: 0, FileChange.READ: 1}
_NOT_COMPARED = "Only what calls say is known of this file, and they do not say what changed."

_ENTRIES = (
    sa.select(
        t.files,
        t.agents.c.name.label("agent"),
        t.agents.c.role,
        t.agents.c.step,
        t.agents.c.started_at_ms,
        t.tasks.c.working_directory,
    )
    .join(t.agents, t.agents.c.id == t.files.c.agent_id)
    .join(t.tasks, t.tasks.c.id == t.files.c.task_id)
)


def _entry(row: rows.Row) -> FileEntry:
    at_ms = row["started_at_ms"] if row["at_ms"] is None else row["at_ms"]
    same = ("path", "task_id", "agent_id", "agent", "step", "added", "removed", "lines", "found")
    blob = ("before_blob", "after_blob", "before_size", "after_size")
    return FileEntry(
        **{name: row[name] for name in (*same, *blob)},
        change=FileChange(row["change"]),
        role=Role(row["role"]),
        withheld=row["withheld"] or "",
        folder=row["working_directory"],
        at=rows.maybe_at(at_ms),
        shared=tuple(json.loads(row["shared"])),
    )


class Files(Look):
    """Reads about files."""

    def files_of_agent(self, agent_id: str) -> list[FileEntry]:
        """Changed files first, then those that were only read."""
        return self._files_where(t.files.c.agent_id == agent_id)

    def files_of_task(self, task_id: str) -> list[FileEntry]:
        """The same of all its agents."""
        return self._files_where(t.files.c.task_id == task_id)

    def file_history(self, folder: str, path: str, limit: int = 200) -> list[FileEntry]:
        """What agents of all tasks did to one file, the newest first; the folders of their tasks may differ."""
        whole = posixpath.normpath(posixpath.join(folder, path))
        named = [(t.files.c.path == whole)]
        above = posixpath.dirname(whole)
        while True:
            inside = t.files.c.path == posixpath.relpath(whole, above)
            named.append(inside & t.tasks.c.working_directory.in_((above, above.rstrip("/") + "/")))
            if above in ("/", ""):
                break
            above = posixpath.dirname(above)
        query = _ENTRIES.where(sa.or_(*named), t.tasks.c.deleted_at_ms.is_(None))
        moment = sa.func.coalesce(t.files.c.at_ms, t.agents.c.started_at_ms, 0)
        found = self.connection.execute(query.order_by(moment.desc(), t.files.c.agent_id).limit(limit))
        return [_entry(row) for row in found.mappings()]

    def file_diff(self, agent_id: str, path: str) -> FileDiff:
        """What an agent changed in a file, and which calls did; raises FileUnknown."""
        known = [entry for entry in self._files_where((t.files.c.agent_id == agent_id) & (t.files.c.path == path))]
        if not known:
            raise FileUnknown(
                f"The agent {agent_id} has neither read nor changed {path}.", agent_id=agent_id, path=path
            )
        entry = min(known, key=lambda one: (one.change is FileChange.READ, not one.found))
        if entry.change is FileChange.READ:
            return FileDiff(entry, (), why_not="It was only read.")
        return _Inquiry(self.connection, entry).diff()

    def _files_where(self, where: sa.ColumnElement[bool]) -> list[FileEntry]:
        found = self.connection.execute(_ENTRIES.where(where).limit(MOST_ENTRIES)).mappings()
        entries = [_entry(row) for row in found]
        return sorted(entries, key=lambda one: (_ORDER[one.change], one.path, one.agent_id))


class _Inquiry:
    """Who made one change: reads the calls of the agents that may have."""

    def __init__(self, db: sa.Connection, entry: FileEntry) -> None:
        self._db, self._entry = db, entry
        self._agents = (entry.agent_id, *entry.shared)
        self._calls = {k: call for agent in self._agents for k, call in file_calls.of_agent(db, agent).items()}
        whole = posixpath.join(entry.folder, entry.path)
        changing = [call for call in self._calls.values() if call.changed == whole]
        self._changing = sorted(changing, key=lambda call: call.called_ms)
        self._edits = [file_calls.edit(db, call) for call in self._changing]

    def diff(self) -> FileDiff:
        entry = self._entry
        if entry.withheld:
            return self._nothing(f"Its content is not kept: {entry.withheld}.")
        if not entry.found:
            return self._as_told()
        before, after = self._content(entry.before_blob), self._content(entry.after_blob)
        if before is None or after is None:
            return self._nothing("Its content is no longer kept.")
        return self._explained(before, after)

    def _nothing(self, why: str) -> FileDiff:
        return FileDiff(self._entry, (), why_not=why, makers=self._all_makers())

    def _explained(self, before: str, after: str) -> FileDiff:
        made = diffs.explain(before, after, self._edits)
        keys = {key for one in made for key in one.calls}
        makers = {maker.tool_use_id: maker for maker in self._makers(keys, "call")}
        commands = self._commands() if any(one.other for one in made) else ()
        explained = []
        for hunk, one in zip(diffs.hunks(before, after), made, strict=True):
            by = tuple(makers[key] for key in one.calls) + (commands if one.other else ())
            explained.append(Explained(hunk, by, unknown=one.other and not commands))
        return FileDiff(self._entry, tuple(explained), before, after, makers=self._all_makers())

    def _as_told(self) -> FileDiff:
        """What the calls say, where nobody compared the folder: the whole texts if they tell them, else their parts."""
        said = [part for edit in self._edits for old, new in edit.parts for part in (old, new)]
        texts = self._texts_told()
        why = f.withheld_by_name(self._entry.path)
        for text in (*said, *(texts or ())):
            why = why or f.withheld_by_content(text.encode("utf-8", "replace"))
        if why:
            return self._nothing(f"Its content is not shown: {why}.")
        if texts is not None:
            return self._explained(*texts)
        makers = self._all_makers()
        by = {maker.tool_use_id: maker for maker in makers}
        shown = tuple(Explained(hunk, (by[edit.key],)) for edit in self._edits for hunk in edit.hunks())
        return FileDiff(self._entry, shown, why_not="" if shown else _NOT_COMPARED, makers=makers)

    def _texts_told(self) -> tuple[str, str] | None:
        """The file before the first call and after the last, as answers of the calls tell it."""
        if not self._changing or self._changing[0].original is None:
            return None
        text = before = self._changing[0].original
        for call, edit in zip(self._changing, self._edits, strict=True):
            after = edit.applied(text if call.original is None else call.original)
            if after is None:
                return None
            text = after
        return before, text

    def _content(self, blob: str | None) -> str | None:
        if blob is None:
            return ""
        try:
            return blobs.get(self._db, blob).decode("utf-8", "replace")
        except BlobNotFound:
            return None

    def _all_makers(self) -> tuple[Maker, ...]:
        """Of a change whose text is not known."""
        return tuple(self._makers({edit.key for edit in self._edits}, "call")) or self._commands()

    def _commands(self) -> tuple[Maker, ...]:
        """The commands that may have changed the file."""
        found = [command for call in self._calls.values() if (command := call.command)]
        keys = [one.tool_use_id for one in f.suspects(found, self._entry.path, self._changed_ms())]
        return tuple(self._makers(keys, "command"))

    def _changed_ms(self) -> int | None:
        c = t.files.c
        where = (c.agent_id == self._entry.agent_id) & (c.path == self._entry.path) & c.found.is_(True)
        return self._db.execute(sa.select(c.changed_ms).where(where)).scalar()

    def _makers(self, keys: Iterable[str], kind: Literal["call", "command"]) -> list[Maker]:
        wanted = set(keys)
        calls = [call for key, call in self._calls.items() if key in wanted]
        costs = self._costs([call.message_id for call in calls if call.message_id])
        names = self._names()
        return [
            Maker(
                kind,
                call.key,
                call.tool,
                call.words,
                call.agent_id,
                *names.get(call.agent_id, ("", "")),
                call.message_id,
                costs.get(call.message_id),
            )
            for call in calls
        ]

    def _names(self) -> Mapping[str, tuple[str, str]]:
        a = t.agents.c
        found = self._db.execute(sa.select(a.id, a.name, a.step).where(a.id.in_(self._agents)))
        return {row.id: (row.name, row.step) for row in found}

    def _costs(self, message_ids: Sequence[str]) -> Mapping[str, int | None]:
        m = t.messages.c
        query = sa.select(m.message_id, sa.func.sum(m.cost_nanousd).label("cost")).group_by(m.message_id)
        return {row.message_id: row.cost for row in self._db.execute(query.where(m.message_id.in_(message_ids)))}
