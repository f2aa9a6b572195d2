"""Where the batches of a forest grow: in children of this worker, or on a Dask cluster."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

from models import Job
from services.forest.batches import plan_of
from services.worker.bench import Bench, Work
from services.worker.outcomes import Spec

Grow = Callable[[int, int, str], Work]
CLUSTER = "services.worker.cluster"


@contextmanager
def grower(bench: Bench, job: Job, spec: Spec) -> Iterator[Grow]:
    """What makes a step's work of a batch: of its first tree, the one after its last, and the pace
    of those before it.
    """
    scheduler = bench.settings.dask_scheduler
    # Whether the rows are in the storage was decided when they were encoded, and the settings may
    # have changed since.
    unreachable = spec["storage"] is not None and spec["shared"] is None
    if scheduler is None or unreachable:
        yield lambda start, stop, pace: bench.in_child(job, "grow", (spec, start, stop, pace))
        return
    # Dask takes 0.7 s and 35 MB to load: only where there is a cluster.
    cluster: Any = importlib.import_module(CLUSTER)
    with closing(cluster.Cluster(scheduler, spec, plan_of(spec))) as growing:
        yield lambda start, *_: partial(growing.grow, start)
