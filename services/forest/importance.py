"""What the features of a forest are worth: by permutation, and by impurity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.inspection import permutation_importance

from services.forest.encoding import Floats, Matrix
from services.forest.trees import Trees

Score = Callable[[Any, Matrix, Any], float]

REPEATS = 5
MOST_ROWS, FEWEST_ROWS = 10_000, 200
MOST_ANSWERS = 2_000_000  # rows answered for all features together; fewer rows where it takes more


@dataclass(frozen=True)
class Importance:
    """A feature's: `mean` and `std` of what the score loses once the column is shuffled.

    `impurity` is scikit-learn's feature_importances_: what the splits on it do for the training
    rows, which says nothing of new ones and favours columns of many values.
    """

    feature: str
    mean: float
    std: float
    impurity: float

    def as_record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


class _Fitted:
    """What scikit-learn takes for an estimator: the scorer alone asks anything of it."""

    def fit(self, *_: Any) -> None:
        """Nothing: what it stands for was fitted long ago."""


def rows_for(features: int) -> int:
    """How many rows are shuffled where there are so many features."""
    return min(MOST_ROWS, max(FEWEST_ROWS, MOST_ANSWERS // (features * REPEATS)))


def by_permutation(
    score: Callable[[Matrix, Any], float], X: Matrix, y: Any
) -> tuple[Floats, Floats]:
    """The mean and the standard deviation of what `score` loses, shape (features,) each.

    By scikit-learn's permutation_importance (Breiman 2001), five times for each feature.
    """

    def scorer(_: Any, rows: Matrix, truth: Any) -> float:
        return score(rows, truth)

    found = permutation_importance(
        _Fitted(), X, y, scoring=scorer, n_repeats=REPEATS, random_state=0
    )
    return found.importances_mean, found.importances_std


def by_impurity(trees: Trees, features: int) -> Floats:
    """As scikit-learn's feature_importances_ of these trees, shape (features,)."""
    shares = np.zeros(features)
    for start, stop in pairwise(trees.offsets.tolist()):
        nodes = slice(start, stop)
        weighed = trees.weighted_n_node_samples[nodes] * trees.impurity[nodes]
        left, right = trees.children_left[nodes], trees.children_right[nodes]
        inner = np.flatnonzero(left >= 0)
        gain = weighed[inner] - weighed[left[inner]] - weighed[right[inner]]
        each = np.bincount(trees.feature[nodes][inner], gain, features)
        # A tree of one leaf has nothing to say: scikit-learn leaves it out of the mean.
        shares += each / each.sum() if each.sum() > 0 else 0.0
    total = shares.sum()
    return np.asarray(shares / total if total > 0 else shares)


def listed(
    names: Sequence[str], means: Floats, stds: Floats, impurities: Floats
) -> list[Importance]:
    """The features, the most important by permutation first."""
    columns = zip(names, means.tolist(), stds.tolist(), impurities.tolist(), strict=True)
    return sorted((Importance(*each) for each in columns), key=lambda each: -each.mean)
