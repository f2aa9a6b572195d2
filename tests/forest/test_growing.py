from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from models.errors import Invalid
from services.columns import Feature
from services.forest import drawing, growing
from services.forest.batches import INTELEX, SCIKIT_LEARN, plan
from tests.forest.helpers import grown

SEED = 11
FEATURES = [Feature(name, "number") for name in "abcdef"]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 6)).astype(np.float32)
CODES = np.digitize(X[:, 0] + X[:, 1] + RNG.normal(size=300), [-0.7, 0.9]).astype(np.float64)
BINARY = (CODES > 0).astype(np.float64)
NUMBERS = X[:, 0] * 3 + RNG.normal(size=300) + 10


def assert_same_forest(found: Any, expected: Any, *, params_too: bool = True) -> None:
    """Tree by tree, attribute by attribute."""
    assert len(found.estimators_) == len(expected.estimators_)
    for one, other in zip(found.estimators_, expected.estimators_, strict=True):
        mine, theirs = one.tree_.__getstate__(), other.tree_.__getstate__()
        assert mine["nodes"].tobytes() == theirs["nodes"].tobytes()
        assert mine["values"].tobytes() == theirs["values"].tobytes()
        assert one.random_state == other.random_state
    names = vars(expected).keys() - {"estimators_", "estimator_", "estimator"}
    assert vars(found).keys() - {"estimators_", "estimator_", "estimator"} == names
    for name in names - set(expected.get_params()):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    if params_too:
        assert found.get_params() == expected.get_params()
    np.testing.assert_array_equal(found.feature_importances_, expected.feature_importances_)
    np.testing.assert_array_equal(found.predict(X), expected.predict(X))


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"bootstrap": False},
        {"max_samples": 100},
        {"class_weight": "balanced"},
        {"class_weight": "balanced_subsample"},
        {"class_weight": "balanced_subsample", "bootstrap": False},
        {"class_weight": "balanced", "bootstrap": False},
        {"class_weight": {"0": 1.0, "1": 5, "2": 0.5}, "max_samples": 90},
        {"ccp_alpha": 0.01, "criterion": "entropy"},
        {"max_depth": 3, "max_features": 0.5, "min_samples_leaf": 4},
        {"oob_score": True},
        {"oob_score": True, "class_weight": "balanced"},
    ],
)
@pytest.mark.parametrize("block", [7, 1 << 20])
def test_batches_make_scikit_learns_own_forest(
    params: dict[str, Any], block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "BLOCK_ROWS", block)
    params = {"n_estimators": 35, "random_state": SEED, **params}
    labels = CODES.astype(np.int64)
    plain = dict(params)
    if isinstance(plain.get("class_weight"), dict):
        plain["class_weight"] = {int(text): w for text, w in plain["class_weight"].items()}
    expected = RandomForestClassifier(**plain).fit(X, labels)
    found = grown("classification", X, CODES, [0, 1, 2], FEATURES, params)
    assert_same_forest(found, expected)
    assert found.predict_proba(X).tobytes() == expected.predict_proba(X).tobytes()


def test_a_hundred_trees() -> None:
    expected = RandomForestClassifier(n_estimators=100, random_state=SEED).fit(X, CODES)
    params = {"n_estimators": 100, "random_state": SEED}
    found = grown("classification", X, CODES, [0.0, 1.0, 2.0], FEATURES, params)
    assert_same_forest(found, expected)
    assert found.predict_proba(X).tobytes() == expected.predict_proba(X).tobytes()


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"bootstrap": False, "max_features": "log2"},
        {"max_samples": 100},
        {"criterion": "poisson"},
        {"criterion": "absolute_error", "max_depth": 4},
        {"ccp_alpha": 0.1},
        {"oob_score": True},
    ],
)
def test_batches_make_scikit_learns_own_regressor(params: dict[str, Any]) -> None:
    params = {"n_estimators": 25, "random_state": SEED, **params}
    y = np.abs(NUMBERS)
    expected = RandomForestRegressor(**params).fit(X, y)
    found = grown("regression", X, y, [], FEATURES, params)
    assert_same_forest(found, expected)


@pytest.mark.parametrize("labels", [[1, 2, 7], ["a", "b", "ccc"], [1.0, 2.0, 4.0], [False, True]])
def test_labels_of_every_type_are_as_after_a_fit_on_them(labels: list[Any]) -> None:
    y = CODES if len(labels) == 3 else BINARY
    named = np.array(labels)[y.astype(int)]
    params = {"n_estimators": 12, "random_state": SEED}
    expected = RandomForestClassifier(**params).fit(X, named)
    found = grown("classification", X, y, labels, FEATURES, params)
    assert found.classes_.dtype == expected.classes_.dtype
    assert_same_forest(found, expected)
    again = clone(found).fit(X, named)
    assert_same_forest(again, expected)


