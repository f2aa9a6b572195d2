"""Answers that hold the truth as often as is asked for."""

from __future__ import annotations

import math

import numpy as np
import pytest

from services.forest import coverage as module
from services.forest.coverage import Calibration, measured, sets, strangeness

FEW = Calibration.of(np.array([0.5]))
C, R = "classification", "regression"


def test_the_limit_is_the_rank_of_the_theory() -> None:
    """Of n values the one of rank ceil((n + 1) coverage) (Vovk et al. 2005)."""
    made = Calibration.of(np.arange(99, 0, -1.0))
    assert made.limit(0.9) == 90
    assert made.limit(0.901) == 91
    assert made.limit(0.01) == 1
    assert made.limit(0.995) == math.inf
    assert Calibration.of(np.array([5.0])).limit(0.5) == 5
    assert Calibration.of(np.array([5.0])).limit(0.51) == math.inf


@pytest.mark.parametrize("task", [C, R])
@pytest.mark.parametrize("coverage", [0.5, 0.9, 0.99])
def test_the_truth_is_held_as_often_as_is_asked(task: str, coverage: float) -> None:
    rng = np.random.default_rng(3)
    held = []
    for _ in range(60):
        if task == C:
            scores = rng.dirichlet([0.5, 1, 2], size=400)
            truth = np.array([rng.choice(3, p=row) for row in scores])
        else:
            scores = rng.normal(size=400)
            truth = scores + rng.standard_t(3, size=400)
        made = Calibration.of(strangeness(task, truth[:200], scores[:200]))
        told = measured(task, truth[200:], scores[200:], made, coverage)
        held.append(told["measured"])
    assert abs(np.mean(held) - coverage) < 0.025


def test_many_rows_are_thinned_out_on_the_safe_side(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).random(5_000)
    whole = Calibration.of(values)
    monkeypatch.setattr(module, "MOST_KEPT", 100)
    thin = Calibration.of(values)
    assert len(thin.values) <= 100
    for asked in np.linspace(0.01, 0.99, 50):
        assert whole.limit(asked) <= thin.limit(asked) <= whole.limit(min(asked + 0.011, 0.9998))


def test_sets_and_intervals() -> None:
    scores = np.array([[0.7, 0.2, 0.1], [0.4, 0.4, 0.2]])
    assert sets(scores, 0.6).tolist() == [[True, False, False], [True, True, False]]
    assert sets(scores, math.inf).all()
    wide = measured(R, np.zeros(2), np.ones(2), Calibration.of(np.zeros(2)), 0.9)
    assert wide["measured"] == 1.0
    assert wide["mean_size"] is None


def test_a_class_that_training_has_not_seen_is_never_held() -> None:
    found = strangeness(C, np.array([0, 2]), np.array([[0.9, 0.1], [0.5, 0.5]]))
    assert found.tolist() == pytest.approx([0.1, math.inf])
    told = measured(C, np.array([0, 2]), np.array([[0.9, 0.1], [0.5, 0.5]]), FEW, 0.9)
    assert told["measured"] == 0.5
