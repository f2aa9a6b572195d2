"""What the long runs found in the reader, kept: each was read wrongly, or broke it, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import Invalid
from services.reading import Limits, Reading, describe
from tests.fuzz.cases import Case
from tests.fuzz.judge import ACCEPTED, judge

UNMARKED = {
    "UTF-16": (b"a,b\n1,2\n", "utf-16"),
    "UTF-32": (b"a,b\n1,2\n", "utf-32"),
    "UTF-32, a letter first": (b"a\0\0\0\n\0\0\x001\0\0\0\n\0\0\0", "utf-32"),
    "half a mark": (b"\xff1\x00\n", "utf-16"),
    "one byte": (b"\xff", "utf-16"),
}


@pytest.mark.parametrize("name", UNMARKED)
def test_no_mark_of_byte_order(tmp_path: Path, name: str) -> None:
    content, encoding = UNMARKED[name]
    case = Case(content, Reading(encoding=encoding), Limits())
    assert judge(case, tmp_path / "case.csv") == "encoding_wrong"


def test_a_row_without_the_delimiter_that_ends_the_others(tmp_path: Path) -> None:
    """It stands behind the sample: what comes in that is judged otherwise."""
    path = tmp_path / "case.csv"
    path.write_bytes(b"a,b\n" + b"1,2,\n" * 20_000 + b"3,4\n" + b"5,6,\n" * 10)
    with pytest.raises(Invalid) as caught:
        describe(path, Reading())
    fault = caught.value.faults[0]
    assert (fault.code, fault.pointer) == ("ragged_row", "/rows/20000")
    assert fault.message.startswith("Line 20002 has 2 cells where 3 are expected")


def test_a_table_is_accepted(tmp_path: Path) -> None:
    case = Case(b"a,b\n1,x\n2,y\n", Reading(), Limits())
    assert judge(case, tmp_path / "case.csv") == ACCEPTED
