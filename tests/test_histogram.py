"""The histogram of a column: exact, and the same however the rows are cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reading.histogram import MOST_BINS, Histogram

pytestmark = pytest.mark.no_database

NUMBERS = (
    st.floats(-3e38, 3e38, allow_nan=False)
    | st.integers(-50, 50).map(float)
    | st.floats(-1e-60, 1e-60)
    | st.just(0.0)
)


def counted(*chunks: list[float]) -> Histogram:
    made = Histogram()
    for chunk in chunks:
        if chunk:
            made.merge(Histogram.of(np.array(chunk, np.float64), min(chunk), max(chunk)))
    return made


@given(st.lists(NUMBERS, min_size=1, max_size=60), st.integers(0, 60))
def test_the_cut_of_the_rows_changes_nothing(values: list[float], cut: int) -> None:
    whole = counted(values).as_record()
    assert counted(values[:cut], values[cut:]).as_record() == whole
    assert counted(*([each] for each in values)).as_record() == whole


@given(st.lists(NUMBERS, min_size=1, max_size=60))
def test_every_number_is_counted_in_its_bin(values: list[float]) -> None:
    told: Any = counted(values).as_record()
    edges, counts = np.array(told["edges"]), told["counts"]
    assert 1 <= len(counts) <= MOST_BINS
    assert (np.diff(edges) > 0).all()
    at = np.searchsorted(edges, values, side="right") - 1
    assert np.bincount(at, minlength=len(counts)).tolist() == counts
    assert counts[0]
    assert counts[-1]


def test_numbers_with_their_counts() -> None:
    several = Histogram.of(np.array([1.0, 4.0]), 1, 4, np.array([3, 2]))
    assert several.as_record() == counted([1.0, 4.0, 1.0, 4.0, 1.0]).as_record()


def test_whole_numbers_have_bins_of_their_own() -> None:
    told: Any = counted([0.0, 1.0, 1.0, 3.0]).as_record(whole=True)
    assert told == {"edges": [0.0, 1.0, 2.0, 3.0, 4.0], "counts": [1, 2, 0, 1]}


@pytest.mark.parametrize("value", [0.0, 5.0, -1e-300, 3.4e38])
def test_one_value(value: float) -> None:
    told: Any = counted([value, value]).as_record()
    assert told["counts"] == [2]
    assert told["edges"][0] <= value < told["edges"][1]


def test_nothing() -> None:
    assert counted([]).as_record() is None
