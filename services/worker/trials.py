"""The steps of a search: a candidate on all folds, and what grows the best one."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from services.forest import engines
from services.forest.drawing import some_of
from services.forest.encoding import Matrix
from services.forest.growing import Targets, in_part
from services.forest.room import SLOW_DRAWN, SLOW_ROW, SLOW_THREAD
from services.forest.validation import Grow, cross_validate, folds_of
from services.memory import PROCESS
from services.worker.forests import (
    choose_engine,
    kwargs_of,
    size_of,
    some_rows,
    threads_for,
    training_rows,
)
from services.worker.outcomes import Report, Spec


def score_candidate(spec: Spec, report: Report) -> dict[str, Any]:
    """The scores of `spec`'s hyper-parameters on each fold, and what they come to."""
    began, search = time.perf_counter(), spec["search"]
    spec = {**spec, "params": {**spec["params"], **size_of(spec, whole=True).chosen}}
    X, y = _some(spec, *training_rows(spec))
    # The rows of a fold are a copy; where these here are one, too, that is two.
    left = spec["memory_limit"] - X.nbytes * (2 if len(y) < spec["rows"] else 1)
    spec = {**spec, "rows": len(y), "memory_limit": left, "far": False}
    kwargs, task, grow = kwargs_of(spec), spec["task"], _grower(spec, X, y)
    folds = folds_of(task, y, search["cv"], spec["asked"]["random_state"])
    scores: list[float] = []
    for score in cross_validate(task, kwargs, X, y, folds, search["scoring"], grow):
        scores.append(score)
        report(len(scores) / len(folds), f"fold {len(scores)} of {len(folds)}")
    return {
        "params": spec["candidate"],
        "mean": float(np.mean(scores)),
        "std": float(np.std(scores)),
        "scores": scores,
        "rows": len(y),
        "seconds": round(time.perf_counter() - began, 3),
    }


def _grower(spec: Spec, X: Matrix, y: Targets) -> Grow:
    """What grows the forest of a fold of these rows."""
    chosen = choose_engine(spec, X, y)
    engine, part = engines.engine_of(chosen, engines.installed()), chosen.get("rows")
    threads = threads_for(spec, engine, len(y))

    def grow(own: dict[str, Any], rows: Matrix, targets: Targets) -> list[Any]:
        if part is not None and part < len(targets):
            own = in_part(own, len(targets), part)
            rows, targets = some_rows(spec["task"], rows, targets, part, own["random_state"])
        return engine.grow(spec["task"], own, rows, targets, 0, own["n_estimators"], threads)

    return grow


def _some(spec: Spec, X: Matrix, y: Targets) -> tuple[Matrix, Targets]:
    """All rows, or as many, drawn at random, as can be copied twice and grown on.

    A fold is a copy, too.
    """
    each = 2 * X.shape[1] * X.itemsize + SLOW_ROW + SLOW_THREAD + SLOW_DRAWN
    most = max(1, (spec["memory_limit"] - PROCESS) // each)
    if len(y) <= most:
        return X, y
    rows = some_of(len(y), most, seed=0)
    return X[rows], y[rows]
