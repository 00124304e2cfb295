"""How each kind of event changes the task, step and agent rows: the only code that updates them."""

from __future__ import annotations

import json
from collections.abc import Mapping

import sqlalchemy as sa

from data.domain import agents as a
from data.domain import assignment, words
from data.domain import events as e
from data.domain.agents import AgentStatus
from data.domain.assignment import AssignedBy
from data.domain.deliveries import About
from data.domain.delivery_events import OutwardEvent
from data.domain.errors import AgentNotFound, TaskNotFound, TooLate
from data.domain.outcome_events import FailureSeen
from data.domain.replay import counted_before
from data.domain.tasks import ENDED, RESUMABLE, TaskStatus, move
from data.domain.workflows import StepStatus
from data.store import (
    alerting,
    asking,
    delivering,
    filing,
    gone,
    history,
    log_fold,
    metered,
    outcomes,
    ruling,
    scheduling,
    settings,
    spending,
    telemetry,
)
from data.store import tables as t
from data.store.at_once import update_of
from data.store.light import effect
from data.store.rows import ms, token_columns, tokens

Alerting = e.AlertRaised | e.AlertAnswered | e.AlertJudged | e.AlertRuleSet | e.AlertRuleRemoved
_STEP_ENDED = {StepStatus.COMPLETED, StepStatus.FAILED, StepStatus.CANCELLED, StepStatus.SKIPPED}


def fold(db: sa.Connection, rev: int, at_ms: int, event: e.Event) -> None:
    """Bring the rows up to this event; `rev` is its id, the new revision of every row it touches."""
    match event:
        case e.TaskSubmitted():
            _submit(db, rev, at_ms, event)
        case e.TaskPlanned():
            _replan(db, rev, event)
        case e.TaskMoved():
            _move_task(db, rev, at_ms, event)
            outcomes.judge(db, event.task_id)
        case e.TaskResumed():
            _resume(db, rev, at_ms, event)
            outcomes.judge(db, event.task_id)
        case e.OutcomeRecorded() | FailureSeen():
            outcomes.fold(db, rev, event)
        case e.StepReset():
            _reset(db, rev, event)
        case e.TaskDeleted():
            _task(db, event.task_id, rev, deleted_at_ms=at_ms)
            gone = sa.update(t.agents).where(t.agents.c.task_id == event.task_id)
            db.execute(gone.values(rev=rev, status=AgentStatus.DELETED.value))
        case e.ApprovalAsked() | e.ApprovalAnswered():
            asking.fold(db, rev, at_ms, event)
        case e.BudgetSet() | e.BudgetRemoved() | e.BudgetReached():
            spending.fold(db, rev, at_ms, event)
        case e.FleetSet() | e.PreferenceSet():
            settings.fold(db, rev, at_ms, event)
        case e.AlertRaised() | e.AlertAnswered() | e.AlertJudged() | e.AlertRuleSet() | e.AlertRuleRemoved():
            _fold_alerts(db, rev, at_ms, event)
        case OutwardEvent():
            scheduling.fold(db, rev, at_ms, event)
        case e.SessionImported() | e.TranscriptRead() | e.ImportMoved():
            history.fold(db, rev, at_ms, event)
        case e.WorkerLost():
            pass  # told in the log; the row of the worker is kept by `workers`
        case e.TaskDescribed():
            _task(db, event.task_id, rev, description=event.description)
        case e.LogsImported():
            log_fold.fold(db, rev, event)
            outcomes.judge(db, event.task_id)
        case e.TaskPrioritized():
            _task(db, event.task_id, rev, priority=event.priority.value)
        case e.StepMoved():
            _move_step(db, rev, at_ms, event)
        case e.AgentCreated():
            _create_agent(db, rev, at_ms, event)
        case e.MessageMetered():
            _meter(db, rev, at_ms, event)
        case _:
            _fold_agent(db, rev, at_ms, event)


def _fold_alerts(db: sa.Connection, rev: int, at_ms: int, event: Alerting) -> None:
    """What is raised is put down for its channels in the same transaction."""
    match event:
        case e.AlertRuleSet() | e.AlertRuleRemoved():
            ruling.fold(db, rev, at_ms, event)
        case _:
            alerting.fold(db, rev, at_ms, event)
    if isinstance(event, e.AlertRaised):
        delivering.put_down(db, rev, at_ms, About.ALERT, event.alert_id, ruling.channels_of(db, event))


