"""Which part each row goes to: exact counts, one seed, the same whatever the chunk size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from services.splits.plan import Plan

TRAIN, TEST, CALIBRATION = 0, 1, 2
PARTS = ("train", "test", "calibration")
Parts = npt.NDArray[np.int8]


def nearest_whole(rows: int, share: float) -> int:
    """The whole number nearest to rows x share, halves up; the share is meant as written."""
    return int(rows * Fraction(str(share)) + Fraction(1, 2))


def deal(rows: int, plan: Plan, rank: int) -> Parts:
    """Parts for `rows` rows of one class (the `rank`th), in the order in which they will come.

    NumPy's RandomState is used because its streams never change between releases.
    """
    test = min(nearest_whole(rows, plan.test_size), max(rows - 1, 0))
    calibration = min(nearest_whole(rows - test, plan.calibration_size), max(rows - test - 1, 0))
    seed = np.random.SeedSequence((plan.random_state, rank)).generate_state(1)[0]
    order = np.arange(rows, dtype=np.uint32)  # in half the memory what its permutation would be
    np.random.RandomState(int(seed)).shuffle(order)
    parts = np.zeros(rows, dtype=np.int8)
    parts[order[:test]] = TEST
    parts[order[test : test + calibration]] = CALIBRATION
    return parts


def _counts(parts: Parts) -> dict[str, int]:
    counts = np.bincount(parts, minlength=len(PARTS)).tolist()
    return {part: count for part, count in zip(PARTS, counts, strict=True) if count}


class ByClass:
    """Deals each class by itself: per class the counts are the nearest whole numbers.

    `counts` are the rows of each class by its text, over the whole table.
    """

    def __init__(self, plan: Plan, counts: Mapping[str, int]) -> None:
        self.target = plan.target
        self.labels = sorted(counts)
        self.parts = [deal(counts[label], plan, rank) for rank, label in enumerate(self.labels)]
        self.seen = [0] * len(self.labels)

    def rows(self) -> dict[str, int]:
        """How many rows each part gets."""
        return _counts(np.concatenate(self.parts))

    def __call__(self, batch: pa.RecordBatch, codes: npt.NDArray[Any]) -> Parts:
        """Parts of the next rows; `codes` are the positions of their classes in `labels`."""
        parts = np.empty(len(batch), dtype=np.int8)
        for code in np.flatnonzero(np.bincount(codes)):
            where = np.flatnonzero(codes == code)
            start = self.seen[code]
            parts[where] = self.parts[code][start : start + len(where)]
            self.seen[code] += len(where)
        return parts


class ByOrder:
    """Deals all rows alike."""

    def __init__(self, plan: Plan, rows: int) -> None:
        self.parts = deal(rows, plan, 0)
        self.seen = 0

    def rows(self) -> dict[str, int]:
        """How many rows each part gets."""
        return _counts(self.parts)

    def __call__(self, batch: pa.RecordBatch, codes: npt.NDArray[Any]) -> Parts:
        """Parts of the next rows."""
        start, self.seen = self.seen, self.seen + len(batch)
        return self.parts[start : self.seen]


class ByColumn:
    """Takes the part from a column that holds train and test, and deals out the calibration."""

    def __init__(self, plan: Plan, counts: Mapping[str, int]) -> None:
        self.column = plan.split_column
        self.test_rows = counts["test"]
        self.train = ByOrder(replace(plan, test_size=0.0), counts["train"])

    def rows(self) -> dict[str, int]:
        """How many rows each part gets."""
        return {**self.train.rows(), "test": self.test_rows}

    def __call__(self, batch: pa.RecordBatch, codes: npt.NDArray[Any]) -> Parts:
        """Parts of the next rows."""
        named = pc.index_in(batch[self.column], value_set=pa.array(PARTS[:2]))
        parts: Parts = np.array(named, dtype=np.int8)
        train = np.flatnonzero(parts == TRAIN)
        parts[train] = self.train(batch.take(pa.array(train)), codes)
        return parts
