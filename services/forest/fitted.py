"""A forest of trees that were grown in batches, as one fit to all rows would have left it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.class_weight import compute_class_weight

from models.experiment import Task
from services.forest.drawing import blocks_of, one_of_each
from services.forest.encoding import Floats, Matrix
from services.forest.growing import FORESTS, Targets


def assemble(
    task: str,
    kwargs: Mapping[str, Any],
    trees: Sequence[Any],
    classes: Sequence[Any],
    X: Matrix,
    y: Targets,
) -> Any:
    """The fitted forest of these trees, as one fit on `X` and the labels would have left it.

    `classes` are the labels of the codes in `y`; the forest's classes are those that occur.
    """
    given = {"n_estimators": len(trees), "n_jobs": None, "warm_start": True}
    forest = FORESTS[Task(task)](**{**kwargs, **given})
    forest.estimators_ = trees
    # A warm fit with no tree to add sets all that a fit sets, out-of-bag scores included, and
    # warns that it added none.
    with warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", UserWarning)
        if kwargs.get("oob_score"):
            forest.fit(X, y)
        elif task == Task.CLASSIFICATION:
            _fit_to_few(forest, X, y, one_of_each(y))
            vars(forest)["_sample_weight"] = _weights(forest, y)
        else:  # one row, above zero where there is one: criterion poisson asks for it
            _fit_to_few(forest, X, y, np.array([y.argmax()]))
    forest.set_params(warm_start=False)
    if task == Task.CLASSIFICATION:
        _name_classes(forest, list(classes))
    return forest


def _fit_to_few(forest: Any, X: Matrix, y: Targets, few: npt.NDArray[np.int64]) -> None:
    """What a warm fit to all rows would set, the weights of the rows aside.

    Such a fit sorts the rows, to learn the classes and their number, and takes 50 bytes for each.
    """
    drawn = forest.max_samples
    forest.set_params(max_samples=None).fit(X[few], y[few])
    forest.set_params(max_samples=drawn)
    drawn = (drawn or len(y)) if forest.bootstrap else None
    vars(forest).update(_n_samples=len(y), _n_samples_bootstrap=drawn)


def _weights(forest: Any, codes: Targets) -> Floats | None:
    """The weights of the rows (rows,) that the forest keeps: those of their classes."""
    kind = forest.class_weight
    if kind is None or (kind == "balanced_subsample" and forest.bootstrap):
        return None
    counts = np.zeros(int(codes.max()) + 1)
    for block in blocks_of(codes):
        counts += np.bincount(block, minlength=len(counts))
    kind, there = "balanced" if isinstance(kind, str) else kind, np.flatnonzero(counts)
    of_class = np.zeros(len(counts))
    of_class[there] = compute_class_weight(
        kind, classes=there, y=there, sample_weight=counts[there]
    )
    weights, done = np.empty(len(codes)), 0
    for block in blocks_of(codes):
        weights[done : (done := done + len(block))] = of_class[block]
    return weights


def _name_classes(forest: Any, classes: Sequence[Any]) -> None:
    """Put the labels in the place of their codes."""
    forest.classes_ = np.array(classes)[forest.classes_.astype(np.intp)]
    if isinstance(weights := forest.class_weight, dict):
        forest.class_weight = {classes[code]: weight for code, weight in weights.items()}