def test_classes_may_be_fractions() -> None:
    params = {"n_estimators": 10, "random_state": SEED}
    found = grown("classification", X, CODES, [0.5, 1.25, 2.0], FEATURES, params)
    expected = RandomForestClassifier(**params).fit(X, CODES)
    assert found.classes_.tolist() == [0.5, 1.25, 2.0]
    assert found.predict_proba(X).tobytes() == expected.predict_proba(X).tobytes()


def test_weights_by_label_are_kept_by_label() -> None:
    params = {"n_estimators": 12, "random_state": SEED, "class_weight": {"no": 1, "yes": 3.0}}
    found = grown("classification", X, BINARY, ["no", "yes"], FEATURES, params)
    expected = RandomForestClassifier(**params).fit(X, np.array(["no", "yes"])[BINARY.astype(int)])
    assert_same_forest(found, expected)


def test_constraints_by_column() -> None:
    signs = {"a": 1, "c": -1}
    params = {"n_estimators": 12, "random_state": SEED}
    found = grown("classification", X, BINARY, [0, 1], FEATURES, {**params, "monotonic_cst": signs})
    plain = RandomForestClassifier(**params, monotonic_cst=[1, 0, -1, 0, 0, 0])
    assert_same_forest(found, plain.fit(X, BINARY.astype(int)))


def test_a_share_of_rows_is_a_number_of_rows() -> None:
    resolved = growing.resolve({"max_samples": 0.25, "n_estimators": 3}, FEATURES, [], 300)
    assert resolved == {"max_samples": 75, "n_estimators": 3}
    assert growing.resolve({"max_samples": 1e-9}, FEATURES, [], 300) == {"max_samples": 1}


def test_classes_that_no_training_row_has_are_no_classes_of_the_forest() -> None:
    y = BINARY * 2
    params = {"n_estimators": 10, "random_state": SEED, "class_weight": {"a": 1, "b": 9, "c": 2}}
    found = grown("classification", X, y, ["a", "b", "c"], FEATURES, params)
    assert found.classes_.tolist() == ["a", "c"]
    assert found.n_classes_ == 2
    assert set(found.predict(X)) == {"a", "c"}


def test_threads_change_nothing() -> None:
    kwargs = {"n_estimators": 10, "random_state": SEED}
    one = growing.grow("classification", kwargs, X, CODES, 3, 9, n_jobs=1)
    two = growing.grow("classification", kwargs, X, CODES, 3, 9, n_jobs=2)
    for left, right in zip(one, two, strict=True):
        assert left.tree_.__getstate__()["nodes"].tobytes() == (
            right.tree_.__getstate__()["nodes"].tobytes()
        )


def test_too_few_trees_for_all_out_of_bag_rows_is_no_error() -> None:
    params = {"n_estimators": 1, "random_state": SEED, "oob_score": True}
    forest = grown("classification", X, CODES, [0, 1, 2], FEATURES, params)
    assert 0 <= forest.oob_score_ <= 1


def test_paths_can_be_asked_of_the_assembled_forest() -> None:
    params = {"n_estimators": 10, "random_state": SEED}
    forest = grown("classification", X, CODES, [0, 1, 2], FEATURES, params)
    indicator, offsets = forest.decision_path(X[:5])
    assert indicator.shape == (5, offsets[-1])
    assert len(forest.estimators_samples_) == 10


@pytest.mark.parametrize(
    ("trees", "rows", "engine", "batches", "first"),
    [
        (1, 10**6, SCIKIT_LEARN, 1, (0, 1)),
        (100, 150, SCIKIT_LEARN, 1, (0, 100)),
        (101, 8_000, SCIKIT_LEARN, 3, (0, 50)),
        (101, 10**6, SCIKIT_LEARN, 11, (0, 10)),
        (10_000, 10**6, SCIKIT_LEARN, 50, (0, 200)),
        (100, 10**5, INTELEX, 2, (0, 80)),
        (101, 10**6, INTELEX, 5, (0, 25)),
        (10_000, 10**6, INTELEX, 50, (0, 200)),
    ],
)
def test_plan(trees: int, rows: int, engine: str, batches: int, first: tuple[int, int]) -> None:
    planned = plan(trees, rows, engine)
    assert (len(planned), planned[0]) == (batches, first)
    assert [tree for start, stop in planned for tree in range(start, stop)] == list(range(trees))


@pytest.mark.parametrize("trees", range(490, 560, 7))
def test_never_more_than_fifty_batches(trees: int) -> None:
    assert len(plan(trees, 10**6, SCIKIT_LEARN)) <= 50


def test_poisson_needs_a_target_above_zero() -> None:
    kwargs = {"random_state": 1, "criterion": "poisson"}
    with pytest.raises(Invalid) as caught:
        growing.grow("regression", kwargs, X, np.zeros(len(X)), 0, 2)
    assert caught.value.code == "target_not_positive"
