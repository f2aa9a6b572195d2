"""Predictions, from the active version's export: no row of the database on the way."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from models.errors import Conflict, Fault, Invalid
from services import active, versions
from services.evaluating import require_trained
from services.experiments import get
from services.forest.rows import encode_rows
from services.forest.serving import Model
from services.paths import Home

MOST_MODELS = 16


@dataclass(frozen=True)
class Served:
    """A loaded version: what it is called, the model itself, how its table was read."""

    experiment: str
    version: int
    model: Model
    reading: dict[str, Any]
    stamp: active.Stamp | None


class Models:
    """The versions that this process has loaded, the most recently used ones; one a process."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._served: OrderedDict[str, Served] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, session: Session, experiment_id: str) -> Served:
        """The active version of an experiment, as of this moment.

        Raises NotFound, and Conflict where there is no version or its files are not as they were.
        """
        stamp = active.stamp(self.home, experiment_id)
        served = self._served.get(experiment_id)
        if served is not None and served.stamp == stamp:
            with suppress(KeyError):  # another request may have put it out in between
                self._served.move_to_end(experiment_id)
            return served
        with self._lock:  # one load, however many requests wait for it
            return self._loaded(session, experiment_id)

    def _loaded(self, session: Session, experiment_id: str) -> Served:
        stamp = active.stamp(self.home, experiment_id)
        served = self._served.pop(experiment_id, None)
        if stamp is None:
            return self._of_row(session, experiment_id)
        if served is None or served.stamp != stamp:
            served = self._load(session, experiment_id, stamp)
        if served.stamp is not None:
            self._served[experiment_id] = served
        while len(self._served) > MOST_MODELS:
            self._served.popitem(last=False)
        return served

    def _load(self, session: Session, experiment_id: str, stamp: active.Stamp) -> Served:
        record = active.read(self.home, experiment_id)
        if record is None:
            return self._of_row(session, experiment_id)
        try:
            return self._read(record, stamp)
        except Conflict:
            # Deleted or replaced since the stamp was taken: what serves now is another thing.
            if active.stamp(self.home, experiment_id) != stamp:
                return self._loaded(session, experiment_id)
            raise

    def _of_row(self, session: Session, experiment_id: str) -> Served:
        """What the row says that serves, where there is no file.

        So it is before the first version, and for a moment while an experiment is deleted: until
        that is committed it serves, and once it is there is no such experiment.
        """
        experiment = get(session, experiment_id)
        version = versions.of(session, experiment, require_trained(experiment))
        try:
            return self._read(active.of_row(self.home, experiment, version), None)
        except Conflict:
            session.expire_all()
            get(session, experiment_id)
            raise

    def _read(self, record: active.Active, stamp: active.Stamp | None) -> Served:
        model = Model.load(self.home.absolute(record.folder), record.checksums)
        return Served(record.experiment, record.version, model, record.reading, stamp)


def predict_rows(served: Served, rows: Sequence[Any], *, strict: bool = False) -> dict[str, Any]:
    """Predictions for JSON rows, each an object of column to value.

    Raises Invalid with every fault of every row; with `strict` an unseen category is one.
    """
    model = served.model
    encoded = encode_rows(rows, model.features, model.known_columns)
    faults = list(encoded.faults)
    if strict:
        faults += [Fault(w["pointer"], w["code"], w["message"]) for w in encoded.warnings]
    if faults:
        raise Invalid(faults[0].message, code=faults[0].code, faults=faults)
    answer: dict[str, Any] = {
        "experiment": served.experiment,
        "version": served.version,
        "predictions": model.predictions(encoded.matrix),
    }
    if encoded.warnings:
        answer["warnings"] = encoded.warnings
    return answer
