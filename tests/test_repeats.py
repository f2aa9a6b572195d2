"""Idempotency-Key: a request that is sent again does its work once."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from models import Job, db
from services.setup import prepare
from tests.orphans import assert_no_orphans
from tests.problems import assert_problem
from tests.story import Story, app_on, flowers, fresh, settings_for


def key() -> dict[str, str]:
    return {"Idempotency-Key": fresh("key")}


def create(story: Story, headers: dict[str, str], **fields: Any) -> TestResponse:
    return story.client.post("/v1/experiments", json={"target": "kind", **fields}, headers=headers)


def upload(story: Story, headers: dict[str, str], text: str, **fields: str) -> TestResponse:
    file = (io.BytesIO(text.encode()), "flowers.csv")
    data = {"target": "kind", **fields, "file": file}
    return story.client.post("/v1/experiments", data=data, headers=headers)


def test_a_create_that_is_sent_again_makes_one_experiment(story: Story) -> None:
    sent, name = key(), story.make_dataset()
    first, again = (create(story, sent, dataset=name) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert first.headers["Location"] == again.headers["Location"]
    assert create(story, key(), dataset=name).json["id"] != first.json["id"]


def test_an_upload_that_is_sent_again_leaves_nothing(story: Story, home: Path) -> None:
    sent, name = key(), fresh("exp")
    first, again = (upload(story, sent, flowers(), id=name) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201), again.text
    assert first.json == again.json
    assert_no_orphans(home)
    other = upload(story, sent, flowers(seed=1), id=name)
    assert_problem(other, 422, "idempotency_key_reused")
    assert_no_orphans(home)


def test_another_body_under_the_same_key(story: Story) -> None:
    sent, name = key(), story.make_dataset()
    assert create(story, sent, dataset=name).status_code == 201
    other = create(story, sent, dataset=name, test_size=0.3)
    assert_problem(other, 422, "idempotency_key_reused")


def test_a_create_that_failed_fails_again(story: Story) -> None:
    sent = key()
    first, again = (upload(story, sent, "kind,a\nrose\n") for _ in range(2))
    for answer in (first, again):
        assert_problem(answer, 422, "ragged_row")
    assert first.headers["Location"] == again.headers["Location"]


def test_a_train_and_a_test_that_are_sent_again(story: Story) -> None:
    experiment = story.make_experiment()
    for step, status in (("train", 201), ("test", 200)):
        sent, address = key(), f"/v1/experiments/{experiment}/{step}"
        body = {"n_estimators": 3} if step == "train" else {}
        headers = {**sent, "Prefer": "wait=60"}
        first, again = (story.client.post(address, json=body, headers=headers) for _ in range(2))
        assert (first.status_code, again.status_code) == (status, status)
        assert first.json == again.json
        other = story.client.post(address, json={**body, "version": 9}, headers=sent)
        assert other.status_code == 422
    assert len(story.get(experiment, "/versions").json["items"]) == 1


def test_the_same_key_at_another_address_is_another(story: Story) -> None:
    sent, experiments = key(), [story.make_experiment() for _ in range(2)]
    for experiment in experiments:
        address = f"/v1/experiments/{experiment}/train"
        answer = story.client.post(address, json={"n_estimators": 2}, headers=sent)
        assert answer.status_code == 201
        assert answer.json["experiment"] == experiment


def test_while_the_first_is_under_way(tmp_path: Path) -> None:
    """Without a worker nothing ends."""
    prepare(settings_for(tmp_path))
    with app_on(tmp_path) as app:
        story, sent = Story(app.test_client()), {**key(), "Prefer": "respond-async"}
        first, again = (create(story, sent, dataset="glass", target="Type") for _ in range(2))
        assert first.status_code == 202
        assert_problem(again, 409, "request_in_flight")
        assert again.headers["Location"] == f"/v1/jobs/{first.json['id']}"
        assert count(app) == 1


def test_keys_of_other_callers_are_others(tmp_path: Path) -> None:
    prepare(settings_for(tmp_path, GROVE_KEY="a" * 40))
    with app_on(tmp_path, GROVE_KEY="a" * 40) as app:
        story, shared = Story(app.test_client()), {**key(), "Prefer": "respond-async"}
        admin = {"Authorization": f"Bearer {'a' * 40}"}
        new = story.client.post("/v1/keys", json={"name": "b", "scope": "write"}, headers=admin)
        app.extensions["grove_keys"].good_until = 0.0
        for secret in ("a" * 40, new.json["key"]):
            sent = {**shared, "Authorization": f"Bearer {secret}"}
            answer = create(story, sent, dataset="glass", target="Type")
            assert answer.status_code == 202
        assert count(app) == 2


def count(app: Flask) -> int:
    with app.app_context():
        return db.session.query(Job).count()
