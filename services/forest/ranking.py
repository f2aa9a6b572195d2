"""The scores that look at the probabilities themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn import metrics

from services.forest.encoding import Floats
from services.forest.labels import Codes, listed, text_of
from services.forest.nearest import shortened
from services.forest.outcome import Outcome


def scores(
    truth: Codes,
    probabilities: Floats,
    classes: Sequence[Any],
    strangers: Sequence[Any],
    outcome: Outcome,
) -> dict[str, float | None]:
    """roc_auc (of the last of two classes; the mean of one against the rest) and log_loss."""
    if strangers:
        reason = f"labels unseen in training: {listed(strangers)}"
        outcome.undefined |= {"roc_auc": reason, "log_loss": reason}
        return {"roc_auc": None, "log_loss": None}
    total = probabilities.sum(axis=1)
    return {
        "roc_auc": _roc_auc(truth, probabilities, total, classes, outcome),
        "log_loss": _log_loss(truth, probabilities, total),
    }


def _roc_auc(
    truth: Codes, probabilities: Floats, total: Floats, classes: Sequence[Any], outcome: Outcome
) -> float | None:
    present = np.unique(truth)
    absent = [label for code, label in enumerate(classes) if code not in present]
    if len(present) == 1:
        label = text_of(classes[present[0]])
        outcome.undefined["roc_auc"] = f"the rows have one class only: {shortened(label)}"
        return None
    if absent:
        outcome.undefined["roc_auc"] = f"no row has the class {listed(absent)}"
        return None
    # As with multi_class="ovr", which has all classes' rows in memory at a time.
    last_only = len(classes) == 2  # noqa: PLR2004
    areas = [
        metrics.roc_auc_score(truth == code, probabilities[:, code] / total)
        for code in range(int(last_only), len(classes))
    ]
    return float(np.mean(areas))


def _log_loss(truth: Codes, probabilities: Floats, total: Floats) -> float:
    given = probabilities[np.arange(len(truth)), truth] / total
    return float(-np.log(np.maximum(given, np.finfo(np.float64).eps)).mean())
