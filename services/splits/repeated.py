"""The rows of the test part that stand in the training part too, found in bounded memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.columns import Notice
from services.splits.assign import TEST, TRAIN, Parts

MOST_ROWS = 2**24  # of so many the hash of each is kept, of more a half, a quarter and so on

Hashes = npt.NDArray[np.uint64]


class Repeated:
    """Give it the hashes of all rows; then ask how many test rows the training part has, too.

    Of very many rows it looks at those whose hash ends in zeros: of rows that are alike at all or
    at none.
    """

    def __init__(self, rows: int, most: int = MOST_ROWS) -> None:
        self.share = 1 << max(0, (rows - 1) // most).bit_length()
        self._kept: dict[int, list[Hashes]] = {TRAIN: [], TEST: []}
        self._test_rows = 0

    def see(self, hashes: Hashes, parts: Parts) -> None:
        """The next rows: a hash and the part of each."""
        looked_at = hashes % np.uint64(self.share) == 0 if self.share > 1 else True
        for part, kept in self._kept.items():
            kept.append(hashes[(parts == part) & looked_at])
        self._test_rows += int(np.count_nonzero(parts == TEST))

    def notices(self) -> list[Notice]:
        """A notice if there are such rows. It is asked once."""
        train, test = (np.concatenate(self._kept.pop(part)) for part in (TRAIN, TEST))
        shared = _shared(train, test) * self.share
        if not shared:
            return []
        many = f"about {min(shared, self._test_rows)}" if self.share > 1 else str(shared)
        message = (
            f"{many} of {self._test_rows} test rows stand in the training part too, to the last "
            "value: scores on them say nothing about new data"
        )
        return [Notice("identical_rows", message)]


def _shared(train: Hashes, test: Hashes) -> int:
    """How many of `test` are in `train`. It sorts both: to look up one after the other is quick."""
    if not len(train) or not len(test):
        return 0
    train.sort()
    test.sort()
    at = np.searchsorted(train, test)
    return int((train[np.minimum(at, len(train) - 1)] == test).sum())
