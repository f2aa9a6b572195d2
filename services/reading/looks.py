"""What the tallies of all columns want to know of a block of rows, found out in a few threads."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from services.reading.numbers import Numbers
from services.reading.rows import Rows
from services.reading.tally import Tally

Looks = list[Numbers | None]  # of each column
MOST_LOOKS = 512  # columns: those of more take too much memory at a time


@dataclass(frozen=True)
class Looked:
    """What is known of a block's rows beforehand, and which columns were read as numbers."""

    looks: Looks | None
    numbers: frozenset[int]
    block: bytes


NOTHING = Looked(None, frozenset(), b"")


class Looker:
    """Reads blocks of a file and looks at their cells; several threads may do so at a time.

    From `heads_over` on a column of which nothing but its numbers is wanted any more is read as
    numbers at once, not as text first.
    """

    def __init__(self, rows: Rows, tallies: list[Tally]) -> None:
        self.heads_over = False
        self._rows, self._tallies = rows, tallies

    def __call__(self, block: bytes) -> tuple[pa.RecordBatch, Looked]:
        """The rows of a block, and what is known of them."""
        return self._with_numbers(block) or self._as_text(block)

    def look(self, batch: pa.RecordBatch) -> Looks | None:
        """What is known of some rows; of a wide table's nothing is, for it takes much memory."""
        if len(self._tallies) > MOST_LOOKS:
            return None
        pairs = zip(self._tallies, batch.columns, strict=True)
        return [tally.look(cells) for tally, cells in pairs]

    def still(self, batch: pa.RecordBatch, looked: Looked) -> tuple[pa.RecordBatch, Looked]:
        """The same, or with all cells as text where a column holds others than numbers by now."""
        if all(self._tallies[at].wants_numbers for at in looked.numbers):
            return batch, looked
        return self._as_text(looked.block)

    def _with_numbers(self, block: bytes) -> tuple[pa.RecordBatch, Looked] | None:
        """None where there are none to be read so, or a cell is no such number."""
        numbers = self._numbers()
        batch = self._rows.read_numbers(block, numbers) if numbers else None
        looks = self.look(batch) if batch is not None else None
        if looks is None or any(looks[at] is None for at in numbers):
            return None
        return batch, Looked(looks, numbers, block)

    def _as_text(self, block: bytes) -> tuple[pa.RecordBatch, Looked]:
        batch = self._rows.read(block)
        return batch, Looked(self.look(batch), frozenset(), b"")

    def _numbers(self) -> frozenset[int]:
        if not self.heads_over or len(self._tallies) > MOST_LOOKS:
            return frozenset()
        return frozenset(at for at, tally in enumerate(self._tallies) if tally.wants_numbers)
