"""How the answer goes with one feature, the others left as they are: partial dependence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from services.columns import Feature
from services.forest.encoding import MISSING, Floats, Matrix

MOST_ROWS = 500
MOST_VALUES = 20
ENDS = (0.05, 0.95)  # the share of the rows, as scikit-learn's `percentiles`
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def dependence(
    scores: Callable[[Matrix], Floats], X: Matrix, at: int, feature: Feature
) -> dict[str, Any]:
    """The mean answer to all rows of `X` once feature number `at` has each of some values.

    As scikit-learn's partial_dependence with method="brute" (Friedman 2001). `values` are as a row
    to predict has them; `means` is (values, classes), or (values,).
    """
    codes = grid(X[:, at], feature)
    means = []
    for code in codes:
        rows = X.copy()
        rows[:, at] = code
        means.append(scores(rows).mean(axis=0).tolist())
    return {
        "feature": feature.name,
        "type": feature.type,
        "values": [value_of(float(code), feature) for code in codes],
        "means": means,
    }


def grid(column: Matrix, feature: Feature) -> Matrix:
    """The encoded values that a feature is given, each of which rows have."""
    known = column[column != MISSING] if feature.type != "category" else column[column > 0]
    values, counts = np.unique(known, return_counts=True)
    if len(values) <= MOST_VALUES:
        return values
    if feature.type == "category":
        return values[np.sort(np.argsort(-counts, kind="stable")[:MOST_VALUES])]
    low, high = np.quantile(known, ENDS)
    return np.unique(np.linspace(low, high, MOST_VALUES).astype(np.float32))


def value_of(code: float, feature: Feature) -> Any:
    """An encoded value as a row to predict has it."""
    if feature.type == "category":
        return feature.levels[int(code) - 1]
    if feature.type == "boolean":
        return bool(code)
    if feature.type == "date":
        return (EPOCH + timedelta(days=code)).replace(tzinfo=None).isoformat()
    return int(code) if feature.type == "integer" and code.is_integer() else code
