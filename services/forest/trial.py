"""A trial on a part of the rows: whether a faster way to grow trees is as good.

scikit-learn-intelex sees a column in 256 bins. A target that turns on less than a 256th of the
rows escapes it, and no hyper-parameter tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from models.experiment import Task
from services.forest.encoding import Floats, Matrix
from services.forest.growing import Targets

Grow = Callable[..., list[Any]]

MOST_ROWS = 12_000
TREES = 10
# A loss is larger if it is so by a twentieth, and by three standard errors of the difference.
SHARE, ERRORS = 0.05, 3.0


def worse(
    task: str,
    kwargs: Mapping[str, Any],
    X: Matrix,
    y: Targets,
    slow: Grow,
    fast: Grow,
    n_jobs: int,
) -> str | None:
    """What `fast` does worse than `slow`, as a sentence, or None where it does not.

    Both grow ten trees on two thirds of some rows, drawn by the random_state. The loss on the
    other third is the squared error, of classes that of their probabilities (Brier's score).
    """
    grown, held = _parts(len(y), kwargs["random_state"])
    # A number of rows to draw is one of the whole.
    own = {**kwargs, "max_samples": scaled(kwargs.get("max_samples"), len(grown) / len(y))}
    rows, targets, classes = X[grown], y[grown], np.unique(y[grown])
    if len(classes) == 1:
        return "target: nearly all of it is one value"
    truth = _truth(task, y[held], classes)
    losses = [
        _losses(task, grow(task, own, rows, targets, 0, TREES, n_jobs), X[held], truth)
        for grow in (slow, fast)
    ]
    return _verdict(*losses)


def _parts(n_rows: int, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    rng, count = np.random.default_rng(seed), min(n_rows, MOST_ROWS)
    chosen = rng.choice(n_rows, count, replace=False)
    cut = len(chosen) * 2 // 3
    return np.sort(chosen[:cut]), np.sort(chosen[cut:])


def scaled(max_samples: int | None, share: float) -> int | None:
    """As many rows to draw, of a part of the rows."""
    return None if max_samples is None else max(1, int(max_samples * share))


def _truth(task: str, y: Targets, classes: Targets) -> Floats:
    if task == Task.REGRESSION:
        return y[:, None]
    return np.asarray(y[:, None] == classes, dtype=np.float64)


def _losses(task: str, trees: Sequence[Any], X: Matrix, truth: Floats) -> Floats:
    """The loss of each row, shape (n,)."""
    name = "predict" if task == Task.REGRESSION else "predict_proba"
    with np.errstate(over="ignore", invalid="ignore"):
        told = np.mean([getattr(tree, name)(X) for tree in trees], axis=0)
    return np.asarray(((told.reshape(truth.shape) - truth) ** 2).sum(axis=1))


def _verdict(slow: Floats, fast: Floats) -> str | None:
    more = fast - slow
    bound = max(SHARE * slow.mean(), ERRORS * more.std() / np.sqrt(len(more)))
    if more.mean() <= bound:
        return None
    return (
        f"trial: on {len(more):,} rows its squared error was {fast.mean() / slow.mean():.2f} "
        "times scikit-learn's; the target turns on finer steps than its 256 bins"
    )
