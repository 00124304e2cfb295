"""The wired application: the only place that knows the concrete parts and puts them together."""

from __future__ import annotations

import functools
import shutil
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from data.domain.agents import Runtime
from data.domain.channels import ChannelKind
from data.domain.errors import EngineTaken, FleetError
from data.store import Store, migrate
from data.store.delivering import Claim
from data.store.search_clock import Indexer
from data.store.watch import Watcher
from orchestrator_adapter import settings as settings_module
from orchestrator_adapter.delivery.deliverer import Deliverer
from orchestrator_adapter.delivery.outlet import Message
from orchestrator_adapter.engine.boot import Engine
from orchestrator_adapter.engine.places import ALL
from orchestrator_adapter.engine.watch import Rule
from orchestrator_adapter.experience import Learned
from orchestrator_adapter.ingest import attach_lost
from orchestrator_adapter.ingest.importing import Importer
from orchestrator_adapter.kept import Kept
from orchestrator_adapter.runners import Runner, command_line, login, process
from orchestrator_adapter.settings import Settings

if TYPE_CHECKING:  # what reckons with tables takes as long to load as the rest: only who asks it waits for it
    from data.warehouse import Warehouse
    from data.warehouse.adhoc import Adhoc

MOST_ANSWERS = 256
"""Answers of the warehouse that are kept for whoever asks the same."""
LOW_DISK_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True)
class Deck:
    """One running Quarterdeck: its settings, its store and its engine."""

    settings: Settings
    store: Store
    engine: Engine
    watcher: Watcher
    indexer: Indexer | None = None
    """None where another process lets the index of search follow."""
    own_warehouse: Warehouse | None = None
    """The one that the clock of the engine asks too."""
    deliverer: Deliverer | None = None
    """None where other processes send."""

    @functools.cached_property
    def importer(self) -> Importer:
        """What this process reads in from elsewhere."""
        return Importer(self.store)

    @functools.cached_property
    def learned(self) -> Learned:
        """What estimates are drawn from."""
        return Learned(self.store)

    @functools.cached_property
    def warehouse(self) -> Warehouse:
        """What this process answers questions about cost and work from; it is filled when somebody asks."""
        return self.own_warehouse or _warehouse(self.settings, self.store)

    @functools.cached_property
    def adhoc(self) -> Adhoc:
        """Where people ask questions of their own."""
        from data.warehouse.adhoc import Adhoc

        return Adhoc(self.warehouse)

    def runtimes(self) -> dict[Runtime, str | None]:
        """The ways to run agents that a person can choose; the sentence says why one cannot be used now."""
        lacks = command_line.available()
        out: dict[Runtime, str | None] = {Runtime.CLAUDE: lacks, Runtime.DEMO: lacks}
        if self.settings.runtime is Runtime.SCRIPTED:  # only where somebody asked for it: it does nothing real
            out[Runtime.SCRIPTED] = None
        return out

    def default_runtime(self) -> Runtime | None:
        """The runtime of a task whose draft names none; a demo is never chosen silently."""
        if self.settings.runtime is not None:
            return self.settings.runtime
        return Runtime.CLAUDE if self.claude_lacks() is None else None

    def claude_lacks(self) -> str | None:
        """What real agents still need here, as a sentence; None if nothing. They may be started all the same."""
        return self.runtimes()[Runtime.CLAUDE] or login.no_login(self.settings.environment)

    def not_ready(self) -> list[str]:
        """Why this server is not fit for work; empty if it is."""
        reasons = self.engine.not_ready()
        try:
            with self.store.read() as board:
                if migrate.revision(board.connection) != migrate.newest():
                    reasons.append("the store's schema is not the one of this version")
            with self.store.write():
                pass
        except FleetError as refused:
            reasons.append(str(refused))
        free = shutil.disk_usage(self.settings.home).free
        if free < LOW_DISK_BYTES:
            reasons.append(f"only {free // 1024**2} MiB are free on the disk of {self.settings.home}")
        return reasons

    def close(self) -> None:
        self.importer.close()
        if self.deliverer is not None:
            self.deliverer.stop()
        if self.indexer is not None:
            self.indexer.stop()
        self.watcher.stop()
        self.engine.close()
        if "adhoc" in self.__dict__:
            self.adhoc.close()
        self.warehouse.close()
        self.store.close()


