"""Every way the product says no: one class per refusal, its docstring the sentence people read."""

from __future__ import annotations

import re


class FleetError(Exception):
    """The request was refused."""

    status = 400
    """HTTP status of this refusal."""

    def __init__(self, message: str | None = None, **details: object) -> None:
        super().__init__(message or self.__doc__)
        self.details = details

    @property
    def code(self) -> str:
        """Stable name for programs: TaskNotFound becomes TASK_NOT_FOUND."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).upper()


class InvalidField(FleetError):
    """A field of the request is not valid."""

    status = 422


class DescriptionInvalid(InvalidField):
    """The description must hold between 1 and 50,000 characters."""


class RoleUnknown(InvalidField):
    """That role is not known."""


class ModelUnknown(InvalidField):
    """That model is not known, so its cost could not be counted."""


class FolderRefused(InvalidField):
    """A task cannot work in that folder."""


class WorkflowInvalid(InvalidField):
    """The workflow is not a graph that can be run."""


class BudgetInvalid(InvalidField):
    """The budget is not complete."""


class BudgetNotFound(FleetError):
    """There is no such budget."""

    status = 404


class ApprovalNotFound(FleetError):
    """There is no such question to a person."""

    status = 404


class AlertRuleInvalid(InvalidField):
    """The rule of alerts is not complete."""


class AlertRuleNotFound(FleetError):
    """There is no such rule of alerts."""

    status = 404


class ChannelInvalid(InvalidField):
    """The channel is not complete."""


class ChannelNotFound(FleetError):
    """There is no such channel."""

    status = 404


class ScheduleInvalid(InvalidField):
    """The schedule of a report is not complete."""


class ScheduleNotFound(FleetError):
    """There is no such schedule."""

    status = 404


class ChannelInUse(FleetError):
    """Something is still told through this channel."""

    status = 409


class AlertNotFound(FleetError):
    """There is no such alert."""

    status = 404


class HistoryFolderInvalid(InvalidField):
    """There is no folder there that can be read."""


class ImportNotFound(FleetError):
    """There is no such import."""

    status = 404


class ImportRunning(FleetError):
    """That folder is being imported already."""

    status = 409


class TranscriptDamaged(FleetError):
    """What was kept of a transcript is damaged."""

    status = 500


class CursorInvalid(InvalidField):
    """The cursor was not issued by this list."""


class PlanRefused(FleetError):
    """The planner's answer holds no step that can be run."""

    status = 422


class TaskNotFound(FleetError):
    """There is no such task."""

    status = 404


class AgentNotFound(FleetError):
    """There is no such agent."""

    status = 404


class RouteNotFound(FleetError):
    """There is nothing at this address."""

    status = 404


class MessageNotFound(FleetError):
    """There is no such message in this conversation."""

    status = 404


class FileUnknown(FleetError):
    """No agent has touched such a file."""

    status = 404


class BlobNotFound(FleetError):
    """That content is not in the store."""

    status = 404


class MethodRefused(FleetError):
    """This address does not answer that method."""

    status = 405


class TooLate(FleetError):
    """The task has already moved on."""

    status = 409


class StillRunning(FleetError):
    """It is still running; cancel it first."""

    status = 409


class RunLost(FleetError):
    """Another engine process has this work now."""

    status = 409


class EngineTaken(FleetError):
    """Another process runs the engine of this store; with SQLite one process does all the work."""

    status = 409


class BodyTooLarge(FleetError):
    """The request body is larger than 1 MiB."""

    status = 413


class BodyInvalid(FleetError):
    """The request body is not a JSON object."""

    status = 400


class NotAllowed(FleetError):
    """You may not do that here."""

    status = 403


class CrossSite(FleetError):
    """The request came from another site and was refused."""

    status = 403


class HostRefused(FleetError):
    """The Host header does not name this server."""

    status = 421


class RuntimeUnavailable(FleetError):
    """That runtime cannot run here."""

    status = 503


class ArchiveDamaged(FleetError):
    """An archived month is not what was written down."""

    status = 500


class StoreUnavailable(FleetError):
    """The store cannot be read or written."""

    status = 503


class ExportTooLarge(InvalidField):
    """The export has more rows than one file may have."""


class WindowInvalid(InvalidField):
    """That is no stretch of time that can be asked for."""


class QuestionRefused(InvalidField):
    """The question cannot be answered as it is written."""


class QuestionTooLong(FleetError):
    """The question took too long and was given up."""

    status = 503


class StoreNewer(FleetError):
    """The store was written by a newer version of Quarterdeck; install that version or restore a backup."""

    status = 503


class SettingInvalid(FleetError):
    """A setting is not valid."""


class ExposedWithoutSignIn(FleetError):
    """Serving beyond this machine needs sign-in: set QUARTERDECK_AUTH, or serve on 127.0.0.1."""


class PortTaken(FleetError):
    """The port is taken by another program."""


class AgentFailed(FleetError):
    """The agent failed."""

    status = 500


class TokenRefused(FleetError):
    """This address wants the token of this Quarterdeck: send it as `Authorization: Bearer TOKEN`."""

    status = 401


class TelemetryInvalid(FleetError):
    """The body is not what OpenTelemetry sends."""

    status = 400


class MediaRefused(FleetError):
    """The body must be application/json or application/x-protobuf, plain or gzip."""

    status = 415


class IntakeFull(FleetError):
    """More is coming in than can be written down; send it again a little later."""

    status = 503


class HookSettingsRefused(InvalidField):
    """The settings file of Claude Code cannot be changed safely."""
