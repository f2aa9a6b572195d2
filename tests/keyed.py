"""A service that lets nobody in without a key: what tests of keys and sessions share."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

ELSEWHERE = {"GROVE_BIND": "0.0.0.0:5000", "GROVE_KEY": "a" * 40}
ADMIN = {"Authorization": f"Bearer {'a' * 40}"}


def make(client: FlaskClient, **fields: Any) -> str:
    answer = client.post("/v1/keys", json=fields, headers=ADMIN)
    assert answer.status_code == 201, answer.text
    return str(answer.json["key"])


def forget(app: Flask) -> None:
    """As if a second had passed."""
    app.extensions["grove_keys"].good_until = 0.0


def status(client: FlaskClient, secret: str, path: str = "/v1/experiments") -> int:
    return client.get(path, headers={"Authorization": f"Bearer {secret}"}).status_code
