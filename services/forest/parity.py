"""Whether an export answers as the forest does that it was made from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from models.errors import Failed
from models.experiment import Task
from services.forest.encoding import Floats, encode
from services.forest.labels import TIE, winners
from services.forest.sampling import sample
from services.forest.serving import Model

__all__ = ["check", "sample"]

PROBABILITY = 1e-6
SHARE_OF_DEVIATION = 1e-5
SLACK = 2e-7  # what float32 may shift a tie by


def check(pipeline: Any, model: Model, rows: pa.Table, deviation: float = 1.0) -> None:
    """Raise Failed, export_mismatch, unless `model` and `pipeline` agree on `rows`.

    `rows` are typed, as `sample` gives them; `deviation` is the standard deviation of the
    regression's target.
    """
    scores, frame = model.scores(encode(rows, model.features)), rows.to_pandas()
    with np.errstate(over="ignore", invalid="ignore"):  # sums with MISSING in them
        if model.task == Task.REGRESSION:
            _compare_values(pipeline.predict(frame), scores, deviation)
        else:
            _compare_classes(pipeline, model)
            _compare_probabilities(pipeline.predict_proba(frame), scores)


def _compare_values(expected: Floats, found: Floats, deviation: float) -> None:
    # A target without deviation is held to the digits that float64 has.
    tolerance = max(SHARE_OF_DEVIATION * deviation, 1e-12 * float(np.abs(expected).max()))
    _require(np.abs(expected - found) <= tolerance, "values")


def _compare_classes(pipeline: Any, model: Model) -> None:
    if pipeline.classes_.tolist() != model.classes:
        raise Failed("the export has other classes than the forest", code="export_mismatch")


def _compare_probabilities(expected: Floats, found: Floats) -> None:
    if expected.shape != found.shape:
        raise Failed("the export has another number of classes", code="export_mismatch")
    _require((np.abs(expected - found) <= PROBABILITY).all(axis=1), "probabilities")
    labels = winners(found)
    strict, loose = winners(expected, TIE - SLACK), winners(expected, TIE + SLACK)
    _require((labels == strict) | (labels == loose), "labels")


def _require(agree: Any, what: str) -> None:
    """`agree` is a flag a row; NaN compares as false, and so is a difference."""
    if not agree.all():
        message = (
            f"the export gives other {what} than the forest in {int((~agree).sum())} of "
            f"{len(agree)} sample rows"
        )
        raise Failed(message, code="export_mismatch")
