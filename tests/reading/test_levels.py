"""What the whole file decides: types, levels, examples."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reading import Limits
from services.reading.cells import Markers, kinds, many_kinds
from tests.reading.helpers import Csv, column
from tests.reading.test_types import read


def test_the_whole_file_decides_the_type(csv_file: Csv) -> None:
    found, _ = read(csv_file, [*(["1"] * 400_000), "x"])
    assert found.type == "category"
    found, values = read(csv_file, [*(["1"] * 400_000), "1.5"])
    assert (found.type, values[0]) == ("number", 1.0)
    found, _ = read(csv_file, [*(["0"] * 400_000), "true"])
    assert found.type == "boolean"


def test_levels_stop_at_the_cap(csv_file: Csv) -> None:
    content = "x,y,z\n" + "".join(f"{at * 7 % 9973},{at % 10}.5,t{at}\n" for at in range(9973))
    within = csv_file.describe(content, Limits(levels=9973))
    assert column(within, "x").distinct == 9973
    assert column(within, "z").distinct == 9973
    beyond = csv_file.describe(content, Limits(levels=9972))
    assert (column(beyond, "x").distinct, column(beyond, "x").levels) == (None, None)
    assert column(beyond, "z").levels is None
    assert column(beyond, "y").distinct == 10


def test_of_more_values_than_a_target_has_classes_the_most_frequent_are_kept(csv_file: Csv) -> None:
    many = [*range(1_000), 7, 7, 3]
    content = "x,y\n" + "".join(f"{value},{value % 999}\n" for value in many)
    assert len(column(csv_file.describe(content), "x").levels or {}) == 1_000
    x, y = csv_file.describe(content + "1000,1\n").columns
    assert x.distinct == 1_001
    assert list((x.levels or {}).items())[:3] == [("7", 3), ("3", 2), ("0", 1)]
    assert len(x.levels or {}) == 20
    assert (y.distinct, len(y.levels or {})) == (999, 999)


def test_examples_are_the_first_distinct_values(csv_file: Csv) -> None:
    found, _ = read(csv_file, ["b", "a", "b", "NA", "d", "c", "e", "f"])
    assert found.examples == ["b", "a", "d", "c", "e"]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(st.text(max_size=6), st.text("+-.0123456789eE,_x%$ truefalsinfT:Z٣")), max_size=5
    )
)
def test_long_and_short_arrays_are_told_apart_alike(texts: list[str]) -> None:
    known = ["1", "1e39", "1e999", "inf", "True", "2023-02-28", "2023-02-30", "1,5", "NA", "x"]
    array = pa.array([*texts, *known], pa.string())
    markers = Markers(("", "NA"))
    assert kinds(array, markers).tolist() == many_kinds(array, markers).tolist()
