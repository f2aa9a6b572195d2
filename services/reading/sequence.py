"""Whether a column of integers is one even sequence, as row numbers are."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


class Sequence:
    """Follows integers chunk by chunk; `even` says that they all keep one step, not 0."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._step: int | None = None
        self._stopped = False

    @property
    def even(self) -> bool:
        """Whether there were two values at least, and never another step."""
        return not self._stopped and self._step not in {None, 0}

    def stop(self) -> None:
        """Give up: something that is no whole number came in between."""
        self._stopped = True

    def add(self, values: pa.Array) -> None:
        """Take in the next int64 values, without nulls."""
        if self._stopped or not len(values):
            return
        numbers = values.to_numpy()
        if self._last is not None:
            numbers = np.concatenate([[self._last], numbers])
        steps = np.diff(numbers)
        self._last = int(numbers[-1])
        if len(steps):
            self._step = int(steps[0]) if self._step is None else self._step
            self._stopped = bool((steps != self._step).any())
