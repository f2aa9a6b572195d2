"""The one table from exceptions to statuses, and the one body of every error (RFC 9457)."""

from __future__ import annotations

import errno
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from itertools import islice
from typing import Any

import sqlalchemy.orm.exc
import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, InternalServerError

from controllers.request_log import request_id
from models import errors
from models.database import AWAY
from models.errors import Busy, Conflict, GroveError, StorageFull

log = structlog.get_logger("grove.problems")

MEDIA_TYPE = "application/problem+json"
BAD_REQUEST = 400
MOST_FAULTS = 101  # a hundred, and one that says how many more there are
STATUSES: dict[type[GroveError], int] = {
    errors.Malformed: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.NotAcceptable: 406,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    errors.TooLarge: 413,
    errors.Unsupported: 415,
    errors.Invalid: 422,
    errors.TooMany: 429,
    errors.Failed: 500,
    errors.Busy: 503,
    errors.StorageFull: 507,
}
FAMILIES = {family.__name__: family for family in STATUSES}
CODES = {status: family.default_code for family, status in STATUSES.items()} | {
    405: "method_not_allowed",
    408: "request_timeout",
    411: "length_required",
    414: "request_uri_too_long",
    416: "requested_range_not_satisfiable",
    417: "expectation_failed",
    431: "request_header_fields_too_large",
    500: "internal_error",
    501: "not_implemented",
}
FULL = {errno.ENOSPC, errno.EDQUOT}
LATER = {errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
SPELLED = {"Csv": "CSV", "json": "JSON", "Json": "JSON", "utf8": "UTF-8", "nul": "NUL"}
DETAILS = {
    400: "the request is not well formed",
    401: "a key is needed",
    404: "there is nothing at this address",
    405: "this address does not know the method {method}",
    408: "the request took too long to arrive",
    413: "the body is larger than allowed",
    414: "the address is too long",
    429: "too many requests; try again later",
    500: "something went wrong inside the service; the request's id finds it in the log",
}
KEPT = {"allow", "retry-after", "www-authenticate", "location", "content-range"}


def register(app: Flask) -> None:
    """Answer every error of `app` with a problem; `//x` is one too, not a redirect to `/x`."""
    app.url_map.merge_slashes = False
    app.register_error_handler(GroveError, problem_from_error)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(Exception, _from_any)


def problem_from_error(error: GroveError) -> Response:
    """The answer to an error of the service's own."""
    return problem_from_record(error.as_record())


def problem_from_record(record: Mapping[str, Any]) -> Response:
    """The answer to an error kept as plain values, as `GroveError.as_record` and jobs keep it."""
    status = STATUSES[FAMILIES.get(record["kind"], errors.Failed)]
    job = f"/v1/jobs/{record['job']}" if "job" in record else None
    headers = {"Location": job, "Retry-After": record.get("retry_after")}
    given = {name: str(value) for name, value in headers.items() if value is not None}
    return _problem(status, record["code"], record["detail"], record["errors"], given)


def title(code: str) -> str:
    """The code as a short sentence: the same for all of its occurrences."""
    words = code.replace("_", " ").capitalize().split()
    return " ".join(SPELLED.get(word, word) for word in words)


def code_of(status: int) -> str:
    """The code of a status that no error of the service's own stands behind."""
    return CODES.get(status) or re.sub("[^a-z]+", "_", HTTPStatus(status).phrase.lower())


def _problem(
    status: int,
    code: str,
    detail: str,
    faults: Iterable[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Every error answer of the service is made here."""
    body = {
        "type": f"/problems/{code}",
        "title": title(code),
        "status": status,
        "detail": detail,
        "instance": uuid.UUID(request_id()).urn,
        "code": code,
        "errors": list(islice(faults, MOST_FAULTS)),
    }
    response = Response(json.dumps(body), status, mimetype=MEDIA_TYPE)
    response.headers.extend(_always(status) | dict(headers or {}))
    return response


def _always(status: int) -> dict[str, str]:
    """The headers that a status never comes without."""
    known = {401: ("WWW-Authenticate", 'Bearer realm="grove"')}
    known |= dict.fromkeys((429, 503), ("Retry-After", "1"))
    return {"Cache-Control": "no-store"} | dict([known[status]] if status in known else [])


def _from_http(error: HTTPException) -> Response | HTTPException:
    """The answer to an error of the framework's; redirects and ready answers pass."""
    if error.code is None or error.code < BAD_REQUEST:
        return error
    if isinstance(error, InternalServerError):
        return _crashed(error.original_exception or error)
    kept = {name: value for name, value in error.get_headers() if name.lower() in KEPT}
    detail = DETAILS.get(error.code, HTTPStatus(error.code).phrase.lower())
    told = detail.format(method=request.method)
    return _problem(error.code, code_of(error.code), told, headers=kept)


def _from_any(error: Exception) -> Response:
    """The answer to an error of a library's, where it has a meaning, or to a fault of our own."""
    known = translated(error)
    if known is None:
        return _crashed(error)
    log.warning("refused", code=known.code, exc_info=error)
    return problem_from_error(known)


def translated(error: BaseException) -> GroveError | None:
    """What an exception of a library means in the service's words, or None."""
    number = error.errno if isinstance(error, OSError) else None
    is_away = isinstance(error, AWAY)
    if number in FULL or (is_away and "disk is full" in str(error)):
        return StorageFull("there is no room left on the disk")
    if is_away:
        return Busy("the database does not answer now")
    if isinstance(error, sqlalchemy.orm.exc.StaleDataError):
        return Conflict("this was changed at the same moment; try again", code="changed_meanwhile")
    if number in LATER or isinstance(error, MemoryError):
        return Busy("the service lacks the means to do this now")
    return None


def _crashed(error: BaseException) -> Response:
    """The answer to a fault of our own: the log has all of it, the client nothing."""
    log.error("crashed", method=request.method, path=request.path, exc_info=error)
    return _problem(500, code_of(500), DETAILS[500])
