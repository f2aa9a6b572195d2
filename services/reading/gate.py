"""How far Arrow's reading thread may run ahead of those who use what it reads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Arrow alone reads up to 33 blocks ahead. It is held back to this many that nobody has taken, but
# never for longer than the time below: blocks without a single good row are never taken.
_BLOCKS_AHEAD = 6
_LONGEST_HOLD = 0.2

_LONGEST_READ = 1.0


class Gate:
    """Lets a few blocks pass, one more for each that is released, and none once it is shut."""

    def __init__(self) -> None:
        self._credit = threading.Semaphore(_BLOCKS_AHEAD)
        self._passing = threading.Lock()
        self._shut = False

    def release(self) -> None:
        """One block has been used up."""
        self._credit.release()

    @contextmanager
    def passed(self) -> Iterator[bool]:
        """Wait for the turn of one block; gives False where the gate has been shut."""
        with self._passing:
            self._credit.acquire(timeout=_LONGEST_HOLD)
            yield not self._shut

    def shut(self) -> None:
        """Let nothing pass any more, and wait for a read that is under way to end."""
        self._shut = True
        self._credit.release()
        if self._passing.acquire(timeout=_LONGEST_READ):
            self._passing.release()
