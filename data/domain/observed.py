"""Claude sessions that others run: which task and which agents stand for one, whoever tells of it first.

Hooks, telemetry and transcripts all name the session, so all of them arrive at the same rows.
"""

from __future__ import annotations

import functools
import hashlib
import re

_UUID_HEX = re.compile(r"[0-9a-f]{32}")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")
_SUBAGENT = 24
"""Characters of a sub-agent's own name that its id keeps."""


@functools.lru_cache(4_096)
def task_id(session_id: str) -> str:
    """The task that stands for a session.

    >>> task_id("3090e3aa-0000-4000-8000-000000000001")
    '3090e3aa000040008000000000000001'
    """
    plain = session_id.replace("-", "").lower()
    return plain if _UUID_HEX.fullmatch(plain) else hashlib.sha256(session_id.encode()).hexdigest()[:32]


@functools.lru_cache(4_096)
def agent_id(session_id: str, subagent: str = "", life: int = 1) -> str:
    """The agent that stands for the session itself, or for one of its sub-agents.

    `life`: counts up when a session that had ended is opened again; an agent that has ended stays ended.
    """
    name = _UNSAFE.sub("", subagent)[:_SUBAGENT] or "main"
    again = f".{life}" if life > 1 else ""
    return f"{task_id(session_id)}:{name}{again}"


def is_observed(agent_id: str) -> bool:
    """Whether the agent is one of a session: no other agent's id has a colon.

    >>> is_observed("3090e3aa000040008000000000000001:main"), is_observed("90e3aa00-builder-1")
    (True, False)
    """
    return ":" in agent_id
