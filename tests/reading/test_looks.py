"""Whether numbers are looked at beforehand, and how far the reading came, changes no outcome."""

from __future__ import annotations

import importlib
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from models.errors import Invalid
from services.in_order import in_order
from services.reading import Dialect, Limits, Reading, Rows, describe
from services.reading.cells import Markers
from services.reading.levels import Levels
from services.reading.tally import Tally
from tests.story import flowers

looking = importlib.import_module("services.reading.looks")
BLOCKS = [64, 512, 2**21]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_wide_table_is_described_as_a_narrow_one(
    tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "in.csv"
    path.write_text(flowers(300))
    limits = Limits(block_bytes=block, levels=50)
    ahead = describe(path, Reading(), limits).as_record()
    monkeypatch.setattr(looking, "MOST_LOOKS", 0)
    assert describe(path, Reading(), limits).as_record() == ahead


LONG = [f"{at % 970}.{at}" for at in range(4000)]
OF_NUMBERS = {
    "numbers": LONG,
    "missing": [cell if at % 3 else ("NA", "?")[at % 6 // 3] for at, cell in enumerate(LONG)],
    "blank": [*LONG, *[" ", ""] * 20, *LONG],
    "all missing for long": [*LONG[:2000], *["?"] * 1500, *LONG[:500]],
    "blanks": [f" {cell}  " for cell in LONG],
    "quoted": [f'"{cell}"' for cell in LONG],
    "at last text": [*LONG, *["red"] * 10],
    "at last dates": [*LONG, *["2024-01-01"] * 10],
    "at last like numbers": [*LONG, *["1,5"] * 10],
    "text in between": [*LONG, "red", *LONG],
    "infinite": [*LONG, "inf", *LONG[:9], "-Infinity"],
    "not a number": [*LONG, "NaN", "+nan", *LONG[:9]],
    "too large": [*LONG, "1e39", *LONG[:9]],
    "whole": [str(at) for at in range(4000)],
    "whole at first": [*map(str, range(3000)), "1.5", *LONG],
    "long": [*LONG, "0" * 900 + "1.5", *LONG[:9]],
    "too long": [*LONG, "0" * 1100 + "1.5", *LONG[:9]],
    "ragged": [*LONG, "1.5,1", *LONG[:9]],
    "hexadecimal": [*LONG, "0x1F", *LONG[:9]],
}


def told(path: Path, limits: Limits, **reading: Any) -> Any:
    try:
        return describe(path, Reading(**reading), limits).as_record()
    except Invalid as error:
        return str(error), error.faults


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[pa.RecordBatch | None]:
    """What comes of each reading of numbers at once; blocks are read one after the other."""
    monkeypatch.setattr("services.reading.rows.in_order", partial(in_order, room=1, threads=1))
    found: list[pa.RecordBatch | None] = []
    real = Rows.read_numbers

    def read_numbers(self: Rows, block: bytes, numbers: frozenset[int]) -> pa.RecordBatch | None:
        found.append(real(self, block, numbers))
        return found[-1]

    monkeypatch.setattr(Rows, "read_numbers", read_numbers)
    return found


@pytest.mark.parametrize("block", [512, 4000])
@pytest.mark.parametrize("cells", OF_NUMBERS.values(), ids=OF_NUMBERS.keys())
def test_numbers_read_at_once_are_those_that_text_reads_as(
    tmp_path: Path,
    cells: list[str],
    block: int,
    at_once: list[pa.RecordBatch | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "in.csv"
    path.write_text("a,b\n" + "".join(f"{cell},x{at % 7}\n" for at, cell in enumerate(cells)))
    limits = Limits(block_bytes=block, levels=20, max_cell_chars=1000)
    ours = told(path, limits)
    if cells is not OF_NUMBERS["whole"]:
        assert any(batch is not None for batch in at_once)
    monkeypatch.setattr(looking.Looker, "_numbers", lambda _self: frozenset())
    assert told(path, limits) == ours


def test_a_marker_that_is_a_number_is_looked_for_in_the_text(
    tmp_path: Path, at_once: list[pa.RecordBatch | None]
) -> None:
    path = tmp_path / "in.csv"
    path.write_text("a\n" + "\n".join([*LONG, " -999", "-999"]) + "\n")
    limits = Limits(block_bytes=512, levels=20)
    described = describe(path, Reading(missing_values=("-999",)), limits)
    assert described.columns[0].missing == 2
    assert not at_once


def test_a_column_that_holds_text_by_now_is_read_again(tmp_path: Path) -> None:
    """A block is looked at while those before it are not added up yet."""
    path = tmp_path / "in.csv"
    path.write_text("a\n1.5\n")
    dialect = Dialect(",", "utf-8", True, ("",), ["a"])
    tally = Tally(Markers(("",)), Levels(2, 1000), 20)
    looker = looking.Looker(Rows(path, dialect, Limits()), [tally])
    for block in (b"1.5\n2.5\n", b"3.5\n4.5\n5.5\n"):
        batch, looked = looker(block)
        tally.add(batch.column(0), 0, looked.looks[0])
    tally.levels.end_of_head()
    looker.heads_over = True
    ahead = looker(b"6.5\n7.50\n")
    assert ahead[0].schema.types == [pa.float64()]
    assert looker.still(*ahead) == ahead
    text, looked = looker(b"red\n")
    tally.add(text.column(0), 5, looked.looks[0])
    again, looked = looker.still(*ahead)
    assert again.column(0).to_pylist() == ["6.5", "7.50"]
    assert looked.looks == [None]


def test_numbers_are_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once there are too many for each to be counted, and where they are not whole."""
    path = tmp_path / "in.csv"
    rows = [f"{at},{at}.5,{at % 3}.5,x{at}" for at in range(1000)]
    path.write_text("whole,many,few,text\n" + "\n".join(rows) + "\n")
    asked: set[frozenset[int]] = set()
    real = Rows.read_numbers

    def read_numbers(self: Rows, block: bytes, numbers: frozenset[int]) -> Any:
        asked.add(numbers)
        return real(self, block, numbers)

    monkeypatch.setattr(Rows, "read_numbers", read_numbers)
    describe(path, Reading(), Limits(block_bytes=500, levels=20))
    assert asked == {frozenset({1})}


def test_ragged_rows_that_fill_the_refusal_leave_no_word_of_others(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    rows = [*["1,2"] * 50, *["1,2,3"] * 15, "inf,4", *["1,2,3"] * 15, *["1,2"] * 50]
    path.write_text("a,b\n" + "\n".join(rows) + "\n")
    refused = [told(path, Limits(block_bytes=block)) for block in BLOCKS]
    assert refused[0] == refused[1] == refused[2]
    assert {fault.code for fault in refused[0][1]} == {"ragged_row"}
