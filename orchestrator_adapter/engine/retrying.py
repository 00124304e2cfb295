"""Which failures may pass by themselves, and when a step is tried again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from data.domain import events as e
from data.domain.agents import AgentStatus
from data.domain.errors import AgentFailed
from data.domain.workflows import Step
from data.store import Ledger, settings

MAX_ATTEMPTS = 3
"""Tries of a step whose process dies, its own or the server's: what kills it three times is given up.

A server that ends in good order, as for an update, has not died.
"""
MOST_S = 60.0
"""Longest wait before a try."""

_PASSING = {408: "timed out", 409: "conflict", 429: "rate limit", 529: "overloaded"}
_ENDED_BY_SIGNAL = 128
"""Exit codes above it, as shells say it; Python says a negative number."""


def passing(details: Mapping[str, object]) -> str | None:
    """In a few words why the failure may pass by itself; None if trying again would only fail again.

    Judged by what the runner knows of it, never by the text of an answer.
    """
    if died(details):
        return "its process died"
    if details.get("terminal_reason") != "api_error" or details.get("stop_reason") == "refusal":
        return None
    status = details.get("api_error_status")
    if status is None:
        return "the connection to the model service broke"
    if not isinstance(status, int) or not (status in _PASSING or 500 <= status < 600):
        return None
    return f"{_PASSING.get(status, 'the model service failed')} ({status})"


def died(details: Mapping[str, object]) -> bool:
    """Whether the agent's process was gone, rather than that it said what is wrong."""
    code = details.get("exit_code")
    return details.get("ended") is True or (isinstance(code, int) and (code < 0 or code > _ENDED_BY_SIGNAL))


def pause_s(retries: int) -> float:
    """1, 2, 4, 8 ... seconds."""
    return min(float(2 ** min(retries, 10)), MOST_S)


def try_again(ledger: Ledger, step: Step, run_id: str, failed: AgentFailed) -> float | None:
    """Count one more try and say so; in how many seconds it comes, None if the step has to fail."""
    run, why = ledger.run(run_id), passing(failed.details)
    assert run is not None
    most = settings.retries(ledger.connection).of(step.role)
    if why is None or run.retries >= most:
        return None
    if died(failed.details) and run.begun + run.retries >= MAX_ATTEMPTS:
        return None
    wait_s = pause_s(run.retries)
    ledger.count_retry(run_id)
    ids = {"task_id": run.task_id, "agent_id": run.agent_id}
    retry_at = ledger.now() + timedelta(seconds=wait_s)
    if ledger.agent_status(run.agent_id) == AgentStatus.ACTIVE:
        ledger.append(e.AgentMoved(**ids, to=AgentStatus.WAITING, why=why))
    attempt = run.retries + 2
    ledger.append(e.StepRetried(**ids, step=step.key, attempt=attempt, most=most + 1, why=why, retry_at=retry_at))
    return wait_s
