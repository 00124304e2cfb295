"""What a folder of transcripts used, said at a terminal; it needs nothing of the fleet, so it waits for none of it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from data.domain.errors import FleetError, InvalidField
from data.domain.money import dollars, to_usd
from data.domain.transcript_lines import CostMode
from data.domain.usage import UsageRow
from orchestrator_adapter import settings as settings_module
from orchestrator_adapter.ingest import history_folder
from orchestrator_adapter.ingest.transcript_usage import Looked, look
from orchestrator_adapter.printing import print_json, print_table

_KINDS = ("input", "output", "cache read", "write 5 m", "write 1 h")


class Local(tzinfo):
    """The zone of this system: at each moment the offset that holds then, not the one that holds today."""

    def __str__(self) -> str:
        """Another one for another zone, or for other rules of it that can be told apart."""
        rules = (time.tzname, time.timezone, time.altzone, os.environ.get("TZ"), os.path.realpath("/etc/localtime"))
        return f"local {rules}"

    def fromutc(self, dt: datetime) -> datetime:
        return dt.replace(tzinfo=UTC).astimezone().replace(tzinfo=self)

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        return None if dt is None else dt.replace(tzinfo=None).astimezone().utcoffset()

    def tzname(self, dt: datetime | None) -> str | None:
        return None if dt is None else dt.replace(tzinfo=None).astimezone().tzname()

    def dst(self, _: datetime | None) -> timedelta | None:
        return None


def at_once(given: Sequence[str]) -> bool:
    """Answer `usage` as it is mostly asked, before the other commands are even loaded, which takes seconds.

    False, with nothing said, for all else: other commands, requests for help, and everything that is refused.
    """
    if given[:1] != ["usage"]:
        return False
    folder, timezone, cost, flags = None, "local", CostMode.AUTO, set()
    words = iter(given[1:])
    try:
        for word in words:
            match word:
                case "--timezone":
                    timezone = next(words)
                case "--cost":
                    cost = CostMode(next(words))
                case "--surcharge" | "--json":
                    flags.add(word)
                case _ if word.startswith("-") or folder is not None:
                    return False
                case _:
                    folder = Path(word)
        found = asked(folder, timezone, cost, surcharge="--surcharge" in flags)
    except (FleetError, ValueError, StopIteration):
        return False
    tell(found, as_json="--json" in flags)
    return True


def asked(folder: Path | None, timezone: str, cost: CostMode, *, surcharge: bool) -> Looked:
    """What the folder used; raises HistoryFolderInvalid, InvalidField, SettingInvalid."""
    settings = settings_module.read()
    path = history_folder.checked(whole(folder), settings.environment)
    now_ms, notes = time.time_ns() // 1_000_000, settings.home / "usage"
    return look(path, notes, zone=_zone(timezone), mode=cost, now_ms=now_ms, surcharge=surcharge)


def whole(folder: Path | None) -> str | None:
    return None if folder is None else str(folder.expanduser().absolute())


def tell(found: Looked, *, as_json: bool) -> None:
    rows, total = found.usage.rows, found.usage.total()
    if as_json:
        about: dict[str, Any] = {"files": found.files, "bytes": found.size, "errors": found.usage.errors}
        about |= {"undated": found.usage.undated, "unpriced_models": found.usage.unpriced_models}
        print_json({"days": [_row(row) for row in rows], "total": _row(total), **about})
        return
    cells = [
        [row.day, row.model, f"{row.replies:,}", *(f"{n:,}" for n in row.tokens.as_dict().values()), _cost(row)]
        for row in (*rows, total)
    ]
    print_table(["day", "model", "replies", *_KINDS, "cost"], cells)


def _zone(name: str) -> tzinfo:
    if name == "local":
        return Local()
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidField(f"--timezone {name!r} is no time zone; as Europe/Berlin, UTC or local.") from error


def _cost(row: UsageRow) -> str:
    searches = f" + {dollars(row.searches_nanousd)} web search" if row.searches_nanousd else ""
    if row.unpriced and not row.nanousd:
        return f"unpriced{searches}"
    rest = f" ({row.unpriced} unpriced)" if row.unpriced else ""
    return dollars(row.nanousd) + searches + rest


def _row(row: UsageRow) -> dict[str, Any]:
    priced = not row.unpriced or row.nanousd
    return {
        "day": row.day,
        "model": row.model,
        "replies": row.replies,
        "tokens": row.tokens.as_dict(),
        "cost_usd": to_usd(row.nanousd) if priced else None,
        "web_search_usd": to_usd(row.searches_nanousd),
        "unpriced_replies": row.unpriced,
    }
