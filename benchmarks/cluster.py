"""A Dask cluster on this machine: a real scheduler and workers, each a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from distributed import Client

from benchmarks.faults import BenchError
from benchmarks.processes import PATIENCE_SECONDS, ROOT, clean_environ, free_port

DASK = [sys.executable, "-m", "dask"]
OWN = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0"]
# As ./run.sh dask has them.
SAME_CODE = {
    "PYTHONPATH": str(ROOT),
    "OMP_NUM_THREADS": "1",
    "DASK_CONFIG": str(ROOT / "deploy" / "dask.yaml"),
}


@dataclass
class Cluster:
    """A scheduler and its workers of one thread, any of which can be killed and started again."""

    folder: Path
    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    scheduler: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """What GROVE_DASK_SCHEDULER is set to."""
        return f"tcp://{self.host}:{self.port}"

    def start_scheduler(self) -> None:
        """Start the scheduler, again where one was killed."""
        own = ["scheduler", "--host", self.host, "--port", str(self.port), "--no-dashboard"]
        self.scheduler = self._started("scheduler", [*DASK, *own])

    def start_worker(
        self, host: str = "127.0.0.1", inside: Sequence[str] = (), **environ: str
    ) -> None:
        """One more worker; it connects when the scheduler is there.

        `host` is its address, `inside` what is put before its command.
        """
        name = f"worker-{len(self.workers)}"
        place = ["--host", host, "--local-directory", str(self.folder / name)]
        command = [*inside, *DASK, "worker", self.address, *OWN, *place]
        self.workers.append(self._started(name, command, environ))

    def wait_for_workers(self, count: int) -> None:
        """Wait until so many are connected. Raises BenchError where that takes too long."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with Client(self.address, set_as_default=False, timeout=PATIENCE_SECONDS) as client:  # type: ignore[no-untyped-call]
            while len(client.nthreads()) != count:
                if time.monotonic() > deadline:
                    raise BenchError(f"the Dask cluster has not come to have {count} workers")
                time.sleep(0.05)

    def resize(self, count: int) -> None:
        """Have so many workers."""
        while len(self.workers) > count:
            self.kill(len(self.workers) - 1)
            self.workers.pop()
        while len(self.workers) < count:
            self.start_worker()
        self.wait_for_workers(count)

    def busy(self) -> set[int]:
        """The workers that grow trees now, by their place."""
        with Client(self.address, set_as_default=False) as client:  # type: ignore[no-untyped-call]
            working = client.processing()
            processes = client.run(os.getpid)
        found = {processes[address] for address, tasks in working.items() if tasks}
        return {at for at, worker in enumerate(self.workers) if worker.pid in found}

    def kill(self, at: int) -> None:
        """End a worker at once, whatever it is doing."""
        _end(self.workers[at])

    def kill_scheduler(self) -> None:
        """End the scheduler at once."""
        if self.scheduler is not None:
            _end(self.scheduler)

    def close(self) -> None:
        """End all at once: a worker that grows trees would first finish its batch."""
        for worker in self.workers:
            _end(worker)
        self.kill_scheduler()

    def _started(
        self, name: str, command: list[str], environ: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        usual = clean_environ(**SAME_CODE, TMPDIR=str(self.folder))
        own = {**usual, **(environ or {})}
        with (self.folder / f"{name}.log").open("ab") as words:
            return subprocess.Popen(  # noqa: S603
                command, cwd=self.folder, env=own, stdout=words, stderr=words
            )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


@contextmanager
def clustering(folder: Path, workers: int = 0) -> Iterator[Cluster]:
    """A cluster whose workers have all come, gone at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Cluster(folder)
    try:
        made.start_scheduler()
        made.resize(workers)
        yield made
    finally:
        made.close()
