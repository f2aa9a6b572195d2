"""What a version says of the rows of a part, beside what is true."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from models.experiment import Task
from services.forest.encoding import Floats, Matrix, encode
from services.forest.evaluation import require_rows
from services.forest.labels import codes_of
from services.forest.serving import Model
from services.memory import PROCESS
from services.worker.outcomes import Spec

# Bytes of a row, and of it for each class or number: its answers, and what scores, pictures and
# comparisons make of them. Of a million rows 55 to 118 + 8 a class were measured for a test, 113 to
# 206 for pictures of 2 to 10 classes, 205 for a comparison of numbers.
ROW, CLASS = {Task.CLASSIFICATION: 130, Task.REGRESSION: 190}, 20
FEWEST = 10_000  # rows are always answered


@dataclass(frozen=True)
class Answers:
    """Rows' truth and scores, some of their columns, and every so many of them as encoded.

    Those are all rows, or every `step`-th of them where all are more than there is memory for.
    `labels` are the truth as the table has it, `truth` is (n,), codes of the classes, those from
    len(classes) on unseen in training, or numbers; `scores` are (n, classes), or (n,).
    """

    labels: pa.ChunkedArray
    truth: npt.NDArray[Any]
    scores: Floats
    X: Matrix
    every: int
    columns: Matrix
    step: int = 1

    @property
    def y(self) -> npt.NDArray[Any]:
        """The truth of the rows in X."""
        return self.truth[:: self.every]


def step_for(spec: Spec, model: Model, rows: int) -> int:
    """Which of so many rows have room to be answered: all, every second, every third and so on."""
    each = ROW[Task(spec["task"])] + CLASS * max(1, len(model.classes))
    most = max(FEWEST, (int(spec["memory_limit"]) - PROCESS) // each)
    return max(1, -(-rows // most))


def answers_to(
    spec: Spec,
    model: Model,
    batches: Iterable[pa.RecordBatch],
    rows: int,
    every: int | None = None,
    columns: Sequence[int] = (),
) -> Answers:
    """The answers to `rows` rows, every `every`-th of them, and these columns of all, by place.

    Raises Invalid where there is no row, or one has no target.
    """
    labels, scores, sample, kept, done, missing, seen = [], [], [], [], 0, 0, 0
    step = step_for(spec, model, rows)
    for whole in batches:
        batch = _each(step, whole, seen)
        missing, seen = missing + whole[spec["target"]].null_count, seen + len(whole)
        if not len(batch):
            continue
        encoded = encode(batch, model.features)
        labels.append(batch[spec["target"]])
        scores.append(model.scores(encoded))
        kept.append(encoded[:, list(columns)])
        if every is not None:
            sample.append(encoded[-done % every :: every])
        done += len(encoded)
    require_rows(seen, missing)
    X = np.concatenate(sample) if sample else np.empty((0, len(model.features)), np.float32)
    all_labels = _whole(pa.chunked_array(labels))
    truth = _truth_of(spec["task"], model, all_labels)
    told = (all_labels, truth, np.concatenate(scores))
    return Answers(*told, X, every or 1, np.concatenate(kept), step)


def _each(step: int, batch: pa.RecordBatch, before: int) -> pa.RecordBatch:
    """Every `step`-th of the rows, of which there were so many before."""
    if step == 1:
        return batch
    return batch.take(pa.array(np.arange(-before % step, len(batch), step)))


def _whole(labels: pa.ChunkedArray) -> pa.ChunkedArray:
    """Labels of whole numbers as integers, so that one unseen in training is named 3, not 3.0."""
    try:
        return labels.cast(pa.int64()) if pa.types.is_floating(labels.type) else labels
    except pa.ArrowInvalid:
        return labels


def _truth_of(task: str, model: Model, labels: pa.ChunkedArray) -> npt.NDArray[Any]:
    """Labels as the codes of their classes, or numbers, (n,)."""
    if task == Task.REGRESSION:
        return np.asarray(labels, dtype=np.float64)
    return codes_of(labels, model.classes)[0]
