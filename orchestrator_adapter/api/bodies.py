"""What may be sent: bodies and query parameters, and a refused one as a sentence that names the field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.alerts import AlertKind, AlertStatus
from data.domain.assignment import AssignedBy
from data.domain.budgets import CHEAPER_MODEL, DEFAULT_STAGES, Act, Budget, Period, Scope, Stage
from data.domain.errors import InvalidField
from data.domain.fleet import Priority
from data.domain.money import from_usd
from data.domain.outcomes import Verdict
from data.domain.tasks import AnalystChoice, Complexity, Draft, TaskStatus, TaskType
from data.domain.texts import storable
from data.store import AgentFilter, TaskFilter
from data.store.lists import MAX_LIMIT
from orchestrator_adapter.commands_batch import MOST, AgentOrder, TaskOrder
from orchestrator_adapter.commands_tell import MOST as MOST_WORDS

Sort = Literal["created", "cost", "tokens"]
Choice = Literal["auto", "force", "skip"]
Short = Annotated[str, Field(max_length=500)]
Path = Annotated[str, Field(max_length=4096)]
Tool = Annotated[str, Field(max_length=120)]
Dollars = Annotated[float, Field(gt=0, le=1_000_000)]


class Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _clean(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {name: storable(v) if isinstance(v, str) else v for name, v in values.items()}


class Nothing(Sent):
    """No parameters."""


class _List(Sent):
    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="Most items of the answer")
    cursor: str | None = Field(None, max_length=500, description="`next_cursor` of the page before")
    sort: Sort = Field("created", description="Newest, dearest or largest first")


class TaskQuery(_List):
    """Which tasks to list."""

    status: TaskStatus | None = None
    type: TaskType | None = None
    since: AwareDatetime | None = Field(None, alias="from", description="Created at or after")
    until: AwareDatetime | None = Field(None, alias="to", description="Created before")
    q: Short | None = Field(None, description="Text that the description holds")
    analyst: bool | None = Field(None, description="Whether an ANALYST takes part")
    analyst_by: AssignedBy | None = Field(None, description="Who decided about the ANALYST")
    outcome: Verdict | None = Field(None, description="Whether the work was good; unknown: nobody judged it")
    runtime: Runtime | None = None
    archived: bool = False
    created_by: Short | None = Field(None, description="Who handed it in")
    seen: bool | None = Field(None, description="Only failed tasks, that somebody has or has not looked at")

    def wanted(self) -> TaskFilter:
        return TaskFilter(
            status=self.status,
            task_type=self.type,
            since=self.since,
            until=self.until,
            text=self.q or None,
            analyst=self.analyst,
            analyst_by=self.analyst_by,
            outcome=self.outcome,
            runtime=self.runtime,
            archived=self.archived,
            created_by=self.created_by,
            seen=self.seen,
            sort=self.sort,
        )


class AgentQuery(_List):
    """Which agents to list."""

    status: AgentStatus | None = None
    role: Role | None = None
    task_id: Short | None = None
    runtime: Runtime | None = None
    live: bool | None = Field(None, description="Whether it may still spend")
    created_by: Short | None = Field(None, description="Who handed in its task")

    def wanted(self) -> AgentFilter:
        return AgentFilter(
            status=self.status,
            role=self.role,
            task_id=self.task_id,
            runtime=self.runtime,
            live=self.live,
            created_by=self.created_by,
            sort=self.sort,
        )


class EventQuery(Sent):
    """Which stretch of a task's log."""

    limit: int = Field(50, ge=1, le=MAX_LIMIT)
    cursor: int = Field(0, ge=0, lt=2**63, description="Clock after which the stretch begins")


class RoleQuery(Sent):
    """For which complexity a prompt is shown."""

    complexity: Complexity = Complexity.SIMPLE


class PromptQuery(Sent):
    """For which task the prompts are shown."""

    description: str
    type: TaskType | None = None
    analyst: Choice = "auto"


class TaskBody(Sent):
    """What a task is asked for with."""

    description: str = Field(description="1 to 50,000 characters")
    task_type: TaskType | None = Field(
        None,
        validation_alias=AliasChoices("task_type", "type"),
        description="Guessed from the description if it is missing",
    )
    analyst: Choice = "auto"
    working_directory: Path | None = None
    runtime: Runtime | None = Field(None, description="The server's default if it is missing")
    model: Short | None = None
    budget_usd: Dollars | None = None
    scenario: Short | None = Field(None, description="Name of the scripted story, for a demo")
    ai_planner: bool = False
    permission_mode: Literal["default", "acceptEdits", "dontAsk", "bypassPermissions"] = "acceptEdits"
    ask_tools: Annotated[tuple[Tool, ...], Field(max_length=50)] = Field(
        (), description="Tools of which each call waits for a person; `*` for all"
    )
    priority: Priority = Field(Priority.NORMAL, description="The more urgent goes first, then the older")

    def draft(self) -> Draft:
        return Draft(
            description=self.description,
            task_type=self.task_type,
            analyst=AnalystChoice(self.analyst),
            working_directory=self.working_directory,
            runtime=self.runtime,
            model=self.model,
            budget_nanousd=None if self.budget_usd is None else from_usd(self.budget_usd),
            scenario=self.scenario,
            ai_planner=self.ai_planner,
            permission_mode=self.permission_mode,
            ask_tools=self.ask_tools,
            priority=self.priority,
        )


class AgentBody(Sent):
    """What a single agent is asked for with."""

    role: Role
    prompt: str = Field(description="1 to 50,000 characters")
    model: Short | None = None
    working_directory: Path | None = None
    runtime: Runtime | None = None
    scenario: Short | None = None


