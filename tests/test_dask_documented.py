"""The commands of docs/scale.md: a scheduler and workers under nannies, one of which dies."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from dask.system import CPU_COUNT
from distributed import Client

from services.setup import prepare
from tests.processes import of_home
from tests.service import ROOT, environ_for, free_port
from tests.story import Story, app_on, settings_for, worker
from tests.test_dask import SLOW, assert_same_forest, begin, made_by
from tests.test_durability import big_table
from tests.waits import wait_until

pytestmark = pytest.mark.sqlite  # the rows have nothing to do with it

ADDRESS = "10.0.0.5"
PORT = "8786"


def commands(port: int) -> list[list[str]]:
    """The documented ones, for this machine."""
    lines = (ROOT / "docs" / "scale.md").read_text().splitlines()
    told = [line.strip() for line in lines if line.startswith("    ./run.sh dask")]
    here = [line.replace(ADDRESS, "127.0.0.1").replace(PORT, str(port)) for line in told]
    return [shlex.split(line) for line in here]


@contextmanager
def started(command: list[str], home: Path) -> Iterator[None]:
    """A command, all whose processes are ended afterwards."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=environ_for(home, TMPDIR=str(home)), stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def grown_by(client: Any) -> dict[str, int]:
    """The process of each worker that grows trees, by its address."""
    busy = [address for address, tasks in client.processing().items() if tasks]
    pids: dict[str, int] = client.run(os.getpid, workers=busy)
    return pids


def test_a_worker_below_its_nanny_dies_and_comes_back(tmp_path: Path) -> None:
    prepare(settings_for(tmp_path))
    with ExitStack() as stack:
        story = Story(stack.enter_context(app_on(tmp_path)).test_client())
        port = free_port()
        scheduler, workers = commands(port)
        stack.enter_context(started(scheduler, tmp_path))
        stack.enter_context(started(workers, tmp_path))
        address = f"tcp://127.0.0.1:{port}"
        client: Any = stack.enter_context(Client(address, timeout=60, set_as_default=False))  # type: ignore[no-untyped-call]
        client.wait_for_workers(CPU_COUNT, timeout=60)
        loaded = client.run(lambda: "services.worker.tasks" in sys.modules)
        assert list(loaded.values()) == [True] * CPU_COUNT
        assert set(client.nthreads().values()) == {1}
        stack.enter_context(worker(tmp_path, GROVE_DASK_SCHEDULER=address))
        experiment = story.make_experiment(big_table())
        job = begin(story, experiment, **SLOW)
        wait_until(lambda: grown_by(client))
        os.kill(next(iter(grown_by(client).values())), signal.SIGKILL)
        there = made_by(story, experiment, job)
        client.wait_for_workers(CPU_COUNT, timeout=60)
    assert of_home(str(tmp_path), "dask") == []
    with app_on(tmp_path) as app, worker(tmp_path):
        story = Story(app.test_client())
        assert_same_forest(made_by(story, experiment, begin(story, experiment, **SLOW)), there)
