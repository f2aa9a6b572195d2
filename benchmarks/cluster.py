"""A Dask cluster on this machine, as ./run.sh dask starts it: workers of one thread each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from distributed import Client

from benchmarks.faults import BenchError
from benchmarks.processes import PATIENCE_SECONDS, ROOT, clean_environ, free_port, started

DASK: list[str | Path] = [ROOT / "run.sh", "dask"]
OWN = ["--host", "127.0.0.1", "--no-dashboard"]
WORKER = ["--nthreads", "1", "--no-nanny", "--memory-limit", "0"]


class Cluster:
    """A scheduler at an address, and workers that come and go."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self.address = folder, address
        self._workers: list[ExitStack] = []

    def resize(self, count: int) -> None:
        """Have so many workers."""
        while len(self._workers) > count:
            self._workers.pop().close()
        while len(self._workers) < count:
            self._start()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self._processing()) != count:
            if time.monotonic() > deadline:
                raise BenchError(f"the Dask cluster has not come to have {count} workers")
            time.sleep(0.1)

    def all_busy(self) -> bool:
        """Whether every worker grows trees."""
        return all(self._processing().values())

    def close(self) -> None:
        """End all workers, busy or not."""
        while self._workers:
            self._workers.pop().close()

    def kill_one(self) -> None:
        """End a worker at once, whatever it is doing."""
        self._workers.pop().close()

    def _processing(self) -> dict[str, list[str]]:
        """The tasks of each worker."""
        with Client(self.address, set_as_default=False) as client:  # type: ignore[no-untyped-call]
            return dict(client.processing())

    def _start(self) -> None:
        name, stack = f"worker-{len(self._workers)}", ExitStack()
        command = [*DASK, "worker", self.address, *OWN, *WORKER]
        place = ["--local-directory", str(self.folder / name)]
        process = stack.enter_context(
            started([*command, *place], self.folder / f"{name}.log", clean_environ())
        )
        stack.callback(process.kill)  # it would first finish its batch
        self._workers.append(stack)


@contextmanager
def clustering(folder: Path) -> Iterator[Cluster]:
    """A cluster without a worker yet, gone at the end."""
    port = free_port()
    command = [*DASK, "scheduler", *OWN, "--port", str(port)]
    with started(command, folder / "scheduler.log", clean_environ()):
        made = Cluster(folder, f"tcp://127.0.0.1:{port}")
        try:
            yield made
        finally:
            made.close()
