"""What a person copies so that a program reports here."""

from __future__ import annotations

VARIABLES = {
    "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
    "OTEL_LOGS_EXPORTER": "otlp",
    "OTEL_METRICS_EXPORTER": "otlp",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_LOGS_EXPORT_INTERVAL": "1000",
}


def environment(address: str, token: str) -> dict[str, str]:
    """The variables of a session whose telemetry comes here."""
    headers = f"Authorization=Bearer {token}"  # with %20 the command line would send just that
    return VARIABLES | {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_EXPORTER_OTLP_HEADERS": headers}


def exports(address: str, token: str) -> str:
    """The same as lines for a shell."""
    return "\n".join(f"export {name}='{value}'" for name, value in environment(address, token).items())
