"""Where the numbers of a column lie, counted as they pass by."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

MOST_BINS = 24
PRECISION = 40  # a bin is never narrower than the largest number by more than so many powers of two
LEAST_EXPONENT = -1000  # of a width that can be inverted


@dataclass
class Histogram:
    """Counts numbers in at most MOST_BINS bins whose width is a power of two.

    The bins begin at multiples of their width, which doubles as the numbers spread. So two old bins
    are one new one, the counts are exact, and the same whatever the size of the chunks.
    """

    exponent: int = LEAST_EXPONENT
    first: int = 0
    counts: Counts = field(default_factory=lambda: np.zeros(0, np.int64))

    def add(self, values: Numbers, counts: Counts | None = None) -> None:
        """Count finite numbers, each as often as `counts` says, else once."""
        if not len(values):
            return
        ends = np.array([values.min(), values.max()])
        exponent = max(self.exponent, _finest(ends))
        while self._needed(ends, exponent) > MOST_BINS:
            exponent += 1
        self._widen(exponent)
        bins = _bins(values, exponent)
        first = int(bins.min())
        self._merge(first, np.bincount(bins - first, counts).astype(np.int64))

    def as_record(self, *, whole: bool = False) -> dict[str, Any] | None:
        """The edges, one more than there are counts; bins of whole numbers are at least 1 wide."""
        if not len(self.counts):
            return None
        if whole:
            self._widen(max(self.exponent, 0))
        elif self.exponent == LEAST_EXPONENT and self.first == 0 and len(self.counts) == 1:
            self._widen(-PRECISION)  # nothing but zeros
        edges = self.first + np.arange(len(self.counts) + 1)
        wide = edges * math.ldexp(1.0, self.exponent)
        return {"edges": wide.tolist(), "counts": self.counts.tolist()}

    def _needed(self, ends: Numbers, exponent: int) -> int:
        """How many bins of this width hold what was counted, and what comes between the ends."""
        begin, end = _bins(ends, exponent).tolist()
        if len(self.counts):
            shift = exponent - self.exponent
            begin = min(begin, self.first >> shift)
            end = max(end, (self.first + len(self.counts) - 1) >> shift)
        return int(end - begin + 1)

    def _widen(self, exponent: int) -> None:
        """Make the bins 2^exponent wide."""
        shift, self.exponent = exponent - self.exponent, exponent
        if shift and len(self.counts):
            bins = self.first + np.arange(len(self.counts)) >> shift
            self.first = int(bins[0])
            self.counts = np.bincount(bins - self.first, self.counts).astype(np.int64)

    def _merge(self, first: int, counts: Counts) -> None:
        if not len(self.counts):
            self.first, self.counts = first, counts
            return
        begin = min(first, self.first)
        end = max(first + len(counts), self.first + len(self.counts))
        both = np.zeros(end - begin, np.int64)
        for start, some in ((first, counts), (self.first, self.counts)):
            both[start - begin : start - begin + len(some)] += some
        self.first, self.counts = begin, both


def _bins(values: Numbers, exponent: int) -> npt.NDArray[np.int64]:
    """The number of each value's bin."""
    bins = np.floor(values * math.ldexp(1.0, -exponent)).astype(np.int64)
    bins[(bins == 0) & (values < 0)] = -1  # so small that it became zero
    return bins


def _finest(ends: Numbers) -> int:
    """The exponent of the narrowest width for numbers of this size; zeros have room in any."""
    largest = np.abs(ends).max()
    if largest == 0:
        return LEAST_EXPONENT
    return max(LEAST_EXPONENT, math.frexp(largest)[1] - PRECISION)
