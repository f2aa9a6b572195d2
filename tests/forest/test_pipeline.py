from __future__ import annotations

import io
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from services.columns import Feature
from services.forest.encoding import MISSING, encode
from services.forest.pipeline import pipeline_of
from tests.forest.helpers import MIXED, mixed_table, train


def transformed(features: list[Feature], frame: pd.DataFrame) -> np.ndarray[Any, Any]:
    return np.asarray(pipeline_of(features, None)[:-1].transform(frame)).astype(np.float32)


def test_arrow_frames_are_encoded_as_serving_does() -> None:
    table = mixed_table()
    np.testing.assert_array_equal(transformed(MIXED, table.to_pandas()), encode(table, MIXED))


def test_csv_frames_are_encoded_as_serving_does() -> None:
    table, file = mixed_table(), io.BytesIO()
    pa.csv.write_csv(table, file)
    frame = pd.read_csv(io.BytesIO(file.getvalue()))
    np.testing.assert_array_equal(transformed(MIXED, frame), encode(table, MIXED))


@pytest.mark.parametrize("dtype_backend", ["numpy_nullable", "pyarrow"])
def test_nullable_frames_are_encoded_as_serving_does(dtype_backend: Any) -> None:
    table = mixed_table()
    frame = table.to_pandas().convert_dtypes(dtype_backend=dtype_backend)
    np.testing.assert_array_equal(transformed(MIXED, frame), encode(table, MIXED))


def test_extra_columns_and_any_order_are_fine() -> None:
    table = mixed_table()
    frame = table.to_pandas()[["open", "unused", "colour", "size", "count", "seen"]]
    np.testing.assert_array_equal(transformed(MIXED, frame), encode(table, MIXED))


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("boolean", [True, None, False], [1, MISSING, 0]),
        ("boolean", [True, np.nan, pd.NA], [1, MISSING, MISSING]),
        ("boolean", [True, False, True], [1, 0, 1]),
        ("number", [1, None, pd.NA], [1, MISSING, MISSING]),
        ("integer", [None, None, None], [MISSING] * 3),
        ("category", [1, "1", "b"], [1, 1, 2]),
        ("category", [None, np.nan, pd.NA], [0, 0, 0]),
        ("category", ["", "b", "no"], [0, 2, -1]),
        ("category", [1, 1, 2], [1, 1, -1]),
        ("category", pd.Categorical(["b", None, "1"]), [2, 0, 1]),
        ("date", ["1970-01-02", None, "1970-01-01T12:00:00Z"], [1, MISSING, 0.5]),
        ("date", ["1970-01-02 06:00", pd.NaT, np.nan], [1.25, MISSING, MISSING]),
        (
            "date",
            np.array(["1970-01-02", "NaT", "1969-12-31"], dtype="datetime64[us]"),
            [1, MISSING, -1],
        ),
        ("date", [None, None, None], [MISSING] * 3),
    ],
)
def test_awkward_columns(kind: Any, values: Any, expected: list[float]) -> None:
    feature = Feature("a", kind, ["1", "b"] if kind == "category" else [])
    frame = pd.DataFrame({"a": pd.Series(values), "z": 1})
    assert transformed([feature], frame)[:, 0].tolist() == expected
    as_objects = frame.astype({"a": "object"})
    assert transformed([feature], as_objects)[:, 0].tolist() == expected


def test_nanoseconds_and_seconds_give_the_same_days() -> None:
    feature = Feature("a", "date")
    moments = pd.Series(pd.to_datetime(["2024-05-06T07:08:09", "1901-01-01T00:00:01"]))
    answers = [
        transformed([feature], pd.DataFrame({"a": moments.dt.as_unit(unit)}))
        for unit in ("s", "ms", "us", "ns")
    ]
    for answer in answers[1:]:
        np.testing.assert_array_equal(answer, answers[0])


def test_a_thousand_numeric_columns() -> None:
    features = [Feature(f"c{at}", "number") for at in range(1_000)]
    values = np.random.default_rng(0).normal(size=(20, 1_000))
    frame = pd.DataFrame(values, columns=[feature.name for feature in features])
    pipeline = pipeline_of(features, None)
    assert [name for name, _ in pipeline.steps] == ["columns", "forest"]
    found = pipeline[:-1].transform(frame)
    np.testing.assert_array_equal(np.asarray(found), values)


def test_the_pickle_needs_nothing_of_the_service(tmp_path: Path) -> None:
    table = mixed_table()
    y = np.arange(len(table)) % 3.0
    version = train(tmp_path, table, MIXED, y, ["x", "y", "z"])
    table.to_pandas().to_pickle(tmp_path / "frame.pickle")
    code = (
        "import pickle, sys, pandas as pd\n"
        "model = pickle.load(open('model.pickle', 'rb'))\n"
        "print(model.predict_proba(pd.read_pickle('frame.pickle')).tobytes().hex())\n"
        "assert not any(name.startswith('services') for name in sys.modules)\n"
    )
    out = subprocess.run(
        [sys.executable, "-W", "error", "-I", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    expected = version.pipeline.predict_proba(table.to_pandas())
    assert bytes.fromhex(out.stdout.strip()) == expected.tobytes()


def test_the_pipeline_is_fitted_and_can_be_fitted_anew(tmp_path: Path) -> None:
    table = mixed_table()
    y = np.arange(len(table)) % 2.0
    version = train(tmp_path, table, MIXED, y, ["no", "yes"])
    check_is_fitted(version.pipeline)
    again = clone(version.pipeline).fit(table.to_pandas(), np.array(["no", "yes"])[y.astype(int)])
    np.testing.assert_array_equal(
        again.predict_proba(table.to_pandas()), version.pipeline.predict_proba(table.to_pandas())
    )
    assert pickle.loads(pickle.dumps(version.pipeline)).classes_.tolist() == ["no", "yes"]
