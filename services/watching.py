"""The rows that versions predict, counted as they pass by, so that drift can be told of them.

A request only hands its encoded rows over; they are counted some hundreds at a time, which costs
about a microsecond for a row of thirty columns.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np

from services.forest.baseline import Baseline, Counts, added
from services.forest.encoding import Matrix
from services.predicting import Served

AT_ONCE = 512  # rows that wait to be counted
MOST_IDLE = 2
MOST_OF_BLOCK = 1_000  # rows counted of those that come together, drawn at random

Watched = tuple[str, int]  # an experiment's uid, a version's number


@dataclass
class Tally:
    """The rows of one version, counted by the bins of its baseline."""

    baseline: Baseline
    rows: int = 0
    counts: Counts | None = None
    idle: int = 0  # times that it was asked, and had counted nothing
    _waiting: list[Matrix] = field(default_factory=list)
    _pending: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, matrix: Matrix) -> None:
        """Count encoded rows (n, features), or some of many."""
        some = matrix if len(matrix) <= MOST_OF_BLOCK else _drawn(matrix)
        with self._lock:
            self._waiting.append(some)
            self._pending += len(some)
            if self._pending >= AT_ONCE:
                self._count()

    def merge(self, other: Tally) -> None:
        """Count what another has counted."""
        rows, counts = other.taken()
        with self._lock:
            self._plus(rows, counts)

    def taken(self) -> tuple[int, Counts | None]:
        """How many rows there are and their counts; from here on they are no more in it."""
        with self._lock:
            self._count()
            taken = self.rows, self.counts
            self.rows, self.counts = 0, None
        return taken

    def _count(self) -> None:
        if self._waiting:
            rows = np.concatenate(self._waiting)
            self._waiting, self._pending = [], 0
            self._plus(len(rows), self.baseline.count(rows))

    def _plus(self, rows: int, counts: Counts | None) -> None:
        if counts is not None:
            self.rows += rows
            self.counts = counts if self.counts is None else added(self.counts, counts)


class Watch:
    """What a process has served since it was last asked, by version."""

    def __init__(self) -> None:
        self._tallies: dict[Watched, Tally] = {}

    def see(self, served: Served, matrix: Matrix) -> None:
        """Count rows that a version has predicted; older versions do not say how."""
        tally = self._tallies.get((served.uid, served.version)) or self._new(served)
        if tally is not None:
            tally.add(matrix)

    def merge(self, served: Served, counted: Tally | None) -> None:
        """Count what was counted apart."""
        tally = self._tallies.get((served.uid, served.version)) or self._new(served)
        if tally is not None and counted is not None:
            tally.merge(counted)

    def taken(self) -> dict[Watched, tuple[int, Counts]]:
        """How many rows and their counts, by version; from here on they are no more in it."""
        found: dict[Watched, tuple[int, Counts]] = {}
        for key, tally in list(self._tallies.items()):
            rows, counts = tally.taken()
            if counts is not None:
                found[key], tally.idle = (rows, counts), 0
                continue
            tally.idle += 1
            if tally.idle > MOST_IDLE:  # whoever had it in hand has long handed its rows over
                del self._tallies[key]
        return found

    def _new(self, served: Served) -> Tally | None:
        baseline = served.model.baseline
        if baseline is None:
            return None
        return self._tallies.setdefault((served.uid, served.version), Tally(baseline))


def _drawn(matrix: Matrix) -> Matrix:
    """Some of many rows: every so-many-th would be odd ones where rows come in turns."""
    rng = np.random.default_rng(len(matrix))
    return np.asarray(matrix[rng.choice(len(matrix), MOST_OF_BLOCK, replace=False)])
