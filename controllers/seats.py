"""How many connections each of gunicorn's processes has, in memory that they share."""

from __future__ import annotations

import mmap
from typing import Any

GONE = -1


class Seats:
    """One number a process, or GONE."""

    def __init__(self) -> None:
        self.counts = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("i")
        for seat in range(len(self.counts)):
            self.counts[seat] = GONE

    def take(self) -> int:
        """A seat that nobody has. Raises ValueError where there is none."""
        seat = self.counts.tolist().index(GONE)
        self.counts[seat] = 0
        return seat

    def leave(self, seat: int) -> None:
        """The process is gone, or takes no more connections."""
        self.counts[seat] = GONE

    def fewest(self) -> int:
        """The connections of the process that has the fewest."""
        return min((count for count in self.counts.tolist() if count != GONE), default=0)


seats = Seats()  # made by gunicorn's first process, before it forks


def pre_fork(_: object, worker: Any) -> None:
    """gunicorn's hook, called in its first process before a worker starts."""
    worker.seat = seats.take()


def child_exit(_: object, worker: Any) -> None:
    """gunicorn's hook, called in its first process once a worker is no more."""
    seats.leave(worker.seat)
