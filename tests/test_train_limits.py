"""Trainings that meet a limit: time, memory, a child that is killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.setup import prepare
from tests.orphans import assert_no_orphans
from tests.problems import assert_problem
from tests.processes import of_forkserver
from tests.story import FLOWER, Story, app_on, settings_for, worker

LONG = {"n_estimators": 10_000}
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture(name="story")
def _story(tmp_path: Path) -> Iterator[Story]:
    prepare(settings_for(tmp_path))
    with app_on(tmp_path) as app:
        yield Story(app.test_client())


def begin(story: Story, experiment: str) -> str:
    """A long training, once a child works on it."""
    address = f"/v1/experiments/{experiment}/train"
    answer = story.client.post(address, json=LONG, headers=ASYNC)
    assert answer.status_code == 202, answer.text
    job: str = answer.json["id"]
    while "tree" not in story.wait_for(job, "running")["message"]:
        time.sleep(0.05)
    return job


def children() -> set[int]:
    """The processes that do steps: those of fork servers, of workers that this process started."""
    return set(of_forkserver(os.getpid()))


@pytest.mark.parametrize("row", [pytest.param(None, id="T8-running")])
def test_a_second_one_while_the_first_runs(story: Story, tmp_path: Path, row: None) -> None:
    with worker(tmp_path):
        experiment = story.make_experiment()
        job = begin(story, experiment)
        second = story.train(experiment)
        assert_problem(second, 409, "train_running")
        assert second.headers["Location"] == f"/v1/jobs/{job}"
        story.client.post(f"/v1/jobs/{job}/cancel")


@pytest.mark.parametrize("row", [pytest.param(None, id="T15")])
def test_a_job_that_takes_too_long(story: Story, tmp_path: Path, row: None) -> None:
    with worker(tmp_path):
        experiment = story.make_trained()
    with worker(tmp_path, GROVE_JOB_TIMEOUT="2"):
        before = children()
        address = f"/v1/experiments/{experiment}/train"
        job = story.client.post(address, json=LONG, headers=ASYNC).json["id"]
        failed = story.wait_for(job, "failed")
        assert failed["error"]["code"] == "timeout"
        assert children() <= before
        assert story.predict(experiment, FLOWER).json["version"] == 1
    assert_no_orphans(tmp_path)


@pytest.mark.parametrize("row", [pytest.param(None, id="T14-killed")])
def test_a_child_that_is_killed(story: Story, tmp_path: Path, row: None) -> None:
    with worker(tmp_path):
        experiment, before = story.make_experiment(), children()
        job = begin(story, experiment)
        for child in children() - before:
            os.kill(child, signal.SIGKILL)
        failed = story.wait_for(job, "failed")
        assert failed["error"]["code"] == "out_of_memory"
        assert story.train(experiment, n_estimators=2).status_code == 201
    assert_no_orphans(tmp_path)


@pytest.mark.parametrize("row", [pytest.param(None, id="T14-limit")])
def test_a_step_that_needs_more_memory_than_it_may(story: Story, tmp_path: Path, row: None) -> None:
    with worker(tmp_path):
        experiment = story.make_trained()
    with worker(tmp_path, GROVE_STEP_MEMORY="20M"):
        refused = story.train(experiment, n_estimators=200)
        assert_problem(refused, 500, "out_of_memory")
        assert story.predict(experiment, FLOWER).json["version"] == 1
    assert_no_orphans(tmp_path)
