"""What a killed worker leaves: nothing lost, nothing done twice, nobody held up."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.forest.batches import INTELEX, SCIKIT_LEARN
from services.forest.engines import installed
from services.setup import prepare
from tests.databases import transaction
from tests.processes import descendants, lives, of_forkserver
from tests.story import FLOWER, Story, app_on, flowers, settings_for, worker
from tests.waits import wait_until

# Six batches each: scikit-learn alone scores on the rows not drawn.
FORESTS: dict[str, dict[str, Any]] = {
    SCIKIT_LEARN: {"n_estimators": 120, "oob_score": True, "random_state": 3},
    INTELEX: {"n_estimators": 2_400, "min_samples_leaf": 500, "random_state": 3},
}
BATCHES = 6
SLOW = FORESTS[SCIKIT_LEARN]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A home that no other test has."""
    prepare(settings_for(tmp_path))
    return tmp_path


@pytest.fixture
def alone(own: Path) -> Iterator[Story]:
    """A story on that home; its workers are the test's to start and to kill."""
    with app_on(own) as app:
        yield Story(app.test_client())


def begin_training(story: Story, experiment: str, **params: Any) -> str:
    answer = story.client.post(
        f"/v1/experiments/{experiment}/train", json=params, headers={"Prefer": "respond-async"}
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json["id"])


