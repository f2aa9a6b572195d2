"""The one encoding of a table's rows as numbers, for training and serving alike.

Every feature is one column of a float32 matrix. A missing value is MISSING, below every real
number, so that a tree can tell it apart by a threshold and no NaN is ever on the way; a category
is the place of its level counted from 1, with 0 for missing and -1 for a level not known.
"""

from __future__ import annotations

from collections.abc import Callable, KeysView, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from services.columns import ColumnType, Feature

Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]

MISSING = float(np.finfo(np.float32).min)
UNSEEN = -1.0
DAY = 86_400_000_000.0  # in microseconds
MOST_UNSEEN = 20


def encode(batch: pa.RecordBatch | pa.Table, features: Sequence[Feature]) -> Matrix:
    """The rows as a float32 matrix (rows, features), the features in their order.

    `batch` holds at least the features, typed: int64 or float64, bool, timestamp, string; nulls
    are missing values. A row's encoding depends on that row alone.
    """
    matrix = np.empty((batch.num_rows, len(features)), dtype=np.float32)
    for at, feature in enumerate(features):
        matrix[:, at] = _ENCODERS[feature.type](batch[feature.name], feature)
    return matrix


def unseen(
    batch: pa.RecordBatch | pa.Table, features: Sequence[Feature], most: int = MOST_UNSEEN
) -> dict[str, KeysView[str]]:
    """The values of each category column that are no level of it, the first `most` of each.

    They come as sets whose order is that of the rows, so that of two parts of a table, one after
    the other, the first are those of the whole.
    """
    found = {f.name: _strangers(batch[f.name], f)[:most] for f in features if f.type == "category"}
    return {n: dict.fromkeys(v.to_pylist()).keys() for n, v in found.items() if len(v)}


def _strangers(column: pa.Array | pa.ChunkedArray, feature: Feature) -> pa.Array:
    values = pc.unique(column.cast(pa.string()))
    return values.filter(pc.invert(pc.is_in(values, value_set=_known(feature)))).drop_null()


def _known(feature: Feature) -> pa.Array:
    """Empty text, which is missing, and the levels: the place of each is its code."""
    return pa.array(["", *feature.levels], pa.string())


def _number(column: pa.Array | pa.ChunkedArray, _: Feature) -> Floats:
    values = np.asarray(column.cast(pa.float64(), safe=False).fill_null(MISSING))
    missing = np.isnan(values)
    return np.where(missing, MISSING, values) if missing.any() else values


def _boolean(column: pa.Array | pa.ChunkedArray, feature: Feature) -> Floats:
    return _number(column.cast(pa.uint8()), feature)


def _date(column: pa.Array | pa.ChunkedArray, _: Feature) -> Floats:
    moments = column.cast(pa.timestamp("us")).cast(pa.int64())
    days = np.asarray(moments.fill_null(0)).astype(np.float64) / DAY
    return np.where(np.asarray(column.is_valid()), days, MISSING)


def _category(column: pa.Array | pa.ChunkedArray, feature: Feature) -> Floats:
    texts = column.cast(pa.string()).fill_null("")
    codes = pc.index_in(texts, value_set=_known(feature))
    return np.asarray(codes.fill_null(int(UNSEEN))).astype(np.float64)


_ENCODERS: dict[ColumnType, Callable[[pa.Array | pa.ChunkedArray, Feature], Floats]] = {
    "integer": _number,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "category": _category,
}
