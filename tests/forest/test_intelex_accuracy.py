"""Forests of scikit-learn-intelex are as good as scikit-learn's: one score less the other."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean, stdev
from typing import Any

import numpy as np
import pytest
from sklearn import datasets
from sklearn.metrics import accuracy_score, f1_score, r2_score
from sklearn.model_selection import train_test_split

from services.forest import growing
from services.forest.encoding import encode
from services.forest.fitted import assemble
from tests.forest.helpers import MIXED, mixed_table

pytest.importorskip("sklearnex", reason="scikit-learn-intelex has no wheel here")
intelex = pytest.importorskip("services.forest.intelex")

TREES = 60
POINTS = 0.3
Rows = tuple[Any, Any]


def own(load: Callable[..., Rows]) -> Rows:
    X, y = load(return_X_y=True)
    return X.astype(np.float32), y.astype(np.float64)


def made(**shape: Any) -> Rows:
    X, y = datasets.make_classification(random_state=0, **shape)
    return X.astype(np.float32), y.astype(np.float64)


def friedman(rows: int) -> Rows:
    X, y = datasets.make_friedman1(rows, noise=1.0, random_state=0)
    return X.astype(np.float32), y


def mixed(rows: int, *, classes: bool) -> Rows:
    """Numbers, dates, categories, all of them missing here and there, in our own encoding."""
    table = mixed_table(rows)
    X, rng = encode(table, MIXED), np.random.default_rng(1)
    known = np.where(np.abs(X) < 1e30, X, 0)
    signal = known[:, 0] / 25 + (X[:, 1] == 2) * 2 + known[:, 2] / 1e3 + (X[:, 4] > 0)
    noisy = signal + (X[:, 2] < -1e30) * 2 + rng.normal(size=rows) / 2
    return X, np.digitize(noisy, [-0.5, 1.5]).astype(np.float64) if classes else noisy


def heavy_tails(rows: int) -> Rows:
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(rows, 8))
    signal = np.sin(2 * Z[:, 0]) + Z[:, 1] * Z[:, 2] + Z[:, 3] + rng.normal(size=rows) * 0.3
    return (np.sign(Z) * np.exp(4 * np.abs(Z))).astype(np.float32), (signal > 0).astype(float)


def accuracy(y: Any, told: Any) -> float:
    return float(accuracy_score(y, told))


def macro_f1(y: Any, told: Any) -> float:
    return float(f1_score(y, told, average="macro"))


def r2(y: Any, told: Any) -> float:
    return float(r2_score(y, told))


# The rows, the score, how many splits, hyper-parameters. So many splits that the standard error
# of the mean difference is 0.1 points or so.
CASES: dict[str, tuple[Rows, Any, int, dict[str, Any]]] = {
    "breast_cancer": (own(datasets.load_breast_cancer), accuracy, 40, {}),
    "digits": (own(datasets.load_digits), accuracy, 20, {}),
    "wine": (own(datasets.load_wine), accuracy, 60, {}),
    "diabetes": (own(datasets.load_diabetes), r2, 150, {}),
    "binary": (made(n_samples=6_000, n_features=20, n_informative=8, flip_y=0.05), accuracy, 8, {}),
    "20 classes": (
        made(n_samples=6_000, n_informative=12, n_classes=20, n_clusters_per_class=1),
        accuracy,
        16,
        {},
    ),
    "unbalanced": (made(n_samples=12_000, n_informative=8, weights=[0.9]), macro_f1, 24, {}),
    "friedman": (friedman(4_000), r2, 6, {}),
    "missing": (mixed(8_000, classes=True), accuracy, 12, {}),
    "missing, numbers": (mixed(6_000, classes=False), r2, 8, {}),
    "heavy tails": (heavy_tails(8_000), accuracy, 12, {}),
    "leaves": (friedman(4_000), r2, 6, {"min_samples_leaf": 10}),
    "depth": (made(n_samples=8_000, n_informative=8), accuracy, 12, {"max_depth": 8}),
}


def score(grow: Any, told: Any, X: Any, y: Any, seed: int, params: dict[str, Any]) -> float:
    task = "regression" if told is r2 else "classification"
    default = 1.0 if told is r2 else "sqrt"
    labels = None if told is r2 else y
    kept, held, of_kept, of_held = train_test_split(
        X, y, test_size=0.3, random_state=seed, stratify=labels
    )
    kwargs = {"random_state": seed, "max_features": default, **params}
    trees = grow(task, kwargs, kept, of_kept, 0, TREES, 2)
    forest = assemble(task, kwargs, trees, np.unique(y).tolist(), kept, of_kept)
    return 100 * float(told(of_held, forest.predict(held)))


@pytest.mark.parametrize("name", CASES)
def test_as_good_as_scikit_learn(name: str) -> None:
    (X, y), told, splits, params = CASES[name]
    found, expected = (
        [score(grow, told, X, y, seed, params) for seed in range(splits)]
        for grow in (intelex.grow, growing.grow)
    )
    more = [one - other for one, other in zip(found, expected, strict=True)]
    error = stdev(more) / splits**0.5
    print(f"{name}: {mean(expected):.2f} and {mean(more):+.2f} points, error {error:.2f}")
    assert abs(mean(more)) <= POINTS