def wait_for_trees(story: Story, job: str, share: float) -> dict[str, Any]:
    """The job, once so large a share of its trees is grown and kept."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        state: dict[str, Any] = story.job(job).get_json()
        if state["progress"] >= (5 + 85 * share) / 100:
            return state
        time.sleep(0.01)
    raise AssertionError(state)


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def big_table() -> str:
    """A table on which a batch of trees takes a good part of a second."""
    return flowers(25_000, seed=1)


@pytest.mark.parametrize("engine", FORESTS)
def test_a_killed_worker_resumes_and_the_forest_is_the_same(
    engine: str, own: Path, alone: Story
) -> None:
    if engine not in installed():
        pytest.skip(f"{engine} has no wheel here")
    params = FORESTS[engine]
    with worker(own):
        name = alone.make_dataset(big_table())
        killed = alone.make_experiment(dataset=name)
        spared = alone.make_experiment(dataset=name)
        alone.wait_for(begin_training(alone, spared, **params), "succeeded")
    with ExitStack() as stack:
        first = stack.enter_context(worker(own))
        job = begin_training(alone, killed, **params)
        wait_for_trees(alone, job, 0.5)
        kill(first)
        left = grown_at(own, job)
        stack.enter_context(worker(own))
        done = alone.wait_for(job, "succeeded", "failed")
        wait_until(lambda: not list((own / "work").iterdir()))
    assert (done["state"], done["attempt"]) == ("succeeded", 2)
    assert len(left) >= BATCHES // 2 - 1  # one may have been done, and not yet noted as done
    assert steps_of(own, job)[: len(left)] == left  # what was grown was not grown again
    rows = [FLOWER, {**FLOWER, "size": None}, {**FLOWER, "colour": "green", "petals": 9}]
    one, other = (alone.predict(each, *rows).json for each in (killed, spared))
    assert one["predictions"] == other["predictions"]
    (version,) = alone.get(killed, "/versions").json["items"]
    assert version["manifest"]["engine"]["name"] == engine
    assert len(version["manifest"]["batches"]) == BATCHES


def steps_of(home: Path, job: str) -> list[tuple[str, str]]:
    """The finished steps of a job, and what each gave, as the job engine has them."""
    with transaction(home) as (connection, prefix):
        rows = connection.execute(
            sa.text(
                f"SELECT function_name, output FROM {prefix}operation_outputs "  # noqa: S608
                "WHERE workflow_uuid = :job ORDER BY function_id"
            ),
            {"job": job},
        )
        return [(name, output) for name, output in rows if name.startswith("tree ")]


def grown_at(home: Path, job: str) -> list[tuple[str, str]]:
    return steps_of(home, job)


def test_another_worker_takes_over_from_one_that_never_comes_back(own: Path, alone: Story) -> None:
    """The dead one is on another machine, as it were: only its silence tells of it."""
    with worker(own):
        experiment = alone.make_experiment(big_table())
    with ExitStack() as stack:
        first = stack.enter_context(worker(own))
        job = begin_training(alone, experiment, **SLOW)
        wait_for_trees(alone, job, 0.2)
        kill(first)
        for lock in (own / "workers").iterdir():
            lock.unlink()
        stack.enter_context(worker(own))
        done = alone.wait_for(job, "succeeded", "failed")
    assert done["state"] == "succeeded"


def test_a_worker_taken_for_dead_stops_by_itself(own: Path, alone: Story) -> None:
    with worker(own) as only:
        alone.make_experiment()
        change(own, "DELETE FROM workers")
        assert only.wait(timeout=60) == 75


def test_three_attempts_without_a_step_fail_the_job(own: Path, alone: Story) -> None:
    with worker(own):
        experiment = alone.make_experiment()
    job = begin_training(alone, experiment)
    change(own, "UPDATE jobs SET stalled = 3, attempt = 3 WHERE id = :job", job=job)
    with worker(own):
        done = alone.wait_for(job, "failed", "succeeded")
    assert done["error"]["code"] == "worker_lost"
    assert alone.get(experiment).json["status"] == "ready"


def test_a_stopped_worker_puts_its_job_back(own: Path, alone: Story) -> None:
    with worker(own) as first:
        experiment = alone.make_experiment(big_table())
        job = begin_training(alone, experiment, **SLOW)
        wait_for_trees(alone, job, 0.2)
        first.terminate()
        assert first.wait(timeout=60) == 0
    assert alone.job(job).json["state"] == "queued"
    with worker(own):
        done = alone.wait_for(job, "succeeded", "failed")
    assert (done["state"], done["attempt"]) == ("succeeded", 2)


def test_a_cancelled_job_ends_its_child(own: Path, alone: Story) -> None:
    with worker(own) as only:
        experiment = alone.make_experiment(big_table())
        job = begin_training(alone, experiment, n_estimators=10_000)
        alone.wait_for(job, "running")
        wait_until(lambda: of_forkserver(only.pid))
        assert alone.client.post(f"/v1/jobs/{job}/cancel").json["state"] == "cancelled"
        wait_until(lambda: not of_forkserver(only.pid))
        wait_until(lambda: not list((own / "work").iterdir()))
        assert alone.job(job).json["state"] == "cancelled"
        assert alone.get(experiment).json["active_version"] is None


def test_a_deleted_experiment_ends_its_training(own: Path, alone: Story) -> None:
    with worker(own) as only:
        experiment = alone.make_experiment(big_table())
        job = begin_training(alone, experiment, n_estimators=10_000)
        wait_until(lambda: of_forkserver(only.pid))
        assert alone.delete(experiment).status_code == 204
        wait_until(lambda: not of_forkserver(only.pid))
        wait_until(lambda: not list((own / "work").iterdir()))
        assert alone.job(job).json["state"] == "cancelled"
        assert not list((own / "experiments").iterdir())
        assert alone.get(experiment).status_code == 404


def test_a_training_holds_up_nobody(own: Path, alone: Story) -> None:
    with worker(own):
        busy = alone.make_experiment(big_table())
        job = begin_training(alone, busy, n_estimators=10_000)
        alone.wait_for(job, "running")
        created = alone.create(id="meanwhile", dataset="glass", target="Type")
        assert created.status_code == 201, created.text
        assert alone.job(job).json["state"] == "running"
        alone.client.post(f"/v1/jobs/{job}/cancel")


def test_a_killed_worker_takes_its_children_with_it(own: Path, alone: Story) -> None:
    with worker(own) as only:
        experiment = alone.make_experiment(big_table())
        begin_training(alone, experiment, n_estimators=10_000)
        wait_until(lambda: of_forkserver(only.pid))
        family = descendants(only.pid)
        kill(only)
        wait_until(lambda: not [each for each in family if lives(each)])


def change(home: Path, statement: str, **values: str) -> None:
    with transaction(home) as (connection, _):
        connection.execute(sa.text(statement), values)
