"""Messages from people on their way into an agent's session: each arrives, in order, whatever happens meanwhile."""

from __future__ import annotations

from data.store import Ledger, telling
from data.store.telling import Told
from orchestrator_adapter import prompts
from orchestrator_adapter.engine import names
from orchestrator_adapter.runners.inbox import Inbox, Note


def note(told: Told) -> Note:
    return Note(told.id, prompts.told_prompt(told.words, told.by))


def unheard(ledger: Ledger, run_id: str) -> list[Told]:
    """What no session of this step holds yet; its agent may have been another one when it was told."""
    agents = [names.agent_id(run) for run in (run_id, *names.earlier(run_id))]
    return telling.unheard(ledger.connection, agents)


def opening(ledger: Ledger, run_id: str, inbox: Inbox) -> list[Told]:
    """What the agent is told with its first words, and not once more when the news of it comes in."""
    told = unheard(ledger, run_id)
    for one in told:
        inbox.said_already(one.id)
    return told


def with_notes(prompt: str, told: list[Told]) -> str:
    return "\n\n".join([prompt, *(note(one).text for one in told)]).strip()


def missed(ledger: Ledger, run_id: str, inbox: Inbox) -> bool:
    """Whether a message came too late for the turn that has just ended."""
    return any(not inbox.passed_on(one.id) for one in unheard(ledger, run_id))
