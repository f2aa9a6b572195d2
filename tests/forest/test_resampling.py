"""Intervals of scores, beside a bootstrap that draws the rows themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from services.forest import resampling
from services.forest.resampling import kinds_of, of_classes, of_numbers


def by_rows(score: Callable[[Any, Any], float], truth: Any, said: Any) -> list[float]:
    rng = np.random.default_rng(1)
    picks = (rng.integers(0, len(truth), len(truth)) for _ in range(1_000))
    values = [score(truth[rows], said[rows]) for rows in picks]
    return [float(each) for each in np.quantile(values, [0.025, 0.975])]


def f_of(average: str) -> Callable[[Any, Any], float]:
    return lambda t, s: float(metrics.f1_score(t, s, average=average, zero_division=0.0))


SCORES: dict[str, Callable[[Any, Any], float]] = {
    "accuracy": metrics.accuracy_score,
    "f1": f_of("macro"),
    "f1_weighted": f_of("weighted"),
    "precision": lambda t, s: float(
        metrics.precision_score(t, s, average="macro", zero_division=0.0)
    ),
    "recall": lambda t, s: float(metrics.recall_score(t, s, average="macro", zero_division=0.0)),
}


def told(truth: Any, said: Any) -> dict[str, list[float]]:
    (true, named), counts = kinds_of(truth, said)
    return of_classes(true, named, counts)


@pytest.mark.parametrize("rows", [40, 600])
@pytest.mark.parametrize("classes", [2, 7])
def test_classes(rows: int, classes: int) -> None:
    rng = np.random.default_rng(rows + classes)
    truth = rng.integers(0, classes, rows)
    said = np.where(rng.random(rows) < 0.7, truth, rng.integers(0, classes, rows))
    found = told(truth, said)
    assert set(found) == set(SCORES)
    for name, score in SCORES.items():
        np.testing.assert_allclose(found[name], by_rows(score, truth, said), atol=0.035)
        assert found[name][0] <= score(truth, said) <= found[name][1]


@pytest.mark.parametrize("rows", [40, 600])
def test_numbers(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(rows)
    truth = rng.normal(100, 5, rows)
    said = truth + rng.normal(0, 2, rows)
    each: dict[str, Callable[[Any, Any], float]] = {
        "r2": metrics.r2_score,
        "rmse": metrics.root_mean_squared_error,
        "mae": metrics.mean_absolute_error,
    }
    for groups in (resampling.GROUPS, 100):
        monkeypatch.setattr(resampling, "GROUPS", groups)
        found = of_numbers(truth, said)
        assert set(found) == set(each)
        for name, score in each.items():
            np.testing.assert_allclose(found[name], by_rows(score, truth, said), rtol=0.15)


def test_certainty_has_no_width() -> None:
    found = told(np.array([0, 1, 1]), np.array([0, 1, 1]))
    assert found["accuracy"] == [1.0, 1.0]
    assert of_numbers(np.array([1.0, 2.0, 5.0]), np.array([1.0, 2.0, 5.0]))["rmse"] == [0.0, 0.0]


def test_r2_where_nearly_all_is_one_value() -> None:
    """Draws of equal values have none; what rounding leaves of their spread is not divided by."""
    found = of_numbers(np.array([0.1] * 9 + [1.0]), np.full(10, 0.15))
    assert -10 < found["r2"][0] <= found["r2"][1] <= 1
    assert "r2" not in of_numbers(np.full(10, 0.1), np.full(10, 0.15))


def test_many_kinds_are_drawn_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    truth, said = rng.integers(0, 30, 5_000), rng.integers(0, 30, 5_000)
    whole = told(truth, said)
    monkeypatch.setattr(resampling, "AT_ONCE", 10_000)
    np.testing.assert_allclose(told(truth, said)["f1"], whole["f1"], atol=1e-3)
    monkeypatch.setattr(resampling, "MOST_CELLS", 1)
    np.testing.assert_allclose(told(truth, said)["f1"], whole["f1"], atol=0.01)


def test_the_same_rows_give_the_same_intervals() -> None:
    truth, said = np.arange(50) % 3, np.arange(50) % 4
    assert told(truth, said) == told(truth, said)
