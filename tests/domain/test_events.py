"""Events: every kind survives the trip through JSON, and each class has a kind of its own."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from data.domain import events
from data.domain.events import MONEY, AnyEvent, Event, TaskMoved

CLASSES: tuple[type[BaseModel], ...] = get_args(Event)


FINITE = st.floats(allow_nan=False, allow_infinity=False)


def kind_of(cls: type[BaseModel]) -> str:
    return str(cls.model_fields["kind"].default)


def test_every_event_class_is_in_the_union():
    made_here = {
        cls
        for cls in vars(events).values()
        if isinstance(cls, type) and issubclass(cls, BaseModel) and "kind" in cls.model_fields
    }
    assert made_here == set(CLASSES)


def test_each_class_has_a_kind_of_its_own_that_is_its_name():
    kinds = {kind_of(cls): cls for cls in CLASSES}
    assert len(kinds) == len(CLASSES)
    for kind, cls in kinds.items():
        assert kind == re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        assert get_args(cls.model_fields["kind"].annotation) == (kind,)


def any_of(annotation: object) -> st.SearchStrategy[object]:
    return FINITE if annotation is float else st.from_type(annotation)


@pytest.mark.parametrize("cls", CLASSES, ids=kind_of)
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_there_and_back(cls: type[BaseModel], data: st.DataObject):
    fields = {
        name: st.just(field.default) if name == "kind" else any_of(field.annotation)
        for name, field in cls.model_fields.items()
    }
    event = cls(**data.draw(st.fixed_dictionaries(fields)))
    assert AnyEvent.validate_json(AnyEvent.dump_json(event)) == event
    assert AnyEvent.validate_json(event.model_dump_json()) == event


def test_an_event_does_not_change_and_takes_no_unknown_field():
    event = TaskMoved(task_id="t-1", to="completed")
    with pytest.raises(ValidationError):
        event.to = "failed"
    with pytest.raises(ValidationError):
        TaskMoved(task_id="t-1", to="completed", whom="nobody")


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_number_that_json_has_no_word_for_is_not_recorded(number: float):
    rule = {"rule_id": "r", "name": "Spend", "metric": "spend", "window_s": 60, "scope": "fleet", "cooldown_s": 60}
    with pytest.raises(ValidationError, match="finite number"):
        events.AlertRuleSet(task_id="", **rule, threshold=number, enabled=True, version=1, by="me")


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValidationError):
        AnyEvent.validate_python({"kind": "dreamt", "task_id": "t-1"})


def test_events_about_money_are_events():
    assert set(MONEY) <= set(CLASSES)
