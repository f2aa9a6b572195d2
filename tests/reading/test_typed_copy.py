"""What a first pass kept of a file reads as the file itself does, or there is nothing of it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
import pytest

from models.errors import Invalid
from services.reading import Description, Limits, Reading, TypedCopy, describe, typed_batches
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


def both(csv: Path, place: Path, described: Description) -> tuple[pa.Table, pa.Table]:
    """The rows of the copy, and those of the file."""
    with pa.OSFile(str(place), "rb") as copy:
        ours = pa.Table.from_batches(typed_batches(csv, described, copy=copy))
    return ours, pa.Table.from_batches(typed_batches(csv, described))


@pytest.mark.parametrize(
    ("block", "kinds"), [(1, CLEAR), (64, CLEAR), (2000, VALUES), (2**20, VALUES)]
)
@pytest.mark.parametrize("seed", range(4))
def test_it_reads_as_the_file_does(
    csv_file: Csv, place: Path, seed: int, block: int, kinds: Sequence[str]
) -> None:
    """Columns of every type, with missing cells; whole blocks of them, too."""
    csv = csv_file.write(mixed_table(seed, 80, list(kinds)))
    described = copied(csv, place, block)
    assert described is not None
    ours, theirs = both(csv, place, described)
    assert ours.equals(theirs)


def test_numbers_come_and_go(csv_file: Csv, place: Path) -> None:
    """A column without any number in some blocks; markers that are numbers themselves."""
    cells = [*["1.5"] * 20, *[" "] * 20, *["NA", "-0.0", "+7", " 3 "] * 5]
    csv = csv_file.write("a,b\n" + "".join(f"{cell},{at}\n" for at, cell in enumerate(cells)))
    described = copied(csv, place, block=20)
    assert described is not None
    ours, theirs = both(csv, place, described)
    assert ours.equals(theirs)
    assert ours.schema.types == [pa.float64(), pa.int64()]


@pytest.mark.parametrize("last", ["red", "2024-01-01", "true"])
def test_numbers_that_were_none_leave_no_copy(csv_file: Csv, place: Path, last: str) -> None:
    """Of `01` the copy has the number, and the column turns out to hold the text."""
    csv = csv_file.write("a,b\n" + "01,x\n" * 30 + f"{last},x\n")
    assert copied(csv, place, block=20) is None


def test_one_that_becomes_too_large_is_given_up(csv_file: Csv, place: Path) -> None:
    csv = csv_file.write("a\n" + "1\n" * 1000)
    assert copied(csv, place, block=100, most=7999) is None
    assert not place.exists()
    assert copied(csv, place, block=100, most=8000) is not None


def test_a_wide_table_has_none(csv_file: Csv, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its columns are looked at one after the other."""
    monkeypatch.setattr(looking, "MOST_LOOKS", 1)
    assert copied(csv_file.write("a,b\n1,2\n3,4\n"), place) is None
    assert not place.exists()


def test_a_full_disk_costs_the_copy_alone(
    csv_file: Csv, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    csv = csv_file.write(mixed_table(1, rows=50))
    before = describe(csv, Reading())
    real = pyarrow.ipc.new_stream

    class Full:
        def __init__(self, stream: pyarrow.ipc.RecordBatchStreamWriter) -> None:
            self.write_batch, self.close = stream.write_batch, self.fail

        def fail(self) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(pyarrow.ipc, "new_stream", lambda *args: Full(real(*args)))
    copy = TypedCopy(place, ROOM)
    assert describe(csv, Reading(), copy=copy) == before
    assert not copy.finished
    assert not place.exists()


def test_a_copy_that_does_not_fit_is_told(csv_file: Csv, place: Path) -> None:
    """It was made when the file was described; another column type is not in it."""
    described = copied(csv_file.write("a,b\nx,1\ny,2\n"), place)
    assert described is not None
    described.columns[0].__dict__["type"] = "number"
    with (
        pa.OSFile(str(place), "rb") as copy,
        pytest.raises(Invalid, match="a number is expected"),
    ):
        list(typed_batches(csv_file.path, described, copy=copy))
