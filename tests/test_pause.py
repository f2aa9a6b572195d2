"""Jobs that are paused, and go on where they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Job
from services.setup import prepare
from tests.databases import transaction
from tests.orphans import assert_no_orphans, orphans
from tests.problems import assert_problem
from tests.story import FLOWER, Story, app_on, flowers, settings_for, worker
from tests.waits import cancel, wait_until

HOUR = timedelta(hours=1)
ROWS = flowers(12_500)  # of which scikit-learn grows 40 trees a batch
FOREST: dict[str, Any] = {"n_estimators": 200, "oob_score": True, "random_state": 3, "max_depth": 8}


@pytest.fixture(name="own")
def _own(tmp_path: Path) -> Path:
    prepare(settings_for(tmp_path))
    return tmp_path


@pytest.fixture(name="story")
def _story(own: Path) -> Iterator[Story]:
    with app_on(own) as app:
        yield Story(app.test_client())


def begin(story: Story, experiment: str, **params: Any) -> str:
    address = f"/v1/experiments/{experiment}/train"
    answer = story.client.post(address, json=params, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202, answer.text
    return str(answer.json["id"])


def ask(story: Story, job: str, what: str) -> Any:
    return story.client.post(f"/v1/jobs/{job}/{what}")


def wait_for_trees(story: Story, job: str, share: float) -> None:
    wait_until(lambda: story.job(job).json["progress"] >= share)


def status_in_engine(home: Path, job: str) -> str:
    with transaction(home) as (connection, prefix):
        query = f"SELECT status FROM {prefix}workflow_status WHERE workflow_uuid = :job"  # noqa: S608
        return str(connection.scalar(sa.text(query), {"job": job}))


def steps_of(connection: sa.Connection, prefix: str, job: str) -> list[str]:
    """The steps that the engine has kept an outcome of."""
    query = sa.text(
        f"SELECT function_name FROM {prefix}operation_outputs WHERE workflow_uuid = :job"  # noqa: S608
    )
    return list(connection.scalars(query, {"job": job}))


def test_paused_in_the_middle(story: Story, own: Path) -> None:
    """Another training goes first meanwhile; the forest is the one it would have been."""
    with worker(own):
        experiment = story.make_experiment(ROWS)
        other = story.make_experiment()
        job = begin(story, experiment, **FOREST)
        wait_for_trees(story, job, 0.3)
        paused = ask(story, job, "pause")
        assert (paused.status_code, paused.json["state"]) == (200, "paused")
        assert paused.json["estimated_end_at"] is None
        reached = story.job(job).json["progress"]
        assert story.train(other, n_estimators=2).status_code == 201
        assert_problem(story.train(experiment), 409, "train_running")
        again = ask(story, job, "pause")
        assert (again.status_code, again.json["state"]) == (200, "paused")
        assert story.job(job).json["progress"] == reached
        assert story.job(job).json["state"] == "paused"
        resumed = ask(story, job, "resume")
        assert (resumed.status_code, resumed.json["state"]) == (200, "queued")
        done = story.wait_for(job, "succeeded", "failed")
        assert (done["state"], done["attempt"]) == ("succeeded", 2)
        served = story.predict(experiment, FLOWER).json["predictions"]
        assert story.train(experiment, **FOREST).status_code == 201
        assert story.predict(experiment, FLOWER).json["predictions"] == served
        assert_no_orphans(own)


def test_finished_batches_do_not_grow_again(story: Story, own: Path) -> None:
    with worker(own):
        job = begin(story, story.make_experiment(ROWS), **FOREST)
        wait_for_trees(story, job, 0.4)
        ask(story, job, "pause")
        wait_until(lambda: status_in_engine(own, job) == "CANCELLED")
        with transaction(own) as (connection, prefix):
            kept = steps_of(connection, prefix, job)
        ask(story, job, "resume")
        story.wait_for(job, "succeeded")
        with transaction(own) as (connection, prefix):
            later = steps_of(connection, prefix, job)
    assert len(kept) >= 3
    assert sorted(later) == sorted(set(later))
    assert set(kept) < set(later)


def test_paused_before_anybody_took_it_up(story: Story, own: Path) -> None:
    with worker(own):
        experiment = story.make_experiment()
    job = begin(story, experiment, n_estimators=3)
    assert ask(story, job, "pause").json["state"] == "paused"
    with worker(own):
        assert story.train(story.make_experiment(), n_estimators=2).status_code == 201
        assert story.job(job).json["state"] == "paused"
        ask(story, job, "resume")
        assert story.wait_for(job, "succeeded")["attempt"] == 1


def test_paused_through_a_restart(story: Story, own: Path) -> None:
    with ExitStack() as first:
        first.enter_context(worker(own))
        job = begin(story, story.make_experiment(ROWS), **FOREST)
        wait_for_trees(story, job, 0.2)
        ask(story, job, "pause")
    prepare(settings_for(own))  # as a start does: what a paused job has made is no leaving
    assert len(orphans(own)) == 1
    with worker(own):
        assert story.train(story.make_experiment(), n_estimators=2).status_code == 201
        assert story.job(job).json["state"] == "paused"
        ask(story, job, "resume")
        assert story.wait_for(job, "succeeded", "failed")["state"] == "succeeded"
        assert_no_orphans(own)


@pytest.mark.parametrize("end", ["cancel", "delete"])
def test_a_paused_job_that_nobody_wants_any_more(story: Story, own: Path, end: str) -> None:
    with worker(own):
        experiment = story.make_experiment(ROWS)
        job = begin(story, experiment, **FOREST)
        wait_for_trees(story, job, 0.2)
        ask(story, job, "pause")
        if end == "cancel":
            assert cancel(story, job).json["state"] == "cancelled"
        else:
            assert story.delete(experiment).status_code == 204
            assert story.job(job).json["state"] == "cancelled"
        assert_problem(ask(story, job, "resume"), 409, "job_finished")
        assert_no_orphans(own, seconds=30)


def test_a_paused_create_can_be_resumed_or_cancelled(story: Story, own: Path) -> None:
    with worker(own):
        dataset = story.make_dataset()
    fields = {"id": "one", "dataset": dataset, "target": "kind"}
    ahead = {"Prefer": "respond-async"}
    job = story.client.post("/v1/experiments", json=fields, headers=ahead).json["id"]
    ask(story, job, "pause")
    with worker(own):
        assert story.get("one").json["status"] == "splitting"
        ask(story, job, "resume")
        story.wait_for(job, "succeeded")
        assert story.get("one").json["status"] == "ready"


@pytest.mark.parametrize("what", ["pause", "resume"])
def test_jobs_that_are_over_or_none(story: Story, own: Path, what: str) -> None:
    assert_problem(ask(story, "no-such-job", what), 404, "job_not_found")
    with worker(own):
        job = story.train(story.make_experiment(), n_estimators=2).json["job"]
        assert_problem(ask(story, job, what), 409, "job_finished")


def test_to_resume_what_is_not_paused_changes_nothing(story: Story, own: Path) -> None:
    with worker(own):
        job = begin(story, story.make_experiment(ROWS), **FOREST)
        wait_for_trees(story, job, 0.1)
        answer = ask(story, job, "resume")
        assert (answer.status_code, answer.json["state"]) == (200, "running")
        assert story.wait_for(job, "succeeded", "failed")["attempt"] == 1


def test_pause_and_resume_in_a_hurry(story: Story, own: Path) -> None:
    """However the two come between the looks of a worker, the job is done once, and right."""
    with worker(own):
        experiment = story.make_experiment(ROWS)
        job = begin(story, experiment, **FOREST)
        for share in (0.1, 0.2, 0.3, 0.4):
            wait_for_trees(story, job, share)
            assert ask(story, job, "pause").status_code == 200
            assert ask(story, job, "resume").status_code == 200
        done = story.wait_for(job, "succeeded", "failed", seconds=90)
        assert done["state"] == "succeeded"
        assert [each["version"] for each in story.get(experiment, "/versions").json["items"]] == [1]
        assert_no_orphans(own)


def test_the_time_in_which_it_was_paused_is_not_counted(story: Story, own: Path) -> None:
    with worker(own, GROVE_JOB_TIMEOUT="600"):
        job = begin(story, story.make_experiment(ROWS), n_estimators=100)
        wait_until(lambda: story.job(job).json["state"] == "running")
        ask(story, job, "pause")
        with transaction(own) as (connection, _), Session(connection) as session:
            row = session.get_one(Job, job)
            assert row.started_at is not None
            assert row.paused_at is not None
            row.started_at, row.paused_at = row.started_at - HOUR, row.paused_at - HOUR
            session.flush()
        ask(story, job, "resume")
        assert story.wait_for(job, "succeeded", "failed")["state"] == "succeeded"
