"""An event of the log as one line that a person reads; many events are worth none."""

from __future__ import annotations

import re
from collections.abc import Mapping

from data.domain import conversation_events, words
from data.domain import events as e
from data.domain.agents import Agent, AgentStatus, FileChange
from data.domain.alerts import AlertStatus
from data.domain.events import Event
from data.domain.outcome_events import FailureSeen

WIDTH = 200
_RULES = re.compile(r"([=\-_*#~+.])\1{5,}")
"""Lines that programs draw between parts of their output: in one line of words they say nothing."""
_QUIET = frozenset({AgentStatus.WAITING, AgentStatus.DELETED})


def line(event: Event, agents: Mapping[str, Agent]) -> dict[str, str] | None:
    """Who, what kind and the words; None if there is nothing to tell."""
    told = _told(event)
    if told is None:
        return None
    kind, text = told
    agent = agents.get(getattr(event, "agent_id", ""))
    name, role = (agent.name, agent.role.value) if agent else ("", "")
    return {"agent": name, "role": role, "kind": kind, "words": words.shortened(_RULES.sub(" ", text), WIDTH)}


def _told(event: Event) -> tuple[str, str] | None:
    match event:
        case e.TaskSubmitted(by=by):
            return "moved", f"submitted by {by}"
        case e.TaskDescribed(description=text):
            return "moved", f"asked: {text}"
        case e.TaskPlanned(refused=refused, rationale=rationale):
            return "moved", f"the plan was not used: {refused}" if refused else f"planned: {rationale}"
        case e.TaskMoved(to=to, why=why):
            return "moved", _with(f"task {to.value.replace('_', ' ')}", why)
        case e.TaskResumed(by=by, kept_steps=kept, kept_nanousd=nanousd):
            what = f", {words.count(len(kept), 'step')} kept ({words.dollars(nanousd)})" if kept else ""
            return "moved", f"resumed by {by}{what}"
        case e.TaskPrioritized(priority=priority, by=by):
            return "moved", f"priority {priority}, set by {by}"
        case FailureSeen(by=by):
            return "moved", f"{by} has looked at the failure"
        case e.BudgetReached(name=name, percent=percent, act=act):
            return "budget", f'budget "{name}" reached {percent} %: {act}'
        case e.AlertRaised(about=about, words=text):
            return "alert", f"alert, {about}: {text}"
        case e.AlertAnswered(to=AlertStatus.RESOLVED, by=by, note=note):
            return "alert", _with("alert settled" if by == "clock" else f"alert settled by {by}", note)
        case e.StepMoved(step=step, to=to, why=why):
            return "moved", _with(f"step {step} {to}", why)
        case e.AgentMoved(to=to, why=why) if to not in _QUIET:
            return "moved", _with(f"agent {to}", why)
        case e.SessionStarted(model=model):
            return "moved", f"session started on {model}"
        case e.LogsImported(folder=folder, status=to, why=why):
            return "moved", _with(f"agent {to}, as its log in {folder} says", why)
        case _:
            return _done(event)


def _done(event: Event) -> tuple[str, str] | None:
    match event:
        case e.Said(block=block, chars=chars, parent=parent):
            verb = "wrote" if block == "text" else "thought for"
            return "said", f"{'sub-agent ' if parent else ''}{verb} {words.count(chars, 'character')}"
        case e.ContextCompacted(before_tokens=before, after_tokens=after, trigger=trigger):
            return "moved", conversation_events.compacted(before, after, trigger)
        case e.ToolCalled(words=text, subagent=subagent):
            return "tool", f"sub-agent: {text}" if subagent else text
        case e.ToolReturned(is_error=True, tool=tool, preview=preview):
            return "failed", _with(f"{tool} failed", preview)
        case e.FileTouched(path=path, change=change, added=added, removed=removed) if change is not FileChange.READ:
            return "file", f"{change} {path}" + (f" +{added} −{removed}" if added or removed else "")
        case e.FolderCompared(files=files, left_out=left_out) if files:
            lines = f" +{sum(file.added for file in files)} −{sum(file.removed for file in files)}"
            return "file", f"{words.count(len(files) + left_out, 'file')} changed in all{lines}"
        case e.RetryScheduled(attempt=attempt, max_retries=most, delay_ms=delay, status=status):
            answer = f" ({status})" if status else ""
            return "retry", f"the model service refused{answer}: try {attempt} of {most} in {delay / 1000:.0f} s"
        case e.ToolRefused(tool=tool, words=text):
            return "refused", f"{tool} was not permitted: {text}"
        case e.ApprovalAsked(words=text):
            return "asked", f"waits for a person: {text}"
        case e.ApprovalAnswered(to=to, by=by, reason=reason):
            return "answered", _with(to.value if by == "clock" else f"{to} by {by}", reason)
        case e.AgentTold(by=by, words=text):
            return "told", f"told by {by}: {text}"
        case e.AgentHeard():
            return "told", "has the message, and goes on with it"
        case e.StepContinued(step=step, attempt=attempt, session=session, worker=worker):
            how = "continues its session" if session else "begins anew"
            return "moved", f"its engine process was gone; {step} {how} on {worker} (try {attempt})"
        case e.WorkerLost(worker=worker, why=why, taken_by=by, runs=runs):
            had = f"; {by} has its {words.count(len(runs), 'step')} now" if runs else ""
            return "moved", f"the engine process {worker} is lost: {why}{had}"
        case e.StepRetried(attempt=attempt, most=most, why=why, retry_at=at):
            return "retry", f"{why}: try {attempt} of {most} at {at:%H:%M:%S} UTC"
        case e.SubagentMoved(to=to, words=text):
            return "subagent", _with(f"sub-agent {to}", text)
        case e.SessionImported(session_id=session):
            return "moved", f"session {session[:8]} of Claude Code was read in"
        case e.TranscriptRead(lines=lines, replies=replies, cost_nanousd=nanousd) if lines:
            told = f"{words.count(lines, 'line')} read in, {words.count(replies, 'reply', 'replies')}"
            return "moved", f"{told}, {words.dollars(nanousd)}"
        case e.Diagnostic(words=text):
            return "diagnostic", text
        case _:
            return None


def _with(what: str, why: str) -> str:
    return f"{what}: {why}" if why else what
