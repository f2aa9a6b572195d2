"""Predictions from a version's export; loads neither scikit-learn nor anything pickled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pyarrow as pa

from models.errors import Conflict
from models.experiment import Task
from services.columns import Feature
from services.forest.encoding import Floats, Matrix
from services.forest.labels import text_of, winner, winners
from services.forest.rows import RowEncoder

ONNX = "model.onnx"
SERVING = "serving.json"
MEMORY_OF_BYTE = 6  # of a session, for each byte of its export: 5.3 to 6.3 were measured
SCALE = 1e7  # seven digits: the export's probabilities are float32


@dataclass(frozen=True)
class Model:
    """A version that can predict.

    `classes` are JSON values in the order of their codes, `rows` encodes JSON rows, `size` is
    about how many bytes of memory it takes.
    """

    session: Any
    task: str
    features: list[Feature]
    classes: list[Any]
    rows: RowEncoder
    size: int

    @classmethod
    def load(cls, folder: Path, checksums: Mapping[str, str]) -> Model:
        """The model in `folder`, whose files have these SHA-256 sums by name.

        Raises Conflict, model_missing or model_integrity_failed.
        """
        record = json.loads(_checked(folder / SERVING, checksums))
        content = _checked(folder / ONNX, checksums)
        features = [Feature.from_record(feature) for feature in record["features"]]
        return cls(
            session=_session(content),
            task=record["task"],
            features=features,
            classes=record["classes"],
            rows=RowEncoder(features, frozenset(record["known_columns"])),
            size=len(content) * MEMORY_OF_BYTE,
        )

    @cached_property
    def texts(self) -> list[str]:
        """The classes as answers name them."""
        return [text_of(label) for label in self.classes]

    def scores(self, matrix: Matrix) -> Floats:
        """Probabilities (n, classes), rounded to 7 digits, or values (n,), for encoded rows."""
        rows = {"X": matrix.astype(np.float64)}
        if self.task == Task.REGRESSION:
            return np.asarray(self.session.run(["value"], rows)[0])
        probabilities = self.session.run(["probabilities"], rows)[0].astype(np.float64)
        return np.asarray(np.rint(probabilities * SCALE) / SCALE)

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


def _checked(path: Path, checksums: Mapping[str, str]) -> bytes:
    """The bytes of a file, read once, if they are those that were published."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise Conflict(f"the model's {path.name} is gone", code="model_missing") from error
    if hashlib.sha256(content).hexdigest() != checksums.get(path.name):
        message = f"the model's {path.name} is not the file that was published"
        raise Conflict(message, code="model_integrity_failed")
    return content


def _session(content: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
