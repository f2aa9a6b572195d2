"""Counting a column's distinct values, up to a cap, at a bounded cost in time and memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_EXAMPLES = 5
_EXAMPLE_CHARACTERS = 100


class Levels:
    """Counts texts until more than `cap` are distinct, or they hold more than `max_bytes`.

    `examples` are the first few, `head_share` the share of distinct texts among the values of
    the rows up to `end_of_head`, None before.
    """

    def __init__(self, cap: int, max_bytes: int) -> None:
        self.examples: list[str] = []
        self.head_share: float | None = None
        self.live = True
        self._cap = cap
        self._max_bytes = max_bytes
        self._texts: list[pa.Array] = []
        self._counts: list[npt.NDArray[np.int64]] = []
        self._length = 0
        self._bytes = 0
        self._folded = 0

    def add(self, texts: pa.Array, counts: npt.NDArray[np.int64]) -> None:
        """Take in distinct texts without nulls and how often each occurs, in order of the file."""
        if not self.live or not len(texts):
            return
        self._take_examples(texts)
        self._texts.append(texts)
        self._counts.append(counts)
        self._length += len(texts)
        self._bytes += texts.nbytes
        # So rarely that it costs little beside the counting itself, and soon where all differ.
        new, room = self._length - self._folded, self._cap - self._folded
        if new > max(room, self._cap // 2) or self._bytes > 2 * self._max_bytes:
            self._fold()

    def end_of_head(self) -> None:
        """Mark the place, the same for any size of block, where `head_share` is taken."""
        if self.live:
            self._fold()
            self._take_share()

    def counts(self) -> dict[str, int] | None:
        """Text to count in order of appearance, or None where there were too many."""
        self._fold()
        if not self.live or self._over():
            self._drop()
            return None
        if not self._texts:
            return {}
        return dict(zip(self._texts[0].to_pylist(), self._counts[0].tolist(), strict=True))

    def _take_examples(self, texts: pa.Array) -> None:
        for text in texts.slice(0, _EXAMPLES).to_pylist() if self._lacks_examples() else []:
            short = text[:_EXAMPLE_CHARACTERS]
            if short not in self.examples and self._lacks_examples():
                self.examples.append(short)

    def _lacks_examples(self) -> bool:
        return len(self.examples) < _EXAMPLES

    def _fold(self) -> None:
        if not self._texts:
            return
        encoded = pc.dictionary_encode(pa.concat_arrays(self._texts))
        codes = encoded.indices.to_numpy()
        # Floats count exactly up to 2^53 rows.
        summed = np.bincount(codes, weights=np.concatenate(self._counts))
        self._texts, self._counts = [encoded.dictionary], [summed.astype(np.int64)]
        self._length = self._folded = len(encoded.dictionary)
        self._bytes = encoded.dictionary.nbytes
        if self._over():
            self._drop()

    def _over(self) -> bool:
        return self._length > self._cap or self._bytes > self._max_bytes

    def _take_share(self) -> None:
        total = sum(int(counts.sum()) for counts in self._counts)
        self.head_share = self._length / total if total else None

    def _drop(self) -> None:
        self.live = False
        if self.head_share is None:
            self._take_share()
        self._texts, self._counts, self._length = [], [], 0
