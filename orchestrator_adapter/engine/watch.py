"""The clock of the engine: looks after agents that make no progress, and runs what is due by itself."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from data.domain import events as e
from data.domain.alert_rules import Metric
from data.domain.alerts import Alert, AlertKind, AlertStatus
from data.domain.budgets import begins
from data.domain.errors import BlobNotFound, StoreUnavailable, TooLate
from data.domain.fleet import Patience
from data.domain.progress import Progress, essence, fold, holds, verdict
from data.store import AgentFilter, Board, Ledger, Recorded, Store, alerting, places, ruling, settings, workers
from orchestrator_adapter.engine import names
from orchestrator_adapter.engine.tidy import tidy

TICK_S = 2.0
SKEW = timedelta(seconds=5)
"""A clock that differs by more from the time that really passed was set, or the machine slept."""
STRETCH = 2_000
"""Events that are read at once when an agent's log is folded anew."""
MISSED = 100
RECENT = timedelta(hours=1)
"""Stages of budgets that were reached before the start, of which there may be no alert yet."""
BY = "clock"

log = structlog.get_logger("watch")


@dataclass(frozen=True)
class Rule:
    """Something that is due again and again."""

    name: str
    every_s: float
    do: Callable[[datetime], object]
    """Called with the time of the store."""


@dataclass
class Passing:
    """Tells how much time passed between two looks that agents could use, and how far the clock went astray."""

    wall: datetime
    mono: float

    def look(self, wall: datetime, mono: float, most_s: float) -> tuple[timedelta, timedelta]:
        """Time that counts, and what the clock says beyond it.

        A look that comes much too late means that this machine was frozen or asleep; so were its agents.
        """
        really = min(mono - self.mono, most_s)
        astray = (wall - self.wall) - timedelta(seconds=really)
        self.wall, self.mono = wall, mono
        return timedelta(seconds=really), astray if abs(astray) > SKEW else timedelta(0)