def _fold_agent(db: sa.Connection, rev: int, at_ms: int, event: e.Event) -> None:
    """Events that touch one agent's row and little else."""
    match event:
        case e.AgentMoved():
            _move_agent(db, rev, at_ms, event)
        case e.SessionStarted():
            _agent(db, event, rev, session_id=event.session_id, model=event.model)
        case e.TotalReported():
            _report(db, rev, event)
        case e.FolderCompared():
            filing.compared(db, at_ms, event)
            _agent(db, event, rev)
            _task(db, event.task_id, rev)
        case e.RetryScheduled():
            doing = f"waiting to retry ({event.attempt} of {event.max_retries}): {event.error or event.status}"
            _agent(db, event, rev, activity=doing, retry_at_ms=ms(event.retry_at))
        case e.StepContinued():
            _agent(db, event, rev, activity="continues its session" if event.session else "begins anew")
        case e.StepRetried():
            doing = f"waiting for try {event.attempt} of {event.most}: {event.why}"
            _agent(db, event, rev, activity=doing, retry_at_ms=ms(event.retry_at))
        case e.AgentTold():
            _agent(db, event, rev, activity=words.shortened(f"told by {event.by}: {event.words}", 200))
        case _:
            _fold_light(db, rev, at_ms, event)


def _fold_light(db: sa.Connection, rev: int, at_ms: int, event: e.Event) -> None:
    """Events that come many times a second; `bulk` folds them many at once."""
    does = effect(event, at_ms)
    assert does is not None, event
    if isinstance(event, e.FileTouched):
        db.execute(filing.TOUCHED, filing.touched(event, at_ms))
    _agent(db, event, rev, does.more, **does.values)
    if does.task:
        _task(db, event.task_id, rev, does.task_more)


def _change(
    db: sa.Connection, table: sa.Table, row_id: str, more: Mapping[str, int], values: Mapping[str, object]
) -> bool:
    """Set columns and add to others; whether there is such a row."""
    given: dict[str, object] = {f"set_{name}": value for name, value in values.items()}
    given |= {f"add_{name}": value for name, value in more.items()}
    statement = update_of(table, frozenset(values), frozenset(more))
    return bool(db.execute(statement, given | {"row_id": row_id}).rowcount)


_NO_MORE: Mapping[str, int] = {}


def _task(db: sa.Connection, task_id: str, rev: int, more: Mapping[str, int] = _NO_MORE, /, **values: object) -> None:
    if not _change(db, t.tasks, task_id, more, {"rev": rev} | values):
        raise TaskNotFound(f"There is no task {task_id}.", task_id=task_id)


def _agent(
    db: sa.Connection, event: e.Event, rev: int, more: Mapping[str, int] = _NO_MORE, /, **values: object
) -> None:
    agent_id = getattr(event, "agent_id", "")
    if not _change(db, t.agents, agent_id, more, {"rev": rev} | values):
        raise AgentNotFound(f"There is no agent {agent_id}.", agent_id=agent_id)


def _submit(db: sa.Connection, rev: int, at_ms: int, event: e.TaskSubmitted) -> None:
    assigned = assignment.of(event)
    db.execute(
        sa.insert(t.tasks).values(
            id=event.task_id,
            rev=rev,
            description=event.description,
            task_type=event.task_type.value,
            status=TaskStatus.PENDING.value,
            complexity=event.complexity.value,
            complexity_reasons=json.dumps(event.complexity_reasons),
            analyst_choice=event.analyst_choice.value,
            analyst_included=event.analyst_included,
            analyst_reason=event.analyst_reason,
            working_directory=event.working_directory,
            runtime=event.runtime.value,
            simulated=event.runtime.simulated,
            model=event.model,
            permission_mode=event.permission_mode,
            scenario=event.scenario,
            ai_planner=event.ai_planner,
            rerun_of=event.rerun_of,
            ask_tools=json.dumps(event.ask_tools),
            priority=event.priority.value,
            budget_nanousd=event.budget_nanousd,
            analyst_by=assigned.by.value,
            analyst_probability=assigned.probability,
            borderline=event.borderline,
            created_by=event.by,
            created_at_ms=at_ms,
        )
    )
    _replace_steps(db, event.task_id, event.workflow)


def _replace_steps(db: sa.Connection, task_id: str, workflow: tuple[e.StepSpec, ...]) -> None:
    """The planned steps, keeping those that have already begun."""
    db.execute(sa.delete(t.steps).where(t.steps.c.task_id == task_id, t.steps.c.status == StepStatus.PENDING.value))
    found = db.execute(sa.select(t.steps.c.key, t.steps.c.position).where(t.steps.c.task_id == task_id))
    begun = {row.key: row.position for row in found}
    fresh = [step for step in workflow if step.key not in begun]
    for position, step in enumerate(fresh, max(begun.values(), default=0) + 1):
        db.execute(
            sa.insert(t.steps).values(
                task_id=task_id,
                key=step.key,
                position=position,
                role=step.role.value,
                scope=step.scope,
                depends_on=json.dumps(step.depends_on),
                constraints=json.dumps(step.constraints),
                status=StepStatus.PENDING.value,
                why="",
            )
        )


