"""The server's own log: JSON lines on stderr."""

from __future__ import annotations

import functools
import sys
from typing import Any

import structlog


@functools.cache
def log() -> Any:
    """The logger of this process."""
    return structlog.wrap_logger(
        structlog.WriteLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.BoundLogger,
    )
