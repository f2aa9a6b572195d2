"""When a forest has trees enough: once more of them no longer change its out-of-bag score.

A tree votes on the rows that it has not drawn. The votes of all trees so far are kept as their
sums, so that each tree votes once however often the score is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import accuracy_score, r2_score

from models.experiment import Task
from services.forest.encoding import Floats, Matrix
from services.forest.fitted import assemble
from services.forest.growing import Targets

BLOCK_ROWS = 100_000


@dataclass(frozen=True)
class Votes:
    """`sums` of what trees say of each row (rows, classes or 1), `counts` of them (rows,)."""

    sums: Floats
    counts: npt.NDArray[np.int64]

    def plus(self, other: Votes) -> Votes:
        """The votes of both."""
        return Votes(self.sums + other.sums, self.counts + other.counts)

    def score(self, task: str, y: Targets) -> float | None:
        """The accuracy or R2 of the votes, as scikit-learn's oob_score_ has it of these trees.

        Of one row there is no R2: None.
        """
        means = self.sums / np.maximum(self.counts, 1)[:, None]
        if task == Task.REGRESSION:
            return float(r2_score(y, means[:, 0])) if len(y) > 1 else None
        return float(accuracy_score(y, np.unique(y)[means.argmax(axis=1)]))

    def save(self, path: Path) -> None:
        """Write them to an .npz that holds no objects."""
        np.savez(path, sums=self.sums, counts=self.counts)

    @classmethod
    def load(cls, path: Path) -> Votes:
        """The votes that `save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(arrays["sums"], arrays["counts"])


def votes_of(
    task: str, kwargs: Mapping[str, Any], trees: Sequence[Any], X: Matrix, y: Targets
) -> Votes:
    """The votes of scikit-learn's own trees; the arguments are those of `fitted.assemble`.

    A tree that has drawn all rows has no vote.
    """
    classes = len(np.unique(y)) if task == Task.CLASSIFICATION else 0
    # Of the codes there may be some that no training row has, the weighed ones among them.
    weighed = kwargs.get("class_weight")
    known = [int(y.max()), *(weighed if isinstance(weighed, dict) else ())]
    codes = list(range(max(known) + 1)) if classes else []
    forest = assemble(task, {**kwargs, "oob_score": False}, trees, codes, X, y)
    votes = Votes(np.zeros((len(y), max(1, classes))), np.zeros(len(y), dtype=np.int64))
    for tree, drawn in zip(forest.estimators_, forest.estimators_samples_, strict=True):
        rest = np.ones(len(y), dtype=bool)
        rest[drawn] = False
        _vote(tree, X, rest, votes)
    return votes


def _vote(tree: Any, X: Matrix, rest: npt.NDArray[np.bool_], votes: Votes) -> None:
    """Add what a tree says of the `rest` of the rows, a block at a time: X may be a large file."""
    for start in range(0, len(rest), BLOCK_ROWS):
        rows = start + np.flatnonzero(rest[start : start + BLOCK_ROWS])
        if len(rows):
            said = (
                tree.predict_proba(X[rows]) if hasattr(tree, "classes_") else tree.predict(X[rows])
            )
            votes.sums[rows] += said.reshape(len(rows), -1)
            votes.counts[rows] += 1
