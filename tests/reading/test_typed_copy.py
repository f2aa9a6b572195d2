"""What a first pass kept of a file reads as the file itself does, or there is nothing of it."""

from __future__ import annotations

import importlib
import io
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import MagicMock

import pyarrow as pa
import pytest

from models.errors import Invalid
from services.in_order import in_order
from services.reading import (
    Damaged,
    Description,
    Limits,
    Reading,
    TypedCopy,
    describe,
    typed_batches,
)
from tests.reading.helpers import Csv
from tests.reading.tables import VALUES, mixed_table

looking = importlib.import_module("services.reading.looks")
ROOM = 2**20
CLEAR = [kind for kind in VALUES if kind not in ("boolean", "mixed")]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "copy.arrow"


def copied(csv: Path, place: Path, block: int = 2**20, most: int = ROOM) -> Description | None:
    """What is described, if a copy was kept."""
    copy = TypedCopy(place, most)
    described = describe(csv, Reading(), Limits(block_bytes=block, levels=50), copy=copy)
    return described if copy.finished else None


def read(csv: Path, content: bytes, described: Description) -> pa.Table:
    return pa.Table.from_batches(typed_batches(csv, described, copy=io.BytesIO(content)))


def assert_same(csv: Path, place: Path, described: Description | None) -> pa.Table:
    """The rows of the copy are those of the file."""
    assert described is not None
    ours = read(csv, place.read_bytes(), described)
    assert ours.equals(pa.Table.from_batches(typed_batches(csv, described)))
    return ours


@pytest.mark.parametrize(
    ("block", "kinds"), [(1, CLEAR), (64, CLEAR), (2000, VALUES), (2**20, VALUES)]
)
@pytest.mark.parametrize("seed", range(4))
def test_it_reads_as_the_file_does(
    csv_file: Csv, place: Path, seed: int, block: int, kinds: Sequence[str]
) -> None:
    """Columns of every type, with missing cells; whole blocks of them, too."""
    csv = csv_file.write(mixed_table(seed, 80, list(kinds)))
    assert_same(csv, place, copied(csv, place, block))


def test_numbers_that_were_read_at_once(
    csv_file: Csv, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = MagicMock()
    real = looking.Rows.read_numbers

    def read_numbers(*args: object) -> pa.RecordBatch | None:
        counted()
        return real(*args)

    monkeypatch.setattr(looking.Rows, "read_numbers", read_numbers)
    monkeypatch.setattr("services.reading.rows.in_order", partial(in_order, room=1, threads=1))
    cells = [f"{at}.25" if at % 7 else "NA" for at in range(3000)]
    csv = csv_file.write("a,b\n" + "".join(f"{cell},x{cell}\n" for cell in cells))
    described = copied(csv, place, block=500)
    assert counted.call_count > 10
    assert assert_same(csv, place, described)["a"].null_count == 429


def test_numbers_come_and_go(csv_file: Csv, place: Path) -> None:
    """A column without any number in some blocks; whole numbers, some with a sign."""
    cells = [*["1.5"] * 20, *[" "] * 20, *["NA", "-0.0", "+7", " 3 "] * 5]
    csv = csv_file.write("a,b\n" + "".join(f"{cell},{at}\n" for at, cell in enumerate(cells)))
    ours = assert_same(csv, place, copied(csv, place, block=20))
    assert ours.schema.types == [pa.float64(), pa.int64()]


def test_text_that_looks_like_numbers_later(csv_file: Csv, place: Path) -> None:
    """Blocks of digits are looked at before it is known that others held text."""
    csv = csv_file.write("a,b\n" + "A12,x\n" * 300 + "01234,x\n" * 300)
    ours = assert_same(csv, place, copied(csv, place, block=200))
    assert ours["a"][-1].as_py() == "01234"


@pytest.mark.parametrize("last", ["red", "2024-01-01", "true"])
def test_numbers_that_were_none_leave_no_copy(csv_file: Csv, place: Path, last: str) -> None:
    """Of `01` the copy has the number, and the column turns out to hold the text."""
    csv = csv_file.write("a,b\n" + "01,x\n" * 30 + f"{last},x\n")
    assert copied(csv, place, block=20) is None
    assert not place.exists()


def test_one_that_becomes_too_large_is_given_up(csv_file: Csv, place: Path) -> None:
    csv = csv_file.write("a\n" + "1\n" * 1000)
    assert copied(csv, place, block=100) is not None
    size = place.stat().st_size
    assert copied(csv, place, block=100, most=size // 2) is None
    assert not place.exists()


def test_a_wide_table_has_none(csv_file: Csv, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its columns are looked at one after the other."""
    monkeypatch.setattr(looking, "MOST_LOOKS", 1)
    assert copied(csv_file.write("a,b\n1,2\n3,4\n"), place) is None
    assert not place.exists()


@pytest.mark.parametrize("method", ["writelines", "close"])
def test_a_full_disk_costs_the_copy_alone(csv_file: Csv, place: Path, method: str) -> None:
    csv = csv_file.write(mixed_table(1, rows=50))
    copy = TypedCopy(place, ROOM)

    full = MagicMock(**{f"{method}.side_effect": OSError(28, "No space left on device")})
    assert copy._file is not None
    copy._file.close()
    copy._file = full
    assert describe(csv, Reading(), copy=copy) == describe(csv, Reading())
    assert not copy.finished
    assert not place.exists()


def test_a_place_that_is_none_costs_the_copy_alone(csv_file: Csv, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    csv = csv_file.write(mixed_table(1, rows=50))
    copy = TypedCopy(tmp_path / "file" / "copy.arrow", ROOM)
    assert describe(csv, Reading(), copy=copy) == describe(csv, Reading())
    assert not copy.finished


@pytest.mark.parametrize("place_of_damage", [0, 9, 40, 2000, -20, -9, -1])
def test_damage_is_told(csv_file: Csv, place: Path, place_of_damage: int) -> None:
    csv = csv_file.write(mixed_table(1, rows=80))
    described = copied(csv, place, block=2000)
    assert described is not None
    whole = place.read_bytes()
    changed = bytearray(whole)
    changed[place_of_damage] ^= 255
    for content in (bytes(changed), whole[:place_of_damage], whole[: len(whole) - 16]):
        with pytest.raises(Damaged):
            read(csv, content, described)


def test_a_copy_of_another_file_is_told(csv_file: Csv, place: Path) -> None:
    described = copied(csv_file.write("a,b\nx,1\ny,2\n"), place)
    assert described is not None
    with pytest.raises(Damaged, match="2 rows, where 3"):
        read(csv_file.path, place.read_bytes(), replace(described, rows=3))
    columns = [replace(described.columns[0], type="number"), described.columns[1]]
    with pytest.raises(Invalid, match="a number is expected"):
        read(csv_file.path, place.read_bytes(), replace(described, columns=columns))
