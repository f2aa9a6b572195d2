"""What gunicorn refuses before there is a request, as the problem that every error is.

It imports no more than gunicorn itself does, for its first process imports it too; a test
compares the words with those of controllers/problems.py.
"""

from __future__ import annotations

import json
import uuid
from http import HTTPStatus

from gunicorn.http import errors  # type: ignore[import-untyped]

from controllers.strict_http import RequestTimeout

# The first family that fits decides; an application's own wrong header is a fault of ours.
STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (errors.InvalidResponseHeader, 500),
    (errors.InvalidResponseHeaderName, 500),
    (errors.ConfigurationProblem, 500),
    (RequestTimeout, 408),
    (errors.LimitRequestLine, 414),
    (errors.ExpectationFailed, 417),
    (errors.LimitRequestHeaders, 431),
    (errors.UnsupportedTransferCoding, 501),
    (errors.ParseException, 400),
    (Exception, 500),
)
WORDS: dict[int, tuple[str, str]] = {
    400: ("malformed", "the request is not well formed"),
    408: ("request_timeout", "the request took too long to arrive"),
    414: ("request_uri_too_long", "the address is too long"),
    417: ("expectation_failed", "no expectation but 100-continue can be met"),
    431: ("request_header_fields_too_large", "the headers are too long, or too many"),
    500: ("internal_error", "something went wrong inside the service"),
    501: ("not_implemented", "the transfer coding is not known"),
}


def status_of(error: BaseException) -> int:
    """The status that an error of gunicorn's means."""
    return next(status for family, status in STATUSES if isinstance(error, family))


def answer(status: int, number: str) -> bytes:
    """The whole answer, to its last header; the connection ends with it."""
    body = _body(status, number)
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Connection: close",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        f"X-Request-ID: {number}",
    ]
    return "\r\n".join([*lines, "", body]).encode()


def _body(status: int, number: str) -> str:
    code, detail = WORDS[status]
    problem = {
        "type": f"/problems/{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "instance": uuid.UUID(number).urn,
        "code": code,
        "errors": [],
    }
    return json.dumps(problem)
