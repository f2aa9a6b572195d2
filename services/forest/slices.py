"""Where a version fails: its scores on the rows of each category of a column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy import stats

from models.experiment import Task
from services.columns import Feature
from services.forest.dependence import value_of
from services.forest.encoding import MISSING, UNSEEN, Floats, Matrix
from services.forest.labels import winners
from services.forest.resampling import CONFIDENCE

SLICED = ("category", "boolean")
MOST_COLUMNS, MOST_VALUES = 50, 50


def sliced(features: Sequence[Feature]) -> list[int]:
    """The places of the features by which rows are told apart."""
    return [at for at, each in enumerate(features) if each.type in SLICED][:MOST_COLUMNS]


def slices(
    task: str, feature: Feature, column: Matrix, truth: np.ndarray[Any, Any], scores: Floats
) -> dict[str, Any]:
    """The scores on the rows of each value of an encoded column (n,), the most frequent first.

    Of classes the accuracy, with its interval (Wilson 1927); of numbers the rmse, and by how much
    the answers are too large on average, `bias`.
    """
    codes, counts = np.unique(column, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MOST_VALUES]
    told = [
        {**_named(float(codes[at]), feature), "rows": int(counts[at]),
         **_scored(task, column == codes[at], truth, scores)}
        for at in order
    ]  # fmt: skip
    return {"feature": feature.name, "values": told, "more": len(codes) - len(order)}


def _named(code: float, feature: Feature) -> dict[str, Any]:
    """The value, or that it is missing or unseen in training."""
    missing = 0.0 if feature.type == "category" else MISSING
    if code == missing:
        return {"value": None, "of": "missing"}
    if feature.type == "category" and code == UNSEEN:
        return {"value": None, "of": "unseen"}
    return {"value": value_of(code, feature), "of": "value"}


def _scored(
    task: str, rows: np.ndarray[Any, Any], truth: np.ndarray[Any, Any], scores: Floats
) -> dict[str, Any]:
    if task == Task.REGRESSION:
        errors = scores[rows] - truth[rows]
        return {"rmse": float(np.sqrt((errors**2).mean())), "bias": float(errors.mean())}
    right = winners(scores[rows]) == truth[rows]
    ends = stats.binomtest(int(right.sum()), len(right)).proportion_ci(CONFIDENCE, "wilson")
    return {"accuracy": float(right.mean()), "interval": [float(ends.low), float(ends.high)]}


def thresholds(positive: np.ndarray[Any, Any], shares: Floats) -> Iterator[dict[str, Any]]:
    """What comes of calling all rows positive whose share is at least so much, for 101 shares.

    `positive` says which rows are, (n,). A score that is not defined is None.
    """
    shares = np.round(shares, 7)  # as they are answered
    for threshold in np.linspace(0, 1, 101).round(2):
        called = shares >= threshold
        right = int((called & positive).sum())
        precision, recall = _ratio(right, called.sum()), _ratio(right, positive.sum())
        yield {
            "threshold": float(threshold),
            "precision": precision,
            "recall": recall,
            "f1": _ratio(2 * right, called.sum() + positive.sum()),
            "share": float(called.mean()),
        }


def _ratio(part: int, whole: Any) -> float | None:
    return part / int(whole) if whole else None
