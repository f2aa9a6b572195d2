"""What a split would make and take, told from a table's first rows: nothing of it is kept."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from models.errors import Failed, StorageFull
from services import copies
from services.columns import Column
from services.reading import Description, Limits, typed_batches
from services.splits.dealer import Dealer
from services.splits.plan import Plan, choose
from services.splits.repeated import MOST_ROWS
from services.splits.split import about, check_rows
from services.splits.writers import Writers

ENOUGH_ROWS = 200_000
# Bytes that a split takes however few rows there are; for each of them, its part and its place in
# the order that is dealt; and for each whose hash is kept, to find the same ones on both sides. Of
# 2 and 20 million rows of five columns 280 and 363 MiB were measured; wider ones take more buffers.
PROCESS, ROW, HASHED = 300 << 20, 4, 24
BESIDE = 0.2  # seconds that a create takes whatever there is to do: 0.2 to 0.3 were measured


def foresee(
    source: Path,
    description: Description,
    plan: Plan,
    folder: Path,
    limits: Limits,
    kept: Path | None = None,
) -> dict[str, Any]:
    """The columns to be used and why, the rows of each part, bytes and seconds that it would take.

    Writes to `folder`, and reads what the split would: a copy of the CSV where the folder `kept`
    has one. Raises Invalid as the split itself would.
    """
    used, _ = choose(description.columns, description.rows, plan)
    check_rows((parts := Dealer(description, plan, used).assign).rows())

    def deal(copy: BinaryIO | None) -> tuple[int, float]:
        dealer, began = Dealer(description, plan, used), time.perf_counter()
        _write_some(dealer, typed_batches(source, description, limits, copy), folder)
        return dealer.seen, time.perf_counter() - began

    seen, seconds = copies.through(kept, source, deal)
    more = description.rows / seen
    return {
        "rows": parts.rows(),
        "features": [{"name": column.name, "type": column.type} for column in used],
        "left_out": _left_out(description.columns, used, plan),
        "warnings": about(description, plan, used),
        "memory": PROCESS + ROW * description.rows + HASHED * min(description.rows, MOST_ROWS),
        "size": int(sum(file.stat().st_size for file in folder.iterdir()) * more),
        "seconds": round(BESIDE + seconds * more, 1),
    }


def _write_some(dealer: Dealer, batches: Iterator[pa.RecordBatch], folder: Path) -> None:
    with ExitStack() as stack:
        writers = Writers(folder, stack)
        for batch in batches:
            writers.write((batch, dealer.deal(batch)))
            if dealer.seen >= ENOUGH_ROWS:
                break
        writers.finish()


def check_room(told: dict[str, Any], memory_limit: int, folder: Path) -> None:
    """Raise Failed, out_of_memory, or StorageFull, where what `foresee` told does not fit."""
    if told["memory"] > memory_limit:
        message = (
            f"this split would take {told['memory'] >> 20:,} MiB, of the {memory_limit >> 20:,} "
            "that a step may use (GROVE_STEP_MEMORY)"
        )
        raise Failed(message, code="out_of_memory")
    free = shutil.disk_usage(folder).free
    if told["size"] > free:
        message = f"this split would take {told['size']:,} bytes, and {free:,} are free"
        raise StorageFull(message)


def _left_out(columns: list[Column], used: list[Column], plan: Plan) -> list[dict[str, str]]:
    """The columns that nothing is learned from, and why."""
    names = {column.name for column in used}
    return [
        {"name": column.name, "reason": _reason(column.name, plan)}
        for column in columns
        if column.name not in names
    ]


def _reason(name: str, plan: Plan) -> str:
    if name == plan.target:
        return "it is the target"
    if name == plan.split_column:
        return "it fixes the split"
    if name in plan.exclude:
        return "it is excluded"
    if plan.features is not None and name not in plan.features:
        return "it is not among the features asked for"
    return "it has no value at all"
