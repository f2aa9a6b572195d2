"""How often wrong keys may be tried."""

from __future__ import annotations

import time

import structlog
from flask import Flask
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from controllers.parts import Parts
from models.errors import TooMany

MOST_A_MINUTE = 100

log = structlog.get_logger("grove.access")


class Failures:
    """Counts an address's wrong keys, over the last minute.

    Without a store that all processes share, each allows its share of them. A key that is right
    is never refused for others that were not: no one can lock others out, and one of 32 random
    characters is not found by trying.
    """

    def __init__(self, store: str, most: int) -> None:
        self._limiter = MovingWindowRateLimiter(storage_from_string(store, wrap_exceptions=True))
        self._most = RateLimitItemPerMinute(most)

    @classmethod
    def of(cls, app: Flask) -> Failures:
        """Those of an app, as its settings say."""
        made: Parts = app.extensions["grove"]
        shared = made.settings.redis_url
        most = MOST_A_MINUTE if shared else max(1, MOST_A_MINUTE // made.settings.web_workers)
        return cls(shared or "memory://", most)

    def count(self, address: str) -> None:
        """Count one more. Raises TooMany where there were enough.

        Where the store is away nothing is counted, and the key is as wrong as it was.
        """
        try:
            self._count(address)
        except StorageError as error:
            log.warning("failed keys are not counted", error=str(error)[:200])

    def _count(self, address: str) -> None:
        if not self._limiter.hit(self._most, address):
            ends = self._limiter.get_window_stats(self._most, address).reset_time
            wait = max(1, round(ends - time.time()))
            raise TooMany("too many wrong keys came from this address", retry_after=wait)
