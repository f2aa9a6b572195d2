"""What is known of one column after the rows read so far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from services.reading.cells import Markers, dates, kinds, wholes
from services.reading.grammar import Kind
from services.reading.histogram import Histogram
from services.reading.levels import Levels
from services.reading.numbers import Numbers, numbers_of
from services.reading.sequence import Sequence


@dataclass(frozen=True)
class Spot:
    """A cell: its row, counted from 0 without ragged rows, and its trimmed text."""

    row: int
    text: str


class Tally:
    """Adds up one column, chunk by chunk; `add` never fails, the verdict comes at the end.

    Chunks of nothing but numbers and missing cells take a fast path. All others are cut down to
    their distinct texts, and each of those is looked at once.
    """

    def __init__(self, markers: Markers, levels: Levels, max_spots: int) -> None:
        self.cells = 0
        self.count = [0] * len(Kind)
        self.first: dict[Kind, Spot] = {}
        self.unfit: dict[Kind, list[Spot]] = {Kind.INFINITE: [], Kind.OUTSIDE: []}
        self.markers_seen: set[str] = set()
        self.whole = True
        self.low: float | None = None
        self.high: float | None = None
        self.days: tuple[str, str] | None = None
        self.levels = levels
        self.histogram = Histogram()
        self.sequence = Sequence()
        self._markers = markers
        self._max_spots = max_spots

    @property
    def values(self) -> int:
        """The number of cells that are not missing."""
        return self.cells - self.count[Kind.MISSING]

    @property
    def wants_numbers(self) -> bool:
        """Whether of cells that are numbers or missing nothing but the numbers is wanted any more.

        Once it is not so it is never so again, for what came in between was no number.
        """
        known = Kind.NUMBER in self.first and not self.levels.live
        hidden = self._markers.hide_in_numbers
        return known and not self.whole and not hidden and self.may_be_numeric

    def look(self, texts: pa.Array) -> Numbers | None:
        """What `add` wants to know of its cells beforehand; several threads may look at a time.

        That a column is none of numbers is never taken back, so it does not matter when they look.
        """
        if not self.may_be_numeric:
            return None
        return numbers_of(texts, self._markers, whole=self.whole)

    def add(self, texts: pa.Array, row: int, numbers: Numbers | None) -> None:
        """Take in the next cells, untrimmed, and what `look` said of them.

        `row` is the number of the first one. Cells that were read as numbers are taken only while
        such are wanted.
        """
        if numbers is not None and self.may_be_numeric:
            self._add_numbers(numbers, row)
        else:
            self._add_any(texts, row)
        self.cells += len(texts)

    @property
    def may_be_numeric(self) -> bool:
        """Whether no cell so far says that the column is none of numbers."""
        return not any(self.count[kind] for kind in _NEVER_NUMERIC)

    def _add_numbers(self, numbers: Numbers, row: int) -> None:
        self._count_numbers(numbers.cells, row)
        self._stretch(numbers.low, numbers.high)
        self.histogram.merge(numbers.histogram)
        self._note_wholes(numbers)

    def _count_numbers(self, texts: pa.Array, row: int) -> None:
        missing = texts.null_count
        self.count[Kind.MISSING] += missing
        self.count[Kind.NUMBER] += len(texts) - missing
        if Kind.NUMBER not in self.first:
            at = int(pc.index(pc.is_valid(texts), True).as_py()) if missing else 0
            self.first[Kind.NUMBER] = Spot(row + at, texts[at].as_py())
        if self.levels.live:
            counted = pc.value_counts(pc.drop_null(texts) if missing else texts)
            self.levels.add(counted.field(0), counted.field(1).to_numpy())

    def _stretch(self, low: float, high: float) -> None:
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)

    def _note_wholes(self, numbers: Numbers) -> None:
        """Keep `whole` and the sequence up to date with texts that are all numbers or null."""
        if numbers.wholes is None:
            self.whole = False
            self.sequence.stop()
        elif numbers.cells.null_count:
            self.sequence.stop()
        else:
            self.sequence.add(numbers.wholes)

    def _add_any(self, texts: pa.Array, row: int) -> None:
        counted = pc.value_counts(texts)
        raw, counts = counted.field(0), counted.field(1).to_numpy()
        trimmed = pc.utf8_trim_whitespace(raw)
        found = kinds(trimmed, self._markers)
        self.sequence.stop()
        for kind in np.unique(found):
            self._note_kind(Kind(kind), _Chunk(texts, row, raw, trimmed, counts, found == kind))
        present = found != Kind.MISSING
        if self.levels.live:
            self.levels.add(trimmed.filter(pa.array(present)), counts[present])

    def _note_kind(self, kind: Kind, chunk: _Chunk) -> None:
        self.count[kind] += int(chunk.counts[chunk.chosen].sum())
        if kind not in self.first:
            # Distinct texts come in the order in which they first occur.
            self.first[kind] = chunk.spot(int(chunk.chosen.argmax()))
        if kind in self.unfit:
            self.unfit[kind] += chunk.spots(self._max_spots - len(self.unfit[kind]))
        elif kind == Kind.MISSING:
            self.markers_seen.update(chunk.distinct().to_pylist())
        elif kind == Kind.NUMBER:
            self._note_numbers(chunk)
        elif kind == Kind.DATE:
            self._note_days(chunk.distinct())

    def _note_numbers(self, chunk: _Chunk) -> None:
        texts = chunk.distinct()
        values = pc.cast(texts, pa.float64()).to_numpy()
        low, high = float(values.min()), float(values.max())
        self._stretch(low, high)
        self.histogram.merge(Histogram.of(values, low, high, chunk.counts[chunk.chosen]))
        self.whole = self.whole and wholes(texts) is not None

    def _note_days(self, texts: pa.Array) -> None:
        ends = pc.min_max(dates(texts)).as_py()
        low, high = ends["min"].isoformat(), ends["max"].isoformat()
        before = self.days or (low, high)
        self.days = (min(before[0], low), max(before[1], high))


@dataclass(frozen=True)
class _Chunk:
    """The cells of a chunk, its distinct texts and their counts, and which of these are meant."""

    texts: pa.Array
    row: int
    raw: pa.Array
    trimmed: pa.Array
    counts: npt.NDArray[np.int64]
    chosen: npt.NDArray[np.bool_]

    def distinct(self) -> pa.Array:
        """The distinct trimmed texts that are meant."""
        return self.trimmed.filter(pa.array(self.chosen))

    def spot(self, at: int) -> Spot:
        """The first cell that holds the distinct text number `at`."""
        row = self.row + int(pc.index(self.texts, self.raw[at]).as_py())
        return Spot(row, self.trimmed[at].as_py())

    def spots(self, most: int) -> list[Spot]:
        """The first cells, `most` at the most, that hold a text that is meant."""
        hits = pc.is_in(self.texts, self.raw.filter(pa.array(self.chosen)))
        rows = np.flatnonzero(hits.to_numpy(zero_copy_only=False))[: max(most, 0)]
        return [Spot(self.row + int(at), self.texts[int(at)].as_py().strip()) for at in rows]


_NEVER_NUMERIC = (Kind.TEXT, Kind.WORD, Kind.DATE, Kind.NUMBER_LIKE)
