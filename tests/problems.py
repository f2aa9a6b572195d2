"""The one check of every error answer."""

from __future__ import annotations

import json
import re
from typing import Any

KEYS = ["type", "title", "status", "detail", "instance", "code", "errors"]
INSTANCE = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NEVER = ("<html", "<!doctype", "Traceback", 'File "', "werkzeug", "marshmallow", "sqlalchemy")


def assert_problem(response: Any, status: int, code: str, pointer: str | None = None) -> Any:
    """Check the whole shape of an error, and one fault of it where a pointer is given."""
    text = response.get_data(as_text=True)
    assert response.status_code == status, text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert_headers(response.headers, status)
    body = assert_problem_body(text, status, code, pointer)
    assert body["instance"].replace("-", "").endswith(response.headers["X-Request-ID"])
    return body


def assert_problem_body(text: str, status: int, code: str, pointer: str | None = None) -> Any:
    """Check the body of an error alone."""
    body = json.loads(text)
    assert list(body) == KEYS
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"/problems/{code}"
    assert body["title"]
    assert body["detail"]
    assert INSTANCE.fullmatch(body["instance"])
    assert not [word for word in NEVER if word.lower() in text.lower()]
    assert_faults(body["errors"], code, pointer)
    return body


def assert_faults(faults: list[dict[str, str]], code: str, pointer: str | None) -> None:
    for fault in faults:
        assert list(fault) == ["pointer", "code", "message"]
        assert fault["pointer"] == "" or fault["pointer"].startswith("/")
        assert fault["code"]
        assert fault["message"]
    if pointer is not None:
        assert (pointer, code) in [(fault["pointer"], fault["code"]) for fault in faults]


def assert_headers(headers: Any, status: int) -> None:
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert ("WWW-Authenticate" in headers) == (status == 401)
    if status in {429, 503}:
        assert int(headers["Retry-After"]) >= 1
    if status == 405:
        assert headers["Allow"]
