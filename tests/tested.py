"""What tests of the test endpoint send, and look at."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from models import Version, db, writing
from tests.story import Story


def send(story: Story, experiment: str, body: str | bytes, query: str = "") -> TestResponse:
    address = f"/v1/experiments/{experiment}/test{query}"
    return story.client.post(address, data=body, content_type="text/csv")


def codes_of(answer: TestResponse) -> list[str]:
    return [each["code"] for each in answer.json["result"]["warnings"]]


def strict(answer: TestResponse) -> Any:
    """The body, which holds neither NaN nor an infinity."""
    assert answer.status_code == 200, answer.text

    def refuse(word: str) -> None:
        raise AssertionError(word)

    return json.loads(answer.text, parse_constant=refuse)


def normalized(shares: Any) -> Any:
    return shares / shares.sum(axis=1, keepdims=True)


def change_manifest(app: Flask, job: str, manifest: dict[str, Any]) -> None:
    with app.app_context(), writing(db.session()):
        version = db.session.scalars(sa.select(Version).where(Version.job == job)).one()
        version.manifest = manifest
