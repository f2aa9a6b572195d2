"""What features are worth, and partial dependence, beside scikit-learn's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.inspection import partial_dependence, permutation_importance

from services.columns import Feature
from services.forest.dependence import MOST_VALUES, dependence, grid, value_of
from services.forest.encoding import MISSING
from services.forest.importance import FEWEST_ROWS, by_impurity, by_permutation, rows_for
from services.forest.trees import trees_of

pytestmark = pytest.mark.no_database


def forest_on(regression: bool) -> tuple[Any, Any, Any]:
    X, y = (load_diabetes if regression else load_breast_cancer)(return_X_y=True)
    X = X.astype(np.float32)
    kind = RandomForestRegressor if regression else RandomForestClassifier
    return kind(n_estimators=10, max_depth=6, random_state=0).fit(X, y), X, y


@pytest.mark.parametrize("regression", [False, True])
def test_importances_are_scikit_learns(regression: bool) -> None:
    forest, X, y = forest_on(regression)
    found = by_impurity(trees_of(forest), X.shape[1])
    np.testing.assert_allclose(found, forest.feature_importances_, atol=1e-12)
    means, stds = by_permutation(forest.score, X[:100], y[:100])
    wanted = permutation_importance(forest, X[:100], y[:100], n_repeats=5, random_state=0)
    np.testing.assert_allclose(means, wanted.importances_mean)
    np.testing.assert_allclose(stds, wanted.importances_std)


def test_trees_of_one_leaf_are_worth_nothing() -> None:
    X = np.zeros((10, 3), np.float32)
    forest = RandomForestClassifier(n_estimators=2, random_state=0).fit(X, [0, 1] * 5)
    assert by_impurity(trees_of(forest), 3).tolist() == [0, 0, 0]


@pytest.mark.parametrize("regression", [False, True])
def test_partial_dependence_is_scikit_learns(regression: bool) -> None:
    forest, X, _ = forest_on(regression)
    answer = forest.predict if regression else forest.predict_proba
    told = dependence(answer, X[:50], 3, Feature("x", "number"))
    values = np.array(told["values"])
    wanted = partial_dependence(
        forest, X[:50], [3], method="brute", custom_values={3: values}, kind="average"
    )["average"]
    means = np.array(told["means"])
    np.testing.assert_allclose(means if regression else means[:, 1], wanted[0], rtol=1e-6)


def test_the_grid_is_of_values_that_there_are() -> None:
    some = np.array([MISSING, 3, 1, 3, 2], np.float32)
    assert grid(some, Feature("x", "integer")).tolist() == [1, 2, 3]
    assert grid(np.array([0, 2, 1, 2, -1], np.float32), Feature("x", "category")).tolist() == [1, 2]
    assert len(grid(np.arange(1000, dtype=np.float32), Feature("x", "number"))) == MOST_VALUES
    many = np.repeat(np.arange(1, 101, dtype=np.float32), np.arange(1, 101))
    assert grid(many, Feature("x", "category")).tolist() == list(range(81, 101))
    assert grid(np.array([MISSING], np.float32), Feature("x", "number")).tolist() == []


def test_values_are_those_of_rows_to_predict() -> None:
    assert value_of(2, Feature("x", "category", ["a", "b"])) == "b"
    assert value_of(1, Feature("x", "boolean")) is True
    assert value_of(0.5, Feature("x", "date")) == "1970-01-01T12:00:00"
    assert value_of(7.0, Feature("x", "integer")) == 7
    assert value_of(7.5, Feature("x", "number")) == 7.5


def test_fewer_rows_where_there_are_many_features() -> None:
    assert rows_for(1) == 10_000
    assert rows_for(40) == 10_000
    assert rows_for(400) == 1_000
    assert rows_for(100_000) == FEWEST_ROWS
