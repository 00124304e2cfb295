"""What a step really changed in its working folder: pictures before and after, and the event that tells the difference.

The picture before lies on the disk until its agent has ended, so that a step that goes on after a crash is compared
with how the folder was when it began. Nothing here ever fails a step.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from data.domain import diffs
from data.domain.errors import FleetError, RunLost
from data.domain.file_events import FolderCompared, FoundFile
from data.store import Ledger, StepRun, filing
from orchestrator_adapter.engine import pictures
from orchestrator_adapter.engine.pen import Pen
from orchestrator_adapter.engine.pictures import Compared, Difference, Picture
from orchestrator_adapter.engine.recorder import Unseen

HANDS = 2
"""Pictures that are taken at the same time; more would only wait for the same disk."""
AT_MOST_S = 2 * pictures.PATIENCE_S + 1
STOPPING_S = 0.8
"""How long the end of a step that a person stops may wait for the comparison."""
LONGEST_PATH = 1_000
_SWEPT = 50
"""Pictures of ended agents that are taken away at once."""

log = structlog.get_logger("engine")
T = TypeVar("T")


class Changes:
    """Watches over the working folders of steps."""

    def __init__(self, pen: Pen, home: Path) -> None:
        self._pen = pen
        self._home = home.absolute()
        self._pictures = self._home / "pictures"
        self._hands = ThreadPoolExecutor(HANDS, "pictures")

    @contextlib.asynccontextmanager
    async def between(self, run: StepRun, folder: Path, stopped: asyncio.Event) -> AsyncIterator[None]:
        """Look at the folder before the agent works and after it, and write down what is different."""
        picture = self._pictures / f"{run.agent_id}.picture"
        await self._before(picture, folder, stopped)
        try:
            yield
        except (RunLost, Unseen, asyncio.CancelledError):  # the step goes on, here or elsewhere, with the same picture
            raise
        except BaseException:
            await self._after(picture, folder, run, STOPPING_S if stopped.is_set() else AT_MOST_S)
            raise
        await self._after(picture, folder, run, AT_MOST_S)

    def close(self) -> None:
        self._hands.shutdown(wait=False, cancel_futures=True)

    async def _before(self, picture: Path, folder: Path, stopped: asyncio.Event) -> None:
        """Take the picture, unless an earlier attempt has; a person who stops the step does not wait for it."""
        if picture.exists() or not folder.is_dir() or folder == self._home:
            return
        await self._sweep()
        taking = asyncio.ensure_future(self._by_hand(partial(pictures.take, folder, self._home, picture)))
        stop = asyncio.ensure_future(stopped.wait())
        try:
            await asyncio.wait({taking, stop}, timeout=AT_MOST_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
            taking.add_done_callback(_looked_at)

    async def _after(self, picture: Path, folder: Path, run: StepRun, within_s: float) -> None:
        if not picture.exists():
            return
        try:
            async with asyncio.timeout(within_s):
                told = await self._by_hand(partial(_told, picture, folder, self._home, run))
                if told is not None:
                    await self._pen.write(partial(_write, run=run, folder=folder, told=told))
        except TimeoutError:
            log.warning("folder_not_compared", agent_id=run.agent_id, folder=str(folder), reason="it takes too long")
        except FleetError as refused:
            log.info("folder_not_compared", agent_id=run.agent_id, folder=str(folder), reason=str(refused))
        except Exception:  # the boundary of a side matter: a folder that cannot be read ends no step
            log.exception("folder_not_compared", agent_id=run.agent_id, folder=str(folder))

    async def _by_hand(self, do: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._hands, do)

    async def _sweep(self) -> None:
        """Take away pictures of agents that have ended."""
        try:
            found = list(itertools.islice(self._pictures.iterdir(), _SWEPT))
        except OSError:
            return
        if not found:
            return
        names = [path.stem for path in found]
        live = await self._pen.read(lambda board: filing.live(board.connection, names))
        for path in found:
            if path.stem not in live:
                path.unlink(missing_ok=True)


def _looked_at(taking: asyncio.Future[None]) -> None:
    if not taking.cancelled() and (error := taking.exception()):
        log.warning("no_picture_of_folder", reason=str(error))


class Told:
    """What is to be written down: the event, and the contents that its files name."""

    def __init__(self, compared: Compared, since_ms: int, run: StepRun, took_ms: int) -> None:
        self.since_ms = since_ms
        self.contents: dict[str, tuple[bytes | None, bytes | None]] = {}
        listed = [one for one in compared.found if len(one.path) <= LONGEST_PATH]
        files = tuple(self._file(one) for one in listed)
        self.event = FolderCompared(
            task_id=run.task_id,
            agent_id=run.agent_id,
            files=files,
            left_out=compared.left_out + len(compared.found) - len(listed),
            looked_at=compared.looked_at,
            words=compared.note,
            took_ms=took_ms,
        )

    def _file(self, one: Difference) -> FoundFile:
        before, after = _decoded(one.before), _decoded(one.after)
        added, removed = (0, 0) if one.withheld else diffs.counts(before, after)
        self.contents[one.path] = (one.before, one.after)
        return FoundFile(
            path=one.path,
            change=one.change,
            added=added,
            removed=removed,
            lines=None if one.withheld or one.after is None else len(diffs.lines(after)),
            before_size=one.before_size,
            after_size=one.after_size,
            withheld=one.withheld,
            changed_ms=one.changed_ms,
        )


def _decoded(content: bytes | None) -> str:
    return "" if content is None else content.decode("utf-8", "replace")


def _told(path: Path, folder: Path, home: Path, run: StepRun) -> Told:
    begun = time.monotonic()
    picture = Picture(path)
    compared = pictures.compare(picture, folder, home)
    took_ms = round((time.monotonic() - begun) * 1000)
    return Told(compared, picture.taken_ns // 1_000_000, run, took_ms)


def _write(ledger: Ledger, run: StepRun, folder: Path, told: Told) -> None:
    """One event, if anything is different now or was at an earlier look."""
    ledger.hold(run)
    db = ledger.connection
    files = filing.shared(db, run.agent_id, str(folder), told.since_ms, told.event.files)
    if not files and not told.event.left_out and not filing.was_compared(db, run.agent_id):
        return
    kept = tuple(file.model_copy(update=_blobs(ledger, *told.contents[file.path])) for file in files)
    ledger.append(told.event.model_copy(update={"files": kept}))


def _blobs(ledger: Ledger, before: bytes | None, after: bytes | None) -> dict[str, str | None]:
    contents = {"before_blob": before, "after_blob": after}
    return {name: None if content is None else ledger.keep(content) for name, content in contents.items()}
