"""Scores by category, and by threshold, beside scikit-learn's."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from sklearn import metrics

from services.columns import Feature
from services.forest import slices as module
from services.forest.encoding import MISSING
from services.forest.slices import sliced, slices, thresholds

RNG = np.random.default_rng(5)
COLOUR = Feature("colour", "category", ["blue", "red"])


def test_classes_by_category() -> None:
    column = RNG.choice([-1.0, 0.0, 1.0, 2.0], 400, p=[0.05, 0.15, 0.3, 0.5]).astype(np.float32)
    scores = RNG.dirichlet([1, 1], 400)
    truth = RNG.integers(0, 2, 400)
    told = slices("classification", COLOUR, column, truth, scores)
    names = [(each["value"], each["of"]) for each in told["values"]]
    assert names == [("red", "value"), ("blue", "value"), (None, "missing"), (None, "unseen")]
    for each, code in zip(told["values"], (2, 1, 0, -1), strict=True):
        rows = column == code
        share = metrics.accuracy_score(truth[rows], scores[rows].argmax(axis=1))
        assert (each["rows"], each["accuracy"]) == (rows.sum(), pytest.approx(share))
        assert each["interval"] == pytest.approx(wilson(share, rows.sum()))
    assert (told["feature"], told["more"]) == ("colour", 0)


def wilson(share: float, n: int) -> list[float]:
    z = NormalDist().inv_cdf(0.975)
    middle, half = share + z**2 / (2 * n), z * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    return [(middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)]


def test_numbers_by_boolean() -> None:
    column = np.array([0, 1, 1, MISSING], np.float32)
    truth, scores = np.array([1.0, 2.0, 4.0, 9.0]), np.array([1.5, 2.0, 6.0, 9.0])
    told = slices("regression", Feature("wild", "boolean"), column, truth, scores)["values"]
    by_value = {(each["value"], each["of"]): each for each in told}
    assert by_value[True, "value"]["rmse"] == pytest.approx(2**0.5)
    assert by_value[True, "value"]["bias"] == pytest.approx(1)
    assert by_value[False, "value"]["bias"] == pytest.approx(0.5)
    assert by_value[None, "missing"]["rows"] == 1


def test_the_most_frequent_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_VALUES", 2)
    feature = Feature("x", "category", list("abc"))
    column = np.array([1, 2, 2, 3, 3, 3], np.float32)
    told = slices("regression", feature, column, np.ones(6), np.ones(6))
    assert [each["value"] for each in told["values"]] == ["c", "b"]
    assert told["more"] == 1


def test_which_columns() -> None:
    kinds = ("number", "category", "date", "boolean", "integer")
    assert sliced([Feature(kind, kind) for kind in kinds]) == [1, 3]  # type: ignore[arg-type]


def test_thresholds_are_scikit_learns() -> None:
    shares, positive = RNG.random(300).round(2), RNG.random(300) < 0.4
    every = list(thresholds(positive, shares))
    assert [each["threshold"] for each in every] == pytest.approx(np.linspace(0, 1, 101))
    for each in every[:100]:
        called = shares >= each["threshold"]
        if not called.any():
            assert each["precision"] is None
            continue
        assert each["precision"] == pytest.approx(metrics.precision_score(positive, called))
        assert each["recall"] == pytest.approx(metrics.recall_score(positive, called))
        assert each["f1"] == pytest.approx(metrics.f1_score(positive, called))
        assert each["share"] == pytest.approx(called.mean())
