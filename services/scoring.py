"""A CSV in, the same CSV with predictions out: in bounded memory, refused whole or answered whole.

The answer is written to a file before its first byte is sent, for a row that cannot be read may
be the last one, and an answer that has begun cannot be taken back. The file is read once, block
by block; while this thread reads the next blocks and writes what is done, others score: parsing,
the forest and the making of lines all let Python's lock go.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from models.errors import Fault, Invalid, invalid
from services.columns import Notice
from services.files import remove
from services.forest.encoding import MOST_UNSEEN
from services.forest.nearest import Hints, shown
from services.in_order import in_order
from services.predicting import Served
from services.reading import Limits, Reading, Rows, header_of, text_of, text_rows
from services.scored_blocks import BlockScorer, ScoredBlock, as_column
from services.splits.plan import nearest
from services.watching import Tally

__all__ = ["MOST_FAULTS", "as_column", "as_learned", "check_columns", "score_file"]

MOST_FAULTS = 100
SHOWN_LEVELS = 3
MOST_NOTICE_BYTES = 1_500  # as JSON: the notices travel in one header


@dataclass(frozen=True)
class Scored:
    """How many rows were scored, what there is to warn about, and how the rows lie."""

    rows: int
    notices: list[Notice]
    tally: Tally | None


class Scorer:
    """Scores one CSV block by block, and remembers what was wrong with it."""

    def __init__(self, served: Served, limits: Limits) -> None:
        self.served, self.limits = served, limits
        self.faults: list[Fault] = []
        self.unseen: dict[str, dict[str, None]] = defaultdict(dict)
        self.rows = 0
        baseline = served.model.baseline
        self.tally = Tally(baseline) if baseline else None

    def pieces(self, source: Path, reading: Reading) -> Generator[bytes | memoryview, None, None]:
        """The answer: the columns sent, then what is predicted. Raises Invalid at the end."""
        rows = text_rows(source, as_learned(reading, self.served.reading), self.limits)
        self._require_columns(rows)
        scorer = BlockScorer(self.served.model, rows, self.tally)
        with closing(in_order(scorer, rows.blocks(), len)) as blocks:
            for block in blocks:
                yield from self._told(block, rows, scorer)
        if not self.rows:
            raise invalid("csv_empty", "the CSV holds no row to predict")
        if self.faults:
            first = self.faults[0]
            raise Invalid(first.message, code=first.code, faults=self.faults[:MOST_FAULTS])

    def notices(self) -> list[Notice]:
        """One notice for each column with categories that training did not see.

        Of very many the first; a last one then says how many columns there are beside them.
        """
        known = {feature.name: feature.levels for feature in self.served.model.features}
        told: list[Notice] = []
        hints, left = Hints(), MOST_NOTICE_BYTES
        for column, levels in self.unseen.items():
            notice = _unseen(column, levels, known[column], hints)
            left -= len(json.dumps([notice.message, column]))
            if left < 0:
                more = len(self.unseen) - len(told)
                return [*told, Notice("unseen_category", f"{more} more columns have some")]
            told.append(notice)
        return told

    def _require_columns(self, rows: Rows) -> None:
        """Raise Invalid where columns are missing, but first for what is no table at all."""
        needed = [feature.name for feature in self.served.model.features]
        if not set(needed) <= set(rows.dialect.names):
            if next(rows.batches(), None) is None:
                raise invalid("csv_empty", "the CSV holds no row to predict")
            check_columns(needed, rows.dialect.names)

    def _told(
        self, block: ScoredBlock, rows: Rows, scorer: BlockScorer
    ) -> Iterator[bytes | memoryview]:
        """The lines of the next block, before those of the first one the header."""
        if block.texts is not None:
            rows.check_cells(block.texts, self.rows)
            if block.lines is None:
                self.faults += scorer.faults(block.texts, self.rows)
        if block.lines is not None and not self.faults:
            if not self.rows:
                names = rows.dialect.names
                yield header_of([*names, *_beside(names, block.predicted)])
            yield text_of(block.lines)
        self._remember(block)

    def _remember(self, block: ScoredBlock) -> None:
        self.rows += block.rows
        for column, levels in block.unseen.items():
            known = self.unseen[column]
            new = [level for level in levels if level not in known]
            known.update(dict.fromkeys(new[: MOST_UNSEEN - len(known)]))


def score_file(
    source: Path, target: Path, served: Served, reading: Reading, limits: Limits, *, strict: bool
) -> Scored:
    """Score the CSV `source` into the CSV `target`, and say of its rows what Scored holds.

    Raises Invalid with the faults of all rows; with `strict` an unseen category is one.
    """
    scorer = Scorer(served, limits)
    with _passing(target) as file, closing(scorer.pieces(source, reading)) as pieces:
        for piece in pieces:
            file.write(piece)
        notices = scorer.notices()
        if strict and notices:
            faults = [Fault(_pointer(n.column), n.code, n.message) for n in notices]
            raise Invalid(notices[0].message, code=notices[0].code, faults=faults)
    return Scored(scorer.rows, notices, scorer.tally)


@contextmanager
def _passing(path: Path) -> Iterator[BinaryIO]:
    """A new file to write, gone if that fails.

    It is sent and then removed, so that it need not outlast a loss of power: nothing waits for
    the disk.
    """
    try:
        with path.open("xb") as file:
            yield file
    except BaseException:
        remove(path)
        raise


def check_columns(needed: list[str], there: list[str]) -> None:
    """Raise Invalid where a CSV lacks columns, naming the nearest that it has."""
    faults = [
        Fault("/columns", "missing_column", f"column {name!r} is missing{nearest(name, there)}")
        for name in needed
        if name not in set(there)
    ]
    if faults:
        raise Invalid(faults[0].message, code="missing_column", faults=faults[:MOST_FAULTS])


def as_learned(asked: Reading, learned: Mapping[str, Any]) -> Reading:
    """How to read a CSV: as asked, and where nothing was asked as the table was read.

    What marks a missing value in one is a category in another: a guess would be wrong in silence.
    """
    given = {name: value for name, value in asked.as_record().items() if value is not None}
    return Reading.from_record({**learned, **given})


def _unseen(column: str, levels: Collection[str], known: Sequence[str], hints: Hints) -> Notice:
    first = sorted(levels)[:SHOWN_LEVELS]
    named = ", ".join(f"{shown(level)}{hints.hint(level, known)}" for level in first)
    least = "at least " if len(levels) == MOST_UNSEEN else ""
    more = f" and {least}{len(levels) - len(first)} more" if len(levels) > len(first) else ""
    return Notice("unseen_category", f"unseen in training: {named}{more}", column)


def _beside(sent: Collection[str], wanted: Sequence[str]) -> list[str]:
    """The names of what is predicted, each with a _ at its end where it was sent itself."""
    names = []
    for name in wanted:
        while name in sent:
            name += "_"  # noqa: PLW2901
        names.append(name)
    return names


def _pointer(column: str | None) -> str:
    name = (column or "").replace("~", "~0").replace("/", "~1")
    return f"/columns/{name}" if name else "/columns"
