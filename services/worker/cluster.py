"""The batches of a forest, grown by the workers of a Dask cluster.

All batches that are wanted are submitted at once; they are taken in their order. What the cluster
loses, a worker or its scheduler, costs the batches that were growing there.
"""

from __future__ import annotations

import importlib
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any

import structlog
from distributed import Client, Future, KilledWorker

from models.errors import Failed
from services.shared import may_pass
from services.worker.far import fetch_trees
from services.worker.outcomes import Outcome, Report, Spec, meaning_of

FAR = "services.worker.far"
LOOK_EVERY = 1.0  # seconds; a batch that is there is taken at once
CONNECT_SECONDS = 5
CLOSE_SECONDS = 2
AWAY_SECONDS = 5
# What a future raises of itself when scheduler or client are gone; a task's own error never
# comes so: it is an outcome.
LOST = (CancelledError, OSError)

log = structlog.get_logger()
# What it would tell comes as errors of its calls, too.
logging.getLogger("distributed").setLevel(logging.CRITICAL)


class Cluster:
    """A connection to a scheduler for as long as one forest grows."""

    def __init__(self, address: str, spec: Spec, batches: Sequence[tuple[int, int]]) -> None:
        self.address, self.spec, self.batches = address, spec, batches
        self._client: Any = None
        self._futures: dict[int, Future[Outcome]] = {}
        self._done: dict[int, Outcome] = {}

    def grow(
        self, start: int, most_seconds: float, pace: str, look: Callable[[], None], report: Report
    ) -> Outcome:
        """The outcome of the batch from the tree `start` on; {"late": True} where it does not come
        within `most_seconds`.

        `seconds` in it are those that it was waited for: of batches that grow side by side they
        add up to the time that all of them took. `look` is called once a second, and may
        raise; `report` is told what is waited for, with the `pace` of the batches before.
        """
        began, made = time.monotonic(), None
        until = began + most_seconds
        while made is None:
            look()
            made = self._came(start, until, pace, report)
            if made is None and time.monotonic() >= until:
                made = {"late": True}
        return {**made, "seconds": time.monotonic() - began}

    def _came(self, start: int, until: float, pace: str, report: Report) -> Outcome | None:
        """The outcome of a batch, its trees here, if it comes within a moment."""
        if start not in self._done:
            report(0.0, self._waited(start, until, pace))
        if start not in self._done:
            return None
        try:
            return fetch_trees(self.spec, self._done[start])
        except Exception as error:  # noqa: BLE001  each kind of storage has errors of its own
            if not may_pass(error):
                return {"error": meaning_of(error).as_record()}
            log.warning("the shared storage is away", error=str(error)[:200])
        report(0.0, "waiting for the shared storage")
        time.sleep(AWAY_SECONDS)
        return None

    def _waited(self, start: int, until: float, pace: str) -> str:
        """Wait a moment for a batch, or for the cluster where that is away; says for which."""
        try:
            if self._client is None:
                self._submit(start)
            self._look_at(start, min(LOOK_EVERY, until - time.monotonic()))
            return self._told(start) + pace
        except LOST as error:
            log.warning("the Dask cluster is away", error=str(error)[:200])
            self.close()
            time.sleep(LOOK_EVERY)
            return f"waiting for the Dask scheduler {self.address}"

    def _look_at(self, start: int, seconds: float) -> None:
        """Take the outcome of a batch if it comes within so many seconds, if any."""
        if seconds <= 0:
            return
        try:
            self._done[start] = self._futures[start].result(timeout=seconds)
        except TimeoutError:
            return
        except LOST:
            raise
        except Exception as error:
            log.exception("a task of the Dask cluster failed")
            self._done[start] = {"error": _failed(error).as_record()}

    def _submit(self, start: int) -> None:
        """Connect, and have all batches grown from the one on that is wanted now."""
        make: Any = Client  # without types, as its methods are
        self._client = make(self.address, timeout=CONNECT_SECONDS, set_as_default=False)
        work, attempt = self.spec["work"], self.spec["attempt"]
        for first, stop in self.batches:
            if first >= start and first not in self._done:
                key = f"grove-{work.rpartition('/')[2]}-{attempt}-{first}"
                future = self._client.submit(
                    _task(), self.spec, first, stop, key=key, priority=-first, pure=False
                )
                self._futures[first] = future
                future.add_done_callback(self._taken(first))

    def _taken(self, first: int) -> Callable[[Future[Outcome]], None]:
        """Takes an outcome as soon as it is there: its worker may be lost before its turn comes."""

        def take(future: Future[Outcome]) -> None:
            if future.status == "finished":
                self._done[first] = future.result()

        return take

    def _told(self, start: int) -> str:
        """What is waited for, for people."""
        workers = len(self._client.nthreads())
        trees = self.spec["params"]["n_estimators"]
        if not workers:
            return f"tree {start} of {trees}, waiting for a worker of the Dask cluster"
        return f"tree {start} of {trees}, on {workers} workers of the Dask cluster"

    def close(self) -> None:
        """Forget the futures, so that nobody grows them any more, and the connection."""
        client, self._client = self._client, None
        self._futures.clear()
        if client is not None:
            with suppress(Exception):  # what it was told to forget it forgets with its scheduler
                client.close(timeout=CLOSE_SECONDS)


def _task() -> Callable[[Spec, int, int], Outcome]:
    """What a worker does, sent whole and not by its name.

    A worker that has not got the module of a name would end without a word; so its task fails.
    """
    return lambda spec, start, stop: importlib.import_module(FAR).grow_far(spec, start, stop)


def _failed(error: Exception) -> Failed:
    if isinstance(error, KilledWorker):
        message = "workers of the Dask cluster died of this batch, again and again"
        return Failed(message, code="child_died")
    message = f"a worker of the Dask cluster cannot grow trees: {type(error).__name__}: {error}"
    return Failed(message[:500], code="cluster_failed")
