"""From a tally to a column: its type, its range, its levels, and the cells that are refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from heapq import nsmallest

import pyarrow as pa

from services.columns import LEVELS_KEPT, MOST_CLASSES, NUMERIC, Column, ColumnType
from services.reading.cells import dates
from services.reading.grammar import Kind
from services.reading.tally import Spot, Tally

_OTHER_THAN_BOOLEAN = (
    Kind.TEXT,
    Kind.DATE,
    Kind.INFINITE,
    Kind.OUTSIDE,
    Kind.NUMBER_LIKE,
)


def type_of(tally: Tally) -> ColumnType:
    """The narrowest type that every value of the column has."""
    count = tally.count
    numbers = count[Kind.NUMBER] + count[Kind.INFINITE] + count[Kind.OUTSIDE]
    if not tally.values:
        return "category"
    if numbers == tally.values:
        return "integer" if tally.whole and numbers == count[Kind.NUMBER] else "number"
    if count[Kind.WORD] and not any(count[kind] for kind in _OTHER_THAN_BOOLEAN):
        return "boolean" if not count[Kind.NUMBER] or _only_bits(tally) else "category"
    return "date" if count[Kind.DATE] == tally.values else "category"


def _only_bits(tally: Tally) -> bool:
    low, high = tally.low, tally.high
    return tally.whole and low is not None and high is not None and low >= 0 and high <= 1


def refused_cells(tally: Tally) -> Iterator[tuple[Kind, Spot]]:
    """The cells of a number column that hold no finite number, or one too large for a float32."""
    if type_of(tally) == "number":
        for kind, spots in tally.unfit.items():
            for spot in spots:
                yield kind, spot


def column_of(name: str, tally: Tally) -> Column:
    """The column as the whole file shows it."""
    kind = type_of(tally)
    low, high = _range(kind, tally)
    levels = _levels(kind, tally.levels.counts())
    return Column(
        name=name,
        type=kind,
        missing=tally.count[Kind.MISSING],
        distinct=None if levels is None else len(levels),
        examples=list(tally.levels.examples),
        minimum=low,
        maximum=high,
        levels=None if levels is None else _kept(levels),
        histogram=_histogram(kind, tally),
    )


def _range(kind: ColumnType, tally: Tally) -> tuple[float | int | str | None, ...]:
    if kind == "integer" and tally.low is not None and tally.high is not None:
        return int(tally.low), int(tally.high)
    if kind == "number":
        return tally.low, tally.high
    if kind == "date" and tally.days:
        return tuple(_short(datetime.fromisoformat(day)) for day in tally.days)
    return None, None


def _histogram(kind: ColumnType, tally: Tally) -> dict[str, list[float]] | None:
    if kind not in NUMERIC:
        return None
    return tally.histogram.as_record(whole=kind == "integer")


def _levels(kind: ColumnType, counts: dict[str, int] | None) -> dict[str, int] | None:
    if counts is None:
        return None
    typed: dict[str, int] = {}
    for text, key in zip(counts, _keys(kind, list(counts)), strict=True):
        typed[key] = typed.get(key, 0) + counts[text]
    return typed


def _kept(levels: dict[str, int]) -> dict[str, int]:
    """The levels that a column keeps, the most frequent first."""
    most = len(levels) if len(levels) <= MOST_CLASSES else LEVELS_KEPT
    return dict(nsmallest(most, levels.items(), key=lambda level: (-level[1], level[0])))


def _keys(kind: ColumnType, texts: list[str]) -> list[str]:
    """The typed values in text form, in which 1.0 and 1.00 are one."""
    if kind == "integer":
        # By way of float, which takes any number of leading zeros, and is exact up to 2^53.
        return [str(int(float(text))) for text in texts]
    if kind in NUMERIC:
        # Adding 0.0 makes one of 0.0 and -0.0.
        return [repr(float(text) + 0.0) for text in texts]
    if kind == "boolean":
        return ["true" if text.lower().lstrip("+0") in {"true", "1"} else "false" for text in texts]
    if kind == "date":
        moments = dates(pa.array(texts, pa.string())).to_pylist()
        return [_short(moment) for moment in moments]
    return texts


def _short(moment: datetime) -> str:
    text = moment.isoformat()
    return text.removesuffix("T00:00:00")
