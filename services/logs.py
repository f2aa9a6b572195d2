"""The log: one JSON object a line, the same for the web, the worker and their libraries."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor

# The request that this thread answers, or did last; whoever answers one sets it.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def _numbered(_: Any, __: str, event: EventDict) -> EventDict:
    """What is logged while a request is answered bears its id."""
    number = request_id.get()
    if number is not None:
        event["request_id"] = number
    return event


def _timed(_: Any, __: str, event: EventDict) -> EventDict:
    """When it was, which the renderer writes as ISO 8601 has it, in UTC."""
    event["timestamp"] = datetime.now(UTC)
    return event


# Libraries that tell on each start what they have loaded: what they warn of is what is wanted.
TALKATIVE = ("alembic", "dbos")
SHARED: tuple[Processor, ...] = (
    _numbered,
    structlog.stdlib.add_log_level,
    _timed,
    structlog.processors.format_exc_info,
)


def _json(event: Any, default: Callable[[Any], Any], **_: Any) -> bytes:
    """One line: what JSON does not know goes in as text, an integer of any length among it."""
    try:
        return orjson.dumps(event, default, orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)
    except TypeError:
        timed = {**event, "timestamp": event["timestamp"].isoformat().replace("+00:00", "Z")}
        return json.dumps(timed, default=default).encode()


def _text(event: Any, default: Callable[[Any], Any], **_: Any) -> str:
    return _json(event, default).decode()


def configure(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send all that is logged from `level` on to `stream`, the standard error if none is given.

    To the standard error it goes for good: loggers then keep what they were told first.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    out = stream or sys.stderr
    structlog.configure(
        processors=[*SHARED, structlog.processors.JSONRenderer(serializer=_json)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        # Bytes, for a line of text costs 6 us more, and each request has one.
        logger_factory=structlog.BytesLoggerFactory(out.buffer),
        cache_logger_on_first_use=stream is None,
    )
    logging.basicConfig(level=number, handlers=[_handler(out)], force=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))


def _handler(out: TextIO) -> logging.Handler:
    """What the libraries log through the standard module, in the same form."""
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_text),
            ],
        )
    )
    return handler
