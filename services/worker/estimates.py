"""What a training would take: a few trees are grown, and none is kept."""

from __future__ import annotations

import time
from typing import Any

from models.errors import Failed
from services.forest.batches import plan_of
from services.worker.forests import choose_engine, grow_trees, training_rows
from services.worker.outcomes import Spec

FEW, MORE = 2, 6  # trees
# To put a forest together, to export it and to load the export: 3.2 million nodes took 6 s.
SECONDS_A_NODE = 2e-6
BESIDE = 0.8  # seconds that the steps take whatever there is to do: 0.7 to 1.2 were measured
# What a node takes in the pickle, the arrays and the export together, and a class of it: 204 bytes
# with three classes.
FILED, FILED_CLASS = 156, 16


def estimate(spec: Spec) -> dict[str, Any]:
    """What the training of this spec would learn from, grow, take and leave behind."""
    nodes, classes = spec["size"]["nodes"], max(1, len(spec["classes"]))
    return {
        "rows": spec["rows"],
        "features": [{name: each[name] for name in ("name", "type")} for each in spec["features"]],
        "hyper_parameters": spec["params"],
        "engine": spec["engine"],
        "nodes": nodes,
        "memory": spec["size"]["memory"],
        "memory_limit": spec["size"]["memory_limit"],
        "chosen": spec["size"]["chosen"],
        "model_size": nodes * (FILED + FILED_CLASS * classes),
        "seconds": _seconds(spec, nodes),
    }


def _seconds(spec: Spec, nodes: int) -> float | None:
    """The seconds of all of it on this machine; None where only a cluster has room for that."""
    if spec["far"]:
        spec = {**spec, "far": False}
        try:
            spec["engine"] = choose_engine(spec, *training_rows(spec))
        except Failed:
            return None
    return round(BESIDE + _growing(spec) + nodes * SECONDS_A_NODE, 1)


def _growing(spec: Spec) -> float:
    """The seconds in which the trees would grow: each batch takes some, and each tree."""
    batches = plan_of(spec)
    trees = sum(stop - start for start, stop in batches)
    few, more = _timed(spec, FEW), _timed(spec, MORE)
    each = max(0.0, (more - few) / (MORE - FEW))
    return float(len(batches) * max(0.0, few - FEW * each) + trees * each)


def _timed(spec: Spec, trees: int) -> float:
    """The seconds that so many trees take."""
    began = time.perf_counter()
    grow_trees(spec, 0, trees)
    return time.perf_counter() - began
