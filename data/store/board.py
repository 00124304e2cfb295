"""The reads: rows as frozen values, lists by cursor, and the counts by which a fleet is watched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from data.domain.agents import LIVE, Agent, Runtime
from data.domain.alerts import Alert, AlertKind, Precision
from data.domain.approvals import Approval
from data.domain.assignment import AssignedBy
from data.domain.budgets import Budget
from data.domain.errors import AgentNotFound, TaskNotFound
from data.domain.home import Home
from data.domain.money import Tokens
from data.domain.tasks import Task
from data.domain.waiting import Queue
from data.domain.workflows import Workflow
from data.store import alerting, asking, blobs, lists, preferences, rows, settings, spending, today, waiting
from data.store import tables as t
from data.store.alerting import AlertFilter
from data.store.conversations import Conversations
from data.store.delivery_reads import DeliveryReads
from data.store.experience import Experiences
from data.store.files import Files
from data.store.imported import Histories
from data.store.ledger import Recorded
from data.store.lists import AgentFilter, Page, TaskFilter
from data.store.log_reads import LogReads
from data.store.look import recorded
from data.store.mirrored import Mirrored
from data.store.observed import Observing
from data.store.outcome_reads import Outcomes
from data.store.rule_reads import RuleReads
from data.store.search import Searches
from data.store.story import StepTimes, Stories
from data.store.transcripts import Transcripts

_CLOCK = sa.select(sa.func.coalesce(sa.func.max(t.events.c.id), 0))
"""Asked by every page on every run, so it is built once."""
_LIVE = sorted(status.value for status in LIVE)
_RUNNING = ["in_progress", "paused", "pending", "waiting"]
_IMPORTED = Runtime.IMPORTED.value
"""History that was read in is no work of this fleet: it counts as money, and not as success, load or experience."""


@dataclass(frozen=True)
class Message:
    """One model reply as it was counted."""

    message_id: str
    request_id: str
    model: str
    at: datetime
    tokens: Tokens
    cost_nanousd: int | None
    subagent: bool


@dataclass(frozen=True)
class Fleet:
    """The counts of the whole fleet; money and tokens without simulated ones."""

    agents: int
    by_status: dict[str, int]
    by_role: dict[str, int]
    """Live agents by role."""
    running_tasks: int
    today_nanousd: int
    today_tokens: Tokens
    today_unpriced: int
    simulated_today_nanousd: int
    completed_7d: int
    failed_7d: int
    analyst_in_7d: int
    """Tasks of the last seven days in which an ANALYST took part."""
    analyst_7d_nanousd: int
    """What those had cost, without simulated money."""
    analyst_asked_7d: int
    """Tasks in which one could have taken part: not single agents, nor sessions that were started elsewhere."""
    tasks_7d: int
    spend_by_hour: list[int]
    """Nano-dollars in each of the last 24 hours, oldest first."""
    starts_by_hour: list[int]
    """Agents created in each of the last 24 hours, oldest first."""


class Board(
    Conversations,
    DeliveryReads,
    Experiences,
    Files,
    Histories,
    LogReads,
    Mirrored,
    Observing,
    Outcomes,
    RuleReads,
    Searches,
    Stories,
    Transcripts,
):
    """One open look at the store."""

    def clock(self) -> int:
        """The id of the last event: now."""
        return int(self.connection.execute(_CLOCK).scalar_one())

    def blob(self, key: str) -> bytes:
        return blobs.get(self.connection, key)

    def task(self, task_id: str) -> Task:
        """Raises TaskNotFound, for a deleted one too."""
        where = (t.tasks.c.id == task_id) & t.tasks.c.deleted_at_ms.is_(None)
        found = list(self.connection.execute(sa.select(t.tasks).where(where)).mappings())
        if not found:
            raise TaskNotFound(f"There is no task {task_id}.", task_id=task_id)
        return self._as_tasks(found)[0]

    def tasks(self, wanted: TaskFilter | None = None, limit: int = 50, cursor: str | None = None) -> Page[Task]:
        wanted = wanted or TaskFilter()
        found, after = lists.page(self.connection, lists.tasks(wanted), t.tasks, wanted.sort, limit, cursor)
        return Page(self._as_tasks(found), after)

    def running_tasks(self, limit: int = 100) -> list[Task]:
        """Tasks that have not ended, newest first."""
        query = (
            sa.select(t.tasks)
            .where(t.tasks.c.status.in_(_RUNNING), t.tasks.c.deleted_at_ms.is_(None))
            .order_by(t.tasks.c.created_at_ms.desc(), t.tasks.c.id.desc())
            .limit(limit)
        )
        return self._as_tasks(list(self.connection.execute(query).mappings()))

    def just_ended(self, since: datetime, among: int = 50) -> list[Task]:
        """Of the newest tasks those that ended after this time, newest first."""
        c = t.tasks.c
        newest = sa.select(c.id).where(c.deleted_at_ms.is_(None), c.archived_at_ms.is_(None), c.runtime != _IMPORTED)
        newest = newest.order_by(c.created_at_ms.desc(), c.id.desc()).limit(among)
        query = sa.select(t.tasks).where(c.ended_at_ms > rows.ms(since), c.id.in_(newest))
        query = query.order_by(c.created_at_ms.desc(), c.id.desc())
        return self._as_tasks(list(self.connection.execute(query).mappings()))

    def agent(self, agent_id: str) -> Agent:
        """Raises AgentNotFound, for a deleted one too."""
        where = (t.agents.c.id == agent_id) & (t.agents.c.status != "deleted")
        found = list(self.connection.execute(sa.select(t.agents).where(where)).mappings())
        if not found:
            raise AgentNotFound(f"There is no agent {agent_id}.", agent_id=agent_id)
        return self._as_agents(found)[0]

    def agents_of(self, task_id: str) -> list[Agent]:
        """Everybody who worked for a task, deleted ones included."""
        query = sa.select(t.agents).where(t.agents.c.task_id == task_id)
        return self._as_agents(list(self.connection.execute(query).mappings()))

    def agents(self, wanted: AgentFilter | None = None, limit: int = 50, cursor: str | None = None) -> Page[Agent]:
        wanted = wanted or AgentFilter()
        found, after = lists.page(self.connection, lists.agents(wanted), t.agents, wanted.sort, limit, cursor)
        return Page(self._as_agents(found), after)

    def ended_agents(self, before: datetime, limit: int) -> list[tuple[str, str]]:
        """Task and id of agents that ended here before this time and still stand in the lists, the oldest first."""
        c = t.agents.c
        ended = c.status.not_in([*_LIVE, "deleted"]) & (c.ended_at_ms < rows.ms(before)) & (c.runtime != _IMPORTED)
        query = sa.select(c.task_id, c.id).where(ended).order_by(c.ended_at_ms).limit(limit)
        return [(row.task_id, row.id) for row in self.connection.execute(query)]

    def changed_agents(self, after: int) -> list[Agent]:
        """Agents whose rows moved after this clock value, deleted ones included."""
        query = sa.select(t.agents).where(t.agents.c.rev > after)
        return self._as_agents(list(self.connection.execute(query).mappings()))

    def changed_tasks(self, after: int) -> list[Task]:
        """Tasks whose rows moved after this clock value, without deleted ones."""
        query = sa.select(t.tasks).where(t.tasks.c.rev > after, t.tasks.c.deleted_at_ms.is_(None))
        return self._as_tasks(list(self.connection.execute(query).mappings()))

    def step_times(self, task_id: str) -> list[StepTimes]:
        return self.step_times_of([task_id]).get(task_id, [])

    def events(
        self, task_id: str | None = None, agent_id: str | None = None, after: int = 0, limit: int = 200
    ) -> list[Recorded]:
        """The log after a clock value, oldest first."""
        query = sa.select(t.events).where(t.events.c.id > after).order_by(t.events.c.id).limit(limit)
        if task_id is not None:
            query = query.where(t.events.c.task_id == task_id)
        if agent_id is not None:
            query = query.where(t.events.c.agent_id == agent_id)
        return [recorded(row) for row in self.connection.execute(query).mappings()]

    def messages(self, agent_id: str) -> list[Message]:
        """Each model reply of an agent, oldest first."""
        query = sa.select(t.messages).where(t.messages.c.agent_id == agent_id).order_by(t.messages.c.at_ms)
        return [
            Message(
                r["message_id"],
                r["request_id"],
                r["model"],
                rows.at(r["at_ms"]),
                rows.tokens(r),
                r["cost_nanousd"],
                r["subagent"],
            )
            for r in self.connection.execute(query).mappings()
        ]

    def approvals_waiting(self, task_id: str | None = None) -> list[Approval]:
        """Tool calls that wait for a person, the oldest first."""
        return asking.waiting(self.connection, task_id)

    def approvals_answered(self, limit: int = 100, before: tuple[int, str] | None = None) -> list[Approval]:
        """The last answers, the newest first; those behind a place, which is the time and id of an answer."""
        return asking.answered(self.connection, limit, before)

    def approval(self, approval_id: str) -> Approval:
        """Raises ApprovalNotFound."""
        return asking.get(self.connection, approval_id)

    def alerts_standing(self, agent_id: str | None = None) -> list[Alert]:
        """Alerts that are open, or snoozed, the newest first."""
        return alerting.standing(self.connection, agent_id)

    def alerts(self, wanted: AlertFilter, limit: int = 100, before: tuple[int, str] | None = None) -> list[Alert]:
        """The newest alerts; those behind a place, which is the time and id of an alert."""
        return alerting.listed(self.connection, wanted, limit, before)

    def alert(self, alert_id: str) -> Alert:
        """Raises AlertNotFound."""
        return alerting.get(self.connection, alert_id)

    def alert_precision(self) -> dict[AlertKind, Precision]:
        """How often the alerts of each kind were right; kinds that nobody judged are missing."""
        return alerting.precision(self.connection)

    def budgets(self, now: datetime) -> list[spending.Usage]:
        """Every budget that holds, with what was used of it in its current period."""
        return spending.usage(self.connection, now)

    def budgets_of(self, task_id: str, now: datetime) -> list[spending.Usage]:
        """The budgets that hold for a task."""
        return spending.usage(self.connection, now, spending.holding(self.connection, self.task(task_id)))

    def budget(self, budget_id: str) -> Budget:
        """Raises BudgetNotFound."""
        return spending.budget(self.connection, budget_id)

    def queue(self) -> Queue:
        """Everything that waits for a place, the first in order first."""
        return waiting.queue(self.connection)

    def settings(self) -> settings.FleetSettings:
        """How the fleet behaves, and who said so last."""
        return settings.everything(self.connection)

    def home(self, person: str) -> Home:
        """What this person's home page shows first."""
        return preferences.home(self.connection, person)

    def report_preferences(self, person: str) -> dict[str, str]:
        """How this person wants reports: `format`, `what` and `window`; nothing of it if they never chose."""
        return preferences.reports(self.connection, person)

    def owners(self, task_ids: Iterable[str]) -> dict[str, str]:
        """Who handed in each of these tasks."""
        c = t.tasks.c
        found = self.connection.execute(sa.select(c.id, c.created_by).where(c.id.in_(list(task_ids))))
        return {row.id: row.created_by for row in found}

    def fleet_events(
        self, kinds: Iterable[str], limit: int = 200, after: int = 0, before: int = 2**63 - 1
    ) -> list[Recorded]:
        """Newest happenings of these kinds between two clock values, over all tasks."""
        c = t.events.c
        query = sa.select(t.events).where(c.kind.in_(list(kinds)), c.id > after, c.id < before)
        found = self.connection.execute(query.order_by(c.id.desc()).limit(limit)).mappings()
        return [recorded(row) for row in found]

    def working_directories(self, limit: int = 10) -> list[str]:
        """Folders that tasks worked in, the last used first."""
        latest = sa.func.max(t.tasks.c.created_at_ms)
        query = sa.select(t.tasks.c.working_directory).group_by(t.tasks.c.working_directory)
        where = (t.tasks.c.runtime == "claude") & t.tasks.c.deleted_at_ms.is_(None)
        return list(self.connection.execute(query.where(where).order_by(latest.desc()).limit(limit)).scalars())

    def fleet(self, now: datetime) -> Fleet:
        """Counts as of now; today begins at midnight UTC."""
        ours = sa.select(t.agents.c.status, sa.func.count()).where(t.agents.c.runtime != _IMPORTED)
        by_status = self._count(ours.group_by(t.agents.c.status))
        by_status.pop("deleted", None)
        by_role = self._count(
            sa.select(t.agents.c.role, sa.func.count()).where(t.agents.c.status.in_(_LIVE)).group_by(t.agents.c.role)
        )
        midnight = rows.ms(now.replace(hour=0, minute=0, second=0, microsecond=0))
        spent = today.spent(self.connection, midnight, now)
        week = self._week(rows.ms(now - timedelta(days=7)))
        return Fleet(
            agents=sum(by_status.values()),
            by_status=by_status,
            by_role=by_role,
            running_tasks=self._running(),
            today_nanousd=spent.nanousd,
            today_tokens=spent.tokens,
            today_unpriced=spent.unpriced,
            simulated_today_nanousd=spent.simulated_nanousd,
            completed_7d=week["completed"],
            failed_7d=week["failed"],
            analyst_in_7d=week["analyst"],
            analyst_7d_nanousd=self.analyst_spent(now - timedelta(days=7)),
            analyst_asked_7d=week["asked"],
            tasks_7d=week["all"],
            spend_by_hour=spent.by_hour,
            starts_by_hour=today.starts_by_hour(self.connection, now),
        )

    def _running(self) -> int:
        query = sa.select(sa.func.count()).where(t.tasks.c.status.in_(_RUNNING), t.tasks.c.deleted_at_ms.is_(None))
        return int(self.connection.execute(query).scalar_one())

    def _week(self, since_ms: int) -> dict[str, int]:
        c = t.tasks.c
        one = sa.func.count()
        query = sa.select(
            one.filter(c.status == "completed"),
            one.filter(c.status == "failed"),
            one.filter(c.analyst_included.is_(True)),
            one.filter(c.analyst_included.is_(True) | (c.analyst_by != AssignedBy.NOBODY.value)),
            one,
        ).where(c.created_at_ms >= since_ms, c.deleted_at_ms.is_(None), c.runtime != _IMPORTED)
        names = ("completed", "failed", "analyst", "asked", "all")
        return dict(zip(names, self.connection.execute(query).one(), strict=True))

    def _count(self, query: sa.Select[Any]) -> dict[str, int]:
        return {str(name): int(number) for name, number in self.connection.execute(query)}

    def _as_tasks(self, found: Sequence[rows.Row]) -> list[Task]:
        return self.known.tasks.of(found, self._read_tasks)

    def _read_tasks(self, found: Sequence[rows.Row]) -> list[Task]:
        ids = [row["id"] for row in found]
        workflows: dict[str, list[Any]] = {}
        for row in self._of(t.steps, t.steps.c.task_id, ids, t.steps.c.position):
            workflows.setdefault(row["task_id"], []).append(rows.step(row))
        files, analysts = self._files(t.files.c.task_id, ids), self.analyst_costs(ids)
        return [
            rows.task(row, self._workflow(workflows, key := row["id"]), files.get(key, {}), analysts.get(key, 0))
            for row in found
        ]

    @staticmethod
    def _workflow(workflows: dict[str, list[Any]], task_id: str) -> Workflow:
        return tuple(workflows.get(task_id, ()))

    def _as_agents(self, found: Sequence[rows.Row]) -> list[Agent]:
        return self.known.agents.of(found, self._read_agents)

    def _read_agents(self, found: Sequence[rows.Row]) -> list[Agent]:
        files = self._files(t.files.c.agent_id, [row["id"] for row in found])
        return [rows.agent(row, files.get(row["id"], {})) for row in found]

    def _files(self, column: sa.Column[str], ids: list[str]) -> dict[str, dict[str, list[str]]]:
        grouped: dict[str, list[rows.Row]] = {}
        for row in self._of(t.files, column, ids, t.files.c.path):
            grouped.setdefault(row[column.name], []).append(dict(row))
        return {key: rows.files_by_change(items) for key, items in grouped.items()}

    def _of(
        self, table: sa.Table, column: sa.Column[str], ids: list[str], order: sa.Column[Any]
    ) -> Iterable[sa.RowMapping]:
        if not ids:
            return []
        return self.connection.execute(sa.select(table).where(column.in_(ids)).order_by(order)).mappings()
