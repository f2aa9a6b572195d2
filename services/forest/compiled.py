"""JSON rows to numbers without a word: what a version expects of a row, worked out once.

Whatever is not plainly right here is left to `rows`, which says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from types import NoneType
from typing import Any

import numpy as np

from services.columns import NUMERIC, ColumnType, Feature
from services.forest.cells import day, numbers_of
from services.forest.encoding import MISSING, Floats, Matrix

Convert = Callable[[Sequence[Any]], list[float] | None]
BOOLEANS = frozenset({bool, NoneType})
TRUTH = {None: MISSING, False: 0.0, True: 1.0}


class Compiled:
    """Encodes rows that have all features, no unknown column and nothing to warn about."""

    def __init__(self, features: Sequence[Feature], known_columns: frozenset[str]) -> None:
        self.known, self.width = known_columns, len(features)
        self._numeric = [at for at, feature in enumerate(features) if feature.type in NUMERIC]
        self._numbers = _picker([features[at].name for at in self._numeric])
        self._others = [
            (at, feature.name, _CONVERTERS[feature.type](feature))
            for at, feature in enumerate(features)
            if feature.type not in NUMERIC
        ]

    def matrix(self, rows: Sequence[Any]) -> Matrix | None:
        """The rows as float32 (rows, features), or None where one is not plainly right.

        A row with as many columns as there are features, and all of these, has no others.
        """
        try:
            if all(len(row) == self.width or row.keys() <= self.known for row in rows):
                return self._encoded(rows)
        except (KeyError, TypeError, AttributeError):  # a feature is missing, or it is no object
            pass
        return None

    def _encoded(self, rows: Sequence[Any]) -> Matrix | None:
        block = self._block(rows)
        if block is None or not self._others:
            return block if block is None else block.astype(np.float32)
        matrix = np.empty((len(rows), self.width), dtype=np.float32)
        matrix[:, self._numeric] = block
        for at, name, convert in self._others:
            column = convert([row[name] for row in rows])
            if column is None:
                return None
            matrix[:, at] = column
        return matrix

    def _block(self, rows: Sequence[Any]) -> Floats | None:
        """All columns of numbers at once, shape (rows, numbers)."""
        values = [value for row in rows for value in self._numbers(row)]
        numbers = numbers_of(values)
        return None if numbers is None else numbers.reshape(len(rows), len(self._numeric))


def _picker(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda row: [row[name] for name in names]


def _of_levels(feature: Feature) -> Convert:
    codes = {None: 0.0} | {level: place + 1.0 for place, level in enumerate(feature.levels)}
    return lambda values: _looked_up(values, codes)


def _of_booleans(_: Feature) -> Convert:
    def convert(values: Sequence[Any]) -> list[float] | None:
        # 1 and 1.0 are equal to true, and yet no booleans.
        return _looked_up(values, TRUTH) if set(map(type, values)) <= BOOLEANS else None

    return convert


def _looked_up(values: Sequence[Any], codes: Mapping[Any, float]) -> list[float] | None:
    try:
        return [codes[value] for value in values]
    except (KeyError, TypeError):  # a value that is not known, or that no dict can hold
        return None


def _of_dates(_: Feature) -> Convert:
    def convert(values: Sequence[Any]) -> list[float] | None:
        days = [MISSING if value is None else day(value) for value in values]
        return None if None in days else days  # type: ignore[return-value]

    return convert


_CONVERTERS: dict[ColumnType, Callable[[Feature], Convert]] = {
    "boolean": _of_booleans,
    "date": _of_dates,
    "category": _of_levels,
}