@dataclass
class Guard:
    """Watches every live agent by its events, and keeps their alerts."""

    store: Store
    monotonic: Callable[[], float] = time.monotonic
    known: dict[str, Progress] = field(default_factory=dict)
    """Live agents."""
    passing: Passing | None = None
    _tasks: dict[str, str] = field(default_factory=dict)
    _deaf: Callable[[], None] | None = None
    _heard: deque[Recorded] = field(default_factory=deque)
    _read: int = 0
    """Events up to this one are folded in already."""

    def open(self) -> None:
        """Listen from now on, and read what live agents did before."""
        if self._deaf is None:
            self._deaf = self.store.listen(lambda _clock, news: self._heard.extend(news))
        with self.store.read() as board:
            self._read = board.clock()
            self._rebuild(board)
            self._forgive(board)
            reached = board.fleet_events(("budget_reached",), limit=MISSED)
        for entry in reversed(reached):  # the server may have ended before it told of them
            if isinstance(entry.event, e.BudgetReached) and self.store.now() - entry.at < RECENT:
                self._write(_budget_alert(entry, entry.event))
        self.passing = Passing(self.store.now(), self.monotonic())

    def close(self) -> None:
        if self._deaf is not None:
            self._deaf()
            self._deaf = None

    def _rebuild(self, board: Board) -> None:
        cursor, now = None, self.store.now()
        while True:
            page = board.agents(AgentFilter(live=True), limit=200, cursor=cursor)
            for agent in page.items:
                after = 0
                while found := board.events(agent_id=agent.id, after=after, limit=STRETCH):
                    for entry in found:
                        self._fold(entry, min(entry.at, now))
                    after = found[-1].id
            cursor = page.next_cursor
            if cursor is None:
                return

    def _forgive(self, board: Board) -> None:
        """Quiet that no process looked after is nobody's fault: their agents had none to work in.

        Agents that another living process runs were at work all the time.
        """
        living = {worker.id for worker in workers.living(board.connection)}
        owners = places.at_work(board.connection)
        kept = {names.agent_id(run) for run, owner in owners.items() if owner in living}
        now = self.store.now()
        for agent_id, progress in self.known.items():
            if agent_id not in kept:
                self.known[agent_id] = replace(progress, since=max(progress.since, now))

    def look(self, now: datetime) -> None:
        """Fold what happened since the last look, then raise and close alerts."""
        if self.passing is None:
            self.open()
        assert self.passing is not None
        passed, astray = self.passing.look(now, self.monotonic(), 10 * TICK_S)
        if astray:
            self.known = {key: progress.shifted(astray) for key, progress in self.known.items()}
        oldest = now - passed - timedelta(seconds=TICK_S)
        while self._heard:
            entry = self._heard[0]  # taken off only when it is dealt with: the store may be away
            if entry.id > self._read:
                self._hear(entry, min(max(entry.at, oldest), now))
                self._read = entry.id
            self._heard.popleft()
        with self.store.read() as board:
            patience, standing = settings.patience(board.connection), board.alerts_standing()
            watches = ruling.on(board.connection, Metric.STUCK)
        self._close(standing, now)
        self._wake(standing, now)
        if watches:
            self._raise(patience, standing, now)

    def _hear(self, entry: Recorded, at: datetime) -> None:
        match entry.event:
            case e.BudgetReached() as reached:
                self._write(_budget_alert(entry, reached))
            case e.BudgetSet(budget_id=budget_id) | e.BudgetRemoved(budget_id=budget_id):
                self._budget_changed(budget_id)
            case _:
                self._fold(entry, at)

    def _fold(self, entry: Recorded, at: datetime) -> None:
        agent_id = getattr(entry.event, "agent_id", None)
        if agent_id is None or isinstance(entry.event, e.AlertRaised):
            return
        self._tasks[agent_id] = entry.event.task_id
        before = self.known.get(agent_id) or Progress(since=at, event_id=entry.id)
        after = fold(before, entry.id, at, entry.event, self._alike)
        if after.ended:
            self.known.pop(agent_id, None)
            self._tasks.pop(agent_id, None)
        else:
            self.known[agent_id] = after

    def _alike(self, one: str, other: str) -> bool:
        """Whether two answers say the same; they are read only if they differ at all."""
        if one == other:
            return True
        try:
            with self.store.read() as board:
                texts = [board.blob(key).decode("utf-8", "replace") for key in (one, other)]
        except BlobNotFound:
            return False
        return essence(texts[0]) == essence(texts[1])

    def _close(self, standing: Sequence[Alert], now: datetime) -> None:
        """Alerts about agents that get on again, or are gone, and about budgets whose period is over."""
        self._close_budgets([alert for alert in standing if alert.kind is AlertKind.BUDGET], now)
        for alert in standing:
            progress = self.known.get(alert.agent_id or "")
            if alert.kind not in (AlertKind.STUCK, AlertKind.LOOPING) or _event_of(alert) > self._read:
                continue  # another process that watches knows more already
            if progress is None or not holds(progress, alert.id):
                gone = "The agent has ended." if progress is None else "The agent gets on again."
                self._answer(alert, AlertStatus.RESOLVED, gone)

    def _close_budgets(self, standing: Sequence[Alert], now: datetime) -> None:
        if not standing:
            return
        with self.store.read() as board:
            budgets = {_budget_prefix(usage.budget.id): usage.budget for usage in board.budgets(now)}
            ended = alerting.at_an_end(board.connection, [alert.task_id or "" for alert in standing])
        over: dict[str, str] = {}
        for alert in standing:
            budget = budgets.get(alert.id[: len(_budget_prefix(""))])
            if budget is None and alert.task_id in ended:  # a limit that was set with the task
                over[alert.id] = "The task has ended."
            elif budget and (start := begins(budget.period, now)) is not None and start > alert.raised_at:
                over[alert.id] = "Its period is over."
        for alert in standing:
            if alert.id in over:
                self._answer(alert, AlertStatus.RESOLVED, over[alert.id])

    def _wake(self, standing: Sequence[Alert], now: datetime) -> None:
        for alert in standing:
            if alert.status is AlertStatus.SNOOZED and alert.until is not None and alert.until <= now:
                self._answer(alert, AlertStatus.OPEN, "Nothing has changed since.")

    def _raise(self, patience: Patience, standing: Sequence[Alert], now: datetime) -> None:
        stands = {(alert.agent_id, alert.kind) for alert in standing}
        for agent_id, progress in self.known.items():
            found = verdict(progress, patience, now)
            if found is not None and (agent_id, found.kind) not in stands:
                task_id = self._tasks[agent_id]
                raised = e.AlertRaised(
                    task_id=task_id,
                    alert_id=found.key,
                    about=found.kind,
                    agent_id=agent_id,
                    words=found.reason,
                    evidence=found.evidence,
                )
                self._write(raised)

    def _budget_changed(self, budget_id: str) -> None:
        with self.store.read() as board:
            standing = board.alerts_standing()
        for alert in standing:
            if alert.id.startswith(_budget_prefix(budget_id)):
                self._answer(alert, AlertStatus.RESOLVED, "The budget was changed.")

    def _answer(self, alert: Alert, to: AlertStatus, note: str) -> None:
        self._write(e.AlertAnswered(task_id=alert.task_id or "", alert_id=alert.id, to=to, note=note, by=BY))

    def _write(self, event: e.AlertRaised | e.AlertAnswered) -> None:
        """Once, whoever else watches: what another process wrote first is refused here, or found standing."""
        with contextlib.suppress(TooLate), self.store.write() as ledger:
            if not _stands(ledger, event):
                ledger.append(event)


