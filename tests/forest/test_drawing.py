"""How many rows trees draw, of all rows and of a part of them, and in how many threads."""

from __future__ import annotations

import numpy as np
import pytest

from services.forest import growing
from services.forest.drawing import distinct, draws_for
from services.forest.room import threads_in

MEGABYTE = 1 << 20


def test_shares_of_rows_are_those_of_all() -> None:
    kwargs = {"min_samples_leaf": 0.001, "min_samples_split": 7, "max_samples": 5}
    found = growing.in_part(kwargs, 10_500, 3_000)
    assert found == {"min_samples_leaf": 11, "min_samples_split": 7, "max_samples": 5}


@pytest.mark.parametrize("max_samples", [None, 3_000, 10])
def test_a_tree_has_as_many_different_rows_of_a_part_as_of_all(max_samples: int | None) -> None:
    kwargs = {"max_samples": max_samples}
    rows = distinct(10_000, kwargs)
    in_part = growing.in_part(kwargs, 10_000, 9_000)
    drawn = np.random.default_rng(0).integers(9_000, size=in_part["max_samples"])
    assert np.isclose(len(np.unique(drawn)), rows, rtol=0.02)
    assert draws_for(10_000, rows) == pytest.approx(max_samples or 10_000, abs=1)


def test_a_part_has_more_rows_than_a_tree_has_different_ones() -> None:
    with pytest.raises(ValueError, match=r"6000 rows have not more than 6\d\d\d different ones"):
        growing.in_part({"max_samples": None}, 10_000, 6_000)


def test_how_many_rows_are_drawn() -> None:
    draws = np.random.default_rng(0).integers(5_000, size=3_000)
    assert np.isclose(distinct(5_000, {"max_samples": 3_000}), len(np.unique(draws)), rtol=0.02)
    assert distinct(5_000, {"bootstrap": False}) == 5_000
    assert distinct(1, {}) == 1


@pytest.mark.parametrize(("limit", "threads"), [(340, 1), (500, 1), (1_000, 6), (10_000, 93)])
def test_scikit_learn_grows_in_as_many_threads_as_fit(limit: int, threads: int) -> None:
    assert threads_in(limit * MEGABYTE, 1_500_000) == threads
