"""The scores of a version on rows whose target is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn import metrics

from models.errors import invalid
from models.experiment import Task
from services.forest import confusion, ranking
from services.forest.encoding import Floats
from services.forest.labels import Codes, codes_of, winners
from services.forest.outcome import Outcome
from services.forest.resampling import Counts, kinds_of, of_classes, of_numbers


def evaluate(task: str, classes: Sequence[Any], y_true: Any, scores: Floats) -> dict[str, Any]:
    """The result of a test, as plain values.

    `y_true` is a list, array or Arrow array of (n,) labels or numbers; `scores` are probabilities
    (n, classes) in the order of `classes`, or values (n,). A score that is not defined is
    None, and `undefined` says why; `warnings` are {code, message}. The scores are those of
    scikit-learn's functions, with a class that is never predicted counted as precision 0.
    `intervals` are those of 95 % by the bootstrap. Raises Invalid where there are no rows, or one
    has no target.
    """
    require_targets(y_true)
    if task == Task.REGRESSION:
        return _regression(np.asarray(y_true, dtype=np.float64), scores)
    return _classification(list(classes), y_true, scores)


def require_targets(y_true: Any) -> None:
    """Raise Invalid where there are no rows, or one has no target."""
    values = y_true if isinstance(y_true, pa.Array | pa.ChunkedArray) else pa.array(y_true)
    require_rows(len(values), values.null_count)


def require_rows(rows: int, missing: int) -> None:
    """Raise Invalid where there are no rows, or the target is missing in some."""
    if rows == 0:
        raise invalid("too_few_rows", "there is no row to score")
    if missing:
        message = f"the target has no value in {missing} of {rows} rows"
        raise invalid("target_missing_values", message)


def _regression(y_true: Floats, y_pred: Floats) -> dict[str, Any]:
    outcome = Outcome()
    r2 = None
    if len(y_true) < 2:  # noqa: PLR2004
        outcome.undefined["r2"] = "r2 needs two rows"
    elif np.ptp(y_true) == 0:
        outcome.undefined["r2"] = "the target is the same in every row"
    else:
        r2 = float(metrics.r2_score(y_true, y_pred))
    scores = {
        "r2": r2,
        "rmse": float(metrics.root_mean_squared_error(y_true, y_pred)),
        "mae": float(metrics.mean_absolute_error(y_true, y_pred)),
    }
    intervals = of_numbers(y_true, y_pred)
    return {
        "rows": len(y_true),
        **scores,
        "intervals": {name: ends for name, ends in intervals.items() if scores[name] is not None},
        **outcome.as_record(),
    }


def _classification(classes: list[Any], y_true: Any, probabilities: Floats) -> dict[str, Any]:
    truth, strangers = codes_of(y_true, classes)
    predicted = winners(probabilities)
    outcome = Outcome()
    confusion.warn(truth, predicted, classes, strangers, outcome)
    (true, said), counts = kinds_of(truth, predicted)
    return {
        "rows": len(truth),
        "accuracy": float(metrics.accuracy_score(true, said, sample_weight=counts)),
        **_means(true, said, counts),
        **ranking.scores(truth, probabilities, classes, strangers, outcome),
        "confusion_matrix": confusion.matrix(truth, predicted, classes, strangers),
        "intervals": of_classes(true, said, counts),
        "report": confusion.report(true, said, counts, classes),
        **outcome.as_record(),
    }


def _means(true: Codes, said: Codes, counts: Counts) -> dict[str, float]:
    def mean(average: str) -> tuple[float, ...]:
        found = metrics.precision_recall_fscore_support(
            true, said, sample_weight=counts, average=average, zero_division=0.0
        )
        return tuple(map(float, found[:3]))

    precision, recall, f1 = mean("macro")
    weighted = mean("weighted")[2]
    return {"f1": f1, "f1_weighted": weighted, "precision": precision, "recall": recall}
