"""A Dask cluster for tests: a real scheduler and workers, each a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from distributed import Client

from tests.service import ROOT, free_port
from tests.waits import wait_until

DASK = [sys.executable, "-m", "dask"]
OWN = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0"]


@dataclass
class DaskCluster:
    """A scheduler and its workers, any of which can be killed and started again."""

    folder: Path
    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    scheduler: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"tcp://{self.host}:{self.port}"

    def start_scheduler(self) -> None:
        own = ["scheduler", "--host", self.host, "--port", str(self.port), "--no-dashboard"]
        self.scheduler = self._started("scheduler", [*DASK, *own])

    def start_worker(
        self, host: str = "127.0.0.1", inside: Sequence[str] = (), **environ: str
    ) -> None:
        """One more worker of one thread; it connects when the scheduler is there.

        `host` is its address, `inside` what is put before its command.
        """
        name = f"worker-{len(self.workers)}"
        place = ["--host", host, "--local-directory", str(self.folder / name)]
        command = [*inside, *DASK, "worker", self.address, *OWN, *place]
        self.workers.append(self._started(name, command, environ))

    def wait_for_workers(self, count: int) -> None:
        with Client(self.address, set_as_default=False, timeout=60) as client:  # type: ignore[no-untyped-call]
            wait_until(lambda: len(client.nthreads()) == count)

    def busy(self) -> set[int]:
        """The workers that grow trees now, by their place."""
        with Client(self.address, set_as_default=False) as client:  # type: ignore[no-untyped-call]
            working = client.processing()
            processes = client.run(os.getpid)
        found = {processes[address] for address, tasks in working.items() if tasks}
        return {at for at, worker in enumerate(self.workers) if worker.pid in found}

    def kill(self, at: int) -> None:
        self.workers[at].kill()
        self.workers[at].wait()

    def kill_scheduler(self) -> None:
        assert self.scheduler is not None
        self.scheduler.kill()
        self.scheduler.wait()

    def close(self) -> None:
        """End all at once: a worker that grows trees would first finish its batch."""
        for process in [*self.workers, *([self.scheduler] if self.scheduler else [])]:
            process.kill()
            process.wait()

    def _started(
        self, name: str, command: list[str], environ: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        usual = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "TMPDIR": str(self.folder)}
        own = {**os.environ, **usual, **(environ or {})}
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(command, cwd=self.folder, env=own, stdout=log, stderr=log)


@contextmanager
def dask_cluster(folder: Path, workers: int) -> Iterator[DaskCluster]:
    """A cluster whose workers have all come, gone at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    made = DaskCluster(folder)
    try:
        made.start_scheduler()
        for _ in range(workers):
            made.start_worker()
        made.wait_for_workers(workers)
        yield made
    finally:
        made.close()
