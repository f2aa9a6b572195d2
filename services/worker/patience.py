"""A worker waits for its database, however long that is away."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy.exc
import structlog
from sqlalchemy.orm.exc import StaleDataError

T = TypeVar("T")

AWAY = (
    sqlite3.OperationalError,  # where a transaction begins
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.TimeoutError,
    StaleDataError,  # another process changed the row at the same moment: look again
)
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
