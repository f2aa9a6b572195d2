"""A worker waits for its database, however long that is away."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from sqlalchemy.orm.exc import StaleDataError

from models import database

T = TypeVar("T")

# Where another process changed the row at the same moment, look again.
AWAY = (*database.AWAY, StaleDataError)
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0

log = structlog.get_logger()


def patient(work: Callable[[], T]) -> T:
    """What `work` returns, however long the database is away.

    Whatever leaves a step is noted by the engine as the step's own outcome, for good: so no
    trouble of the database may leave one.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            return work()
        except AWAY as error:
            log.warning("the database is away", error=str(error)[:200])
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