def _replan(db: sa.Connection, rev: int, event: e.TaskPlanned) -> None:
    values: dict[str, object] = {}
    if event.refused is None:
        _replace_steps(db, event.task_id, event.workflow)
    if event.analyst_included is not None:
        values = {"analyst_included": event.analyst_included, "analyst_reason": event.analyst_reason or ""}
        mine = (t.tasks.c.id == event.task_id) & (t.tasks.c.analyst_by == AssignedBy.RULE.value)
        planner = {"analyst_by": AssignedBy.PLANNER.value, "analyst_probability": None}
        db.execute(sa.update(t.tasks).where(mine).values(**planner))
    _task(db, event.task_id, rev, **values)


def _move_task(db: sa.Connection, rev: int, at_ms: int, event: e.TaskMoved) -> None:
    row = db.execute(sa.select(t.tasks.c.status, t.tasks.c.started_at_ms).where(t.tasks.c.id == event.task_id)).first()
    if row is None:
        raise TaskNotFound(f"There is no task {event.task_id}.", task_id=event.task_id)
    to = move(event.task_id, TaskStatus(row.status), event.to)
    values: dict[str, object] = {"status": to.value}
    if to is TaskStatus.IN_PROGRESS and row.started_at_ms is None:
        values["started_at_ms"] = at_ms
    if to in ENDED:
        ended = _end(at_ms, row.started_at_ms)
        values |= {"ended_at_ms": ended, "current_step": None, "result": event.result}
        values["error"] = event.why if to is not TaskStatus.COMPLETED else None
    _task(db, event.task_id, rev, **values)


def _end(at_ms: int, started_at_ms: int | None) -> int:
    """Nothing ends before it began, even if the machine's clock was set back meanwhile."""
    return at_ms if started_at_ms is None else max(at_ms, started_at_ms)


def _resume(db: sa.Connection, rev: int, at_ms: int, event: e.TaskResumed) -> None:
    row = db.execute(sa.select(t.tasks.c.status, t.tasks.c.started_at_ms).where(t.tasks.c.id == event.task_id)).first()
    if row is None:
        raise TaskNotFound(f"There is no task {event.task_id}.", task_id=event.task_id)
    if row.status not in RESUMABLE:
        raise TooLate(f"A task that is {row.status} cannot be resumed.", task_id=event.task_id, status=row.status)
    again = {
        "status": TaskStatus.IN_PROGRESS.value,
        "ended_at_ms": None,
        "error": None,
        "result": None,
        "seen_by": None,
    }
    begun = at_ms if row.started_at_ms is None else row.started_at_ms
    _task(db, event.task_id, rev, {"run": 1}, kept_nanousd=event.kept_nanousd, started_at_ms=begun, **again)


def _reset(db: sa.Connection, rev: int, event: e.StepReset) -> None:
    where = (t.steps.c.task_id == event.task_id) & (t.steps.c.key == event.step)
    fresh = {"status": StepStatus.PENDING.value, "started_at_ms": None, "ended_at_ms": None}
    db.execute(sa.update(t.steps).where(where).values(**fresh, why=event.why, generation=event.generation))
    _task(db, event.task_id, rev)


def _move_step(db: sa.Connection, rev: int, at_ms: int, event: e.StepMoved) -> None:
    values: dict[str, object] = {"status": event.to.value, "why": event.why}
    if event.to is StepStatus.ACTIVE:
        values["started_at_ms"] = sa.func.coalesce(t.steps.c.started_at_ms, at_ms)
    if event.to in _STEP_ENDED:
        begun = sa.func.coalesce(t.steps.c.started_at_ms, at_ms)
        values["ended_at_ms"] = sa.case((begun > at_ms, begun), else_=at_ms)
    where = (t.steps.c.task_id == event.task_id) & (t.steps.c.key == event.step)
    db.execute(sa.update(t.steps).where(where).values(**values))
    now_on = {"current_step": event.step} if event.to is StepStatus.ACTIVE else {}
    _task(db, event.task_id, rev, **now_on)


