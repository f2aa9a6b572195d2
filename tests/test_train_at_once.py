"""Trainings of one experiment: one at a time, and none once it is deleted."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from services.setup import prepare
from tests.problems import assert_problem
from tests.story import Story, flowers, fresh, opened, settings_for, worker
from tests.test_train import jobs_of
from tests.traces import unchanged

ASYNC = {"Prefer": "respond-async"}


def begin(story: Story, experiment: str, **params: Any) -> Any:
    address = f"/v1/experiments/{experiment}/train"
    return story.client.post(address, json=params, headers=ASYNC)


# A home without a worker: jobs stay as they are.


@pytest.fixture(scope="module")
def idle_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("idle")
    prepare(settings_for(folder))
    return folder


@pytest.fixture(scope="module")
def idle_app(idle_home: Path) -> Flask:
    return opened(settings_for(idle_home))


@pytest.fixture(scope="module")
def waiting(idle_home: Path, idle_app: Flask) -> list[str]:
    """Experiments that are ready, once their worker is gone."""
    with worker(idle_home):
        story = Story(idle_app.test_client())
        return [story.make_experiment() for _ in range(4)]


@pytest.mark.parametrize("row", [pytest.param(None, id="T8")])
def test_one_at_a_time(idle_app: Flask, waiting: list[str], row: None) -> None:
    story, experiment = Story(idle_app.test_client()), waiting[0]
    first = begin(story, experiment)
    assert first.status_code == 202
    assert first.headers["Location"] == first.json["links"]["self"]
    second = begin(story, experiment)
    assert_problem(second, 409, "train_running")
    assert second.headers["Location"] == first.headers["Location"]
    assert len(jobs_of(story, experiment)) == 1


@pytest.mark.parametrize("row", [pytest.param(None, id="T8")])
def test_the_same_key_is_the_same_job(idle_app: Flask, waiting: list[str], row: None) -> None:
    story, experiment = Story(idle_app.test_client()), waiting[1]
    address = f"/v1/experiments/{experiment}/train"

    def send(key: str, **params: Any) -> Any:
        headers = {**ASYNC, "Idempotency-Key": key}
        return story.client.post(address, json=params, headers=headers)

    first = send("one", max_depth=2)
    assert send("one", max_depth=2).json["id"] == first.json["id"]
    assert_problem(send("two", max_depth=2), 409, "train_running")
    assert_problem(send("one", max_depth=3), 422, "idempotency_key_reused")
    assert_problem(send("x" * 256), 422, "bad_idempotency_key")
    assert len(jobs_of(story, experiment)) == 1


@pytest.mark.parametrize("row", [pytest.param(None, id="T9")])
def test_fifty_at_once(idle_app: Flask, waiting: list[str], row: None) -> None:
    experiment, answers = waiting[2], []
    barrier = threading.Barrier(50)

    def send() -> None:
        story = Story(idle_app.test_client())
        barrier.wait()
        answers.append(begin(story, experiment))

    threads = [threading.Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accepted = [each for each in answers if each.status_code == 202]
    refused = [each for each in answers if each.status_code != 202]
    assert (len(accepted), len(refused)) == (1, 49)
    for each in refused:
        assert_problem(each, 409, "train_running")
        assert each.headers["Location"] == accepted[0].headers["Location"]
    assert len(jobs_of(Story(idle_app.test_client()), experiment)) == 1


@pytest.mark.parametrize("row", [pytest.param(None, id="T11")])
def test_deleted_while_it_waits(
    idle_app: Flask, idle_home: Path, waiting: list[str], row: None
) -> None:
    story, experiment = Story(idle_app.test_client()), waiting[3]
    job = begin(story, experiment).json["id"]
    assert story.delete(experiment).status_code == 204
    assert story.job(job).json["state"] == "cancelled"
    assert_problem(story.get(experiment), 404, "experiment_not_found")
    assert_problem(story.train(experiment), 404, "experiment_not_found")


@pytest.mark.parametrize("row", [pytest.param(None, id="T11")])
def test_deleted_while_it_trains(story: Story, home: Path, row: None) -> None:
    with unchanged(story, home):
        data = story.make_dataset(flowers(2_000))
        experiment = story.make_experiment(dataset=data)
        job = begin(story, experiment, n_estimators=10_000).json["id"]
        story.wait_for(job, "running")
        assert story.delete(experiment).status_code == 204
        assert story.job(job).json["state"] == "cancelled"
        assert story.client.delete(f"/v1/datasets/{data}").status_code == 204
    assert_problem(story.get(experiment, "/versions"), 404, "experiment_not_found")


def test_while_it_is_split(idle_app: Flask, waiting: list[str]) -> None:
    story, experiment = Story(idle_app.test_client()), fresh("exp")
    dataset = story.get(waiting[0]).json["dataset"]
    fields = {"id": experiment, "dataset": dataset, "target": "kind"}
    created = story.client.post("/v1/experiments", json=fields, headers=ASYNC)
    assert created.status_code == 202
    assert_problem(story.train(experiment), 409, "not_split")
