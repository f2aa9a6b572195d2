"""Workers of a Dask cluster on machines of their own, one of them cut off in the middle."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cluster import Cluster
from services.setup import prepare
from tests.machines import machines
from tests.story import Story, app_on, settings_for, worker
from tests.test_dask import SLOW, assert_same_forest, begin, made_by
from tests.test_durability import big_table
from tests.waits import wait_until

pytestmark = pytest.mark.real


def test_a_machine_that_is_cut_off_costs_its_batch(tmp_path: Path) -> None:
    prepare(settings_for(tmp_path))
    with app_on(tmp_path) as app, machines(2) as (address, (near, far)):
        story, cluster = Story(app.test_client()), Cluster(tmp_path, host=address)
        try:
            cluster.start_scheduler()
            for machine in (near, far):
                cluster.start_worker(machine.address, machine.inside)
            cluster.wait_for_workers(2)
            with worker(tmp_path, GROVE_DASK_SCHEDULER=cluster.address):
                experiment = story.make_experiment(big_table())
                job = begin(story, experiment, **SLOW)
                wait_until(lambda: cluster.busy() == {0, 1})
                far.cut_off()
                there = made_by(story, experiment, job)
            cluster.wait_for_workers(1)
        finally:
            cluster.close()
        with worker(tmp_path):
            here = made_by(story, experiment, begin(story, experiment, **SLOW))
    assert_same_forest(here, there)
