"""Predictions from a version's export; loads neither scikit-learn nor anything pickled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from models.errors import Conflict
from models.experiment import Task
from services.columns import Feature
from services.forest.baseline import Baseline
from services.forest.coverage import Calibration
from services.forest.encoding import Floats, Matrix
from services.forest.labels import text_of, winner, winners
from services.forest.parts import name_of
from services.forest.rows import RowEncoder
from services.forest.sessions import Sessions

SERVING, CALIBRATION, BASELINE = "serving.json", "calibration.json", "baseline.json"
MEMORY_OF_BYTE = 6  # of a session, for each byte of its export: 5.3 to 6.3 were measured
Kept = TypeVar("Kept", Calibration, Baseline)
SCALE = 1e7  # seven digits: the export's probabilities are float32


@dataclass(frozen=True)
class Model:
    """A version that can predict.

    `classes` are JSON values in the order of their codes, `rows` encodes JSON rows, `size` is
    about how many bytes of memory it takes. `calibration` is there where the split has such a part,
    `baseline` where the version is not older than it.
    """

    forest: Sessions
    task: str
    features: list[Feature]
    classes: list[Any]
    rows: RowEncoder
    size: int
    calibration: Calibration | None = None
    baseline: Baseline | None = None

    @classmethod
    def load(cls, folder: Path, checksums: Mapping[str, str]) -> Model:
        """The model in `folder`, whose files have these SHA-256 sums by name.

        Raises Conflict, model_missing or model_integrity_failed.
        """
        record = json.loads(checked(folder / SERVING, checksums))
        parts = record.get("parts", [1])  # an older export is whole
        contents = _Contents(folder, [name_of(at) for at, _ in enumerate(parts, 1)], checksums)
        features = [Feature.from_record(feature) for feature in record["features"]]
        return cls(
            forest=Sessions.load(contents, parts),
            task=record["task"],
            features=features,
            classes=record["classes"],
            rows=RowEncoder(features, frozenset(record["known_columns"])),
            size=contents.size * MEMORY_OF_BYTE,
            calibration=_kept(Calibration, folder / CALIBRATION, checksums),
            baseline=_kept(Baseline, folder / BASELINE, checksums),
        )

    @cached_property
    def texts(self) -> list[str]:
        """The classes as answers name them."""
        return [text_of(label) for label in self.classes]

    def scores(self, matrix: Matrix) -> Floats:
        """Probabilities (n, classes), rounded to 7 digits, or values (n,), for encoded rows."""
        if self.task == Task.REGRESSION:
            return self.forest.mean("value", matrix)
        return np.asarray(np.rint(self.forest.mean("probabilities", matrix) * SCALE) / SCALE)

    def predictions(self, matrix: Matrix) -> list[dict[str, Any]]:
        """For each row {label, probabilities: {class: p}}, or {value}."""
        scores = self.scores(matrix)
        if self.task == Task.REGRESSION:
            return [{"value": value} for value in scores.tolist()]
        return [
            {
                "label": self.classes[winner(row)],
                "probabilities": dict(zip(self.texts, row, strict=True)),
            }
            for row in scores.tolist()
        ]

    def tables(self, matrix: Matrix) -> pa.Table:
        """The column prediction, and one probability_<class> each, for encoded rows."""
        scores = self.scores(matrix)
        if self.task == Task.REGRESSION:
            return pa.table({"prediction": scores})
        labels = pa.array(self.classes).take(pa.array(winners(scores)))
        names = ["prediction", *(f"probability_{text}" for text in self.texts)]
        return pa.Table.from_arrays([labels, *map(pa.array, scores.T.copy())], names)


@dataclass
class _Contents:
    """The bytes of files, one after the other, and how many they were: files may go meanwhile."""

    folder: Path
    names: list[str]
    checksums: Mapping[str, str]
    size: int = 0

    def __iter__(self) -> Iterator[bytes]:
        for name in self.names:
            content = checked(self.folder / name, self.checksums)
            self.size += len(content)
            yield content


def _kept(kind: type[Kept], path: Path, checksums: Mapping[str, str]) -> Kept | None:
    """What is kept of a kind in a file of its own, where the version has that."""
    if path.name not in checksums:
        return None
    return kind(**json.loads(checked(path, checksums)))


def checked(path: Path, checksums: Mapping[str, str]) -> bytes:
    """The bytes of a file, read once, if they are those that were published."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise Conflict(f"the model's {path.name} is gone", code="model_missing") from error
    if hashlib.sha256(content).hexdigest() != checksums.get(path.name):
        message = f"the model's {path.name} is not the file that was published"
        raise Conflict(message, code="model_integrity_failed")
    return content
