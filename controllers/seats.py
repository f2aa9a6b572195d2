"""How many connections each of gunicorn's processes has, in memory that they share."""

from __future__ import annotations

import mmap
from typing import Any

# A seat of nobody; one of a process that takes no connections, not yet or no more.
FREE, AWAY = -1, -2


class Seats:
    """One number a process, from 0 on, or one of those above."""

    def __init__(self) -> None:
        self.counts = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("i")
        for seat in range(len(self.counts)):
            self.counts[seat] = FREE

    def take(self) -> int:
        """A seat that nobody has. Raises ValueError where there is none."""
        seat = self.counts.tolist().index(FREE)
        self.counts[seat] = AWAY
        return seat

    def leave(self, seat: int) -> None:
        """The process is gone."""
        self.counts[seat] = FREE

    def fewest(self) -> int:
        """The connections of the process that has the fewest."""
        return min((count for count in self.counts.tolist() if count >= 0), default=0)


seats = Seats()  # made by gunicorn's first process, before it forks


def pre_fork(_: object, worker: Any) -> None:
    """gunicorn's hook, called in its first process before a worker starts."""
    worker.seat = seats.take()
