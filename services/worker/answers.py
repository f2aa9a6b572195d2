"""What a version says of the rows of a part, beside what is true."""

from __future__ import annotations

import math
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

# Bytes of a row, and of it for each class or number, that scores, pictures and comparisons take. Of
# a million rows 55 to 118 + 8 a class were measured for a test, 113 to 206 for pictures of 2 to 10
# classes, 205 for a comparison of numbers.
ROW, CLASS = {Task.CLASSIFICATION: 130, Task.REGRESSION: 190}, 24
LABEL, SCORE, CELL = 28, 8, 4  # bytes of a row while it is answered, beside the version
FEWEST = 10_000  # rows are always answered
GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 by the golden ratio


@dataclass(frozen=True)
class Answers:
    """Rows' truth and scores, some of their columns, and every so many of them as encoded.

    Those are all rows, or one of `share` where all are more than there is memory for.
    `labels` are the truth as the table has it, `truth` is (n,), codes of the classes, those from
    len(classes) on unseen in training, or numbers; `scores` are (n, classes), or (n,).
    """

    labels: pa.ChunkedArray
    truth: npt.NDArray[Any]
    scores: Floats
    X: Matrix
    every: int
    columns: Matrix
    share: int = 1

    @property
    def y(self) -> npt.NDArray[Any]:
        """The truth of the rows in X."""
        return self.truth[:: self.every]


def most_rows(spec: Spec, model: Model, columns: int = 0, *, stays: bool = True) -> int:
    """How many rows have room to be answered, so many columns of each kept; and to be scored.

    `stays` says that the version is there meanwhile.
    """
    classes, free = max(1, len(model.classes)), int(spec["memory_limit"]) - PROCESS
    beside = free - int(spec["models_memory"])
    answered = beside // (3 * (LABEL + SCORE * classes + CELL * columns))
    scored = (beside if stays else free) // (ROW[Task(spec["task"])] + CLASS * classes)
    return max(FEWEST, min(answered, scored))


def power_for(rows: int, most: int) -> int:
    """How often so many rows are halved until they are no more than `most`."""
    return max(0, math.ceil(math.log2(rows / most))) if rows else 0


def answers_to(
    spec: Spec,
    model: Model,
    batches: Iterable[pa.RecordBatch],
    most: int,
    rows: int | None = None,
    every: int | None = None,
    columns: Sequence[int] = (),
) -> Answers:
    """The answers to no more than `most` of the rows, and these columns of them, by place.

    How many `rows` there are may be known; then `every`-th of those that are answered is given as
    encoded, too. Raises Invalid where there is no row, or one has no target.
    """
    kept, sample = _Kept(power_for(rows or 0, most)), [np.empty((0, len(model.features)), "f4")]
    missing, seen = 0, 0
    for whole in batches:
        places = np.arange(seen, seen + len(whole))
        missing, seen = missing + whole[spec["target"]].null_count, seen + len(whole)
        chosen = looked_at(places, kept.power)
        batch = whole if chosen.all() else whole.filter(pa.array(chosen))
        if not len(batch):
            continue
        encoded = encode(batch, model.features)
        if every is not None:
            sample.append(encoded[-kept.rows % every :: every])
        scores, some = model.scores(encoded), encoded[:, list(columns)]
        kept.take(places[chosen], batch[spec["target"]], scores, some)
        while rows is None and kept.rows > most:
            kept.halve()
    require_rows(seen, missing)
    labels = _whole(pa.chunked_array(kept.labels))
    told = (labels, _truth_of(spec["task"], model, labels), np.concatenate(kept.scores))
    some = np.concatenate(kept.columns)
    return Answers(*told, np.concatenate(sample), every or 1, some, 1 << kept.power)


class _Kept:
    """What is kept of rows that are answered: of all of them, or of one of 2^power."""

    def __init__(self, power: int) -> None:
        self.power, self.rows = power, 0
        self.labels: list[pa.Array] = []
        self.scores: list[Floats] = []
        self.columns: list[Matrix] = []
        self._places: list[npt.NDArray[np.int64]] = []

    def take(
        self, places: npt.NDArray[np.int64], labels: pa.Array, scores: Floats, columns: Matrix
    ) -> None:
        """Keep some rows, and their places among all of them."""
        self._places.append(places)
        self.labels.append(labels)
        self.scores.append(scores)
        self.columns.append(columns)
        self.rows += len(places)

    def halve(self) -> None:
        """Keep every other one of them, evenly."""
        self.power += 1
        left = [looked_at(places, self.power) for places in self._places]
        self.labels = [
            each.filter(pa.array(some)) for each, some in zip(self.labels, left, strict=True)
        ]
        self.scores, self.columns = _only(left, self.scores), _only(left, self.columns)
        self._places = _only(left, self._places)
        self.rows = sum(map(len, self._places))


def looked_at(places: npt.NDArray[np.int64], power: int) -> npt.NDArray[np.bool_]:
    """Which rows of a stream are looked at where one of 2^power is: by their places (n,) alone.

    The multiples of the golden ratio lie evenly between whole numbers, and follow no pattern that
    rows might have (Weyl 1916); those in the first part of 2^power are looked at.
    """
    if not power:
        return np.ones(len(places), dtype=bool)
    return np.asarray(places.astype(np.uint64) * GOLDEN >> np.uint64(64 - power) == 0)


def _only(masks: Sequence[npt.NDArray[np.bool_]], arrays: Sequence[Any]) -> list[Any]:
    return [each[mask] for each, mask in zip(arrays, masks, strict=True)]


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
