"""Predictions, from the active version's export: no row of the database on the way."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from models.errors import Conflict, Fault, Invalid
from models.experiment import Task
from services import active, versions
from services.evaluating import require_trained
from services.experiments import get
from services.forest.coverage import DIGITS
from services.forest.encoding import Matrix
from services.forest.serving import Model
from services.paths import Home

MOST_MODELS = 16


@dataclass(frozen=True)
class Served:
    """A loaded version: what it is called, the model itself, how its table was read, its files.

    `uid` is the experiment's. `file` is the active file that named it, and `stamp` the state in
    which that was.
    """

    experiment: str
    uid: str
    version: int
    model: Model
    reading: dict[str, Any]
    folder: Path
    checksums: Mapping[str, str]
    file: str = ""
    stamp: active.Stamp | None = None

    @property
    def is_current(self) -> bool:
        """Whether this is still what serves."""
        return self.stamp == active.stamp(self.file)


class Models:
    """The versions that a process has loaded, the most recently used ones; one a process.

    They are at most 16, and take at most `most_bytes`: one that alone would take more answers from
    its file.
    """

    def __init__(
        self, home: Home, most_bytes: int, tell: Callable[[int], None] = lambda _: None
    ) -> None:
        """`tell` is told how many are loaded, whenever that has changed."""
        self.home, self.most_bytes, self._tell = home, most_bytes, tell
        self._served: OrderedDict[str, Served] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, session: Session, experiment_id: str) -> Served:
        """The active version of an experiment, as of this moment.

        The session is used only where no active file is. Raises NotFound, and Conflict where there
        is no version or its files are not as they were.
        """
        served = self._served.get(experiment_id)
        if served is not None and served.is_current:
            with suppress(KeyError):  # another request may have put it out in between
                self._served.move_to_end(experiment_id)
            return served
        with self._lock:  # one load, however many requests wait for it
            served = self._loaded(experiment_id)
        return served or self._of_row(session, experiment_id)

    def _loaded(self, experiment_id: str) -> Served | None:
        served = self._served.pop(experiment_id, None)
        if served is None or not served.is_current:
            served = None  # what is replaced gives its memory to what comes
            self._forget_replaced()
            served = self._load(experiment_id)
        if served is not None:
            self._served[experiment_id] = served
            self._make_room()
        self._tell(len(self._served))
        return served

    def _forget_replaced(self) -> None:
        """Let go of what serves no more, which nobody may ever ask for again."""
        for experiment_id, served in list(self._served.items()):
            if not served.is_current:
                self._served.pop(experiment_id, None)

    def _make_room(self) -> None:
        taken = sum(served.model.size for served in self._served.values())
        while len(self._served) > 1 and (
            len(self._served) > MOST_MODELS or taken > self.most_bytes
        ):
            _, oldest = self._served.popitem(last=False)
            taken -= oldest.model.size

    def _load(self, experiment_id: str) -> Served | None:
        file = str(self.home.active(experiment_id))
        stamp = active.stamp(file)
        record = active.read(self.home, experiment_id)
        if stamp is None or record is None:
            return None
        try:
            return self._read(record, file, stamp)
        except Conflict:
            # Deleted or replaced since the stamp was taken: what serves now is another thing.
            if active.stamp(file) != stamp:
                return self._load(experiment_id)
            raise

    def _of_row(self, session: Session, experiment_id: str) -> Served:
        """What the row says that serves, where there is no file.

        So it is before the first version, and for a moment while an experiment is deleted: until
        that is committed it serves, and once it is there is no such experiment.
        """
        experiment = get(session, experiment_id)
        version = versions.of(session, experiment, require_trained(experiment))
        try:
            return self._read(active.of_row(self.home, experiment, version))
        except Conflict:
            session.expire_all()
            get(session, experiment_id)
            raise

    def _read(
        self, record: active.Active, file: str = "", stamp: active.Stamp | None = None
    ) -> Served:
        folder, checksums = self.home.absolute(record.folder), record.checksums
        model = Model.load(folder, checksums, self.most_bytes)
        names = (record.experiment, record.uid, record.version)
        return Served(*names, model, record.reading, folder, checksums, file, stamp)


def _cover(served: Served, predictions: list[dict[str, Any]], coverage: float) -> None:
    """Add to each prediction what holds the truth as often as is asked."""
    model = served.model
    if model.calibration is None:
        message = (
            f"version {served.version} is not calibrated: that takes an experiment with a "
            "calibration_size above 0, and a version trained on it since there is coverage"
        )
        raise Conflict(message, code="not_calibrated")
    limit = model.calibration.limit(coverage)
    for each in predictions:
        if model.task == Task.REGRESSION:
            ends = [each["value"] - limit, each["value"] + limit]
            each["interval"] = ends if math.isfinite(limit) else None
        else:
            shares = zip(model.classes, each["probabilities"].values(), strict=True)
            each["set"] = [label for label, share in shares if 1 - share <= limit + DIGITS]


Explain = Callable[[Served, Matrix, list[dict[str, Any]]], None]
See = Callable[[Served, Matrix, list[dict[str, Any]]], None]


def predict_rows(
    served: Served,
    rows: Sequence[Any],
    explain: Explain | None = None,
    *,
    see: See = lambda _served, _matrix, _predictions: None,
    strict: bool = False,
    coverage: float | None = None,
) -> dict[str, Any]:
    """Predictions for JSON rows, each an object of column to value.

    `explain` adds to the predictions why they are so, `coverage` what holds the truth so often:
    a set of classes or an interval. At the end `see` is shown the rows, encoded, and what is
    predicted of them. Raises Conflict, not_calibrated, and Invalid with every fault of every row;
    with `strict` an unseen category is one.
    """
    encoded = served.model.rows.encode(rows)
    faults = list(encoded.faults)
    if strict:
        faults += [Fault(w["pointer"], w["code"], w["message"]) for w in encoded.warnings]
    if faults:
        raise Invalid(faults[0].message, code=faults[0].code, faults=faults)
    predictions = served.model.predictions(encoded.matrix)
    if coverage is not None:
        _cover(served, predictions, coverage)
    if explain is not None:
        explain(served, encoded.matrix, predictions)
    see(served, encoded.matrix, predictions)
    answer: dict[str, Any] = {
        "experiment": served.experiment,
        "version": served.version,
        "predictions": predictions,
    }
    if encoded.warnings:
        answer["warnings"] = encoded.warnings
    return answer
