"""OpenTelemetry's protocol, as far as Claude Code speaks it: log records and metric points out of JSON or protobuf."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from data.domain.errors import BodyTooLarge, TelemetryInvalid

Attributes = Mapping[str, Any]
Signal = Literal["logs", "metrics"]
JSON = "application/json"
PROTOBUF = "application/x-protobuf"
MOST_DEEP = 20
"""Values within values beyond this depth are dropped."""


@dataclass(frozen=True)
class Record:
    """One log record, or one point of a metric."""

    name: str
    """Of the event or the metric, as the sender calls it."""
    at_ns: int
    """0: it does not say."""
    attributes: Attributes
    """Its own over those of its resource."""
    value: float = 0.0
    """Of a metric's point."""
    cumulative: bool = False
    """Whether the value is a running total."""
    since_ns: int = 0
    """When that total began."""


def inflated(body: bytes, most: int) -> bytes:
    """What gzip packed; raises BodyTooLarge before it is all unpacked, TelemetryInvalid for other bytes."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        out = unpacker.decompress(body, most + 1)
    except zlib.error as error:
        raise TelemetryInvalid(f"The body is not gzip: {error}.") from error
    if len(out) > most:
        raise BodyTooLarge(f"The body is larger than {most // 2**20} MiB when it is unpacked.", limit=most)
    if not unpacker.eof:
        raise TelemetryInvalid("The gzip body ends in the middle.")
    return out


def packed(body: bytes) -> bytes:
    """As a sender packs it."""
    return gzip.compress(body, 1)


def read(signal: Signal, body: bytes, media_type: str) -> list[Record]:
    """The records of one request; raises TelemetryInvalid if it is none."""
    try:
        if media_type == PROTOBUF:
            return list(_logs(body) if signal == "logs" else _metrics(body))
        found = orjson.loads(body)
        if not isinstance(found, dict):
            raise TelemetryInvalid("The body is not a JSON object.")
        return list(_json_logs(found) if signal == "logs" else _json_metrics(found))
    except (DecodeError, orjson.JSONDecodeError) as error:
        raise TelemetryInvalid(f"The body cannot be read as {media_type}: {str(error)[:200]}.") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise TelemetryInvalid(f"The body has not the shape of OTLP {signal}: {str(error)[:200]}.") from error


def answer(signal: Signal, media_type: str, rejected: int, why: str) -> bytes:
    """What the sender is told: nothing, or how many records were not taken."""
    if media_type == PROTOBUF:
        if signal == "logs":
            logs = ExportLogsServiceResponse()
            if rejected:
                logs.partial_success.rejected_log_records = rejected
                logs.partial_success.error_message = why
            return bytes(logs.SerializeToString())
        metrics = ExportMetricsServiceResponse()
        if rejected:
            metrics.partial_success.rejected_data_points = rejected
            metrics.partial_success.error_message = why
        return bytes(metrics.SerializeToString())
    name = "rejectedLogRecords" if signal == "logs" else "rejectedDataPoints"
    told = {"partialSuccess": {name: str(rejected), "errorMessage": why}} if rejected else {}
    return orjson.dumps(told)


def refusal(media_type: str, message: str, code: int) -> bytes:
    """google.rpc.Status, as OTLP wants a refusal: its code, and its message."""
    if media_type != PROTOBUF:
        return orjson.dumps({"code": code, "message": message})
    text = message.encode()
    return b"\x08" + _varint(code) + b"\x12" + _varint(len(text)) + text


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


# JSON


def _json_logs(body: Mapping[str, Any]) -> Iterator[Record]:
    for resource in _each(body, "resourceLogs"):
        shared = _json_attributes(_map(resource, "resource"))
        for scope in _each(resource, "scopeLogs"):
            for one in _each(scope, "logRecords"):
                at_ns = int(one.get("timeUnixNano") or one.get("observedTimeUnixNano") or 0)
                body_value = _json_value(one.get("body"))
                name = one.get("eventName") or (body_value if isinstance(body_value, str) else "")
                yield Record(str(name), at_ns, shared | _json_attributes(one))


def _json_metrics(body: Mapping[str, Any]) -> Iterator[Record]:
    for resource in _each(body, "resourceMetrics"):
        shared = _json_attributes(_map(resource, "resource"))
        for scope in _each(resource, "scopeMetrics"):
            for metric in _each(scope, "metrics"):
                yield from _json_points(metric, shared)


def _json_points(metric: Mapping[str, Any], shared: dict[str, Any]) -> Iterator[Record]:
    for kind in ("sum", "gauge"):
        data = _map(metric, kind)
        cumulative = data.get("aggregationTemporality") in (2, "AGGREGATION_TEMPORALITY_CUMULATIVE")
        for point in _each(data, "dataPoints"):
            value = float(point["asDouble"] if "asDouble" in point else point.get("asInt", 0))
            at_ns = int(point.get("timeUnixNano") or 0)
            mine = shared | _json_attributes(point)
            since_ns = int(point.get("startTimeUnixNano") or 0)
            yield Record(str(metric.get("name", "")), at_ns, mine, value, cumulative, since_ns)


def _each(holder: Mapping[str, Any], name: str) -> Iterable[Mapping[str, Any]]:
    found = holder.get(name) or []
    if not isinstance(found, list):
        raise TypeError(f"{name} is not a list")
    return found


def _map(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = holder.get(name) or {}
    if not isinstance(found, Mapping):
        raise TypeError(f"{name} is not an object")
    return found


def _json_attributes(holder: Mapping[str, Any]) -> dict[str, Any]:
    return {str(one["key"]): _json_value(one.get("value")) for one in _each(holder, "attributes") if "key" in one}


def _json_value(value: Any, deep: int = 0) -> Any:
    if not isinstance(value, Mapping) or deep > MOST_DEEP:
        return None
    for kind, found in value.items():
        match kind:
            case "stringValue" | "boolValue" | "bytesValue":
                return found
            case "doubleValue":
                return float(found)  # JSON has no infinity: protobuf's mapping writes it, and NaN, as text
            case "intValue":
                return int(found)
            case "arrayValue":
                return [_json_value(one, deep + 1) for one in _each(found, "values")]
            case "kvlistValue":
                return {str(one.get("key")): _json_value(one.get("value"), deep + 1) for one in _each(found, "values")}
    return None


# Protobuf


def _logs(body: bytes) -> Iterator[Record]:
    for resource in ExportLogsServiceRequest.FromString(body).resource_logs:
        shared = _attributes(resource.resource.attributes)
        for scope in resource.scope_logs:
            for one in scope.log_records:
                at_ns = one.time_unix_nano or one.observed_time_unix_nano
                name = one.event_name or one.body.string_value
                yield Record(name, at_ns, shared | _attributes(one.attributes))


def _metrics(body: bytes) -> Iterator[Record]:
    for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
        shared = _attributes(resource.resource.attributes)
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                data = metric.sum if metric.HasField("sum") else metric.gauge
                cumulative = metric.sum.aggregation_temporality == 2
                for point in data.data_points:
                    value = point.as_double if point.HasField("as_double") else float(point.as_int)
                    mine = shared | _attributes(point.attributes)
                    since_ns = point.start_time_unix_nano
                    yield Record(metric.name, point.time_unix_nano, mine, value, cumulative, since_ns)


def _attributes(found: Iterable[KeyValue]) -> dict[str, Any]:
    return {one.key: _value(one.value) for one in found}


def _value(value: AnyValue, deep: int = 0) -> Any:
    kind = value.WhichOneof("value")
    if kind is None or deep > MOST_DEEP:
        return None
    if kind == "array_value":
        return [_value(one, deep + 1) for one in value.array_value.values]
    if kind == "kvlist_value":
        return {one.key: _value(one.value, deep + 1) for one in value.kvlist_value.values}
    if kind == "bytes_value":
        return value.bytes_value.hex()
    return getattr(value, kind)
