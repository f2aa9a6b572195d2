"""How the features of the training rows lie, and how far those of other rows lie from that.

The distance is the population stability index (Siddiqi 2006): over the bins of a feature the sum of
(s - t) ln(s / t), with the shares t of the training rows and s of the others. From 0.1 on it is
called moderate and from 0.25 on strong. Rows like those of the training give about
(1/m + 1/n) chi² of it, m and n the numbers of rows (Yurdakul and Naranjo 2020): what that exceeds
once in a thousand times is what chance alone may do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from services.forest.encoding import Matrix

Counts = list[list[int]]

SOME, STRONG = 0.1, 0.25
HALF = 0.5  # of a row is added to each bin, so that none is empty


@dataclass(frozen=True)
class Baseline:
    """The bins of each feature, how many training rows are in each, and what chance may do.

    Feature i has the bins below `edges[i][0]`, from there to below the next edge, and so forth;
    `names` are the features that are watched, the first ones of a version, with their `types`, and
    `limits` those of chi², by feature. A number's first bin is for what is missing; a category's is
    for what no level is, and its second for what is missing.
    """

    names: list[str]
    types: list[str]
    edges: list[list[float]]
    counts: Counts
    limits: list[float]

    def as_record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dict(vars(self))

    def count(self, matrix: Matrix) -> Counts:
        """How many of these encoded rows are in each bin."""
        return [bins_of(matrix[:, at], edges).tolist() for at, edges in enumerate(self.edges)]

    def drifts(self, counts: Counts) -> list[dict[str, Any]]:
        """Of each feature how far these counts lie from those of the training, the farthest first.

        {feature, psi, chance, drift, missing, unseen}, the last two as shares of both.
        """
        told = [
            {
                "feature": name,
                **_drift(np.array(before), np.array(since), limit),
                "missing": _shares(before, since, 1 if kind == "category" else 0),
                "unseen": _shares(before, since, 0) if kind == "category" else None,
            }
            for name, kind, before, since, limit in zip(
                self.names, self.types, self.counts, counts, self.limits, strict=True
            )
        ]
        return sorted(told, key=lambda each: -each["psi"])


def bins_of(values: npt.NDArray[Any], edges: list[float]) -> npt.NDArray[np.int64]:
    """How many values are in each bin, one bin more than there are edges."""
    at = np.searchsorted(np.asarray(edges), values, side="right")
    return np.bincount(at, minlength=len(edges) + 1).astype(np.int64)


def added(one: Counts, other: Counts) -> Counts:
    """The counts of both, bin by bin."""
    return [
        [a + b for a, b in zip(left, right, strict=True)]
        for left, right in zip(one, other, strict=True)
    ]


def _drift(
    before: npt.NDArray[np.int64], since: npt.NDArray[np.int64], limit: float
) -> dict[str, Any]:
    used = before + since > 0
    t, s = _filled(before[used]), _filled(since[used])
    psi = float(((s - t) * np.log(s / t)).sum())
    chance = float(limit * (1 / before.sum() + 1 / since.sum()))
    drift = "none"
    if psi > chance and psi >= SOME:
        drift = "strong" if psi >= STRONG else "some"
    return {"psi": psi, "chance": chance, "drift": drift}


def _filled(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    filled = counts + HALF
    return np.asarray(filled / filled.sum())


def _shares(before: list[int], since: list[int], at: int) -> dict[str, float]:
    return {"training": before[at] / sum(before), "served": since[at] / sum(since)}