def _create_agent(db: sa.Connection, rev: int, at_ms: int, event: e.AgentCreated) -> None:
    _task(db, event.task_id, rev)
    known = db.execute(sa.select(t.agents.c.id).where(t.agents.c.id == event.agent_id)).first()
    if known is not None:  # a run that is continued after a crash keeps its agent
        return
    db.execute(
        sa.insert(t.agents).values(
            id=event.agent_id,
            rev=rev,
            task_id=event.task_id,
            step=event.step,
            role=event.role.value,
            name=event.name,
            model=event.model,
            status=AgentStatus.IDLE.value,
            activity="",
            runtime=event.runtime.value,
            simulated=event.runtime.simulated,
            created_at_ms=at_ms,
            log_dir=event.log_dir,
        )
    )


def _move_agent(db: sa.Connection, rev: int, at_ms: int, event: e.AgentMoved) -> None:
    where = t.agents.c.id == event.agent_id
    row = db.execute(sa.select(t.agents.c.status, t.agents.c.started_at_ms).where(where)).first()
    if row is None:
        raise AgentNotFound(f"There is no agent {event.agent_id}.", agent_id=event.agent_id)
    if event.to not in a.MOVES[AgentStatus(row.status)]:
        raise TooLate(f"An agent that is {row.status} cannot become {event.to}.", agent_id=event.agent_id)
    values: dict[str, object] = {"status": event.to.value, "retry_at_ms": None, "tool_since_ms": None}
    if event.to is AgentStatus.ACTIVE and row.started_at_ms is None:
        values["started_at_ms"] = at_ms
    if event.to not in a.LIVE:
        values |= {"ended_at_ms": _end(at_ms, row.started_at_ms), "activity": "", "result": event.result}
    if event.to in (AgentStatus.FAILED, AgentStatus.CANCELLED):
        values["error"] = event.why
    _agent(db, event, rev, **values)


_KNOWN = sa.select(t.messages).where(t.messages.c.message_id == sa.bindparam("message"))


def _known_message(db: sa.Connection, event: e.MessageMetered) -> sa.RowMapping | None:
    """The copy of the reply that was counted before."""
    copies = {row["request_id"]: row for row in db.execute(_KNOWN, {"message": event.message_id}).mappings()}
    return counted_before(copies, event.request_id)


def is_news(db: sa.Connection, event: e.MessageMetered) -> bool:
    """Whether this copy of a model reply says more than the one that was counted."""
    if telemetry.is_counted(db, event):
        return False
    known = _known_message(db, event)
    if known is None or event.tokens.output > known["tokens_output"]:
        return True
    return history.belongs_here(db, known, event.agent_id)


def _meter(db: sa.Connection, rev: int, at_ms: int, event: e.MessageMetered) -> None:
    """Count the reply, or the difference to the smaller copy of it that was counted before."""
    known = _known_message(db, event)
    if known is not None and history.belongs_here(db, known, event.agent_id):
        history.let_go(db, rev, known)
        known = None
    more = event.tokens
    cost, unpriced = event.cost_nanousd or 0, int(event.cost_nanousd is None)
    if known is None:
        telemetry.give_way(db, rev, event)
        agent = db.execute(sa.select(t.agents.c.simulated).where(t.agents.c.id == event.agent_id)).first()
        if agent is None:
            raise AgentNotFound(f"There is no agent {event.agent_id}.", agent_id=event.agent_id)
        db.execute(sa.insert(t.messages), metered.row(event, rev, at_ms, simulated=agent.simulated))
    else:
        more = event.tokens - tokens(known)
        cost -= known["cost_nanousd"] or 0
        unpriced -= int(known["cost_nanousd"] is None)
        where = (t.messages.c.message_id == event.message_id) & (t.messages.c.request_id == known["request_id"])
        request = event.request_id or known["request_id"]
        if request != known["request_id"]:
            gone.note(db, rev, known)
        db.execute(sa.update(t.messages).where(where).values(**metered.figures(event, rev), request_id=request))
    sums = {**token_columns(more), "cost_nanousd": cost, "unpriced_messages": unpriced}
    _task(db, event.task_id, rev, sums)
    _agent(db, event, rev, sums, retry_at_ms=None, **metered.gauge(event))


def _report(db: sa.Connection, rev: int, event: e.TotalReported) -> None:
    """Add what the running total grew by; a smaller total means that its counter restarted."""
    row = db.execute(sa.select(t.agents).where(t.agents.c.id == event.agent_id)).mappings().first()
    if row is None:
        raise AgentNotFound(f"There is no agent {event.agent_id}.", agent_id=event.agent_id)
    grown = metered.grown(event.total_nanousd, row["reported_last_nanousd"])
    _agent(db, event, rev, {"reported_nanousd": grown}, reported_last_nanousd=event.total_nanousd)
    _task(db, event.task_id, rev, {"reported_nanousd": grown})
