"""What may be sent about the queue and the fleet's settings; what the numbers may be, the settings say themselves."""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from data.domain.agents import Role
from data.domain.fleet import Cleanup, Limits, Lottery, Patience, Priority, Retries
from data.store.lists import MAX_LIMIT
from data.store.settings import FleetSettings
from orchestrator_adapter.api.bodies import Sent as Sent


class PriorityBody(Sent):
    """How soon a task gets a free place."""

    priority: Priority


class QueueQuery(Sent):
    """Which stretch of the queue."""

    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="Most items of the answer")
    cursor: int = Field(0, ge=0, lt=2**31, description="`next_cursor` of the page before: a position")


class LimitsBody(Sent):
    """How many agents may work at once; null is no limit of that kind."""

    per_machine: int | None = Field(None, description="Null: what QUARTERDECK_MAX_AGENTS says on each machine")
    per_user: int | None = None
    in_all: int | None = None


class RetriesBody(Sent):
    """How often a step is tried again by itself after a failure that may pass."""

    by_role: dict[Role, int] = Field(default_factory=dict, description="Roles that are not named have `otherwise`")
    otherwise: int = 2


class PatienceBody(Sent):
    """When an agent counts as stuck."""

    silent_s: int = Field(600, description="Seconds without any progress")
    repeats: int = Field(5, description="The same call with the same answer so often in a row")
    tokens: int = Field(200_000, description="Tokens used since the last progress")


class CleanupBody(Sent):
    """Whether agents that have ended leave the lists by themselves."""

    automatic: bool = False
    after_days: int = 30


class LotteryBody(Sent):
    """Whether a lot decides about the ANALYST of some borderline tasks."""

    share: int = Field(0, description="Percent of the borderline tasks that are drawn; 0: nobody draws lots")
    chance: int = Field(50, description="Percent with which a drawn task has an ANALYST")


class FleetBody(Sent):
    """What changes of the fleet's settings: a field that is left out stays as it is."""

    limits: LimitsBody | None = None
    retries: RetriesBody | None = None
    patience: PatienceBody | None = None
    cleanup: CleanupBody | None = None
    lottery: LotteryBody | None = None

    def over(self, old: FleetSettings) -> list[Limits | Retries | Patience | Cleanup | Lottery]:
        """The settings that were sent, each whole."""
        pairs = ((self.limits, old.limits), (self.retries, old.retries))
        more = ((self.patience, old.patience), (self.cleanup, old.cleanup), (self.lottery, old.lottery))
        return [
            replace(setting, **{name: getattr(sent, name) for name in sent.model_fields_set})
            for sent, setting in (*pairs, *more)
            if sent is not None
        ]
