"""Rows that are too many to grow trees on at once, and what a batch on a part of them leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.errors import Failed
from services.forest.room import COPIED, LEAST_PART, rows_quickly, rows_slowly, slowly
from services.forest.sizing import DRAWN, fit
from services.forest.wanted import Wanted
from tests.forest.test_sizing import MEGABYTE, ROWS, wanted


def least_for(forest: Wanted) -> int:
    """The bytes in which scikit-learn has room to grow its trees on all rows."""
    return slowly(forest.kwargs, len(forest.y))


def test_where_a_row_too_many_is_drawn_fewer_are() -> None:
    forest = wanted("classes", max_depth=2)
    least = least_for(forest)
    assert fit(forest, least, ()).memory == least
    size = fit(forest, least - 1, ())
    assert list(size.chosen) == ["max_samples"]
    assert size.memory == slowly({**forest.kwargs, **size.chosen}, ROWS) < least


def test_where_all_rows_are_too_many_trees_draw_fewer_of_a_part() -> None:
    forest, limit = wanted("classes", max_depth=2), slowly({"max_samples": 1}, ROWS) - MEGABYTE
    size = fit(forest, limit, ())
    assert list(size.chosen) == ["max_samples"]
    assert size.memory == limit
    smaller = forest.changed(size.chosen)
    assert LEAST_PART * smaller.distinct <= rows_slowly(smaller.kwargs, (ROWS, 8), 1, limit) < ROWS
    assert smaller.distinct == pytest.approx(DRAWN * forest.most_drawn(limit), rel=1e-3)


def test_rows_that_are_too_many_change_no_leaves_that_fit() -> None:
    forest = tall(n_estimators=100, max_depth=None)
    size = fit(forest, 900 * MEGABYTE, ())  # all of one class: a tree is a leaf
    assert list(size.chosen) == ["max_samples"]


@pytest.mark.parametrize("given", [{"bootstrap": False}, {"max_samples": 30_000}])
def test_rows_that_leave_no_room_to_grow_are_refused(given: dict[str, Any]) -> None:
    forest = wanted("classes", max_depth=2, **given)
    with pytest.raises(Failed) as caught:
        fit(forest, least_for(forest) - 1, given)
    assert caught.value.code == "out_of_memory"


def test_of_rows_that_are_too_many_it_is_said_what_would_fit() -> None:
    forest = wanted("classes", max_depth=2, max_samples=30_000)
    with pytest.raises(Failed, match=r"; max_samples [\d,]+ would fit"):
        fit(forest, least_for(forest) - 1, ["max_samples"])


def test_a_cluster_grows_in_memory_of_its_own() -> None:
    forest = wanted("classes", max_depth=2)
    size = fit(replace(forest, far=True), least_for(forest) - 1, ())
    assert size.chosen == {}
    assert size.memory < least_for(forest)


def test_the_faster_engine_takes_more_for_each_column_and_is_counted_where_it_has_room() -> None:
    slow = wanted("classes", max_depth=2)
    forest, limit, least = replace(slow, fast=True), 2 * 1024 * MEGABYTE, least_for(slow)
    assert fit(slow, limit, ()).memory == least
    assert fit(forest, limit, ()).memory == forest.growing(limit) > least
    assert fit(forest, forest.growing(limit) - 1, ()).memory == least


def tall(**params: Any) -> Wanted:
    """A forest on ten million rows, which take no memory here."""
    rows = np.lib.stride_tricks.as_strided(np.zeros(1, np.float32), (10_000_000, 5), (0, 0))
    kwargs = {"n_estimators": 2, "max_depth": 2, "random_state": 0, **params}
    y = np.lib.stride_tricks.as_strided(np.zeros(1), (10_000_000,), (0,))
    return Wanted("classification", kwargs, rows, y, 3, 2)


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("megabytes", [500, 700, 1_000])
def test_a_tall_table_is_grown_on_parts(fast: bool, megabytes: int) -> None:
    forest, limit = replace(tall(), fast=fast), megabytes * MEGABYTE
    size = fit(forest, limit, ())
    smaller = forest.changed(size.chosen)
    rows = (rows_quickly(smaller.kwargs, forest.X.shape, 2, limit) if fast
            else rows_slowly(smaller.kwargs, forest.X.shape, 2, limit))  # fmt: skip
    assert LEAST_PART * smaller.distinct <= rows < 10_000_000
    assert size.memory == limit


def test_the_out_of_bag_score_needs_the_rows_in_memory() -> None:
    plain, scored = wanted("classes"), wanted("classes", oob_score=True)
    assert scored.fixed - plain.fixed > scored.X.nbytes


def test_a_batch_on_a_part_of_the_rows_has_what_that_leaves() -> None:
    forest, limit = replace(tall(n_estimators=30), fast=True), 700 * MEGABYTE
    beside = (1 - COPIED) * (limit - forest.fixed) / (10 * forest.each)
    assert forest.room(limit) <= beside < replace(forest, far=True).room(limit)
