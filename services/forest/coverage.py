"""Answers that hold the truth as often as is asked for: split conformal prediction.

The rows of the calibration part, which neither grew the forest nor test it, tell how strange the
truth looks to it: 1 less the probability of the true class (Sadinle, Lei and Wasserman 2019), or
the distance from the true number (Lei et al. 2018). A new row's answer holds all that looks no
stranger than the share of them that is asked for, so that it holds the truth at least as often, on
average, if the new rows are like those of the table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.experiment import Task
from services.forest.encoding import Floats

MOST_KEPT = 10_000
DIGITS = 1e-7  # probabilities are answered with seven


@dataclass(frozen=True)
class Calibration:
    """How strange the truth looked, of `rows` rows: some of these values, sorted, and their ranks.

    Ranks count from 1. Where there are more than 10,000 rows some are left out: the next one above
    stands for them, on the safe side.
    """

    rows: int
    ranks: list[int]
    values: list[float]

    @classmethod
    def of(cls, strangeness: Floats) -> Calibration:
        """Of these values, (n,)."""
        ordered = np.sort(strangeness)
        ranks = np.unique(np.ceil(np.linspace(1, len(ordered), MOST_KEPT)).astype(np.int64))
        return cls(len(ordered), ranks.tolist(), ordered[ranks - 1].tolist())

    def as_record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dict(vars(self))

    def limit(self, coverage: float) -> float:
        """How strange a value may look; infinity where too few rows tell."""
        rank = math.ceil((self.rows + 1) * coverage - DIGITS)
        at = int(np.searchsorted(self.ranks, rank))
        return self.values[at] if at < len(self.values) else math.inf


def strangeness(task: str, truth: Any, scores: Floats) -> Floats:
    """How strange the truth looks, (n,): `truth` are the codes of the classes, or numbers.

    A class that training has not seen looks as strange as can be.
    """
    if task == Task.REGRESSION:
        return np.abs(np.asarray(truth, dtype=np.float64) - scores)
    codes = np.asarray(truth)
    known = codes < scores.shape[1]
    found = np.full(len(codes), np.inf)
    found[known] = 1 - scores[np.flatnonzero(known), codes[known]]
    return found


def sets(scores: Floats, limit: float) -> Any:
    """Which classes look no stranger than the limit, (n, classes)."""
    return 1 - scores <= limit + DIGITS


def measured(
    task: str, truth: Any, scores: Floats, calibration: Calibration, coverage: float
) -> dict[str, float]:
    """How often the answers hold the truth on these rows, and how large they are on average.

    That is the number of classes, or the width of the interval; None where it is without end.
    """
    limit = calibration.limit(coverage)
    strange = strangeness(task, truth, scores)
    by_class = task != Task.REGRESSION
    held = np.isfinite(strange) & (strange <= limit + (DIGITS if by_class else 0))
    size = 2 * limit if task == Task.REGRESSION else float(sets(scores, limit).sum(axis=1).mean())
    told: dict[str, Any] = {"coverage": coverage, "measured": float(held.mean())}
    return {**told, "mean_size": size if math.isfinite(size) else None}
