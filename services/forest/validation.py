"""Cross-validation on training rows: each fold is scored by a forest that has not seen it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import metrics
from sklearn.model_selection import KFold, StratifiedKFold

from models.errors import Failed
from models.experiment import Task
from services.forest.encoding import Floats, Matrix
from services.forest.growing import Targets
from services.forest.trial import scaled

Grow = Callable[[dict[str, Any], Matrix, Targets], list[Any]]
Rows = npt.NDArray[np.int64]


def _auc(y: Targets, p: Floats) -> float:
    if p.shape[1] == 2:  # noqa: PLR2004
        return float(metrics.roc_auc_score(y, p[:, 1]))
    return float(metrics.roc_auc_score(y, p, multi_class="ovr", labels=range(p.shape[1])))


def _f1(average: str) -> Callable[[Targets, Floats], float]:
    return lambda y, p: float(
        metrics.f1_score(y, p.argmax(axis=1), average=average, zero_division=0.0)
    )


# By scikit-learn's names of scorers: of the truth, and probabilities (n, classes) or numbers (n,).
SCORERS: dict[str, Callable[[Targets, Floats], float]] = {
    "accuracy": lambda y, p: float(metrics.accuracy_score(y, p.argmax(axis=1))),
    "f1_macro": _f1("macro"),
    "f1_weighted": _f1("weighted"),
    "roc_auc_ovr": _auc,
    "neg_log_loss": lambda y, p: -float(metrics.log_loss(y, p, labels=range(p.shape[1]))),
    "r2": lambda y, p: float(metrics.r2_score(y, p)),
    "neg_root_mean_squared_error": lambda y, p: -float(metrics.root_mean_squared_error(y, p)),
    "neg_mean_absolute_error": lambda y, p: -float(metrics.mean_absolute_error(y, p)),
}


def cross_validate(
    task: str,
    kwargs: Mapping[str, Any],
    X: Matrix,
    y: Targets,
    folds: Sequence[tuple[Rows, Rows]],
    scoring: str,
    grow: Grow,
) -> Iterator[float]:
    """The score of each fold; `grow` makes the trees of keyword arguments, rows and targets.

    Raises Failed, too_few_rows, where a score is not defined for want of rows of each class.
    """
    classes = int(y.max()) + 1 if task == Task.CLASSIFICATION else 0
    for train, test in folds:
        own = {**kwargs, "max_samples": scaled(kwargs.get("max_samples"), len(train) / len(y))}
        trees = grow(own, X[train], y[train])
        told = _answers(trees, X[test], np.unique(y[train]), classes)
        yield _score(scoring, y[test], told)


def _score(scoring: str, y: Targets, told: Floats) -> float:
    message = f"{scoring} cannot be told of a fold: it has too few rows, or none of some class"
    try:
        score = SCORERS[scoring](y, told)
    except ValueError as error:
        raise Failed(message, code="too_few_rows") from error
    if not math.isfinite(score):
        raise Failed(message, code="too_few_rows")
    return score


def folds_of(task: str, y: Targets, cv: int, random_state: int) -> list[tuple[Rows, Rows]]:
    """The rows to train on and to score, fold by fold; classes in the same shares in each.

    Raises Failed, too_few_rows, where there are fewer rows, or rows of a class, than folds.
    """
    by_class = task == Task.CLASSIFICATION
    fewest = int(np.unique(y, return_counts=True)[1].min()) if by_class else len(y) // 2
    if fewest < cv:
        each = "each class" if by_class else "each fold"
        message = f"there are too few rows of {each} to train on for {cv} folds: say a lower cv"
        raise Failed(message, code="too_few_rows")
    kind = StratifiedKFold if by_class else KFold
    dealt = kind(cv, shuffle=True, random_state=random_state).split(np.zeros(len(y)), y)
    return list(dealt)


def _answers(trees: Sequence[Any], X: Matrix, known: Targets, classes: int) -> Floats:
    """The mean of the trees, one added after the other; a class that none has seen has no share."""
    told = np.zeros((len(X), len(known)) if classes else len(X))
    with np.errstate(over="ignore", invalid="ignore"):
        for tree in trees:
            told += tree.predict_proba(X) if classes else tree.predict(X)
    told /= len(trees)
    if not classes:
        return told
    shares = np.zeros((len(X), classes))
    shares[:, known.astype(int)] = np.minimum(told, 1.0)  # rounding may have gone beyond
    return shares
