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

    @classmethod
    def of(
        cls, values: Numbers, low: float, high: float, counts: Counts | None = None
    ) -> Histogram:
        """Of finite numbers from `low` to `high`, each as often as `counts` says, else once."""
        exponent = _finest(low, high)
        while _bin(high, exponent) - _bin(low, exponent) >= MOST_BINS:
            exponent += 1
        first = _bin(low, exponent)
        found = np.bincount(_bins(values, exponent) - first, counts)
        return cls(exponent, first, found.astype(np.int64))

    def merge(self, other: Histogram) -> None:
        """Count what the other has counted, too."""
        if not len(self.counts):
            self.exponent, self.first, self.counts = other.exponent, other.first, other.counts
        elif len(other.counts) and not self._add(other):
            exponent = max(self.exponent, other.exponent)
            while self._end(exponent, other) - self._begin(exponent, other) > MOST_BINS:
                exponent += 1
            begin = self._begin(exponent, other)
            both = np.zeros(self._end(exponent, other) - begin, np.int64)
            for each in (self, other):
                bins = each.first + np.arange(len(each.counts)) >> exponent - each.exponent
                np.add.at(both, bins - begin, each.counts)
            self.exponent, self.first, self.counts = exponent, begin, both

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

    def _add(self, other: Histogram) -> bool:
        """Add what lies within the bins that there are; False where there is more than that."""
        shift, many = self.exponent - other.exponent, len(other.counts)
        if shift < 0:
            return False
        begin = (other.first >> shift) - self.first
        end = (other.first + many - 1 >> shift) - self.first
        if begin < 0 or end >= len(self.counts):
            return False
        bins = (other.first + np.arange(many) >> shift) - self.first
        # Floats count exactly up to 2^53 rows.
        more = np.bincount(bins, other.counts, len(self.counts))
        self.counts = self.counts + more.astype(np.int64)
        return True

    def _begin(self, exponent: int, other: Histogram) -> int:
        """The first bin of this width that either has counted in."""
        return min(each.first >> exponent - each.exponent for each in (self, other))

    def _end(self, exponent: int, other: Histogram) -> int:
        """The bin behind the last that either has counted in."""
        lasts = ((each.first + len(each.counts) - 1, each.exponent) for each in (self, other))
        return 1 + max(last >> exponent - own for last, own in lasts)

    def _widen(self, exponent: int) -> None:
        """Make the bins 2^exponent wide."""
        shift, self.exponent = exponent - self.exponent, exponent
        if shift and len(self.counts):
            bins = self.first + np.arange(len(self.counts)) >> shift
            self.first = int(bins[0])
            self.counts = np.bincount(bins - self.first, self.counts).astype(np.int64)


def _bin(value: float, exponent: int) -> int:
    """The number of a value's bin."""
    found = math.floor(value * math.ldexp(1.0, -exponent))
    return -1 if exponent > 0 and not found and value < 0 else found  # as in _bins


def _bins(values: Numbers, exponent: int) -> npt.NDArray[np.int64]:
    """The number of each value's bin."""
    bins = np.floor(values * math.ldexp(1.0, -exponent)).astype(np.int64)
    if exponent > 0:  # else none becomes smaller
        bins[(bins == 0) & (values < 0)] = -1  # so small that it became zero
    return bins


def _finest(low: float, high: float) -> int:
    """The exponent of a width that is none too wide for these; zeros have room in any."""
    largest, span = max(-low, high), high - low
    if largest == 0:
        return LEAST_EXPONENT
    narrowest = math.frexp(largest)[1] - PRECISION
    few = math.frexp(span)[1] - 6 if span else narrowest  # 32 bins at least lie between these
    return max(LEAST_EXPONENT, narrowest, few)
