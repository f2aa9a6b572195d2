"""The rows of the test part that stand in the training part too, found in bounded memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.columns import Notice
from services.splits.assign import TEST, TRAIN, Parts

MOST_ROWS = 2**22  # of so many different ones the hash is kept, of more a half, a quarter and so on

Hashes = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]


class Repeated:
    """Give it the hashes of all rows; then ask how many test rows the training part has, too.

    Of very many different rows it looks at those whose hash ends in zeros: of rows that are alike
    at all or at none. Each hash is kept once, and of the test part how often it came.
    """

    def __init__(self, most: int = MOST_ROWS) -> None:
        self.share = 1
        self._most, self._kept, self._test_rows = most, 0, 0
        self._train: list[Hashes] = []
        self._test: list[tuple[Hashes, Counts]] = []

    def see(self, hashes: Hashes, parts: Parts) -> None:
        """The next rows: a hash and the part of each."""
        train, test = (hashes[(parts == part) & self._ends(hashes)] for part in (TRAIN, TEST))
        self._train.append(train)
        self._test.append((test, np.ones(len(test), np.int64)))
        self._kept += len(train) + len(test)
        self._test_rows += int(np.count_nonzero(parts == TEST))
        if self._kept > self._most:
            self._settle()
            while self._kept > self._most // 2:  # so that it is not done for every few rows
                self._halve()

    def notices(self) -> list[Notice]:
        """A notice if there are such rows."""
        self._settle()
        (train,), ((test, counts),) = self._train, self._test
        shared = int(counts[_among(test, train)].sum()) * self.share
        if not shared:
            return []
        many = f"about {min(shared, self._test_rows)}" if self.share > 1 else str(shared)
        message = (
            f"{many} of {self._test_rows} test rows stand in the training part too, to the last "
            "value: scores on them say nothing about new data"
        )
        return [Notice("identical_rows", message)]

    def _ends(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """Which end in so many zeros as are asked for."""
        return np.asarray(hashes % np.uint64(self.share) == 0)

    def _settle(self) -> None:
        """Put together what came, each hash once, in order."""
        train = np.concatenate(self._train or [np.empty(0, np.uint64)])
        self._train.clear()
        train.sort()
        self._train.append(train[_starts(train)])
        hashes, counts = (np.concatenate(some) for some in zip(*self._test, strict=True))
        order = np.argsort(hashes)
        hashes, starts = hashes[order], _starts(hashes[order])
        sums = np.add.reduceat(counts[order], starts) if len(starts) else counts
        self._test = [(hashes[starts], sums)]
        self._kept = len(self._train[0]) + len(starts)

    def _halve(self) -> None:
        """Look at half of them from here on."""
        self.share *= 2
        (train,), ((test, counts),) = self._train, self._test
        left = self._ends(test)
        self._train, self._test = [train[self._ends(train)]], [(test[left], counts[left])]
        self._kept = len(self._train[0]) + int(left.sum())


def _starts(ordered: Hashes) -> npt.NDArray[np.int64]:
    """Where each of some hashes in order comes first."""
    return np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])


def _among(some: Hashes, others: Hashes) -> npt.NDArray[np.bool_]:
    """Which of some hashes are among others; both are sorted."""
    if not len(others):
        return np.zeros(len(some), dtype=bool)
    at = np.searchsorted(others, some)
    return np.asarray(others[np.minimum(at, len(others) - 1)] == some)
