"""JSON rows to the matrix that a forest takes, with all that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from models.errors import Fault
from services.columns import Feature
from services.forest.cells import ABSENT, READERS
from services.forest.compiled import Compiled
from services.forest.encoding import MISSING, UNSEEN, Floats, Matrix
from services.forest.nearest import Hints, shown
from services.forest.reports import Report

Row = Mapping[str, Any]


class Encoded(NamedTuple):
    """Rows as numbers, float32 (rows, features), and what is to be said about them.

    With faults the matrix means nothing. The warnings are {code, pointer, message}.
    """

    matrix: Matrix
    faults: list[Fault]
    warnings: list[dict[str, str]]


class RowEncoder:
    """Encodes JSON objects of column to value, one a row, as `encoding.encode` does a table.

    Every feature must be there, null for missing; other columns of the table are passed over;
    other names are faults. A category that no training row had is a warning. At most 100 faults
    and 100 warnings are told one by one; pointers (RFC 6901) begin with /rows.
    """

    def __init__(self, features: Sequence[Feature], known_columns: frozenset[str]) -> None:
        self.features, self.known = features, known_columns
        self._compiled = Compiled(features, known_columns)

    def encode(self, rows: Sequence[object]) -> Encoded:
        """The rows as numbers, with all that is wrong with them."""
        matrix = self._compiled.matrix(rows)
        return self._explained(rows) if matrix is None else Encoded(matrix, [], [])

    def _explained(self, rows: Sequence[object]) -> Encoded:
        matrix = np.full((len(rows), len(self.features)), MISSING, dtype=np.float32)
        table = _Table(rows, self.features, self.known)
        if not table.faults.full:
            table.fill(matrix)
        return Encoded(matrix, table.faults.as_faults(), table.warnings.as_records())


class _Table:
    """The rows that are objects, and the reports on all rows."""

    def __init__(
        self, rows: Sequence[object], features: Sequence[Feature], known: frozenset[str]
    ) -> None:
        self.features, self.hints = features, Hints()
        self.faults, self.warnings = Report("faults"), Report("warnings")
        self.rows: list[Row] = [row for row in rows if isinstance(row, dict)]
        self.places: Sequence[int] = range(len(rows))
        if len(self.rows) < len(rows):
            self.places = list(self._objects(rows))
        self._refuse_unknown(known)

    def _objects(self, rows: Sequence[object]) -> Iterator[int]:
        for place, row in enumerate(rows):
            if isinstance(row, dict):
                yield place
            else:
                message = f"expected an object of column to value, got {shown(row)}"
                self.faults.add(f"/rows/{place}", "wrong_type", message)

    def _refuse_unknown(self, known: frozenset[str]) -> None:
        if all(row.keys() <= known for row in self.rows):
            return
        allowed = known.union(feature.name for feature in self.features)
        names = [feature.name for feature in self.features]
        for place, row in zip(self.places, self.rows, strict=True):
            for name in row:
                if name not in allowed:
                    self._refuse_name(place, name, names)

    def _refuse_name(self, place: int, name: str, names: Sequence[str]) -> None:
        if self.faults.full:
            self.faults.more += 1
            return
        message = f"the table has no column {shown(name)}{self.hints.hint(name, names)}"
        self.faults.add(_pointer(place, name), "unknown_column", message)

    def fill(self, matrix: Matrix) -> None:
        """Write the encoded values of all features into the matrix."""
        for at, feature in enumerate(self.features):
            column = self._column(feature)
            if column is not None:
                matrix[self.places, at] = column

    def _column(self, feature: Feature) -> Floats | None:
        reader = READERS[feature.type]
        values = [row.get(feature.name, ABSENT) for row in self.rows]
        if not reader.plain(values) and self._refuse_values(feature, values):
            return None
        numbers = reader.numbers(values, feature)
        if feature.type == "category":
            self._warn_unseen(feature, values, numbers)
        return numbers

    def _refuse_values(self, feature: Feature, values: Sequence[object]) -> bool:
        """Report each value that is wrong; whether there was one."""
        before = self.faults.count
        for place, value in zip(self.places, values, strict=True):
            if value is ABSENT:
                message = f"the row has no {feature.name!r}; null means missing"
                self.faults.add(_pointer(place, feature.name), "missing_column", message)
            elif problem := READERS[feature.type].problem(value):
                self.faults.add(_pointer(place, feature.name), *problem)
        return self.faults.count > before

    def _warn_unseen(self, feature: Feature, values: Sequence[object], codes: Floats) -> None:
        for at in np.flatnonzero(codes == UNSEEN).tolist():
            message = ""
            if not self.warnings.full:
                hint = self.hints.hint(str(values[at]), feature.levels)
                message = f"no training row had {shown(values[at])} in {feature.name!r}{hint}"
            self.warnings.add(_pointer(self.places[at], feature.name), "unseen_category", message)


def _pointer(place: int, name: str) -> str:
    """The JSON Pointer (RFC 6901) to a cell; a name of absurd length is cut."""
    plain = name[:200].encode("utf-8", "backslashreplace").decode()
    return f"/rows/{place}/{plain.replace('~', '~0').replace('/', '~1')}"
