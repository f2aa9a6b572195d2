"""GROVE_DASK_SCHEDULER: the same forest, grown by other machines."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

from benchmarks.cluster import Cluster, clustering
from services.forest.batches import INTELEX, SCIKIT_LEARN
from services.forest.engines import installed
from services.setup import prepare
from tests.orphans import assert_no_orphans
from tests.story import FLOWER, Story, app_on, flowers, settings_for, worker
from tests.test_durability import FORESTS, big_table
from tests.waits import wait_until

pytestmark = pytest.mark.sqlite  # the rows have nothing to do with it

ASYNC = {"Prefer": "respond-async"}
TREES = {SCIKIT_LEARN: 60, INTELEX: 1_000}  # a few batches
FILES = ("trees.npz", "model.onnx")  # all that answers come from


@pytest.fixture(name="cluster", scope="module")
def _cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with clustering(tmp_path_factory.mktemp("dask"), workers=2) as made:
        yield made


@pytest.fixture(name="story")
def _story(tmp_path: Path) -> Iterator[Story]:
    prepare(settings_for(tmp_path))
    with app_on(tmp_path) as app:
        yield Story(app.test_client())


def begin(story: Story, experiment: str, **params: Any) -> str:
    address = f"/v1/experiments/{experiment}/train"
    answer = story.client.post(address, json=params, headers=ASYNC)
    assert answer.status_code == 202, answer.text
    return str(answer.json["id"])


def made_by(story: Story, experiment: str, job: str) -> Any:
    """The version that a job has made."""
    done = story.wait_for(job, "succeeded")
    return story.get(experiment, f"/versions/{done['result']['version']}").json


def assert_same_forest(one: Any, other: Any) -> None:
    assert one["manifest"]["batches"] == other["manifest"]["batches"]
    for name in FILES:
        assert one["checksums"][name] == other["checksums"][name]


def wait_for_message(story: Story, job: str, words: str) -> None:
    wait_until(lambda: words in (story.job(job).json["message"] or ""))


def stored(folder: Path) -> list[Path]:
    """The files in a storage, from which a worker may be removing folders meanwhile."""
    return [Path(place, name) for place, _, names in os.walk(folder) for name in names]


def test_workers_have_loaded_what_grows_trees_before_they_are_given_any(cluster: Cluster) -> None:
    with Client(cluster.address, set_as_default=False) as client:  # type: ignore[no-untyped-call]
        loaded = client.run(lambda: "services.worker.tasks" in sys.modules)
        patience = client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.worker_ttl)
    assert list(loaded.values()) == [True, True]
    assert patience is None  # for who sends no word: those that grow trees cannot


@pytest.mark.parametrize("engine", [SCIKIT_LEARN, INTELEX])
@pytest.mark.parametrize("storage", ["the home", "a folder", "an address"])
def test_the_forest_is_that_of_one_machine(
    tmp_path: Path, story: Story, cluster: Cluster, engine: str, storage: str
) -> None:
    places = {
        "the home": None,
        "a folder": str(tmp_path / "s"),
        "an address": f"file://{tmp_path}/s",
    }
    environ = {"GROVE_DASK_SCHEDULER": cluster.address}
    if place := places[storage]:
        environ["GROVE_DASK_STORAGE"] = place
    if engine not in installed():
        pytest.skip(f"{engine} has no wheel here")
    params = {**FORESTS[engine], "n_estimators": TREES[engine]}
    with worker(tmp_path):
        experiment = story.make_experiment(big_table())
        here = made_by(story, experiment, begin(story, experiment, **params))
    with worker(tmp_path, **environ):
        there = made_by(story, experiment, begin(story, experiment, **params))
        assert_no_orphans(tmp_path)
        wait_until(lambda: not stored(tmp_path / "s"))  # its worker tidies up after the job's end
    assert there["manifest"]["engine"]["name"] == engine
    assert len(there["manifest"]["batches"]) > 1
    assert_same_forest(here, there)
    assert story.predict(experiment, FLOWER).status_code == 200


@pytest.fixture(name="own")
def _own(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster that a test may break."""
    with clustering(tmp_path / "dask", workers=2) as made:
        yield made


SLOW = {**FORESTS[SCIKIT_LEARN], "n_estimators": 120}


@pytest.mark.parametrize("storage", [False, True])
def test_a_worker_lost_in_mid_batch_costs_that_batch(
    tmp_path: Path, story: Story, own: Cluster, storage: bool
) -> None:
    environ = {"GROVE_DASK_SCHEDULER": own.address}
    if storage:
        environ["GROVE_DASK_STORAGE"] = str(tmp_path / "s")
    with worker(tmp_path, **environ):
        experiment = story.make_experiment(big_table())
        job = begin(story, experiment, **SLOW)
        wait_until(lambda: own.busy() == {0, 1})
        own.kill(0)
        with_one = made_by(story, experiment, job)
    with worker(tmp_path):
        here = made_by(story, experiment, begin(story, experiment, **SLOW))
    assert_same_forest(here, with_one)


