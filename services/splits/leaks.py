"""What makes scores better than they are: rows on both sides, columns that tell the target."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from services.columns import Column, Notice
from services.forest.encoding import MISSING

MIX, SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(29)
MIX_VALUE, HALF = np.uint64(0xD6E8FEB86659FD93), np.uint64(32)
# A number gives the target away if, sorted by it, the rows fall into so few runs of one class
# each; a category if each of its levels, of several rows in the mean, has one class.
RUNS_PER_CLASS = 2
ROWS_PER_CLASS = 10  # with fewer, chance alone makes such columns
ROWS_PER_LEVEL = 3
NEARLY_ALL = 0.999
ALMOST_ONE = 0.9999
FEWEST_ROWS = 5


def row_hashes(batch: pa.RecordBatch) -> npt.NDArray[np.uint64]:
    """One 64-bit hash a row over all columns of the batch, the same in any batch."""
    hashes = np.zeros(len(batch), dtype=np.uint64)
    for column in batch.columns:
        # Each step is one to one in what was before and in the value, so that rows that differ in
        # one column have different hashes, and others but by chance. The value is mixed by itself
        # first: else a sign, which is the highest bit, and the next value could make up for it.
        bits = _bits(column)
        bits = bits ^ (bits >> HALF)
        bits *= MIX_VALUE
        hashes ^= bits
        hashes *= MIX
        hashes ^= hashes >> SHIFT
    return hashes


def _bits(column: pa.Array) -> npt.NDArray[np.uint64]:
    """64 bits for each value, the same for the same value, whatever else is in the batch."""
    if pa.types.is_string(column.type):
        texts = np.asarray(column.to_pandas(), dtype=object)
        return pd.util.hash_array(texts, categorize=False)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    if not pa.types.is_timestamp(column.type):
        column = column.cast(pa.float64())
    return np.asarray(column.to_numpy(zero_copy_only=False)).view(np.uint64)


def revealing(
    X: npt.NDArray[np.float32], y: npt.NDArray[Any], features: list[Column]
) -> list[Notice]:
    """A notice for each column of `X` (rows, features) that alone tells the codes `y` (rows,)."""
    if len(y) < ROWS_PER_CLASS * len(np.unique(y)):
        return []
    told = [
        column
        for column, values in zip(features, X.T, strict=True)
        if (_tells_by_level if column.type == "category" else _tells_by_order)(values, y)
    ]
    return [Notice("reveals_target", _message(column), column.name) for column in told]


def repeating(
    X: npt.NDArray[np.float32], y: npt.NDArray[Any], features: list[Column]
) -> list[Notice]:
    """A notice for each column of `X` (rows, features) that rises or falls with numbers `y`."""
    told = [
        column
        for column, values in zip(features, X.T, strict=True)
        if column.type != "category" and _moves_with(values.astype(np.float64), y)
    ]
    return [Notice("reveals_target", _message(column), column.name) for column in told]


def _moves_with(values: npt.NDArray[np.float64], y: npt.NDArray[Any]) -> bool:
    there = values > MISSING
    if there.sum() < FEWEST_ROWS or np.ptp(values[there]) == 0 or np.ptp(y[there]) == 0:
        return False
    return bool(abs(np.corrcoef(values[there], y[there])[0, 1]) >= ALMOST_ONE)


def _message(column: Column) -> str:
    return (
        f"column {column.name!r} alone tells the target: is it known before the target is, or "
        "made from it?"
    )


def _tells_by_order(values: npt.NDArray[np.float32], y: npt.NDArray[Any]) -> bool:
    order = np.lexsort((y, values))
    labels, sorted_values = y[order], values[order]
    changes = labels[1:] != labels[:-1]
    if (changes & (sorted_values[1:] == sorted_values[:-1])).any():
        return False
    return bool(changes.sum() + 1 <= RUNS_PER_CLASS * len(np.unique(y)))


def _tells_by_level(values: npt.NDArray[np.float32], y: npt.NDArray[Any]) -> bool:
    levels, codes = np.unique(values, return_inverse=True)
    if len(levels) * ROWS_PER_LEVEL > len(y):
        return False
    counts = np.zeros((len(levels), int(y.max()) + 1))
    np.add.at(counts, (codes, y), 1)
    return bool(counts.max(axis=1).sum() >= NEARLY_ALL * len(y))
