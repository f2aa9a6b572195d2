"""gunicorn's threaded worker, but one that leaves a connection to the process that has fewer.

All processes wait at one socket, and by itself the one that is awake takes all that come: where
one of two held all 32 connections of a client, both cores answered a quarter of what they can.
"""

from __future__ import annotations

import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from controllers.seats import GONE, seats

TURN = 0.0005  # seconds for another process to wake and take the connection
PATIENCE = 4  # turns; then this one takes it, for the others are busy


class BalancedWorker(ThreadWorker):  # type: ignore[misc]
    """A worker that knows how many connections the others have."""

    seat: int
    declined = 0

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """One round of gunicorn's loop; then the others are told."""
        super().wait_for_and_dispatch_events(timeout)
        seats.counts[self.seat] = self.nr_conns if self.alive else GONE

    def accept(self, listener: Any) -> None:
        """Take the connection that waits, or leave it for now."""
        if self.nr_conns > seats.fewest() and self.declined < PATIENCE:
            self.declined += 1
            time.sleep(TURN)
        else:
            self.declined = 0
            super().accept(listener)