class MessageBody(Sent):
    """What a person says to an agent at work."""

    text: str = Field(description=f"1 to {MOST_WORDS} characters")


class PauseBody(Sent):
    """How a task is held."""

    stop_agents: bool = Field(False, description="Stop agents at work now, instead of letting them finish their step")


class ResumeBody(Sent):
    """Where a task goes on."""

    from_step: Short | None = Field(None, description="Do this step and all that depends on it once more")


class TaskOrderBody(Sent):
    """One order for many tasks."""

    order: TaskOrder
    ids: list[Short] = Field(min_length=1, max_length=MOST, description="Task ids")


class AgentOrderBody(Sent):
    """One order for many agents."""

    order: AgentOrder = Field(description="`cancel` cancels their tasks")
    ids: list[Short] = Field(min_length=1, max_length=MOST, description="Agent ids")


class ApprovalQuery(Sent):
    """Which questions to list."""

    status: Literal["waiting", "answered"] = Field("waiting", description="The oldest first, or the last answers first")
    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="Most items of the answer")
    cursor: str | None = Field(None, max_length=100, description="`next_cursor` of the page before")


class AnswerBody(Sent):
    """What a person says to a tool call that waits."""

    decision: Literal["allow", "allow_task", "deny"] = Field(
        description="`allow_task`: every later call of the same tool in the same task, too"
    )
    reason: str = Field("", max_length=2000, description="Told to the agent whose call is denied")


class NamedAnswerBody(AnswerBody):
    """What a person says to the tool call with this id."""

    id: Short


class AlertQuery(Sent):
    """Which alerts to list, the newest first."""

    status: AlertStatus | None = None
    kind: AlertKind | None = None
    task: Short | None = Field(None, description="Id of a task")
    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="Most items of the answer")
    cursor: str | None = Field(None, max_length=100, description="`next_cursor` of the page before")


class AlertBody(Sent):
    """What a person does about an alert."""

    action: Literal["acknowledge", "snooze", "resolve", "right", "wrong"] = Field(
        description="`acknowledge`: take it on; `snooze`: wait, and open it again if nothing has changed; "
        "`right`, `wrong`: judge it"
    )
    minutes: int | None = Field(None, ge=1, le=10_080, description="How long to snooze; by itself the fleet's patience")
    note: str = Field("", max_length=2000)


class StageBody(Sent):
    """What happens when this share of the limit is used."""

    percent: int = Field(ge=1, le=100)
    act: Act


class BudgetBody(Sent):
    """A new budget, or with an `id` what changes of that one: a field that is left out stays as it is."""

    id: Short | None = None
    name: str = Field("", max_length=120, description="1 to 120 characters")
    scope: Scope = Scope.FLEET
    subject: Path = Field("", description="Task id, user name or folder; empty for `fleet` and `agent`")
    period: Period = Period.DAY
    limit_usd: Dollars | None = None
    limit_tokens: int | None = Field(None, gt=0, le=10**15)
    stages: Annotated[tuple[StageBody, ...], Field(max_length=20)] = Field(
        tuple(StageBody(percent=stage.percent, act=stage.act) for stage in DEFAULT_STAGES),
        description="With rising percents",
    )
    cheaper_model: Short = Field(CHEAPER_MODEL, description="What `downgrade` changes to")
    simulated: bool = Field(False, description="Whether it limits demo money, which no other budget counts")

    def budget(self, before: Budget | None) -> Budget:
        """The whole budget; of one that exists only what was sent changes."""
        told = {name: getattr(self, name) for name in self.model_fields_set if before or name != "id"}
        if "limit_usd" in told:
            usd = told.pop("limit_usd")
            told["limit_nanousd"] = None if usd is None else from_usd(usd)
        if "stages" in told:
            told["stages"] = tuple(Stage(stage.percent, stage.act) for stage in self.stages)
        return replace(before or Budget("", self.name, self.scope, self.period), **told)


class HistoryQuery(Sent):
    """Which stretch of the budgets' history."""

    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="Most items of the answer, the newest first")
    cursor: int | None = Field(None, ge=1, lt=2**63, description="`next_cursor` of the page before")


Model = TypeVar("Model", bound=BaseModel)


def fields(model: type[BaseModel]) -> list[str]:
    """The names under which the fields are sent."""
    return [
        name if field.validation_alias is None or field.alias is None else field.alias
        for name, field in model.model_fields.items()
    ]


def read(model: type[Model], values: Mapping[str, object]) -> Model:
    """The values as the model, or InvalidField with one sentence about the first wrong one."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        # a misspelt name says more than the name that is missing because of it
        first = next((e for e in found if e["type"] == "extra_forbidden"), found[0])
        name = ".".join(str(part) for part in first["loc"]) or "body"
        raise InvalidField(_sentence(name, first["type"], first["msg"], model), field=name) from error


def shown(name: str) -> str:
    """A name that somebody sent, fit for a sentence: in one line and not too long."""
    line = "".join(char if char.isprintable() else "\ufffd" for char in name[:81])
    return line if len(line) <= 80 else line[:79] + "…"


def _sentence(name: str, kind: str, said: str, model: type[BaseModel]) -> str:
    if kind == "extra_forbidden":
        known = ", ".join(fields(model))
        return f"{shown(name)} is not known here; " + (
            f"known are {known}." if known else "this address takes no fields."
        )
    if kind == "missing":
        return f"{name} is missing."
    said = said.removeprefix("Value error, ").removeprefix("Input ").removeprefix("String ")
    return f"{name} {said.replace('should', 'must', 1).rstrip('.')}."
