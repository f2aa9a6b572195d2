"""What the columns add to an answer, beside scikit-learn's own decision paths."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from services.forest import contributions as module
from services.forest.contributions import contributions
from services.forest.trees import trees_of
from tests.service import ROOT

pytestmark = pytest.mark.no_database


def by_paths(forest: Any, row: Any) -> tuple[Any, Any]:
    """The base and the contributions of one row, tree by tree."""
    bases, sums = [], np.zeros((forest.n_features_in_, forest.estimators_[0].tree_.value.shape[2]))
    for tree in forest.estimators_:
        inner = tree.tree_
        path = tree.decision_path(row[None, :]).indices
        values = inner.value[path, 0]
        bases.append(values[0])
        for at, node in enumerate(path[:-1]):
            sums[inner.feature[node]] += values[at + 1] - values[at]
    return np.mean(bases, axis=0), sums / len(forest.estimators_)


@pytest.mark.parametrize("at_once", [module.MOST_CELLS, 1])
@pytest.mark.parametrize("regression", [False, True])
def test_they_are_those_along_the_decision_paths(
    monkeypatch: pytest.MonkeyPatch, regression: bool, at_once: int
) -> None:
    monkeypatch.setattr(module, "MOST_CELLS", at_once)
    X, y = (load_diabetes if regression else load_iris)(return_X_y=True)
    X = X.astype(np.float32)
    kind = RandomForestRegressor if regression else RandomForestClassifier
    forest = kind(n_estimators=7, max_features=2, random_state=0).fit(X, y)
    base, added = contributions(trees_of(forest), X[:20])
    answers = forest.predict(X[:20])[:, None] if regression else forest.predict_proba(X[:20])
    np.testing.assert_allclose(base + added.sum(axis=1), answers, rtol=1e-9, atol=1e-12)
    for row, told in zip(X[:20], added, strict=True):
        wanted_base, wanted = by_paths(forest, row)
        np.testing.assert_allclose(base, wanted_base)
        np.testing.assert_allclose(told, wanted, atol=1e-12 * max(1, abs(wanted).max()))


@pytest.mark.parametrize(("sample", "target"), [("glass", "Type"), ("breast_cancer", "diagnosis")])
def test_on_every_row_of_the_samples_they_add_up(sample: str, target: str) -> None:
    table = pd.read_csv(ROOT / "data" / f"{sample}.csv").dropna()
    X, y = table.drop(columns=target).to_numpy(np.float32), table[target]
    forest = RandomForestClassifier(n_estimators=100, random_state=0).fit(X, y)
    base, added = contributions(trees_of(forest), X)
    off = np.abs(base + added.sum(axis=1) - forest.predict_proba(X))
    assert off.max() < 1e-9


def test_a_tree_of_one_leaf_adds_nothing() -> None:
    forest = RandomForestClassifier(n_estimators=3, max_depth=1, random_state=0)
    X = np.zeros((10, 2), np.float32)
    base, added = contributions(trees_of(forest.fit(X, [0, 1] * 5)), X[:2])
    assert not added.any()
    assert base.sum() == pytest.approx(1)
