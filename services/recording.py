"""What is served goes on record behind the answers: no predict waits for the database.

A thread of each process writes once a second what there is. What a process had not yet written when
it was killed is lost: a second of recorded predictions, ten seconds of what drift is told by.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy.orm import Session

from models import writing
from models.database import AWAY, now
from models.errors import Busy, TooLarge
from services.forest.encoding import Matrix
from services.forest.labels import text_of
from services.predicting import Served
from services.records import Day, Recorded, store
from services.watching import Tally, Watch, Watched

EVERY, EVERY_COUNTS = 1.0, 10  # seconds; every so many times the counts are written, too
MOST_WAITING = 50_000  # predictions: about 30 MB
MOST_DAYS = 100  # days of versions that are counted on
AT_ONCE = 5_000

log = structlog.get_logger("grove.recording")


class Recorder:
    """Writes what a process serves; one a process."""

    def __init__(self, sessions: Callable[[], Session]) -> None:
        self.watch = Watch()
        self._sessions = sessions
        self._waiting: list[Recorded] = []
        self._days: dict[tuple[Watched, date], Day] = {}
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def took(
        self,
        served: Served,
        matrix: Matrix,
        predictions: list[dict[str, Any]],
        *,
        record: bool = False,
    ) -> None:
        """Count rows that a version has predicted, and with `record` give each prediction an id.

        It is on record by that id a moment later. Raises TooLarge and Busy, records_full, where
        that is not so; then nothing is counted.
        """
        if record:
            self._keep((served.uid, served.version), predictions)
        self.watch.see(served, matrix)
        self._begin()

    def merge(self, served: Served, counted: Tally | None) -> None:
        """Count rows that were counted apart."""
        self.watch.merge(served, counted)
        self._begin()

    def end(self) -> None:
        """Write what there is, and no more after that."""
        atexit.unregister(self.end)
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self.flush()

    def flush(self) -> None:
        """Write all that there is; what cannot be written now waits."""
        with self._flushing:
            self._count()
            self._write()

    def _keep(self, of: Watched, predictions: list[dict[str, Any]]) -> None:
        if len(predictions) > MOST_WAITING:
            message = f"of {len(predictions):,} rows {MOST_WAITING:,} can be recorded at a time"
            raise TooLarge(message, code="too_many_rows")
        moment = now()
        made = [_recorded(of, each, moment) for each in predictions]
        with self._lock:
            if len(self._waiting) + len(made) > MOST_WAITING:
                message = "too many predictions wait to be recorded; ask again, or without record"
                raise Busy(message, code="records_full")
            self._waiting += made
        for each, one in zip(predictions, made, strict=True):
            each["prediction_id"] = one.id

    def _begin(self) -> None:
        """Write from time to time from here on: a process that is forked has no thread yet."""
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, daemon=True)
                    self._thread.start()
                    atexit.register(self.end)

    def _run(self) -> None:
        times = 0
        while not self._over.wait(EVERY):
            times += 1
            with self._flushing:
                if times % EVERY_COUNTS == 0:
                    self._count()
                self._write()

    def _count(self) -> None:
        """Add what the process has seen to the days of its versions."""
        today = now().date()
        for of, (rows, counts) in self.watch.taken().items():
            day = self._days.pop((of, today), None) or Day(of, today, uuid4().hex[:12])
            day.add(rows, counts)
            self._days[of, today] = day  # the last one is the one most recently seen

    def _write(self) -> None:
        while self._waiting or any(day.is_new for day in self._days.values()):
            records, days = self._waiting[:AT_ONCE], [d for d in self._days.values() if d.is_new]
            if not self._has_written(records, days):
                return
            with self._lock:
                del self._waiting[: len(records)]
            for day in days:
                day.is_new = False
        for key in list(self._days)[:-MOST_DAYS]:
            del self._days[key]

    def _has_written(self, records: list[Recorded], days: list[Day]) -> bool:
        """Whether these are on record now; what never can be is let go, with a word in the log."""
        try:
            with self._sessions() as session, writing(session):
                store(session, records, days)
        except AWAY as error:
            log.warning("what was served is not on record yet", error=str(error)[:200])
            return False
        except Exception:  # the thread goes on, whatever it was
            log.exception("what was served cannot be put on record", predictions=len(records))
        return True


def _recorded(of: Watched, prediction: dict[str, Any], moment: Any) -> Recorded:
    label = text_of(prediction["label"]) if "label" in prediction else None
    return Recorded(uuid4().hex, of, label, prediction.get("value"), moment)
