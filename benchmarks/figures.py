"""The arithmetic: percentiles, ratios of rounds, the exponent of growth."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of all values do not exceed.

    This is the nearest-rank percentile: always a value that was measured. Raises ValueError
    where there is none.
    """
    if not values:
        raise ValueError("no values were measured")
    rank = max(1, math.ceil(share * len(values)))
    return sorted(values)[rank - 1]


def ratio_of_rounds(subject: Sequence[float], yardstick: Sequence[float]) -> float:
    """The median of subject / yardstick over rounds, each pair measured one after the other."""
    pairs = zip(subject, yardstick, strict=True)
    return statistics.median(ours / theirs for ours, theirs in pairs)


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The b of seconds = a * sizes ** b, by least squares on the logarithms."""
    points = [(math.log(size), math.log(time)) for size, time in zip(sizes, seconds, strict=True)]
    slope, _ = statistics.linear_regression(*zip(*points, strict=True))
    return slope
