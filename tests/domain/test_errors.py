"""Refusals: their codes are a promise to programs, so they stand here once more, letter by letter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from data.domain import errors
from data.domain.errors import FleetError

CODES = {
    "FLEET_ERROR": 400,
    "INVALID_FIELD": 422,
    "DESCRIPTION_INVALID": 422,
    "ROLE_UNKNOWN": 422,
    "MODEL_UNKNOWN": 422,
    "FOLDER_REFUSED": 422,
    "WORKFLOW_INVALID": 422,
    "CURSOR_INVALID": 422,
    "PLAN_REFUSED": 422,
    "TASK_NOT_FOUND": 404,
    "AGENT_NOT_FOUND": 404,
    "ROUTE_NOT_FOUND": 404,
    "ALERT_NOT_FOUND": 404,
    "ALERT_RULE_INVALID": 422,
    "ALERT_RULE_NOT_FOUND": 404,
    "APPROVAL_NOT_FOUND": 404,
    "ARCHIVE_DAMAGED": 500,
    "CHANNEL_IN_USE": 409,
    "CHANNEL_INVALID": 422,
    "CHANNEL_NOT_FOUND": 404,
    "BLOB_NOT_FOUND": 404,
    "FILE_UNKNOWN": 404,
    "MESSAGE_NOT_FOUND": 404,
    "HISTORY_FOLDER_INVALID": 422,
    "IMPORT_NOT_FOUND": 404,
    "IMPORT_RUNNING": 409,
    "TRANSCRIPT_DAMAGED": 500,
    "METHOD_REFUSED": 405,
    "TOO_LATE": 409,
    "STILL_RUNNING": 409,
    "RUN_LOST": 409,
    "ENGINE_TAKEN": 409,
    "BODY_TOO_LARGE": 413,
    "BODY_INVALID": 400,
    "NOT_ALLOWED": 403,
    "BUDGET_INVALID": 422,
    "BUDGET_NOT_FOUND": 404,
    "CROSS_SITE": 403,
    "HOST_REFUSED": 421,
    "RUNTIME_UNAVAILABLE": 503,
    "STORE_UNAVAILABLE": 503,
    "STORE_NEWER": 503,
    "EXPORT_TOO_LARGE": 422,
    "WINDOW_INVALID": 422,
    "QUESTION_REFUSED": 422,
    "QUESTION_TOO_LONG": 503,
    "SCHEDULE_INVALID": 422,
    "SCHEDULE_NOT_FOUND": 404,
    "SETTING_INVALID": 400,
    "EXPOSED_WITHOUT_SIGN_IN": 400,
    "PORT_TAKEN": 400,
    "AGENT_FAILED": 500,
    "TOKEN_REFUSED": 401,
    "TELEMETRY_INVALID": 400,
    "MEDIA_REFUSED": 415,
    "INTAKE_FULL": 503,
    "HOOK_SETTINGS_REFUSED": 422,
}


def family(cls: type[FleetError]) -> Iterator[type[FleetError]]:
    yield cls
    for child in cls.__subclasses__():
        yield from family(child)


HERE = [cls for cls in family(FleetError) if cls.__module__ == errors.__name__]


def test_codes_and_statuses_are_the_promised_ones():
    assert sorted((cls().code, cls.status) for cls in HERE) == sorted(CODES.items())


@pytest.mark.parametrize("cls", HERE, ids=lambda cls: cls.__name__)
def test_each_refusal_says_one_whole_sentence_of_its_own(cls: type[FleetError]):
    said = str(cls())
    assert said == cls.__doc__
    assert said.endswith(".")
    assert "\n" not in said


def test_sentences_are_told_apart():
    assert len({str(cls()) for cls in HERE}) == len(HERE)


def test_a_refusal_carries_facts():
    refusal = errors.TooLate("Gone.", task_id="t-1")
    assert str(refusal) == "Gone."
    assert refusal.details == {"task_id": "t-1"}
