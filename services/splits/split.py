"""The split itself: one pass over the CSV, Parquet out, and a report of what went where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from models.errors import invalid
from services import copies
from services.columns import Column
from services.files import sha256_of, sync
from services.in_order import in_order
from services.reading import Description, Limits, typed_batches
from services.splits.assign import PARTS
from services.splits.dealer import Dealer
from services.splits.plan import Plan, choose
from services.splits.writers import Writers

WAITING = 16 * 2**20  # bytes that are dealt out, and not yet written

Dealt = tuple[Dealer, dict[str, int]]


@dataclass(frozen=True)
class Split:
    """What a split made: rows and checksums by part, the features, the classes, the warnings."""

    rows: dict[str, int]
    checksums: dict[str, str]
    features: list[dict[str, Any]]
    classes: list[Any]
    warnings: list[dict[str, Any]]

    def as_record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def split(
    source: Path,
    description: Description,
    plan: Plan,
    folder: Path,
    limits: Limits,
    report: Callable[[float], None],
    kept: Path | None = None,
) -> Split:
    """Deal the rows of the CSV `source` out to Parquet files in `folder`.

    `report` is told the share done, 0 to 1; where the folder `kept` has a copy of the CSV, that is
    read. Raises Invalid for whatever in the plan does not fit the table.
    """
    used, left_out = choose(description.columns, description.rows, plan)

    def deal(copy: BinaryIO | None) -> Dealt:
        batches = typed_batches(source, description, limits, copy)
        dealer = Dealer(description, plan, used)
        return dealer, _written(dealer, batches, folder, lambda n: report(n / description.rows))

    dealer, rows = copies.through(kept, source, deal)
    check_rows(rows)
    return _told(dealer, rows, folder, [*about(description, plan, used), *map(asdict, left_out)])


def _told(
    dealer: Dealer, rows: dict[str, int], folder: Path, warnings: list[dict[str, Any]]
) -> Split:
    """What was made, once it is on the disk."""
    with ThreadPoolExecutor(len(PARTS)) as others:
        checksums = others.map(_kept, (folder / f"{part}.parquet" for part in rows))
        notices = dealer.notices()
    return Split(
        rows=rows,
        checksums=dict(zip(rows, checksums, strict=True)),
        features=[feature.as_record() for feature in dealer.features()],
        classes=dealer.classes(),
        warnings=[*warnings, *map(asdict, notices)],
    )


def _written(
    dealer: Dealer,
    batches: Iterator[pa.RecordBatch],
    folder: Path,
    report: Callable[[int], None],
) -> dict[str, int]:
    """Deal out all rows, and have a thread write the parts; how many rows each has."""
    with ExitStack() as stack:
        writers = Writers(folder, stack)
        dealt = ((batch, dealer.deal(batch)) for batch in batches)
        written = in_order(writers.write, dealt, lambda pair: int(pair[0].nbytes), WAITING, 1)
        with closing(written):
            for rows in written:
                report(rows)
        writers.finish()
    return writers.rows


def _kept(file: Path) -> str:
    """A part's checksum, once it is on the disk: where it gets its place nothing waits for that."""
    sync(file)
    return sha256_of(file)


def check_rows(rows: dict[str, int]) -> None:
    """Raise Invalid where a part has no row."""
    missing = [part for part in PARTS[:2] if not rows.get(part)]
    if missing:
        raise invalid("too_few_rows", f"no row is left for the {missing[0]} part", "/test_size")


def about(description: Description, plan: Plan, used: list[Column]) -> list[dict[str, Any]]:
    """The reader's warnings about the whole table and about the columns in use."""
    names = {None, plan.target, *(column.name for column in used)}
    return [asdict(notice) for notice in description.warnings if notice.column in names]
