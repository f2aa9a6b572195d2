"""Hosts and origins: what a page of another site makes a browser send."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import create_environ, run_wsgi_app

from services.setup import prepare
from tests.problems import assert_problem
from tests.story import app_on, settings_for

KEY = {"Authorization": f"Bearer {'a' * 40}"}


@pytest.fixture(name="open_app")
def _open_app(tmp_path: Path) -> Iterator[Flask]:
    prepare(settings_for(tmp_path))
    with app_on(tmp_path) as app:
        yield app


@pytest.fixture(name="named")
def _named(tmp_path: Path) -> Iterator[Flask]:
    chosen = {"GROVE_HOSTS": "grove.example, www.grove.example", "GROVE_KEY": "a" * 40}
    home = tmp_path / "named"
    prepare(settings_for(home, **chosen))
    with app_on(home, **chosen) as app:
        yield app


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:5000", "[::1]:5000", "LOCALHOST:80"])
def test_this_machine_goes_by_its_own_names(open_app: Flask, host: str) -> None:
    assert open_app.test_client().get("/v1/datasets", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:5000", "a b", "", "x@localhost"],
)
def test_an_open_service_goes_by_no_other_name(open_app: Flask, host: str) -> None:
    answer = open_app.test_client().get("/v1/datasets", headers={"Host": host})
    assert_problem(answer, 400, "unknown_host")
    assert open_app.test_client().get("/livez", headers={"Host": host}).status_code == 200


def test_a_request_without_a_host(open_app: Flask) -> None:
    for protocol, code in (("HTTP/1.1", b"must have a Host"), ("HTTP/1.0", b"does not go by")):
        environ = create_environ("/v1/datasets")
        del environ["HTTP_HOST"]
        environ["SERVER_PROTOCOL"] = protocol
        pieces, status, _ = run_wsgi_app(open_app, environ)
        assert status == "400 BAD REQUEST"
        assert code in b"".join(pieces)


def test_names_that_were_set(named: Flask) -> None:
    client = named.test_client()
    for host in ("grove.example", "www.grove.example:8443", "GROVE.example"):
        assert client.get("/v1/datasets", headers={**KEY, "Host": host}).status_code == 200
    for host in ("localhost", "evil.example", "xgrove.example"):
        answer = client.get("/v1/datasets", headers={**KEY, "Host": host})
        assert_problem(answer, 400, "unknown_host")
        assert client.get("/readyz", headers={"Host": host}).status_code in {200, 503}


CHANGES = [
    ("POST", "/v1/experiments"),
    ("PUT", "/v1/datasets/x"),
    ("PATCH", "/v1/experiments/x"),
    ("DELETE", "/v1/datasets/glass"),
    ("POST", "/login"),
]


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://evil.example",
        "http://localhost:1",
        "http://localhost.evil.example",
        "",
        "x",
    ],
)
def test_a_page_of_another_site_changes_nothing(
    open_app: Flask, method: str, path: str, origin: str
) -> None:
    answer = open_app.test_client().open(path, method=method, headers={"Origin": origin})
    assert_problem(answer, 403, "foreign_origin")


def test_a_page_of_this_site_does(open_app: Flask, named: Flask) -> None:
    own = {"Host": "localhost:5000", "Origin": "http://localhost:5000"}
    assert open_app.test_client().delete("/v1/datasets/none", headers=own).status_code == 404
    for origin in ("https://grove.example", "https://www.grove.example:8443"):
        sent = {**KEY, "Host": "grove.example", "Origin": origin}
        assert named.test_client().delete("/v1/datasets/none", headers=sent).status_code == 404


def test_reading_is_left_to_the_browser(open_app: Flask) -> None:
    answer = open_app.test_client().get("/v1/datasets", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_what_a_browser_shows_is_hardened(open_app: Flask) -> None:
    client = open_app.test_client()
    page = client.get("/docs", headers={"Accept": "text/html"})
    with client.get("/v1/datasets/glass/file") as file:
        file.get_data()
    for answer in (page, file):
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert client.get("/v1/datasets").headers["X-Content-Type-Options"] == "nosniff"
