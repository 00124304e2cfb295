"""How a turn of an agent ended: with an answer, interrupted, or badly; read from the plain result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data.domain.errors import AgentFailed
from orchestrator_adapter.runners import Reply

Plain = Mapping[str, Any]

REFUSED_KEY = frozenset({401, 403})
WHY = ("subtype", "terminal_reason", "api_error_status", "stop_reason", "session_id")
"""What a result says about a failure, beside its words."""


def refuse_bad_key(said: Plain) -> None:
    """A wrong key stays wrong, yet the command line would try again for minutes."""
    if said.get("subtype") == "api_retry" and (status := said.get("error_status")) in REFUSED_KEY:
        words = f"API Error: {status} {said.get('error')}. The model service refused the key or login."
        raise AgentFailed(words, api_error_status=status, terminal_reason="api_error")


def good(result: Plain) -> bool:
    """`success` with `is_error` is a failure all the same."""
    return not result.get("is_error") and result.get("subtype") == "success"


def interrupted(result: Plain) -> bool:
    """Whether the turn ended because it was asked to."""
    return str(result.get("terminal_reason")).startswith("aborted")


def answer(result: Plain) -> Reply:
    """The reply a result holds; raises AgentFailed for a bad end."""
    if good(result):
        return Reply(str(result.get("result") or ""), result.get("session_id"))
    why = {name: result[name] for name in WHY if result.get(name)}
    words, reason = answer_words(result), str(why.get("terminal_reason", ""))
    told = reason in ("", "api_error", "completed") or reason in words
    raise AgentFailed(words if told else f"{words} ({reason})", **why)


def answer_words(result: Plain) -> str:
    """What a result says went wrong."""
    errors = "; ".join(str(e) for e in result.get("errors") or [])
    return errors or str(result.get("result") or result.get("subtype") or "The agent failed.")
