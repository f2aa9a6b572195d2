from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from models.errors import TooLarge
from services.forest import graph
from services.forest.encoding import MISSING
from services.forest.trees import Trees, trees_of
from tests.forest.helpers import MIXED, mixed_table, train

RNG = np.random.default_rng(5)
X = RNG.normal(size=(400, 5)).astype(np.float32)
X[RNG.random(X.shape) < 0.1] = MISSING
X[:, 4] = RNG.integers(-1, 6, size=400)  # categories, some of them unseen or missing


def run(model: onnx.ModelProto, rows: Any) -> list[Any]:
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return list(session.run(None, {"X": rows.astype(np.float64)}))


@pytest.mark.parametrize("classes", range(2, 8))
def test_classifier_against_scikit_learn_and_skl2onnx(classes: int) -> None:
    y = RNG.integers(classes, size=400)
    forest = RandomForestClassifier(30, random_state=0, max_depth=8).fit(X, y)
    label, probabilities = run(graph.classifier(trees_of(forest), {}), X)
    np.testing.assert_allclose(probabilities, forest.predict_proba(X), atol=1e-6)
    assert (label == forest.predict(X)).mean() > 0.98  # float32 may break ties otherwise
    with np.errstate(over="ignore"):
        reference = to_onnx(
            forest,
            initial_types=[("X", DoubleTensorType([None, 5]))],
            options={"zipmap": False},
            target_opset={"": 17, "ai.onnx.ml": 3},
        )
    np.testing.assert_allclose(probabilities, run(reference, X)[1], atol=1e-6)


@pytest.mark.parametrize("columns", [1, 5])
@pytest.mark.parametrize(("mean", "deviation"), [(0, 1), (1e6, 1), (-1e9, 1), (0, 1e-9), (5, 1e12)])
def test_regressor_keeps_the_precision_of_any_mean(
    columns: int, mean: float, deviation: float
) -> None:
    rows = X[:, :columns]
    y = mean + deviation * (np.clip(rows[:, 0], -3, 3) + RNG.normal(size=400))
    forest = RandomForestRegressor(30, random_state=0).fit(rows, y)
    (value,) = run(graph.regressor(trees_of(forest), {}), rows)
    tolerance = 1e-5 * deviation + 1e-15 * abs(mean)
    assert np.abs(value - forest.predict(rows)).max() <= tolerance


def test_regressor_keeps_the_precision_of_a_heavy_tail() -> None:
    y = RNG.normal(size=400)
    y[0] = 1e9
    forest = RandomForestRegressor(30, random_state=0).fit(X, y)
    (value,) = run(graph.regressor(trees_of(forest), {}), X)
    np.testing.assert_allclose(value, forest.predict(X), rtol=0, atol=1e-3)


@pytest.mark.parametrize("make", [RandomForestClassifier, RandomForestRegressor])
def test_trees_without_a_split(make: Any) -> None:
    rows, y = np.zeros((20, 1), dtype=np.float32), np.arange(20) % 2
    forest = make(5, random_state=0).fit(rows, y)
    assert trees_of(forest).leaf.all()
    if make is RandomForestClassifier:
        _, found = run(graph.classifier(trees_of(forest), {}), rows)
        expected = forest.predict_proba(rows)
    else:
        (found,) = run(graph.regressor(trees_of(forest), {}), rows)
        expected = forest.predict(rows)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_class_that_no_tree_has_drawn(classes: int) -> None:
    y = np.zeros(400)
    y[:classes] = range(classes)
    seeds = (RandomForestClassifier(1, random_state=seed).fit(X, y) for seed in range(50))
    forest = next(f for f in seeds if f.estimators_[0].tree_.value[0, 0, -1] == 0)
    _, probabilities = run(graph.classifier(trees_of(forest), {}), X)
    assert probabilities.shape == (400, classes)
    np.testing.assert_allclose(probabilities, forest.predict_proba(X), atol=1e-6)


def test_values_at_a_threshold_go_the_same_way() -> None:
    forest = RandomForestClassifier(10, random_state=0).fit(X, RNG.integers(2, size=400))
    tree = forest.estimators_[0].tree_
    thresholds = tree.threshold[tree.feature == 0].astype(np.float32)
    near = np.concatenate(
        [
            thresholds,
            np.nextafter(thresholds, np.float32(9e9)),
            np.nextafter(thresholds, -np.float32(9e9)),
        ]
    )
    rows = X[RNG.integers(400, size=len(near))].copy()
    rows[:, 0] = near
    _, probabilities = run(graph.classifier(trees_of(forest), {}), rows)
    np.testing.assert_allclose(probabilities, forest.predict_proba(rows), atol=1e-6)


def test_the_model_says_what_it_is_about(tmp_path: Path) -> None:
    table = mixed_table()
    version = train(tmp_path, table, MIXED, np.arange(400) % 2.0, [False, True])
    model = onnx.load(version.folder / "model.onnx")
    about = {prop.key: json.loads(prop.value) for prop in model.metadata_props}
    assert about["task"] == "classification"
    assert about["classes"] == [False, True]
    assert about["features"] == [feature.as_record() for feature in MIXED]


def test_the_files_of_a_version(tmp_path: Path) -> None:
    table = mixed_table()
    version = train(tmp_path, table, MIXED, np.arange(400) % 2.0, ["a", "b"])
    names = {"model.pickle", "model.onnx", "serving.json", "trees.npz"}
    assert {file.name for file in tmp_path.iterdir()} == names
    kept, grown = Trees.load(tmp_path / "trees.npz"), trees_of(version.forest)
    assert kept.count == 20
    for name in vars(grown):
        np.testing.assert_array_equal(getattr(kept, name), getattr(grown, name))
    last = version.forest.estimators_[-1].tree_
    nodes = slice(kept.offsets[-2], kept.offsets[-1])
    np.testing.assert_array_equal(kept.children_left[nodes], last.children_left)
    np.testing.assert_array_equal(kept.threshold[nodes], last.threshold)
    np.testing.assert_array_equal(kept.value[nodes], last.value[:, 0, :])
    np.testing.assert_array_equal(kept.n_node_samples[nodes], last.n_node_samples)


def test_a_forest_that_onnx_cannot_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    forest = RandomForestClassifier(5, random_state=0).fit(X, RNG.integers(2, size=400))
    monkeypatch.setattr(graph, "MOST_BYTES", 10_000)
    with pytest.raises(TooLarge) as caught:
        graph.classifier(trees_of(forest), {})
    assert caught.value.code == "model_too_large"
