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
    if scheduler is None:
        yield lambda start, stop, pace: bench.in_child("grow", (spec, start, stop, pace))
        return
    if spec["storage"] is not None:
        spec = {**spec, "shared": bench.step(job, "rows shared", "share", (spec,), range(5, 6))}
    # Dask takes 0.7 s and 35 MB to load: only where there is a cluster.
    cluster: Any = importlib.import_module(CLUSTER)
    with closing(cluster.Cluster(scheduler, spec, plan_of(spec))) as growing:
        yield lambda start, *_: partial(growing.grow, start)
