"""Lines, records and cells that are too long, and marks that are none."""

from __future__ import annotations

import resource

import pytest

from models.errors import Invalid
from services.reading import Limits, Reading, describe
from tests.reading.helpers import Csv, column


@pytest.mark.parametrize("character", ["x", ";", '"'])
def test_an_endless_line_is_refused_in_flat_memory(csv_file: Csv, character: str) -> None:
    csv_file.write("")
    with csv_file.path.open("wb") as file:
        file.write(b"a,b\n1,2\n1,")
        for _ in range(60):
            file.write(character.encode() * 2**20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Invalid) as caught:
        describe(csv_file.path, Reading())
    assert caught.value.code == "line_too_long"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * 1024


def test_an_endless_first_line_is_refused(csv_file: Csv) -> None:
    error = csv_file.invalid(b"x" * 20_000_000, Limits(max_line_bytes=2**20))
    assert error.code == "line_too_long"


def test_a_line_over_the_limit_late_in_the_file_is_refused(csv_file: Csv) -> None:
    limits = Limits(max_line_bytes=1000, block_bytes=300)
    content = "a,b\n" + "1,2\n" * 30_000
    assert csv_file.describe(content + "1," + "x" * 900 + "\n", limits, header=True).rows == 30_001
    error = csv_file.invalid(content + "1," + "x" * 1000 + "\n", limits)
    assert error.code == "line_too_long"


def test_a_record_longer_than_a_block_is_read(csv_file: Csv) -> None:
    text = "\n".join(["word " * 20] * 300)
    described = csv_file.describe(f'a,b\n1,"{text}"\n2,x\n3,x\n', Limits(block_bytes=512))
    assert column(described, "b").levels == {"x": 2, text.strip(): 1}


def test_a_cell_over_the_limit_is_refused_with_its_line(csv_file: Csv) -> None:
    content = 'a,b\n1,x\n2,"y\ny"\n3,' + "é" * 51 + "\n"
    error = csv_file.invalid(content, Limits(max_cell_chars=50))
    assert (error.code, error.faults[0].pointer) == ("cell_too_long", "/rows/2/b")
    assert "Line 5 " in error.detail
    assert csv_file.describe(content, Limits(max_cell_chars=51)).rows == 3


def test_a_cell_over_the_default_limit_is_refused(csv_file: Csv) -> None:
    rows = "1,x\n" * 30_000
    assert csv_file.invalid(f"a,b\n{rows}2,{'y' * 200_000}\n").code == "cell_too_long"
    assert csv_file.invalid(f"a,b\n2,{'y' * 200_000}\n").code == "cell_too_long"


def test_a_mark_of_byte_order_within_the_table_is_a_character(csv_file: Csv) -> None:
    described = csv_file.describe("a,b\n\ufeff,1\n\ufeff,2\n", Limits(block_bytes=1))
    assert column(described, "a").levels == {"\ufeff": 2}