def build(
    settings: Settings,
    runners: Mapping[Runtime, Runner] | None = None,
    *,
    pages: bool = True,
    queues: Collection[str] = ALL,
) -> Deck:
    """Open and migrate the store, end what a dead server left running, start the engine.

    `pages`: whether this process serves them; one that does not is of no use without an engine. Raises
    SettingInvalid, StoreUnavailable, StoreNewer or EngineTaken; then nothing runs.
    """
    # what a command prints on stdout is for other programs
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    settings_module.make_home(settings)
    store = Store.open(settings.database_url)
    sweep = functools.partial(process.sweep, settings.home)
    found = runners or _runners(settings)
    warehouse = _warehouse(settings, store)
    rules = _rules(store, warehouse, settings)
    engine = Engine(store, settings.engine_url, found, settings.logs, settings.max_agents, sweep, rules)
    indexer, deliverer = None, None
    try:
        mine = engine.lock()
        if mine:
            sweep()
            engine.start(pages=pages, queues=queues)
    except Exception:  # whatever it was: nothing of it goes on, and another process may try
        engine.close()
        store.close()
        raise
    if mine:
        indexer = Indexer(store)
        indexer.start()
        address = settings.address if pages else ""
        deliverer = Deliverer(store, address, reports=functools.partial(_report, store, warehouse, address))
        deliverer.start()
    elif not pages:
        store.close()
        raise EngineTaken
    watcher = Watcher(store)
    watcher.start()
    deck = Deck(settings, store, engine, watcher, indexer, warehouse, deliverer)
    if engine.running and pages:
        deck.importer.watch()
    return deck


def _rules(store: Store, warehouse: Warehouse, settings: Settings) -> list[Rule]:
    """What the clock of the engine looks at."""
    from orchestrator_adapter import alert_clock, archive, report_clock

    return [
        Rule("attached orchestrators that are gone", 2, functools.partial(attach_lost.look, store)),
        Rule("rules of alerts", alert_clock.EVERY_S, alert_clock.AlertClock(store, warehouse).look),
        Rule("reports that are due", report_clock.EVERY_S, functools.partial(report_clock.look, store)),
        Rule("months that are over", archive.EVERY_S, archive.Archiver(warehouse, settings.home).look),
    ]


def _report(store: Store, warehouse: Warehouse, address: str, claim: Claim, kind: ChannelKind) -> Message:
    from orchestrator_adapter.delivery.report_messages import Reporter  # what writes tables takes long to load

    return Reporter(store, warehouse, address).message(claim, kind)


def _warehouse(settings: Settings, store: Store) -> Warehouse:
    from data.warehouse import Warehouse

    return Warehouse(store, settings.home / "warehouse", Kept(MOST_ANSWERS))


def _runners(settings: Settings) -> dict[Runtime, Runner]:
    """The SDK takes a second to load, which only a process that runs agents has to spend."""
    from orchestrator_adapter.runners.claude import ClaudeRunner
    from orchestrator_adapter.runners.demo import DemoRunner
    from orchestrator_adapter.runners.scripted import ScriptedRunner

    return {
        Runtime.CLAUDE: ClaudeRunner(settings.environment, pids=settings.home / "pids"),
        Runtime.DEMO: DemoRunner(settings.home),
        Runtime.SCRIPTED: ScriptedRunner(),
    }


@functools.cache
def current() -> Deck:
    """The deck of this process, from its environment."""
    return build(settings_module.read())
