"""OTLP as Claude Code sends it: the same records from JSON and from protobuf, and nothing else gets through."""

from __future__ import annotations

import contextlib
import gzip
import json
import math
from typing import Any, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from data.domain.errors import BodyTooLarge, FleetError, TelemetryInvalid
from orchestrator_adapter.ingest import otlp
from orchestrator_adapter.ingest.otlp import JSON, PROTOBUF, Record
from tests.ingest.reports import binary, cost, logs, request, text

Signal = Literal["logs", "metrics"]
scalars = st.text(max_size=20) | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
plain = st.dictionaries(st.text(max_size=10), scalars | st.lists(scalars, max_size=3), max_size=5)


@given(st.lists(plain, max_size=4), st.integers(0, 2**63 - 1))
@example([{"up": math.inf, "down": -math.inf}], 0)
def test_both_encodings_say_the_same(events: list[dict[str, Any]], at_ns: int) -> None:
    body = logs(*events, at_ns=at_ns)
    from_json, from_binary = otlp.read("logs", text(body), JSON), otlp.read("logs", binary(body), PROTOBUF)
    assert from_json == from_binary
    assert [one.attributes for one in from_json] == [{"service.name": "claude-code"} | event for event in events]
    assert {one.at_ns for one in from_json} <= {at_ns}


@pytest.mark.parametrize("number", [{"asDouble": 0.25}, {"asInt": "3"}], ids=["double", "int"])
def test_points_of_metrics_too(number: dict[str, Any]) -> None:
    body = cost(0.5)
    point = body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["sum"]["dataPoints"][0]
    point.pop("asDouble")
    point.update(number)
    (one,) = otlp.read("metrics", text(body), JSON)
    assert [one] == otlp.read("metrics", binary(body), PROTOBUF)
    assert (one.name, one.value, one.cumulative) == (
        "claude_code.cost.usage",
        float(next(iter(number.values()))),
        False,
    )
    running = cost(0.5, aggregationTemporality=2)
    assert otlp.read("metrics", text(running), JSON)[0].cumulative
    assert otlp.read("metrics", binary(running), PROTOBUF)[0].cumulative


@given(st.binary(max_size=200), st.sampled_from([JSON, PROTOBUF]), st.sampled_from(["logs", "metrics"]))
def test_what_is_none_of_it_is_refused_with_a_sentence(body: bytes, media: str, signal: Signal) -> None:
    with contextlib.suppress(TelemetryInvalid):
        assert all(isinstance(one, Record) for one in otlp.read(signal, body, media))


WORDS = ["resourceLogs", "scopeLogs", "logRecords", "attributes", "key", "value", "intValue", "timeUnixNano", "body"]
WORDS += ["resourceMetrics", "scopeMetrics", "metrics", "sum", "dataPoints", "asInt", "kvlistValue", "values"]
odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=12,
)


@given(odd, st.sampled_from(["logs", "metrics"]))
def test_json_of_another_shape_too(body: Any, signal: Signal) -> None:
    with contextlib.suppress(TelemetryInvalid):
        assert all(isinstance(one, Record) for one in otlp.read(signal, json.dumps(body).encode(), JSON))


def test_gzip_is_unpacked_to_a_limit() -> None:
    body = text(logs(request()))
    assert otlp.inflated(gzip.compress(body), 10**6) == body
    with pytest.raises(BodyTooLarge):
        otlp.inflated(gzip.compress(b"0" * 10**7), 10**6)
    for broken in (b"no gzip", gzip.compress(body)[:-9]):
        with pytest.raises(FleetError, match="gzip"):
            otlp.inflated(broken, 10**6)


def test_the_sender_is_told_what_was_not_taken() -> None:
    assert otlp.answer("logs", JSON, 0, "") == b"{}"
    assert otlp.answer("metrics", PROTOBUF, 0, "") == b""
    assert json.loads(otlp.answer("metrics", JSON, 2, "no session")) == {
        "partialSuccess": {"rejectedDataPoints": "2", "errorMessage": "no session"}
    }
    told = ExportLogsServiceResponse.FromString(otlp.answer("logs", PROTOBUF, 3, "no session"))
    assert (told.partial_success.rejected_log_records, told.partial_success.error_message) == (3, "no session")
    points = ExportMetricsServiceResponse.FromString(otlp.answer("metrics", PROTOBUF, 2, "no"))
    assert points.partial_success.rejected_data_points == 2
    assert json.loads(otlp.refusal(JSON, "no", 3)) == {"code": 3, "message": "no"}
    assert otlp.refusal(PROTOBUF, "no" * 100, 3)[:5] == b"\x08\x03\x12\xc8\x01"
