"""What holds for any file: the block size changes nothing, and csv's own writer is understood."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import GroveError
from services.reading import (
    Limits,
    Reading,
    csv_bytes,
    describe,
    text_batches,
    typed_batches,
)
from tests.reading.helpers import Csv
from tests.reading.tables import mixed_table

BLOCKS = (1, 7, 64, 100, 257, 1000, 4096, 2**20)


def _everything(path: Path, limits: Limits) -> Any:
    described = describe(path, Reading(), limits)
    rows = [row for batch in typed_batches(path, described, limits) for row in batch.to_pylist()]
    return described.as_record(), rows


@pytest.mark.parametrize("seed", range(6))
def test_the_block_size_changes_nothing(csv_file: Csv, seed: int) -> None:
    path = csv_file.write(mixed_table(seed, rows=20 * seed + 5))
    outcomes = [_everything(path, Limits(block_bytes=block, levels=50)) for block in BLOCKS]
    assert all(outcome == outcomes[0] for outcome in outcomes)
    assert len(outcomes[0][1]) == 20 * seed + 5


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n" + "1,2\n" * 50 + "3\n" + "1,2\n" * 50 + "4,5,6\n",
        "a,b\n" + "1,2\n" * 50 + "inf,2\n" + "1,2\n" * 50 + "4,1e39\n",
        "a,b\n" + '1,"x\ny"\n' * 50 + '1,"x\n',
        "a,b\r\n" + "1,2\r\n" * 50 + "1,\x00\r\n",
    ],
)
def test_the_block_size_changes_no_fault(csv_file: Csv, content: str) -> None:
    path = csv_file.write(content)
    outcomes = []
    for block in BLOCKS:
        with pytest.raises(GroveError) as caught:
            describe(path, Reading(), Limits(block_bytes=block))
        outcomes.append(caught.value.as_record())
    assert all(outcome == outcomes[0] for outcome in outcomes)


CELL = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
        st.sampled_from(",;|\t\"'\r\n ab"),
    ),
    max_size=8,
)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(2, 4))
    return draw(st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=6))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    tables(),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from([1, 5, 16, 2**20]),
)
def test_what_csv_writes_is_read_back(
    table: list[list[str]], delimiter: str, quoting: Any, block: int
) -> None:
    out = io.StringIO()
    names = [f"name{at}" for at in range(len(table[0]))]
    csv.writer(out, delimiter=delimiter, quoting=quoting).writerows([names, *table])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(out.getvalue().encode())
        reading = Reading(delimiter=delimiter, header=True)
        expected = list(csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=delimiter))[
            1:
        ]
        _, batches = text_batches(path, reading, Limits(block_bytes=block))
        found = [list(row.values()) for batch in batches for row in batch.to_pylist()]
    assert found == expected


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.sampled_from('a1,"\n\r '), max_size=40), st.sampled_from([1, 3, 8, 2**20]))
def test_any_text_is_read_as_csv_reads_it_or_refused(text: str, block: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(f"x,y\n{text}".encode())
        expected = list(csv.reader(io.StringIO(f"x,y\n{text}", newline=""), delimiter=","))[1:]
        blank = [row for row in expected if row and not (len(row) == 1 and not row[0].strip(" \t"))]
        outcome = _outcome(path, block)
    if outcome == "ragged_row":
        assert any(len(row) != 2 for row in blank)
    elif isinstance(outcome, list):
        assert outcome == [row[: len(outcome[0])] for row in blank]
    else:
        assert outcome in {"csv_empty", "unclosed_quote"}


def _outcome(path: Path, block: int) -> list[list[str]] | str:
    """The rows, or the code of the refusal."""
    try:
        reading = Reading(delimiter=",", header=True)
        _, batches = text_batches(path, reading, Limits(block_bytes=block))
        return [list(row.values()) for batch in batches for row in batch.to_pylist()]
    except GroveError as error:
        return error.code


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables())
def test_what_is_written_is_read_back(table: list[list[str]]) -> None:
    columns = {f"name{at}": [row[at] for row in table] for at in range(len(table[0]))}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(b"".join(csv_bytes([pa.record_batch(columns)])))
        _, batches = text_batches(path, Reading(delimiter=",", header=True))
        found = [list(row.values()) for batch in batches for row in batch.to_pylist()]
    assert [[cell.removeprefix("'") for cell in row] for row in found] == [
        [cell.removeprefix("'") for cell in row] for row in table
    ]
