"""Where the batches of a forest grow: in children of this worker, or on a Dask cluster."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

from models import Job
from services.forest.batches import is_time_for_more, plan_of, seconds_left
from services.worker.bench import Bench, Work
from services.worker.outcomes import Outcome, Spec

Grow = Callable[[int, int, list[Outcome]], Work | None]
CLUSTER = "services.worker.cluster"


@contextmanager
def grower(bench: Bench, job: Job, spec: Spec) -> Iterator[Grow]:
    """What makes a step's work of a batch: of its first tree, the one after its last, and the
    outcomes of those before it.

    Where a batch more would not end within `max_minutes` there is no work. Those of a cluster grow
    side by side: each is waited for until the time is up, and may come out as {"late": True}.
    """
    scheduler, minutes = bench.settings.dask_scheduler, job.params.get("max_minutes")
    # Whether the rows are in the storage was decided when they were encoded, and the settings may
    # have changed since.
    unreachable = spec["storage"] is not None and spec["shared"] is None
    if scheduler is None or unreachable:
        yield partial(_here, bench, job, spec, minutes)
        return
    # Dask takes 0.7 s and 35 MB to load: only where there is a cluster.
    cluster: Any = importlib.import_module(CLUSTER)
    with closing(cluster.Cluster(scheduler, spec, plan_of(spec))) as growing:
        yield lambda start, _, grown: partial(
            growing.grow, start, seconds_left(_seconds(grown), minutes), _pace(grown)
        )


def _here(
    bench: Bench, job: Job, spec: Spec, minutes: float | None,
    start: int, stop: int, grown: list[Outcome],
) -> Work | None:  # fmt: skip
    if not is_time_for_more(_seconds(grown), minutes):
        return None
    return bench.in_child(job, "grow", (spec, start, stop, _pace(grown)))


def _seconds(grown: list[Outcome]) -> list[float]:
    return [batch["seconds"] for batch in grown]


def _pace(grown: list[Outcome]) -> str:
    """How fast the trees grow, for people."""
    trees = sum(batch["count"] for batch in grown)
    return f", {trees / sum(_seconds(grown)):.3g} a second" if grown else ""
