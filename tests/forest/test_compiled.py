"""The compiled way through the rows agrees with the one that explains, or stands aside."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.columns import Feature
from services.forest.compiled import Compiled
from services.forest.rows import RowEncoder
from tests.forest.helpers import MIXED

KNOWN = frozenset({"count", "colour", "size", "seen", "open", "unused", "target"})

numbers = st.one_of(
    st.none(),
    st.integers(-(2**65), 2**65),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([2**62, 2**63, -(2**63), 10**400, 3.5e38, 0, -0.0]),
)
VALUES = {
    "integer": numbers,
    "number": numbers,
    "boolean": st.sampled_from([None, True, False]),
    "date": st.one_of(
        st.none(),
        st.dates(date(1, 1, 1)).map(date.isoformat),
        st.datetimes(datetime(1, 1, 1)).map(datetime.isoformat),
        st.just("2024-02-30"),
    ),
    "category": st.sampled_from([None, "blue", "red", "ultraviolet", ""]),
}
anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.lists(st.integers()), numbers
)


def rows_of(features: list[Feature]) -> st.SearchStrategy[list[Any]]:
    right = st.fixed_dictionaries({f.name: VALUES[f.type] for f in features})
    odd = st.dictionaries(st.sampled_from([*KNOWN, "strange"]), anything)
    changed = st.builds(lambda row, changes: {**row, **changes}, right, odd)
    return st.lists(st.one_of(right, changed, odd, anything), max_size=4) | st.lists(right)


def agree(features: list[Feature], rows: list[Any]) -> None:
    quick = Compiled(features, KNOWN).matrix(rows)
    slow = RowEncoder(features, KNOWN)._explained(rows)
    if quick is not None:
        assert (slow.faults, slow.warnings) == ([], [])
        np.testing.assert_array_equal(quick, slow.matrix)
        assert quick.dtype == slow.matrix.dtype


@given(rows_of(MIXED))
@settings(deadline=None, max_examples=300)
def test_mixed_columns(rows: list[Any]) -> None:
    agree(MIXED, rows)


NUMERIC = [Feature("count", "integer"), Feature("size", "number")]


@given(rows_of(NUMERIC))
@settings(deadline=None, max_examples=300)
def test_numbers_alone(rows: list[Any]) -> None:
    agree(NUMERIC, rows)


def test_what_is_plainly_right_takes_the_quick_way() -> None:
    good = {"count": 3, "colour": "blue", "size": None, "seen": "1970-01-02", "open": True}
    known = {**good, "unused": "passed over"}
    assert Compiled(MIXED, KNOWN).matrix([good, known, good]) is not None


def test_one_is_not_true() -> None:
    row = {"count": 3, "colour": "blue", "size": 1.5, "seen": None, "open": 1}
    assert Compiled(MIXED, KNOWN).matrix([row]) is None
    assert Compiled(MIXED, KNOWN).matrix([{**row, "open": 1.0}]) is None
