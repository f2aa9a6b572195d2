"""Trees grown by scikit-learn-intelex, several times faster, kept as plain scikit-learn trees."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from models.experiment import Task
from services.forest.drawing import distinct
from services.forest.encoding import Matrix
from services.forest.growing import Targets, seeds_of

Codes = npt.NDArray[np.int64]

try:  # its wheel exists for few platforms
    ensemble: Any = importlib.import_module("sklearnex.ensemble")
    library: Any = importlib.import_module("daal4py")
except ImportError:
    ensemble = library = None

FORESTS = {
    Task.CLASSIFICATION: "RandomForestClassifier",
    Task.REGRESSION: "RandomForestRegressor",
}
OWN_MODEL = "_onedal_estimator"  # what a forest has that it has grown itself
BINS = 256
PURE = 1e-9  # the impurity of a leaf of one class, but for rounding
LEAST = {"min_samples_leaf": 1, "min_samples_split": 2}
# What it takes beside the matrix, in bytes: a row, each of its cells (it numbers the bins in four
# bytes, then in one), and in each thread a row that is drawn. Measured from outside the process,
# which its training holds: 90, 133 and 246 bytes a row of 10, 20 and 40 columns of a million; with
# all rows drawn 106 of 10 columns in one thread, 146 in two; 239 of 40 columns of 6.4 million.
# Afterwards each thread tells the leaves' shares, which takes three numbers a row.
ROW, CELL, DRAWN, SHARING = 45, 5, 30, 24


def grow(
    task: str,
    kwargs: Mapping[str, Any],
    X: Matrix,
    y: Targets,
    start: int,
    stop: int,
    n_jobs: int = 1,
) -> list[Any]:
    """The trees from `start` up to `stop`, as `growing.grow` takes and gives them.

    The batch's seed is the one that scikit-learn gives the tree `start`; with the seed and the
    length of the batch its trees are fixed, whatever the number of threads. Raises RuntimeError
    where scikit-learn-intelex would have let scikit-learn grow them.
    """
    seeds = seeds_of(kwargs["random_state"], start, stop)
    own = {**kwargs, **_counts(kwargs, len(X)), "max_bins": BINS, "oob_score": False}
    batch = {"n_estimators": stop - start, "random_state": seeds[0], "n_jobs": n_jobs}
    library.daalinit(n_jobs)  # n_jobs by itself holds in a process's main thread alone
    forest = getattr(ensemble, FORESTS[Task(task)])(**{**own, **batch}).fit(X, y)
    if OWN_MODEL not in vars(forest):  # it falls back without a word
        raise RuntimeError(f"scikit-learn-intelex does not grow forests with {dict(kwargs)}")
    asked = {name: kwargs[name] for name in forest.estimator_params if name in kwargs}
    for tree, seed in zip(forest.estimators_, seeds, strict=True):
        tree.max_features_ = tree.max_features
        tree.set_params(**{**asked, "random_state": seed})
    codes = np.searchsorted(forest.classes_, y) if task == Task.CLASSIFICATION else None
    with ThreadPoolExecutor(n_jobs) as pool:
        return list(pool.map(lambda tree: _plain(tree, X, codes), forest.estimators_))


def memory(kwargs: Mapping[str, Any], shape: tuple[int, int], n_jobs: int) -> int:
    """The bytes that it takes to grow trees on a matrix (rows, columns), however few they are."""
    n_rows, n_columns = shape
    drawn = (kwargs.get("max_samples") or n_rows) * DRAWN * n_jobs
    training = n_rows * CELL * n_columns + drawn
    return n_rows * ROW + max(training, n_rows * SHARING * n_jobs)


def memory_of_row(n_columns: int, n_jobs: int) -> int:
    """The bytes that a row takes meanwhile, beside those that are drawn."""
    return ROW + max(CELL * n_columns, SHARING * n_jobs)


def _counts(kwargs: Mapping[str, Any], n_rows: int) -> dict[str, int]:
    """The limits in rows, as many times larger as a row is drawn: it counts a row each time.

    scikit-learn counts a row once.
    """
    times = (kwargs.get("max_samples") or n_rows) / distinct(n_rows, kwargs)
    limits = {name: kwargs.get(name, least) for name, least in LEAST.items()}
    rows = {k: ceil(v * n_rows) if isinstance(v, float) else v for k, v in limits.items()}
    return {k: int(v * times) if v > LEAST[k] else LEAST[k] for k, v in rows.items()}


def _plain(tree: Any, X: Matrix, codes: Codes | None) -> Any:
    """The tree as scikit-learn would have left it."""
    nodes = tree.tree_
    np.maximum(nodes.impurity, 0, out=nodes.impurity)  # rounded, it may be below
    if codes is None:
        del tree.n_classes_
    else:
        _share_leaves(nodes, X, codes)
    return tree


def _share_leaves(tree: Any, X: Matrix, codes: Codes) -> None:
    """Give each leaf of several classes their shares in it: it tells the largest class alone.

    The rows that a tree has drawn are its secret: the shares are those of all training rows.
    """
    mixed = np.flatnonzero((tree.children_left < 0) & (tree.impurity > PURE))
    if not len(mixed):
        return
    classes = tree.value.shape[2]
    cells = tree.apply(X) * classes + codes
    counts = np.bincount(cells, minlength=tree.node_count * classes).reshape(-1, classes)[mixed]
    rows = counts.sum(axis=1)
    there = rows > 0  # its bins and its thresholds differ by a row now and then
    tree.value[mixed[there], 0, :] = counts[there] / rows[there, None]
