"""Accept, the headers of every answer, and the line in the log."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import structlog
from flask.testing import FlaskClient

from services import logs
from tests.http.demo import create_demo
from tests.problems import assert_problem


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "application/*",
        "application/json",
        "application/json; charset=utf-8",
        "application/problem+json",
        "text/html, */*;q=0.1",
        "image/png, application/json;q=0.2",
    ],
)
def test_accepted(client: FlaskClient, accept: str | None) -> None:
    headers = {} if accept is None else {"Accept": accept}
    assert client.get("/v1/things", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "accept", ["text/html", "image/png", "text/csv", "nonsense", "application/json;q=0", "*/*;q=0"]
)
def test_not_acceptable(client: FlaskClient, accept: str) -> None:
    answer = client.get("/v1/things", headers={"Accept": accept})
    assert_problem(answer, 406, "not_acceptable")


def test_declared_types(client: FlaskClient) -> None:
    assert client.get("/v1/csv", headers={"Accept": "text/csv"}).status_code == 200
    assert client.get("/docs", headers={"Accept": "text/html"}).status_code == 200
    script = "/static/swagger-ui/start.js"
    with client.get(script, headers={"Accept": "text/javascript"}) as page:
        assert page.status_code == 200
    assert_problem(
        client.get("/v1/csv", headers={"Accept": "application/json"}), 406, "not_acceptable"
    )


def test_missing_pages_come_first(client: FlaskClient) -> None:
    assert_problem(client.get("/nope", headers={"Accept": "text/html"}), 404, "not_found")


def test_every_answer_has_its_headers(client: FlaskClient) -> None:
    ids = set()
    for path in ("/v1/things", "/v1/csv", "/nope", "/docs", "/openapi.json", "/v1/raise/crash"):
        answer = client.get(path, headers={"X-Request-ID": "mine"})
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert len(answer.headers["X-Request-ID"]) == 32
        ids.add(answer.headers["X-Request-ID"])
    assert len(ids) == 6


@pytest.fixture
def lines() -> Iterator[io.BytesIO]:
    stream = io.TextIOWrapper(io.BytesIO())
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    logs.configure("info", stream)
    yield stream.buffer
    structlog.reset_defaults()
    root.level, root.handlers = before


def test_one_line_a_request(lines: io.BytesIO) -> None:
    before = datetime.now(UTC)
    answer = create_demo().test_client().get("/v1/things?page=1")
    (line,) = [json.loads(text) for text in lines.getvalue().decode().splitlines()]
    assert (line["event"], line["method"], line["path"]) == ("request", "GET", "/v1/things")
    assert (line["status"], line["level"]) == (200, "info")
    assert line["timestamp"].endswith("Z")
    assert before <= datetime.fromisoformat(line["timestamp"]) <= datetime.now(UTC)
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert 0 <= line["duration_ms"] < 5000
    assert "page=1" not in lines.getvalue().decode()


def test_traceback_is_in_the_log(lines: io.BytesIO) -> None:
    answer = create_demo().test_client().get("/v1/raise/crash")
    crash, request = [json.loads(text) for text in lines.getvalue().decode().splitlines()]
    assert "ZeroDivisionError: secret" in crash["exception"]
    assert crash["request_id"] == request["request_id"] == answer.headers["X-Request-ID"]


def test_numbers_of_any_length_are_logged(lines: io.BytesIO) -> None:
    structlog.get_logger("grove").info("long", number=10**30)
    line = json.loads(lines.getvalue())
    assert (line["number"], line["timestamp"][-1]) == (10**30, "Z")


@pytest.mark.parametrize("name", ["alembic.runtime.plugins", "dbos"])
def test_what_libraries_tell_on_each_start_is_left_out(lines: io.BytesIO, name: str) -> None:
    logging.getLogger(name).info("loaded")
    logging.getLogger(name).warning("not loaded")
    assert [json.loads(line)["event"] for line in lines.getvalue().splitlines()] == ["not loaded"]


def test_libraries_log_alike(lines: io.BytesIO) -> None:
    logging.getLogger("library").warning("%s went wrong", "this")
    logging.getLogger("library").debug("not told")
    (line,) = [json.loads(text) for text in lines.getvalue().decode().splitlines()]
    assert (line["event"], line["level"]) == ("this went wrong", "warning")
