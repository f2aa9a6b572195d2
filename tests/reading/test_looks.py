"""Whether numbers are looked at beforehand, and how far the reading came, changes no outcome."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from models.errors import Invalid
from services.reading import Limits, Reading, Rows, describe
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


LONG = [f"{at % 97}.{at}" for at in range(400)]
OF_NUMBERS = {
    "numbers": LONG,
    "missing": [cell if at % 3 else ("NA", " ", "")[at % 9 // 3] for at, cell in enumerate(LONG)],
    "all missing for long": [*LONG[:200], *["?"] * 150, *LONG[:50]],
    "blanks": [f" {cell}  " for cell in LONG],
    "quoted": [f'"{cell}"' for cell in LONG],
    "at last text": [*LONG[:390], *["red"] * 10],
    "at last dates": [*LONG[:390], *["2024-01-01"] * 10],
    "at last like numbers": [*LONG[:390], *["1,5"] * 10],
    "infinite": [*LONG[:300], "inf", *LONG[:9], "-Infinity"],
    "not a number": [*LONG[:300], "NaN", "+nan", *LONG[:9]],
    "too large": [*LONG[:300], "1e39", *LONG[:9]],
    "whole": [str(at) for at in range(400)],
    "whole at first": [*map(str, range(300)), "1.5", *LONG[:9]],
    "long": [*LONG[:300], "0" * 900 + "1.5", *LONG[:9]],
    "too long": [*LONG[:300], "0" * 1100 + "1.5", *LONG[:9]],
    "ragged": [*LONG[:300], "1.5,1", *LONG[:9]],
    "hexadecimal": [*LONG[:300], "0x1F", *LONG[:9]],
}


def told(path: Path, limits: Limits, **reading: Any) -> Any:
    try:
        return describe(path, Reading(**reading), limits).as_record()
    except Invalid as error:
        return str(error), error.faults


@pytest.mark.parametrize("block", [64, 512, 4000, 2**21])
@pytest.mark.parametrize("markers", [None, ("-999", "NA", "7.7")])
@pytest.mark.parametrize("cells", OF_NUMBERS.values(), ids=OF_NUMBERS.keys())
def test_numbers_read_at_once_are_those_that_text_reads_as(
    tmp_path: Path,
    cells: list[str],
    markers: tuple[str, ...] | None,
    block: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "in.csv"
    path.write_text("a,b\n" + "".join(f"{cell},x{at % 7}\n" for at, cell in enumerate(cells)))
    limits = Limits(block_bytes=block, levels=20, max_cell_chars=1000)
    at_once = told(path, limits, missing_values=markers)
    monkeypatch.setattr(looking.Looker, "_numbers", lambda _self: frozenset())
    assert told(path, limits, missing_values=markers) == at_once


def test_numbers_are_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once there are too many for each to be counted, and where they are not whole."""
    path = tmp_path / "in.csv"
    rows = [f"{at},{at}.5,{at % 3}.5,x{at}" for at in range(1000)]
    path.write_text("whole,many,few,text\n" + "\n".join(rows) + "\n")
    asked: list[frozenset[int]] = []
    real = Rows.read_numbers

    def read_numbers(self: Rows, block: bytes, numbers: frozenset[int]) -> Any:
        asked.append(numbers)
        return real(self, block, numbers)

    monkeypatch.setattr(Rows, "read_numbers", read_numbers)
    describe(path, Reading(), Limits(block_bytes=500, levels=20))
    assert set(asked) == {frozenset({1})}
    assert len(asked) > 10


def test_ragged_rows_that_fill_the_refusal_leave_no_word_of_others(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    rows = [*["1,2"] * 50, *["1,2,3"] * 15, "inf,4", *["1,2,3"] * 15, *["1,2"] * 50]
    path.write_text("a,b\n" + "\n".join(rows) + "\n")
    refused = [told(path, Limits(block_bytes=block)) for block in BLOCKS]
    assert refused[0] == refused[1] == refused[2]
    assert {fault.code for fault in refused[0][1]} == {"ragged_row"}
