"""What the pictures of a version show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from services.forest.encoding import Floats
from services.forest.importance import Importance


@dataclass(frozen=True)
class Scene:
    """The answers of a version to the rows of the test split, and what its features are worth.

    `truth` are codes of the classes (n,), or numbers; `scores` probabilities (n, classes), or
    numbers (n,). `classes` are the names, in the order of their codes; none for a regression.
    """

    task: str
    target: str
    classes: Sequence[str]
    truth: np.ndarray[Any, Any]
    scores: Floats
    importances: Sequence[Importance]

    @cached_property
    def counts(self) -> np.ndarray[Any, Any]:
        """How many rows each class has; those that training has not seen are left out."""
        size = len(self.classes)
        return np.bincount(self.truth, minlength=size)[:size]

    def most_frequent(self, most: int) -> list[int]:
        """The codes of so many classes, in their order."""
        return sorted(np.argsort(-self.counts, kind="stable")[:most].tolist())
