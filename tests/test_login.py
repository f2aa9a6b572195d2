"""/login: sessions that stand for a key."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from controllers import sessions
from services.setup import prepare
from tests.keyed import ADMIN, ELSEWHERE, forget, make
from tests.problems import assert_problem
from tests.story import app_on, settings_for


@pytest.fixture(name="closed")
def _closed(tmp_path: Path) -> Iterator[Flask]:
    prepare(settings_for(tmp_path, **ELSEWHERE))
    with app_on(tmp_path, **ELSEWHERE) as app:
        yield app


def cookie_of(answer: Any) -> Any:
    return SimpleCookie(answer.headers["Set-Cookie"])[sessions.COOKIE]


def test_a_session_stands_for_a_key(closed: Flask) -> None:
    client = closed.test_client()
    answer = client.post("/login", json={"key": "a" * 40})
    assert answer.status_code == 204
    cookie = cookie_of(answer)
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Strict", "")
    assert "a" * 40 not in cookie.value
    assert client.get("/v1/keys").status_code == 200
    assert client.post("/logout").status_code == 204
    assert client.get("/v1/keys").status_code == 401


def test_a_form_goes_on_to_the_pages(closed: Flask) -> None:
    client = closed.test_client()
    page = client.get("/login", headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    answer = client.post("/login", data={"key": "a" * 40}, headers={"X-Forwarded-Proto": "https"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert cookie_of(answer)["secure"]


def test_a_session_ends_with_its_key(closed: Flask) -> None:
    client, admin = closed.test_client(), closed.test_client()
    secret = make(admin, name="ci", scope="write")
    forget(closed)
    assert client.post("/login", json={"key": secret}).status_code == 204
    assert client.get("/v1/datasets").status_code == 200
    admin.delete("/v1/keys/ci", headers=ADMIN)
    forget(closed)
    assert_problem(client.get("/v1/datasets"), 401, "unauthorized")


def test_a_session_that_is_forged_or_old_opens_nothing(
    closed: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = closed.test_client()
    client.post("/login", json={"key": "a" * 40})
    kept = client.get_cookie(sessions.COOKIE)
    assert kept
    for value in ("x", kept.decoded_value[:-2] + "AA", ""):
        client.set_cookie(sessions.COOKIE, value)
        assert client.get("/v1/keys").status_code == 401
    client.set_cookie(sessions.COOKIE, kept.decoded_value)
    assert client.get("/v1/keys").status_code == 200
    monkeypatch.setattr(sessions, "SECONDS", -1)
    assert client.get("/v1/keys").status_code == 401


@pytest.mark.parametrize("body", [{"key": "wrong"}, {"key": "a" * 39}])
def test_a_wrong_key_begins_no_session(closed: Flask, body: Any) -> None:
    answer = closed.test_client().post("/login", json=body)
    assert_problem(answer, 401, "unauthorized")
    assert "Set-Cookie" not in answer.headers
