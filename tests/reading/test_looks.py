"""Whether numbers are looked at beforehand, and how far the reading came, changes no outcome."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from models.errors import Invalid
from services.reading import Limits, Reading, describe
from tests.story import flowers

describing = importlib.import_module("services.reading.describe")
BLOCKS = [64, 512, 2**21]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_wide_table_is_described_as_a_narrow_one(
    tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "in.csv"
    path.write_text(flowers(300))
    limits = Limits(block_bytes=block, levels=50)
    ahead = describe(path, Reading(), limits).as_record()
    monkeypatch.setattr(describing, "_MOST_LOOKS", 0)
    assert describe(path, Reading(), limits).as_record() == ahead


def test_ragged_rows_that_fill_the_refusal_leave_no_word_of_others(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    rows = [*["1,2"] * 50, *["1,2,3"] * 15, "inf,4", *["1,2,3"] * 15, *["1,2"] * 50]
    path.write_text("a,b\n" + "\n".join(rows) + "\n")
    told = []
    for block in BLOCKS:
        with pytest.raises(Invalid) as caught:
            describe(path, Reading(), Limits(block_bytes=block))
        told.append((str(caught.value), caught.value.faults))
    assert told[0] == told[1] == told[2]
    assert {fault.code for fault in told[0][1]} == {"ragged_row"}
