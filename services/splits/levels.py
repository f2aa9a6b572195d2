"""The categories that a forest gets to know: those of the training rows, within a bound."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

# More levels than KEPT make an encoding that costs much and tells little: the most frequent
# stay, the others are to the forest what an unseen value is. Past SEEN, new ones are not counted.
SEEN = 20_000
KEPT = 1_000


class Levels:
    """Counts the levels of one column as its training rows go by."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def see(self, values: pa.Array) -> None:
        """Count the next rows; missing ones are no level."""
        for pair in pc.value_counts(values.drop_null()).to_pylist():
            if pair["values"] in self.counts or len(self.counts) < SEEN:
                self.counts[pair["values"]] += pair["counts"]

    def kept(self) -> list[str]:
        """The levels, sorted; of too many the most frequent, ties in the order of their text."""
        ranked = sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return sorted(level for level, _ in ranked[:KEPT])
