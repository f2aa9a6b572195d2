from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics

from models.errors import Invalid
from services.forest.evaluation import evaluate

RNG = np.random.default_rng(2)


def probabilities(rows: int, classes: int) -> np.ndarray[Any, Any]:
    return np.round(RNG.dirichlet(np.ones(classes), size=rows), 7)


@pytest.mark.parametrize(
    "classes",
    [["a", "b"], [1, 2, 5], [False, True], [0.5, 1.5, 2.0], list("abcdefg")],
)
def test_scores_are_scikit_learns(classes: list[Any]) -> None:
    names = [str(label) for label in classes]
    p = probabilities(200, len(classes))
    codes = RNG.integers(len(classes), size=200)
    labels = [classes[code] for code in codes]
    truth = np.array(names)[codes]
    found = np.array(names)[p.argmax(axis=1)]
    order = np.argsort(names)  # scikit-learn wants probabilities in the order of the labels
    shares = (p / p.sum(axis=1, keepdims=True))[:, order]
    result = evaluate("classification", classes, labels, p)
    positive = shares[:, 1] if len(classes) == 2 else shares
    expected = {
        "accuracy": metrics.accuracy_score(truth, found),
        "f1": metrics.f1_score(truth, found, average="macro"),
        "f1_weighted": metrics.f1_score(truth, found, average="weighted"),
        "precision": metrics.precision_score(truth, found, average="macro"),
        "recall": metrics.recall_score(truth, found, average="macro"),
        "roc_auc": metrics.roc_auc_score(truth, positive, multi_class="ovr"),
        "log_loss": metrics.log_loss(truth, shares),
    }
    assert {name: result[name] for name in expected} == pytest.approx(expected, abs=1e-12)
    matrix = metrics.confusion_matrix(truth, found, labels=names)
    assert result["confusion_matrix"] == {"labels": classes, "matrix": matrix.tolist()}
    report = metrics.classification_report(truth, found, output_dict=True)
    for label, name in zip(classes, names, strict=True):
        mine, theirs = (
            result["report"][name.lower() if isinstance(label, bool) else name],
            report[name],
        )
        assert mine["f1"] == pytest.approx(theirs["f1-score"])
        assert mine["precision"] == pytest.approx(theirs["precision"])
        assert mine["recall"] == pytest.approx(theirs["recall"])
        assert mine["support"] == theirs["support"]
    assert (result["rows"], result["undefined"], result["warnings"]) == (200, {}, [])
    for name, (low, high) in result.pop("intervals").items():
        assert low <= expected[name] <= high
    assert set(result) == {*expected, "rows", "confusion_matrix", "report", "undefined", "warnings"}
    json.dumps(result, allow_nan=False)


@pytest.mark.parametrize(
    "kind", [list, np.array, pa.array, lambda y: pa.chunked_array([y[:1], y[1:]])]
)
def test_labels_in_any_container(kind: Any) -> None:
    result = evaluate("classification", ["a", "b"], kind(["a", "b", "a"]), np.eye(2)[[0, 1, 1]])
    assert result["accuracy"] == pytest.approx(2 / 3)


def test_an_absent_class_is_null_with_a_warning() -> None:
    p = np.eye(3)[[0, 1, 1, 2]]
    result = evaluate("classification", ["a", "b", "c"], ["a", "b", "b", "a"], p)
    assert result["report"]["c"] == {"precision": 0.0, "recall": None, "f1": None, "support": 0}
    assert result["roc_auc"] is None
    assert "'c'" in result["undefined"]["roc_auc"]
    assert [warning["code"] for warning in result["warnings"]] == ["absent_classes"]
    truth, found = ["a", "b", "b", "a"], ["a", "b", "b", "c"]
    expected = metrics.f1_score(truth, found, average="macro", zero_division=0)
    assert result["f1"] == pytest.approx(expected)