def test_a_scheduler_that_restarts_is_found_again(
    tmp_path: Path, story: Story, own: Cluster
) -> None:
    """What was done is not grown again; the rest is submitted anew."""
    with worker(tmp_path, GROVE_DASK_SCHEDULER=own.address):
        experiment = story.make_experiment(big_table())
        job = begin(story, experiment, **SLOW)
        wait_until(lambda: story.job(job).json["progress"] > 0.1)
        own.kill_scheduler()
        wait_for_message(story, job, "waiting for the Dask scheduler")
        own.start_scheduler()
        for _ in range(2):  # those of before have ended with their scheduler
            own.start_worker()
        there = made_by(story, experiment, job)
    with worker(tmp_path):
        here = made_by(story, experiment, begin(story, experiment, **SLOW))
    assert_same_forest(here, there)


def test_a_cluster_without_workers_is_waited_for(tmp_path: Path, story: Story) -> None:
    with ExitStack() as stack:
        cluster = Cluster(tmp_path)
        stack.callback(cluster.close)
        stack.enter_context(worker(tmp_path, GROVE_DASK_SCHEDULER=cluster.address))
        experiment = story.make_experiment(flowers(500))
        job = begin(story, experiment, n_estimators=20)
        wait_for_message(story, job, "waiting for the Dask scheduler")
        cluster.start_scheduler()
        wait_for_message(story, job, "waiting for a worker of the Dask cluster")
        cluster.start_worker()
        assert made_by(story, experiment, job)["hyper_parameters"]["n_estimators"] == 20


def test_a_grove_worker_that_is_killed_goes_on(tmp_path: Path, story: Story, own: Cluster) -> None:
    environ = {"GROVE_DASK_SCHEDULER": own.address}
    with worker(tmp_path, **environ) as first:
        experiment = story.make_experiment(big_table())
        job = begin(story, experiment, **SLOW)
        wait_until(lambda: story.job(job).json["progress"] > 0.2)
        first.kill()
        first.wait()
    with worker(tmp_path, **environ):
        there = made_by(story, experiment, job)
    with worker(tmp_path):
        here = made_by(story, experiment, begin(story, experiment, **SLOW))
    assert_same_forest(here, there)


@pytest.mark.parametrize("ending", ["cancel", "pause"])
def test_who_wants_no_trees_leaves_the_cluster_idle(
    tmp_path: Path, story: Story, own: Cluster, ending: str
) -> None:
    with worker(tmp_path, GROVE_DASK_SCHEDULER=own.address):
        experiment = story.make_experiment(big_table())
        job = begin(story, experiment, **{**SLOW, "n_estimators": 2_000})
        wait_until(own.busy)
        assert story.client.post(f"/v1/jobs/{job}/{ending}").status_code == 200
        wait_until(lambda: not own.busy())
        if ending == "pause":
            assert story.client.post(f"/v1/jobs/{job}/resume").status_code == 200
            wait_until(own.busy)
            assert story.client.post(f"/v1/jobs/{job}/cancel").status_code == 200
            wait_until(lambda: not own.busy())
        assert_no_orphans(tmp_path)


def test_a_cluster_that_cannot_is_said(tmp_path: Path, story: Story) -> None:
    """Workers without Grove's code beside them."""
    with ExitStack() as stack:
        cluster = Cluster(tmp_path)
        stack.callback(cluster.close)
        cluster.start_scheduler()
        cluster.start_worker(PYTHONPATH=str(tmp_path), DASK_DISTRIBUTED__WORKER__PRELOAD="[]")
        cluster.wait_for_workers(1)
        stack.enter_context(worker(tmp_path, GROVE_DASK_SCHEDULER=cluster.address))
        experiment = story.make_experiment(flowers(500))
        failed = story.wait_for(begin(story, experiment, n_estimators=20), "failed")
        assert_no_orphans(tmp_path)
    assert failed["error"]["code"] == "cluster_failed"
    assert "services" in failed["error"]["detail"]


def test_once_the_time_is_up_no_batch_is_waited_for(
    tmp_path: Path, story: Story, cluster: Cluster
) -> None:
    with worker(tmp_path, GROVE_DASK_SCHEDULER=cluster.address):
        experiment = story.make_experiment(big_table())
        asked = {**SLOW, "n_estimators": 2_000}
        version = made_by(story, experiment, begin(story, experiment, max_minutes=1e-6, **asked))
        wait_until(lambda: not cluster.busy())
    trees = version["hyper_parameters"]["n_estimators"]
    assert trees == version["manifest"]["batches"][-1][1] < 2_000
    assert version["manifest"]["stopped"] == {"by": "max_minutes", "n_estimators_asked": 2_000}


def test_the_time_that_is_told_is_that_of_all_together(
    tmp_path: Path, story: Story, cluster: Cluster
) -> None:
    with worker(tmp_path, GROVE_DASK_SCHEDULER=cluster.address):
        experiment = story.make_experiment(big_table())
        began = time.monotonic()
        version = made_by(story, experiment, begin(story, experiment, **SLOW))
        assert 0 < version["fit_seconds"] < time.monotonic() - began
