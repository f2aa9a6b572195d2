"""Bins for the features of the training rows, by which those that are served are watched."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import chi2

from services.columns import Feature
from services.forest.baseline import Baseline, bins_of
from services.forest.encoding import MISSING, UNSEEN, Matrix

BINS = 10
MOST_ROWS, MOST_FEATURES = 100_000, 500
ONCE_IN = 1_000  # times chance alone exceeds the limit
# What is missing, and what no level is, have bins of their own.
OF_CATEGORY = [UNSEEN + 0.5, 0.5]
OF_NUMBER = [float(np.nextafter(np.float32(MISSING), np.float32(0)))]


def baseline_of(features: Sequence[Feature], X: Matrix) -> Baseline:
    """The bins of the first 500 features of encoded rows (n, features), of 100,000 rows evenly."""
    some = X[:: -(-len(X) // MOST_ROWS), :MOST_FEATURES]
    watched = features[:MOST_FEATURES]
    edges = [edges_of(some[:, at], each) for at, each in enumerate(watched)]
    return Baseline(
        names=[each.name for each in watched],
        types=[each.type for each in watched],
        edges=edges,
        counts=[bins_of(some[:, at], each).tolist() for at, each in enumerate(edges)],
        limits=[float(chi2.isf(1 / ONCE_IN, max(1, len(each)))) for each in edges],
    )


def edges_of(values: Matrix, feature: Feature) -> list[float]:
    """Edges between at most ten bins of about as many values (n,) each, and those of its kind.

    Equal values are never parted: each goes to the bin in which the middle one of them lies, so
    that a value that many rows share is told apart from those beside it.
    """
    first = OF_CATEGORY if feature.type == "category" else OF_NUMBER
    distinct, counts = np.unique(values[values >= first[-1]], return_counts=True)
    if not len(distinct):
        return first
    middle = np.cumsum(counts) - counts / 2
    bins = np.floor(middle / counts.sum() * BINS)
    return [*first, *distinct[1:][np.diff(bins) > 0].tolist()]
