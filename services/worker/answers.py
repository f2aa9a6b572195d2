"""What a version says of the rows of a part, beside what is true."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from models.errors import invalid
from models.experiment import Task
from services.forest.encoding import Floats, Matrix, encode
from services.forest.evaluation import require_targets
from services.forest.labels import codes_of
from services.forest.serving import Model
from services.worker.outcomes import Spec


@dataclass(frozen=True)
class Answers:
    """All rows' truth and scores, some of their columns, and every so many rows as encoded.

    `labels` are the truth as the table has it, `truth` is (n,), codes of the classes, those from
    len(classes) on unseen in training, or numbers; `scores` are (n, classes), or (n,).
    """

    labels: pa.ChunkedArray
    truth: npt.NDArray[Any]
    scores: Floats
    X: Matrix
    every: int
    columns: Matrix

    @property
    def y(self) -> npt.NDArray[Any]:
        """The truth of the rows in X."""
        return self.truth[:: self.every]


def answers_to(
    spec: Spec,
    model: Model,
    batches: Iterable[pa.RecordBatch],
    every: int | None = None,
    columns: Sequence[int] = (),
) -> Answers:
    """The answers to rows, every `every`-th row, and these columns of all, by their places.

    Raises Invalid where there is no row, or one has no target.
    """
    labels, scores, sample, kept, done = [], [], [], [], 0
    for batch in batches:
        rows = encode(batch, model.features)
        labels.append(batch[spec["target"]])
        scores.append(model.scores(rows))
        kept.append(rows[:, list(columns)])
        if every is not None:
            sample.append(rows[-done % every :: every])
        done += len(rows)
    if not done:
        raise invalid("too_few_rows", "there is no row to answer")
    X = np.concatenate(sample) if sample else np.empty((0, len(model.features)), np.float32)
    all_labels = _whole(pa.chunked_array(labels))
    require_targets(all_labels)
    truth = _truth_of(spec["task"], model, all_labels)
    return Answers(all_labels, truth, np.concatenate(scores), X, every or 1, np.concatenate(kept))


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
