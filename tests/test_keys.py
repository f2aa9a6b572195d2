"""/v1/keys: keys made, listed, revoked, running out; wrong ones counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from models import Key, db
from models.database import now
from services.setup import prepare
from tests.keyed import ADMIN, ELSEWHERE, forget, make, status
from tests.problems import assert_problem
from tests.recorder import Recorder
from tests.story import app_on, settings_for


@pytest.fixture(name="closed")
def _closed(tmp_path: Path) -> Iterator[Flask]:
    prepare(settings_for(tmp_path, **ELSEWHERE))
    with app_on(tmp_path, **ELSEWHERE) as app:
        yield app


def test_a_key_is_told_once(closed: Flask) -> None:
    client = closed.test_client()
    answer = client.post(
        "/v1/keys", json={"name": "ci", "scope": "write", "days": 30}, headers=ADMIN
    )
    assert answer.status_code == 201
    assert answer.headers["Location"] == "/v1/keys/ci"
    assert answer.headers["Cache-Control"] == "no-store"
    made = answer.json
    assert made["scope"] == "write"
    assert made["revoked_at"] is None
    forget(closed)
    assert status(client, made["key"]) == 200
    listed = client.get("/v1/keys", headers=ADMIN)
    assert [each["name"] for each in listed.json["items"]] == ["environment", "ci"]
    assert made["key"] not in listed.text
    with closed.app_context():
        row = db.session.get(Key, "ci")
        assert row
        assert row.expires_at
        assert row.digest != made["key"]
        assert timedelta(days=29) < row.expires_at - now() < timedelta(days=31)


def test_a_new_key_may_predict_and_no_more(closed: Flask) -> None:
    client = closed.test_client()
    secret = make(client, name="app")
    forget(closed)
    assert status(client, secret) == 200
    assert status(client, secret, "/v1/datasets") == 403


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({}, "/name", "required"),
        ({"name": ""}, "/name", "bad_pattern"),
        ({"name": "a b"}, "/name", "bad_pattern"),
        ({"name": "x" * 65}, "/name", "bad_pattern"),
        ({"name": "x", "scope": "root"}, "/scope", "unknown_choice"),
        ({"name": "x", "days": 0}, "/days", "out_of_range"),
        ({"name": "x", "days": "9"}, "/days", "wrong_type"),
        ({"name": "x", "key": "mine"}, "/key", "unknown_field"),
    ],
)
def test_what_is_no_key(closed: Flask, fields: Any, pointer: str, code: str) -> None:
    answer = closed.test_client().post("/v1/keys", json=fields, headers=ADMIN)
    assert_problem(answer, 422, code, pointer)


def test_a_name_is_used_once(closed: Flask) -> None:
    client = closed.test_client()
    make(client, name="ci")
    again = client.post("/v1/keys", json={"name": "ci"}, headers=ADMIN)
    assert_problem(again, 409, "key_exists")


def test_a_revoked_key_opens_nothing_and_stays_on_record(closed: Flask) -> None:
    client = closed.test_client()
    secret = make(client, name="ci")
    for _ in range(2):
        assert client.delete("/v1/keys/ci", headers=ADMIN).status_code == 204
    forget(closed)
    assert status(client, secret) == 401
    assert client.get("/v1/keys/ci", headers=ADMIN).json["revoked_at"]
    assert_problem(client.delete("/v1/keys/none", headers=ADMIN), 404, "key_not_found")
    assert_problem(client.get("/v1/keys/none", headers=ADMIN), 404, "key_not_found")


def test_a_key_runs_out(closed: Flask) -> None:
    client = closed.test_client()
    secret = make(client, name="ci", days=1)
    forget(closed)
    assert status(client, secret) == 200
    with closed.app_context():
        row = db.session.get_one(Key, "ci")
        row.expires_at = now() - timedelta(seconds=1)
        db.session.commit()
    forget(closed)
    assert status(client, secret) == 401


def test_the_first_key_closes_the_service(tmp_path: Path) -> None:
    prepare(settings_for(tmp_path))
    with app_on(tmp_path) as app:
        client = app.test_client()
        secret = client.post("/v1/keys", json={"name": "me", "scope": "admin"}).json["key"]
        forget(app)
        assert client.get("/v1/experiments").status_code == 401
        assert status(client, secret, "/v1/keys") == 200


def test_keys_and_sessions_are_as_documented(closed: Flask) -> None:
    client = closed.test_client()
    spec = json.loads(client.get("/openapi.json", headers=ADMIN).data)
    recorder = Recorder(closed, spec)
    made = recorder.post("/v1/keys", json={"name": "ci"}, headers=ADMIN)
    assert made.status_code == 201
    recorder.post("/v1/keys", json={"name": "ci"}, headers=ADMIN)
    recorder.post("/v1/keys", json={"name": 7}, headers=ADMIN)
    for name in ("ci", "none"):
        recorder.get(f"/v1/keys/{name}", headers=ADMIN)
        recorder.delete(f"/v1/keys/{name}", headers=ADMIN)
    recorder.get("/v1/keys", headers=ADMIN)
    recorder.get("/v1/keys", headers={"Authorization": f"Bearer {made.json['key']}"})
    recorder.get("/login", headers={"Accept": "text/html"})
    recorder.post("/login", json={"key": "x"})
    recorder.post("/login", json={"key": "a" * 40})
    recorder.post("/logout", headers=ADMIN)
    assert not recorder.faults
    assert {path for path, _ in recorder.seen} == {
        "/v1/keys",
        "/v1/keys/{name}",
        "/login",
        "/logout",
    }


def test_wrong_keys_are_counted(closed: Flask) -> None:
    client = closed.test_client()
    statuses = [status(client, "wrong") for _ in range(60)]
    assert statuses[:50] == [401] * 50  # a half of 100 for each of two processes
    assert statuses[50:] == [429] * 10
    refused = client.post("/login", json={"key": "wrong"})
    assert_problem(refused, 429, "too_many_requests")
    assert status(client, "a" * 40) == 200
    assert client.get("/v1/experiments").status_code == 401  # no key is no wrong key


def test_each_address_has_its_own_count(closed: Flask) -> None:
    client = closed.test_client()
    wrong = {"Authorization": "Bearer wrong"}
    for _ in range(51):
        last = client.get("/v1/keys", headers=wrong, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert last.status_code == 429
    forged = {**wrong, "X-Forwarded-For": "192.0.2.9"}
    again = client.get("/v1/keys", headers=forged, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert again.status_code == 429
    # A proxy on this machine is believed.
    assert client.get("/v1/keys", headers=forged).status_code == 401


def test_a_store_that_is_away_lets_nobody_in(tmp_path: Path) -> None:
    chosen = {**ELSEWHERE, "GROVE_REDIS_URL": "redis://127.0.0.1:1/0"}
    prepare(settings_for(tmp_path, **chosen))
    with app_on(tmp_path, **chosen) as app:
        client = app.test_client()
        assert status(client, "wrong") == 401
        assert status(client, "a" * 40) == 200
