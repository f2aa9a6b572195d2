"""Predictions from a version's export; loads neither scikit-learn nor anything pickled."""

from __future__ import annotations

import hashlib
import json
import math
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
from services.forest.descent import Descent
from services.forest.encoding import Floats, Matrix
from services.forest.labels import text_of, winner, winners
from services.forest.parts import name_of
from services.forest.rows import RowEncoder
from services.forest.sessions import Forest, Passing, Sessions
from services.forest.trees import Trees

SERVING, CALIBRATION, BASELINE = "serving.json", "calibration.json", "baseline.json"
TREES = "trees.npz"
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

    forest: Forest
    task: str
    features: list[Feature]
    classes: list[Any]
    rows: RowEncoder
    size: int
    calibration: Calibration | None = None
    baseline: Baseline | None = None

    @classmethod
    def load(
        cls, folder: Path, checksums: Mapping[str, str], most_bytes: float = math.inf
    ) -> Model:
        """The model in `folder`, whose files have these SHA-256 sums by name.

        One whose export would take more than `most_bytes` is `mapped`. Raises Conflict,
        model_missing or model_integrity_failed.
        """
        record, contents = _read(folder, checksums)
        size = contents.size * MEMORY_OF_BYTE
        if size > most_bytes:
            return cls.mapped(folder, checksums)
        return cls._of(record, contents, Sessions.load(contents, contents.counts), size)

    @classmethod
    def mapped(cls, folder: Path, checksums: Mapping[str, str]) -> Model:
        """As `load`, by the trees in their file: it takes hardly any memory, and is slower."""
        record, contents = _read(folder, checksums)
        return cls._of(record, contents, Descent(mapped(folder / TREES, checksums)), 0)

    @classmethod
    def passing(cls, folder: Path, checksums: Mapping[str, str]) -> Model:
        """As `load`, by the export, of which one part at a time is in memory: to be asked once."""
        record, contents = _read(folder, checksums)
        return cls._of(record, contents, Passing(lambda: contents, contents.counts), 0)

    @classmethod
    def _of(cls, record: dict[str, Any], contents: _Contents, forest: Forest, size: int) -> Model:
        features = [Feature.from_record(feature) for feature in record["features"]]
        return cls(
            forest=forest,
            task=record["task"],
            features=features,
            classes=record["classes"],
            rows=RowEncoder(features, frozenset(record["known_columns"])),
            size=size,
            calibration=_kept(Calibration, contents.folder / CALIBRATION, contents.checksums),
            baseline=_kept(Baseline, contents.folder / BASELINE, contents.checksums),
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


@dataclass(frozen=True)
class _Contents:
    """The bytes of an export's files, read one after the other; `counts` are the trees of each."""

    folder: Path
    checksums: Mapping[str, str]
    counts: list[int]

    @property
    def names(self) -> list[str]:
        return [name_of(at) for at, _ in enumerate(self.counts, 1)]

    @property
    def size(self) -> int:
        """How many bytes they are. Raises Conflict, model_missing."""
        try:
            return sum((self.folder / name).stat().st_size for name in self.names)
        except FileNotFoundError as error:
            raise _missing(Path(error.filename)) from error

    def __iter__(self) -> Iterator[bytes]:
        for name in self.names:
            yield checked(self.folder / name, self.checksums)


def _read(folder: Path, checksums: Mapping[str, str]) -> tuple[dict[str, Any], _Contents]:
    record = json.loads(checked(folder / SERVING, checksums))
    counts = record.get("parts", [1])  # an older export is whole
    return record, _Contents(folder, checksums, counts)


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
        raise _missing(path) from error
    _require(hashlib.sha256(content).hexdigest(), path, checksums)
    return content


def mapped(path: Path, checksums: Mapping[str, str]) -> Trees:
    """The trees of a file that is mapped into memory, if it is the one that was published.

    It is opened once: what was looked at is what is mapped. Raises Conflict as `checked` does.
    """
    try:
        with path.open("rb") as file:
            _require(hashlib.file_digest(file, "sha256").hexdigest(), path, checksums)
            return Trees.mapped(file)
    except FileNotFoundError as error:
        raise _missing(path) from error


def _missing(path: Path) -> Conflict:
    return Conflict(f"the model's {path.name} is gone", code="model_missing")


def _require(digest: str, path: Path, checksums: Mapping[str, str]) -> None:
    if digest != checksums.get(path.name):
        message = f"the model's {path.name} is not the file that was published"
        raise Conflict(message, code="model_integrity_failed")
