"""Which classes were taken for which, and how well each was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn import metrics

from services.forest.labels import Codes, listed, text_of
from services.forest.outcome import Outcome
from services.forest.resampling import Counts

MOST_STRANGERS = 20


def matrix(
    truth: Codes, predicted: Codes, classes: Sequence[Any], strangers: Sequence[Any]
) -> dict[str, Any]:
    """{labels, matrix}: a row is what is true, a column what was predicted.

    `strangers` are the labels that are no class, in the order of the codes after the classes';
    the first 20 of them are in the matrix.
    """
    labels = [*classes, *strangers[:MOST_STRANGERS]]
    size = len(labels)
    told = truth < size
    counts = np.bincount(truth[told] * size + predicted[told], minlength=size * size)
    return {"labels": labels, "matrix": counts.reshape(size, size).tolist()}


def report(true: Codes, said: Codes, counts: Counts, classes: Sequence[Any]) -> dict[str, Any]:
    """{class: {precision, recall, f1, support}}; None is what no row can tell.

    That is the precision of a class never predicted, the recall and f1 of one that no row has.
    `counts` says how many rows are `true` and were `said` so.
    """
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        true, said, sample_weight=counts, labels=range(len(classes)), zero_division=np.nan
    )
    f1 = np.where(support, f1, np.nan)
    columns = zip(classes, precision, recall, f1, support, strict=True)
    return {
        text_of(label): {
            "precision": _plain(p),
            "recall": _plain(r),
            "f1": _plain(f),
            "support": int(s),
        }
        for label, p, r, f, s in columns
    }


def _plain(score: float) -> float | None:
    return None if np.isnan(score) else float(score)


def warn(
    truth: Codes,
    predicted: Codes,
    classes: Sequence[Any],
    strangers: Sequence[Any],
    outcome: Outcome,
) -> None:
    """Warn of labels that training never saw, and of classes that no row has or is given."""
    if strangers:
        count = int((truth >= len(classes)).sum())
        message = f"labels unseen in training are errors, in {count:,} rows: {listed(strangers)}"
        outcome.warn("unseen_labels", message)
    if absent := _not_in(truth, classes):
        message = f"no row has {listed(absent)}: recall and f1 are not defined"
        outcome.warn("absent_classes", message)
    if absent := _not_in(predicted, classes):
        message = f"never predicted, and counted as precision 0 in the mean: {listed(absent)}"
        outcome.warn("unpredicted_classes", message)


def _not_in(codes: Codes, classes: Sequence[Any]) -> list[Any]:
    counts = np.bincount(codes, minlength=len(classes))
    return [label for code, label in enumerate(classes) if not counts[code]]