def test_a_class_never_predicted() -> None:
    result = evaluate("classification", ["a", "b"], ["a", "b"], np.eye(2)[[0, 0]])
    assert result["report"]["b"] == {"precision": None, "recall": 0.0, "f1": 0.0, "support": 1}
    assert [warning["code"] for warning in result["warnings"]] == ["unpredicted_classes"]
    assert (result["precision"], result["roc_auc"]) == (0.25, 0.5)


def test_one_class_only() -> None:
    result = evaluate("classification", ["a", "b"], ["b", "b"], np.array([[0.2, 0.8], [0.6, 0.4]]))
    assert result["roc_auc"] is None
    assert "one class only: b" in result["undefined"]["roc_auc"]
    expected = -(np.log(0.8) + np.log(0.4)) / 2
    assert result["log_loss"] == pytest.approx(expected)


def test_labels_unseen_in_training_are_errors() -> None:
    labels = ["a", "b", "x", "y", "x"]
    p = np.eye(2)[[0, 1, 0, 1, 1]]
    result = evaluate("classification", ["a", "b"], labels, p)
    assert result["accuracy"] == pytest.approx(0.4)
    assert result["confusion_matrix"]["labels"] == ["a", "b", "x", "y"]
    assert result["confusion_matrix"]["matrix"] == [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [1, 1, 0, 0],
        [0, 1, 0, 0],
    ]
    (warning,) = result["warnings"]
    assert warning["code"] == "unseen_labels"
    assert "'x', 'y'" in warning["message"]
    assert set(result["undefined"]) == {"roc_auc", "log_loss"}
    found = np.array(["a", "b"])[p.argmax(axis=1)]
    expected = metrics.recall_score(labels, found, average="macro", zero_division=0)
    assert result["recall"] == pytest.approx(expected)


def test_a_thousand_unseen_labels_stay_short() -> None:
    labels = [str(number) for number in range(1_000)]
    result = evaluate("classification", ["a", "b"], labels, np.eye(2)[[0] * 1_000])
    assert result["accuracy"] == 0
    assert len(result["confusion_matrix"]["labels"]) == 22
    assert len(json.dumps(result)) < 5_000


def test_a_certain_and_wrong_probability_is_a_finite_loss() -> None:
    result = evaluate("classification", ["a", "b"], ["a", "b"], np.eye(2)[[1, 0]])
    assert result["log_loss"] == pytest.approx(metrics.log_loss([0, 1], np.eye(2)[[1, 0]]))


def test_regression() -> None:
    y, p = RNG.normal(size=50), RNG.normal(size=50)
    result = evaluate("regression", [], y, p)
    for name, (low, high) in result.pop("intervals").items():
        assert low <= result[name] <= high
    assert result == {
        "rows": 50,
        "r2": pytest.approx(metrics.r2_score(y, p)),
        "rmse": pytest.approx(metrics.root_mean_squared_error(y, p)),
        "mae": pytest.approx(metrics.mean_absolute_error(y, p)),
        "undefined": {},
        "warnings": [],
    }
    json.dumps(result, allow_nan=False)


def test_regression_of_one_row_and_of_one_value() -> None:
    one = evaluate("regression", [], [3], np.array([2.0]))
    assert (one["r2"], one["rmse"], one["mae"]) == (None, 1.0, 1.0)
    assert "two rows" in one["undefined"]["r2"]
    same = evaluate("regression", [], pa.array([3.0, 3.0]), np.array([2.0, 3.0]))
    assert same["r2"] is None
    assert "same in every row" in same["undefined"]["r2"]


@pytest.mark.parametrize(
    ("labels", "code"), [([], "too_few_rows"), (["a", None], "target_missing_values")]
)
def test_refusals(labels: list[Any], code: str) -> None:
    with pytest.raises(Invalid) as caught:
        evaluate("classification", ["a", "b"], labels, np.zeros((len(labels), 2)))
    assert caught.value.code == code
