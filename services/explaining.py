"""Explanations of predictions, from a version's trees: which column added what to the answer."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.errors import TooLarge
from models.experiment import Task
from services.forest.contributions import contributions
from services.forest.encoding import Floats, Matrix
from services.forest.serving import TREES, Model, checked, mapped
from services.forest.trees import Trees
from services.predicting import Served

MOST_ROWS = 100
MOST_CELLS = 500_000  # about 50 MB, as objects
MOST_KEPT = 4
SHARE = 4  # of the memory for loaded versions, one part in so many is for their trees


class Explainer:
    """The trees that a process has loaded to explain by, the most recently used; one a process.

    They take at most `most_bytes` together: those that alone would take more stay in their file.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._trees: OrderedDict[str, tuple[Trees, int]] = OrderedDict()
        self._lock = threading.Lock()

    def explain(self, served: Served, matrix: Matrix, answers: list[dict[str, Any]]) -> None:
        """Add `explanation` to the answers that a version gave to these encoded rows.

        What its base and its contributions add up to is the answer. Raises TooLarge for too many
        rows; Conflict where the version's files are not as they were.
        """
        if len(matrix) > MOST_ROWS:
            message = f"at most {MOST_ROWS} rows are explained at a time, not {len(matrix):,}"
            raise TooLarge(message, code="too_many_rows")
        cells = len(served.model.features) * max(1, len(served.model.classes))
        if len(matrix) > max(1, MOST_CELLS // cells):
            message = (
                f"{len(matrix)} rows have {len(matrix) * cells:,} contributions, of each column to "
                f"each class; {MOST_CELLS:,} are told at a time: send fewer rows"
            )
            raise TooLarge(message, code="too_many_rows")
        with self._lock:  # one load, however many requests wait for it
            trees = self._of(served)
        _, added = contributions(trees, matrix)
        for answer, of_row in zip(answers, added, strict=True):
            answer["explanation"] = _told(served.model, answer, of_row)

    def _of(self, served: Served) -> Trees:
        key = served.checksums[TREES]
        if key not in self._trees:
            self._trees[key] = self._loaded(served.folder / TREES, served.checksums)
        self._trees.move_to_end(key)
        while len(self._trees) > 1 and (
            len(self._trees) > MOST_KEPT or self._taken() > self.most_bytes
        ):
            self._trees.popitem(last=False)
        return self._trees[key][0]

    def _loaded(self, path: Path, checksums: Mapping[str, str]) -> tuple[Trees, int]:
        """The trees, and the bytes of memory that they take."""
        if path.exists() and path.stat().st_size > self.most_bytes:
            return mapped(path, checksums), 0
        content = checked(path, checksums)
        return Trees.load(io.BytesIO(content)), len(content)

    def _taken(self) -> int:
        return sum(size for _, size in self._trees.values())


def _told(model: Model, answer: dict[str, Any], added: Floats) -> dict[str, Any]:
    """The base and the contributions of the columns, each a number, or one for each class."""
    names = [feature.name for feature in model.features]
    if model.task == Task.REGRESSION:
        base = answer["value"] - float(added.sum())
        return {"base": base, "contributions": dict(zip(names, added[:, 0].tolist(), strict=True))}
    sums = dict(zip(model.texts, added.sum(axis=0).tolist(), strict=True))
    return {
        "base": {name: answer["probabilities"][name] - total for name, total in sums.items()},
        "contributions": {
            name: dict(zip(model.texts, shares, strict=True))
            for name, shares in zip(names, added.tolist(), strict=True)
        },
    }
