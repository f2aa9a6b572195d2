"""How training rows lie in bins, and how far other rows lie from that."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from services.columns import Feature
from services.forest.baseline import SOME, STRONG, Baseline, added, bins_of
from services.forest.binning import (
    BINS,
    BLOCK_FEATURES,
    MOST_FEATURES,
    MOST_LEVELS,
    MOST_ROWS,
    baseline_of,
    edges_of,
)
from services.forest.encoding import MISSING, UNSEEN

NUMBER, COLOUR = Feature("x", "number"), Feature("colour", "category", ["blue", "green", "red"])


def column(*values: float) -> Any:
    return np.array(values, dtype=np.float32)


def matrix(*columns: Any) -> Any:
    return np.column_stack(columns).astype(np.float32)


def drift_of(baseline: Baseline, rows: Any) -> dict[str, Any]:
    (told,) = baseline.drifts(baseline.count(rows))
    return told


finite = st.floats(-1e6, 1e6, width=32)


@settings(deadline=None)
@given(hnp.arrays(np.float32, st.integers(1, 300), elements=finite | st.just(MISSING)))
def test_equal_values_share_a_bin_and_bins_are_even(values: Any) -> None:
    edges = edges_of(values, NUMBER)
    assert edges == sorted(set(edges))
    counts = bins_of(values, edges)
    assert counts.sum() == len(values)
    assert counts[0] == (values == np.float32(MISSING)).sum()
    assert len(counts) <= 2 * BINS + 2
    real = values[values != np.float32(MISSING)]
    if len(real):
        most = np.unique(real, return_counts=True)[1].max()
        assert counts[1:].max() <= len(real) / BINS + most


def test_a_value_that_most_rows_share_is_told_apart() -> None:
    rare = np.arange(1, 6, dtype=np.float32)
    edges = edges_of(np.concatenate([np.zeros(95, np.float32), rare]), NUMBER)
    assert bins_of(column(0, 0, 0.5, 3, 99), edges).tolist() == [0, 0, 2, 1, 2]


def test_a_column_that_was_constant_drifts_as_soon_as_it_is_not() -> None:
    baseline = baseline_of([NUMBER], np.zeros((500, 1), np.float32))
    assert drift_of(baseline, np.zeros((500, 1), np.float32))["drift"] == "none"
    for other in (7, -7, 1e-30):
        assert drift_of(baseline, np.full((500, 1), other, np.float32))["drift"] == "strong"


def test_of_many_categories_each_is_seen() -> None:
    levels = Feature("level", "category", [f"{at:03d}" for at in range(20)])
    codes = np.repeat(np.arange(1, 21, dtype=np.float32), 50)[:, None]
    baseline = baseline_of([levels], codes)
    moved = np.where(codes == 7, np.float32(8), codes)
    assert drift_of(baseline, codes)["psi"] == 0
    assert drift_of(baseline, moved)["drift"] == "strong"
    many = Feature("level", "category", [f"{at:04d}" for at in range(500)])
    edges = edges_of(np.arange(1, 501, dtype=np.float32), many)
    assert len(edges) == MOST_LEVELS + 1


def test_bins_that_hold_nothing_do_not_count_for_chance() -> None:
    two = Feature("x", "category", ["a", "b"])
    baseline = baseline_of([two], np.repeat(column(1, 2), 50)[:, None])
    assert baseline.limits == [pytest.approx(10.83, abs=0.01)]  # of chi² with one degree


def test_categories_missing_and_unseen_have_bins_of_their_own() -> None:
    codes = column(*[1] * 30, *[2] * 30, *[3] * 30, 0, 0)
    edges = edges_of(codes, COLOUR)
    counted = bins_of(column(UNSEEN, 0, 1, 2, 2, 3), edges).tolist()
    assert counted == [1, 1, 1, 2, 1]
    assert edges_of(column(0, 0), COLOUR) == [-0.5, 0.5, 1.5, 2.5]
    assert edges_of(column(0, 0), Feature("x", "category")) == [-0.5, 0.5]


def test_rows_like_those_of_the_training_have_not_drifted() -> None:
    rng = np.random.default_rng(0)
    baseline = baseline_of([NUMBER], rng.normal(size=(20_000, 1)).astype(np.float32))
    over = 0
    for _ in range(400):
        told = drift_of(baseline, rng.normal(size=(500, 1)).astype(np.float32))
        assert told["drift"] == "none"
        over += told["psi"] > told["chance"]
    assert over <= 4


@pytest.mark.parametrize(("shift", "drift"), [(0.05, "none"), (0.4, "some"), (1.0, "strong")])
def test_rows_that_have_moved(shift: float, drift: str) -> None:
    rng = np.random.default_rng(1)
    baseline = baseline_of([NUMBER], rng.normal(size=(50_000, 1)).astype(np.float32))
    told = drift_of(baseline, (rng.normal(size=(20_000, 1)) + shift).astype(np.float32))
    # Of two normal distributions so far apart the divergence, both ways, is shift².
    assert told["psi"] == pytest.approx(shift**2, rel=0.12, abs=0.002)
    assert told["drift"] == drift
    assert (told["psi"] >= SOME, told["psi"] >= STRONG) == (drift != "none", drift == "strong")


def test_a_few_rows_show_nothing() -> None:
    rng = np.random.default_rng(2)
    baseline = baseline_of([NUMBER], rng.normal(size=(5_000, 1)).astype(np.float32))
    assert drift_of(baseline, column(50)[:, None])["drift"] == "none"
    assert drift_of(baseline, np.full((40, 1), 50, np.float32))["drift"] == "strong"


def test_what_is_missing_and_unseen_is_told_as_shares() -> None:
    codes = column(*[1] * 40, *[2] * 40, *[0] * 20)
    numbers = column(*range(99), MISSING)
    baseline = baseline_of([COLOUR, NUMBER], matrix(codes, numbers))
    since = matrix(column(UNSEEN, UNSEEN, 0, 1), column(MISSING, 1, 2, 3))
    told = {each["feature"]: each for each in baseline.drifts(baseline.count(since))}
    assert told["colour"]["unseen"] == {"training": 0, "served": 0.5}
    assert told["colour"]["missing"] == {"training": 0.2, "served": 0.25}
    assert told["x"]["missing"] == {"training": 0.01, "served": 0.25}
    assert told["x"]["unseen"] is None


def test_counts_add_up_and_do_not_depend_on_how_rows_come() -> None:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(1_000, 2)).astype(np.float32)
    features = [Feature("a", "number"), Feature("b", "number")]
    baseline = baseline_of(features, X)
    assert baseline.counts == baseline.count(X)
    assert added(baseline.count(X[:333]), baseline.count(X[333:])) == baseline.counts
    assert Baseline(**baseline.as_record()) == baseline


def test_each_of_many_features_has_its_own_bins() -> None:
    """They are looked at some at a time."""
    features = [Feature(f"x{at}", "number") for at in range(2 * BLOCK_FEATURES + 1)]
    X = np.random.default_rng(0).normal(size=(100, len(features))).astype(np.float32)
    baseline = baseline_of(features, X)
    assert len(baseline.edges) == len(features)
    for at, feature in enumerate(features):
        alone = baseline_of([feature], X[:, [at]])
        assert (baseline.edges[at], baseline.counts[at]) == (alone.edges[0], alone.counts[0])


def test_large_tables_are_bounded() -> None:
    features = [Feature(f"x{at}", "number") for at in range(MOST_FEATURES + 3)]
    wide = baseline_of(features, np.zeros((5, MOST_FEATURES + 3), np.float32))
    assert wide.names == [each.name for each in features[:MOST_FEATURES]]
    long = baseline_of([NUMBER], np.arange(2 * MOST_ROWS + 7, dtype=np.float32)[:, None])
    assert sum(long.counts[0]) == MOST_ROWS
