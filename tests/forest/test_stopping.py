"""The out-of-bag score of a growing forest, and when it no longer changes."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.forest import growing
from services.forest.batches import INTELEX, SCIKIT_LEARN, is_steady, plan
from services.forest.stopping import Votes, votes_of

RNG = np.random.default_rng(5)
X = RNG.normal(size=(500, 6)).astype(np.float32)
NOISY = X[:, 0] + X[:, 1] ** 2 + RNG.normal(size=500)
TARGETS = {
    "regression": NOISY,
    "classification": np.digitize(NOISY, [0, 1, 3]).astype(float),
}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("classification", {}),
    ("classification", {"class_weight": "balanced"}),
    ("classification", {"max_samples": 60}),
    ("regression", {}),
    ("regression", {"max_samples": 100}),
]


@pytest.mark.parametrize(("task", "params"), CASES)
def test_the_score_is_scikit_learns_own(tmp_path: Path, task: str, params: dict[str, Any]) -> None:
    y = TARGETS[task]
    kwargs = {"n_estimators": 30, "random_state": 2, "oob_score": True, **params}
    so_far, trees = None, list[Any]()
    for start, stop in ((0, 10), (10, 20), (20, 30)):
        batch = growing.grow(task, kwargs, X, y, start, stop)
        votes = votes_of(task, kwargs, batch, X, y)
        if so_far is not None:
            votes = votes.plus(Votes.load(so_far))
        so_far, trees = tmp_path / f"{stop}.npz", [*trees, *batch]
        votes.save(so_far)
        alone = growing.FORESTS[task](**{**kwargs, "n_estimators": stop})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a few trees leave rows without a vote
            alone.fit(X, y)
        assert votes.score(task, y) == pytest.approx(alone.oob_score_, abs=1e-12)


def test_a_class_that_no_row_has_may_be_weighed() -> None:
    y = np.minimum(TARGETS["classification"], 2)
    kwargs = {"n_estimators": 4, "random_state": 2, "class_weight": {0: 1, 1: 2, 2: 1, 3: 5}}
    trees = growing.grow("classification", kwargs, X, y, 0, 4)
    assert votes_of("classification", kwargs, trees, X, y).sums.shape == (500, 3)


@pytest.mark.parametrize(
    ("scores", "steady"),
    [
        ([], False),
        ([0.9, 0.9], False),
        ([0.9, 0.9, 0.9], True),
        ([0.5, 0.9, 0.9009, 0.9005], True),
        ([0.5, 0.9, 0.902, 0.9005], False),
        ([0.8, 0.9, 0.9], False),
    ],
)
def test_a_score_is_steady_over_three_batches(scores: list[float], steady: bool) -> None:
    assert is_steady(scores, 0.001) is steady


def test_small_batches_are_made_of_few_rows_too() -> None:
    assert plan(100, 200, SCIKIT_LEARN) == [(0, 100)]
    assert plan(100, 200, SCIKIT_LEARN, small=True)[:2] == [(0, 10), (10, 20)]
    assert len(plan(5_000, 200, SCIKIT_LEARN, small=True)) == 50
    assert plan(25, 200, INTELEX, small=True) == [(0, 10), (10, 20), (20, 25)]


def test_a_class_that_no_training_row_has() -> None:
    y = TARGETS["classification"].copy()
    y[y == 1] = 2.0
    kwargs = {"n_estimators": 30, "random_state": 2}
    votes = votes_of(
        "classification", kwargs, growing.grow("classification", kwargs, X, y, 0, 30), X, y
    )
    assert votes.sums.shape == (500, 3)
    assert (votes.score("classification", y) or 0) > 0.5


@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize("task", TARGETS)
def test_trees_that_have_drawn_all_rows(task: str, rows: int) -> None:
    few, y = X[:rows], np.zeros(rows)
    kwargs = {"n_estimators": 10, "random_state": 2}
    votes = votes_of(task, kwargs, growing.grow(task, kwargs, few, y, 0, 10), few, y)
    assert (votes.score(task, y) is None) == (task == "regression" and rows == 1)
    assert not is_steady([None, 1.0, 1.0], 1)
