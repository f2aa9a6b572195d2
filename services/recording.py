"""What is served goes on record behind the answers: no predict waits for the database.

A thread of each process writes once a second what there is. What a process had not yet written when
it was killed is lost: a second of recorded predictions, ten seconds of what drift is told by.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import Inputs, Prediction, Version, writing
from models.database import now
from models.errors import Busy
from services.forest.baseline import Counts, added
from services.forest.encoding import Matrix
from services.forest.labels import text_of
from services.predicting import Served
from services.watching import Tally, Watch, Watched

EVERY, EVERY_COUNTS = 1.0, 10  # seconds; every so many times the counts are written, too
MOST_WAITING = 50_000  # predictions: about 30 MB
AT_ONCE = 5_000

log = structlog.get_logger("grove.recording")


@dataclass(frozen=True)
class Recorded:
    """A prediction that waits to be written."""

    id: str
    of: Watched
    label: str | None
    value: float | None
    at: datetime


class Recorder:
    """Writes what a process serves; one a process."""

    def __init__(self, sessions: Callable[[], Session]) -> None:
        self.watch = Watch()
        self._sessions, self._writer = sessions, uuid4().hex[:12]
        self._waiting: list[Recorded] = []
        self._inputs: dict[Watched, tuple[int, Counts]] = {}
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def see(self, served: Served, matrix: Matrix) -> None:
        """Count rows that a version has predicted."""
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

    def keep(self, served: Served, predictions: list[dict[str, Any]]) -> None:
        """Give each prediction an id by which it will be on record. Raises Busy, records_full."""
        of, moment = (served.uid, served.version), now()
        made = [_recorded(of, each, moment) for each in predictions]
        with self._lock:
            if len(self._waiting) + len(made) > MOST_WAITING:
                message = "too many predictions wait to be recorded; ask again, or without record"
                raise Busy(message, code="records_full")
            self._waiting += made
        for each, one in zip(predictions, made, strict=True):
            each["prediction_id"] = one.id

    def flush(self) -> None:
        """Write all that there is; what cannot be written now waits."""
        with self._flushing:
            self._take_counts()
            while self._write(self._waiting[:AT_ONCE], self._inputs):
                pass

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
                    self._take_counts()
                self._write(self._waiting[:AT_ONCE], self._inputs)

    def _take_counts(self) -> None:
        for of, (rows, counts) in self.watch.taken().items():
            before = self._inputs.get(of)
            if before is not None:
                rows, counts = rows + before[0], added(counts, before[1])  # noqa: PLW2901
            self._inputs[of] = rows, counts

    def _write(self, records: list[Recorded], inputs: dict[Watched, tuple[int, Counts]]) -> bool:
        """Write these; whether there are more."""
        if not records and not inputs:
            return False
        try:
            with self._sessions() as session, writing(session):
                _store(session, self._writer, records, inputs)
        except SQLAlchemyError as error:
            log.warning("what was served is not on record yet", error=str(error)[:200])
            return False
        with self._lock:
            del self._waiting[: len(records)]
        self._inputs = {}
        return bool(self._waiting)


def _recorded(of: Watched, prediction: dict[str, Any], moment: datetime) -> Recorded:
    label = text_of(prediction["label"]) if "label" in prediction else None
    return Recorded(uuid4().hex, of, label, prediction.get("value"), moment)


def _store(
    session: Session,
    writer: str,
    records: list[Recorded],
    inputs: dict[Watched, tuple[int, Counts]],
) -> None:
    """Write within the session's transaction; of versions that are gone there is nothing to say."""
    wanted = {each.of for each in records} | inputs.keys()
    there = {of for of in wanted if session.get(Version, of, populate_existing=True) is not None}
    rows = [
        {
            "id": each.id,
            "experiment_uid": each.of[0],
            "version": each.of[1],
            "label": each.label,
            "value": each.value,
            "created_at": each.at,
        }
        for each in records
        if each.of in there
    ]
    if rows:
        session.execute(sa.insert(Prediction), rows)
    today = now().date()
    for of, (count, counts) in inputs.items():
        if of in there:
            _add(session, (*of, today, writer), count, counts)


def _add(session: Session, key: tuple[Any, ...], rows: int, counts: Counts) -> None:
    kept = session.get(Inputs, key)
    if kept is None:
        names = ("experiment_uid", "version", "day", "writer")
        session.add(Inputs(**dict(zip(names, key, strict=True)), rows=rows, counts=counts))
    else:
        kept.rows, kept.counts = kept.rows + rows, added(kept.counts, counts)
