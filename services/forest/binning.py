"""Bins for the features of the training rows, by which those that are served are watched."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import chi2

from services.columns import Feature
from services.forest.baseline import Baseline, bins_of
from services.forest.drawing import some_of
from services.forest.encoding import MISSING, UNSEEN, Matrix

BINS, MOST_LEVELS = 10, 50
MOST_ROWS, MOST_FEATURES = 100_000, 500
BLOCK_FEATURES = 10  # that are in memory at a time, 4 MB: beside a forest and its export
ONCE_IN = 1_000  # times chance alone exceeds the limit
# What is missing, and what no level is, have bins of their own.
OF_CATEGORY = [UNSEEN + 0.5, 0.5]
OF_NUMBER = [float(np.nextafter(np.float32(MISSING), np.float32(0)))]


def baseline_of(features: Sequence[Feature], X: Matrix) -> Baseline:
    """The bins of the first 500 features of encoded rows (n, features), of 100,000 of the rows."""
    rows, watched = some_of(len(X), MOST_ROWS, seed=0), features[:MOST_FEATURES]
    edges: list[list[float]] = []
    counts: list[list[int]] = []
    for start in range(0, len(watched), BLOCK_FEATURES):
        some = X[rows, start : start + BLOCK_FEATURES]
        for values, feature in zip(some.T, watched[start:], strict=False):
            edges.append(edges_of(values, feature))
            counts.append(bins_of(values, edges[-1]).tolist())
    return Baseline(
        names=[each.name for each in watched],
        types=[each.type for each in watched],
        edges=edges,
        counts=counts,
        limits=[_limit(each) for each in counts],
    )


def edges_of(values: Matrix, feature: Feature) -> list[float]:
    """Edges between the bins of values (n,): what is missing has one, and what is no known level.

    Of a category each of up to 50 levels has its own; of more, and of numbers, at most 50 and 10
    bins have about as many rows each. Equal values are never parted: each goes to the bin in
    which the middle one of them lies. A bin that one number has to itself ends right behind it.
    """
    levels = len(feature.levels)
    if feature.type == "category" and levels <= MOST_LEVELS:
        return [*OF_CATEGORY, *(level + 0.5 for level in range(1, levels))]
    first, most = (OF_CATEGORY, MOST_LEVELS) if levels else (OF_NUMBER, BINS)
    distinct, counts = np.unique(values[values >= first[-1]], return_counts=True)
    if not len(distinct):
        return first
    middle = np.cumsum(counts) - counts / 2
    bins = np.floor(middle / counts.sum() * most)
    starts = np.flatnonzero(np.diff(bins, prepend=-1) > 0)
    ends = np.append(starts[1:], len(distinct))
    if levels:
        return [*first, *distinct[starts[1:]].tolist()]
    alone = distinct[starts[ends - starts == 1]]
    behind = np.nextafter(alone, np.float32(np.inf))
    return [*first, *np.unique(np.concatenate([distinct[starts], behind])).tolist()]


def _limit(counts: list[int]) -> float:
    """What a chi² of as many bins as hold rows exceeds once in a thousand times."""
    return float(chi2.isf(1 / ONCE_IN, max(1, sum(count > 0 for count in counts) - 1)))
