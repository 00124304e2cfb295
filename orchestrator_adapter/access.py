"""Who may do what: one table, and verdicts with reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from data.domain.errors import NotAllowed

Rank = Literal["viewer", "developer", "admin"]
RANKS: dict[Rank, int] = {"viewer": 0, "developer": 1, "admin": 2}

ACTIONS: dict[str, tuple[Rank, str]] = {
    "submit_task": ("developer", "Submit a task to the fleet"),
    "start_agent": ("developer", "Start a single agent"),
    "cancel_task": ("developer", "Stop a task and every agent of it"),
    "pause_task": ("developer", "Hold a task: steps that run may finish or are stopped, the rest waits"),
    "resume_task": ("developer", "Let a task go on from the first step that is not paid for"),
    "rerun_task": ("developer", "Do a task once more from the beginning, as a new task"),
    "prioritize_task": ("developer", "Change how soon a task gets a free place"),
    "see_failure": ("developer", "Say that somebody has looked at why a task failed"),
    "answer_approval": ("developer", "Allow or deny a tool call that waits for a person"),
    "tell_agent": ("developer", "Interrupt an agent with a message"),
    "set_budget": ("developer", "Make or change a budget"),
    "remove_budget": ("developer", "Take a budget away"),
    "set_limits": ("admin", "Say how many agents may work at once"),
    "set_retries": ("admin", "Say how often a step is tried again by itself"),
    "set_patience": ("admin", "Say when an agent counts as stuck"),
    "set_cleanup": ("admin", "Say whether agents that have ended leave the lists by themselves"),
    "set_lottery": ("admin", "Say whether a lot decides about the ANALYST of borderline tasks"),
    "set_fleet": ("admin", "Change several settings of the fleet"),
    "set_home": ("viewer", "Choose what one's own home page shows first"),
    "set_reports": ("viewer", "Choose how one wants reports oneself"),
    "import_transcripts": ("developer", "Read the history of Claude Code in"),
    "watch_history": ("admin", "Say whether new history of Claude Code is read in by itself"),
    "record_outcome": ("developer", "Say how good a task's work was"),
    "delete_task": ("developer", "Delete a task that has ended, with its agents"),
    "delete_agent": ("developer", "Take an agent that has ended off every list"),
    "snooze_alert": ("developer", "Wait with an alert"),
    "resolve_alert": ("developer", "Settle an alert"),
    "judge_alert": ("developer", "Say whether an alert was right"),
    "acknowledge_alert": ("developer", "Take an alert on"),
    "set_alert_rule": ("developer", "Make, change or switch a rule of alerts"),
    "switch_alert_rule": ("developer", "Switch a rule of alerts on or off"),
    "remove_alert_rule": ("developer", "Take a rule of alerts away"),
    "set_channel": ("admin", "Make or change a channel by which people are told"),
    "remove_channel": ("admin", "Take a channel away, with its secret"),
    "test_channel": ("developer", "Send a test message through a channel"),
    "set_report_schedule": ("developer", "Make or change a schedule by which reports are sent"),
    "switch_report_schedule": ("developer", "Pause a schedule of reports, or let it go on"),
    "remove_report_schedule": ("developer", "Take a schedule of reports away"),
    "send_report": ("developer", "Send a scheduled report now"),
    "archive_history": ("admin", "Archive months that are over long ago"),
    "ask_sql": ("developer", "Ask a question of one's own over the warehouse"),
    "save_question": ("developer", "Save a question for everybody"),
    "forget_question": ("developer", "Forget a saved question"),
    "import_logs": ("developer", "Take in agent log folders that another program wrote"),
    "order_tasks": ("developer", "Cancel, pause, resume or delete many tasks at once"),
    "order_agents": ("developer", "Delete many agents at once, or cancel their tasks"),
    "install_hooks": ("admin", "Let sessions of Claude Code report here"),
    "remove_hooks": ("admin", "Let no session of Claude Code report here any more"),
    "reveal_token": ("admin", "See the token with which programs report here"),
    "renew_token": ("admin", "Make another token, so that the old one is refused"),
}
"""Each command, the least rank that may give it, and what it does."""


@dataclass(frozen=True)
class Actor:
    """Who is at the controls."""

    name: str
    rank: Rank


LOCAL = Actor("local", "admin")
"""Without sign-in the server answers this machine only, and whoever sits at it owns it."""


@dataclass(frozen=True)
class Decision:
    allowed: bool
    reason: str


def decide(actor: Actor, action: str) -> Decision:
    needed, what = ACTIONS[action]
    return Decision(
        RANKS[actor.rank] >= RANKS[needed], f"{what} needs the rank {needed}; {actor.name} is {actor.rank}."
    )


def require(actor: Actor, action: str) -> None:
    """Raises NotAllowed with the reason."""
    verdict = decide(actor, action)
    if not verdict.allowed:
        raise NotAllowed(verdict.reason, action=action)
