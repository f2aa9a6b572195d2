"""Tables made at random, of columns of every type."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence

VALUES = {
    "integer": ["1", "2", " 3", "-4", "", "NA", "+5"],
    "number": ["1.5", "2e3", "-.5", "7", " ", "nan"],
    "boolean": ["true", "FALSE", "0", "1", "?"],
    "date": ["2024-01-01", "2023-05-06T07:08", "", "2023-05-06 07:08:09.5Z"],
    "text": ["red", "blue, green", 'say "x"', "two\nlines", "äöü", "c\r\nd", "=1", '"'],
    "mixed": ["1", "x", "1,5", "2.5", "true"],
    "empty": ["", "NA", " "],
}


def mixed_table(seed: int, rows: int, kinds: Sequence[str] = tuple(VALUES)) -> str:
    """A CSV with a column of each kind, a number of the row, and a delimiter that ends each line.

    Cells of `boolean` and `mixed` columns may look like numbers for many rows.
    """
    pick = random.Random(seed)  # noqa: S311
    end = pick.choice(["\n", "\r\n", "\r"])
    cells = [[pick.choice(VALUES[kind]) for kind in kinds] for _ in range(rows)]
    lines = [["row", *kinds, ""], *([str(at), *row, ""] for at, row in enumerate(cells))]
    return "".join(_line(line) + end * pick.choice([1, 1, 1, 2]) for line in lines)


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue().removesuffix("\r\n")