def _stands(ledger: Ledger, event: e.AlertRaised | e.AlertAnswered) -> bool:
    if isinstance(event, e.AlertRaised) and event.about is AlertKind.BUDGET:
        if not ruling.on(ledger.connection, Metric.BUDGET):
            return True  # nobody wants to be told
        return alerting.known(ledger.connection, event.alert_id) or alerting.stands_for(
            ledger.connection, event.alert_id.rpartition("-")[0]
        )
    if isinstance(event, e.AlertRaised):
        return alerting.known(ledger.connection, event.alert_id)
    return alerting.get(ledger.connection, event.alert_id).status is event.to


def _event_of(alert: Alert) -> int:
    """The event with which began what an alert about an agent tells."""
    number = alert.id.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def _budget_prefix(budget_id: str) -> str:
    return f"budget-{_digest(budget_id, 16)}-"


def stage_stem(budget_id: str, period_ms: int, percent: str) -> str:
    """With what begins the name of every alert about this share of a budget in this period."""
    return f"{_budget_prefix(budget_id)}{period_ms // 1000:x}-{percent}"


def _budget_alert(entry: Recorded, event: e.BudgetReached) -> e.AlertRaised:
    """One for each stage of a budget in each of its periods, and for each task or agent that it stopped.

    The event's own number comes last: a budget that was raised may reach the same stage again.
    """
    percent = f"{event.percent} %"
    stem = f"{stage_stem(event.budget_id, event.period_ms, str(event.percent))}-{_digest(event.subject, 6)}"
    return e.AlertRaised(
        task_id=event.task_id,
        alert_id=f"{stem}-{entry.id}",
        about=AlertKind.BUDGET,
        words=f'Budget "{event.name}" reached {percent}: {_ACTS[event.act]}.',
        evidence={"Stage": percent, "What it does": _ACTS[event.act]},
    )


_ACTS = {"warn": "a warning only", "downgrade": "the next steps use the cheaper model", "pause": "its tasks pause"}
_ACTS["interrupt"] = "its agents are stopped"


class Watch:
    """Wakes every few seconds, whether or not anybody looks at a page, and does what is due."""

    def __init__(self, store: Store, more: Sequence[Rule] = (), tick_s: float = TICK_S) -> None:
        self._store = store
        self._guard = Guard(store)
        self._rules = (
            Rule("agents that make no progress", 0, self._guard.look),
            Rule("agents that ended long ago", 3600, lambda now: tidy(store, now)),
            *more,
        )
        self._due = dict.fromkeys((rule.name for rule in self._rules), 0.0)
        self._tick_s = tick_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> Callable[[], None]:
        """Watch from now on; the function that ends it."""
        self._thread.start()
        return self.stop

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._ended.is_set():
            self.tick()
            self._ended.wait(self._tick_s)
        self._guard.close()

    def tick(self) -> None:
        """Do what is due now."""
        for rule in self._rules:
            if time.monotonic() >= self._due[rule.name]:
                self._due[rule.name] = time.monotonic() + rule.every_s
                self._do(rule)

    def _do(self, rule: Rule) -> None:
        try:
            rule.do(self._store.now())
        except StoreUnavailable as away:
            log.warning("rule_waits", rule=rule.name, reason=str(away))
        except Exception:  # the boundary of a rule: its failure must not keep the others from being done
            log.exception("rule_failed", rule=rule.name)
