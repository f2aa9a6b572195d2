"""Every exception has its status, and every error the one body."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from controllers.problems import STATUSES, problem_from_record, title
from models.errors import Fault, GroveError, Invalid
from tests.problems import assert_problem, assert_problem_body

EXPECTED = [
    ("malformed", 400, "malformed"),
    ("unauthorized", 401, "unauthorized"),
    ("forbidden", 403, "forbidden"),
    ("not_found", 404, "not_found"),
    ("not_acceptable", 406, "not_acceptable"),
    ("conflict", 409, "job_running"),
    ("precondition_failed", 412, "precondition_failed"),
    ("too_large", 413, "too_large"),
    ("unsupported_media_type", 415, "unsupported_media_type"),
    ("invalid", 422, "invalid"),
    ("failed", 500, "failed"),
    ("busy", 503, "busy"),
    ("disk_full", 507, "disk_full"),
    ("locked", 503, "busy"),
    ("away", 503, "busy"),
    ("pool", 503, "busy"),
    ("sqlite_full", 507, "disk_full"),
    ("enospc", 507, "disk_full"),
    ("read_only", 503, "busy"),
    ("memory", 503, "busy"),
    ("crash", 500, "internal_error"),
    ("lost", 500, "internal_error"),
]


@pytest.mark.parametrize(("name", "status", "code"), EXPECTED)
def test_exceptions(client: FlaskClient, name: str, status: int, code: str) -> None:
    answer = client.get(f"/v1/raise/{name}")
    assert_problem(answer, status, code)
    assert "secret" not in answer.get_data(as_text=True)


def test_every_family_has_a_status() -> None:
    assert set(STATUSES) == set(GroveError.__subclasses__())


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "malformed"),
        (404, "not_found"),
        (408, "request_timeout"),
        (413, "too_large"),
        (417, "expectation_failed"),
        (429, "too_many_requests"),
        (431, "request_header_fields_too_large"),
        (500, "internal_error"),
        (501, "not_implemented"),
        (503, "busy"),
    ],
)
def test_errors_of_the_framework(client: FlaskClient, status: int, code: str) -> None:
    assert_problem(client.get(f"/v1/abort/{status}"), status, code)


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "DELETE", "PATCH", "post", "X"])
def test_methods(client: FlaskClient, method: str) -> None:
    answer = client.open("/v1/csv", method=method)
    assert_problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/things/", "/nope", "/v1/%00", "/v1//things", "/v1/things;x"]
)
def test_nothing_there(client: FlaskClient, path: str) -> None:
    assert_problem(client.get(path), 404, "not_found")


def test_about_becomes_headers(client: FlaskClient) -> None:
    assert client.get("/v1/raise/conflict").headers["Location"] == "/v1/jobs/7"
    assert client.get("/v1/raise/busy").headers["Retry-After"] == "7"
    assert client.get("/v1/raise/locked").headers["Retry-After"] == "1"
    assert client.get("/v1/raise/unauthorized").headers["WWW-Authenticate"].startswith("Bearer")


def test_crash_is_logged_and_not_told(client: FlaskClient) -> None:
    with capture_logs() as lines:
        client.get("/v1/raise/crash")
    crash = next(line for line in lines if line["event"] == "crashed")
    assert isinstance(crash["exc_info"], ZeroDivisionError)
    assert crash["log_level"] == "error"


def test_a_job_answers_alike(app: Flask, client: FlaskClient) -> None:
    fault = Fault("/file", "ragged_row", "line 7 has 3 cells, 4 are expected")
    record = Invalid("line 7 is short", code="ragged_row", faults=[fault]).as_record()
    with app.test_request_context():
        answer = problem_from_record(record)
    assert_problem_body(answer.get_data(as_text=True), 422, "ragged_row", "/file")
    with app.test_request_context():
        answer = problem_from_record({**record, "kind": "Surprise", "code": "worker_lost"})
    assert_problem_body(answer.get_data(as_text=True), 500, "worker_lost")


def test_titles() -> None:
    assert title("csv_empty") == "CSV empty"
    assert title("not_utf8") == "Not UTF-8"
    assert title("invalid_json") == "Invalid JSON"


def test_pages_of_problems(client: FlaskClient) -> None:
    codes = [each["code"] for each in client.get("/problems").json["problems"]]
    assert "duplicate_key" in codes
    page = client.get("/problems/duplicate_key").json
    assert page == {
        "type": "/problems/duplicate_key",
        "code": "duplicate_key",
        "title": "Duplicate key",
        "status": 400,
    }
    assert_problem(client.get("/problems/nope"), 404, "not_found")
