"""Empty files, other formats, encodings, NUL, and the limits of lines, cells and columns."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from models.errors import Invalid, Unsupported
from services.reading import Limits, Reading, describe, text_batches
from tests.reading.helpers import Csv, column, names

TABLE = "name,age\nAnna,31\nBo,42\nCy,53\n"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n\n\n",
        "  \n \t \n",
        "\ufeff",
        "\ufeff\n",
        "a,b\n",
        "a,b",
        "a,b\n\n\n",
        ",,\n,,\n,,\n",
        "a\n\n",
    ],
)
def test_a_file_without_values_is_empty(csv_file: Csv, content: str) -> None:
    assert csv_file.invalid(content).code == "csv_empty"


def test_text_batches_refuse_a_file_without_rows(csv_file: Csv) -> None:
    with pytest.raises(Invalid) as caught:
        text_batches(csv_file.write("a,b\n\n"), Reading(header=True))
    assert caught.value.code == "csv_empty"


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("t.csv", TABLE)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(TABLE.encode()),
        bz2.compress(TABLE.encode()),
        lzma.compress(TABLE.encode()),
        _zip(),
        b"\x28\xb5\x2f\xfd\x04\x00rest",
    ],
    ids=["gzip", "bzip2", "xz", "zip", "zstd"],
)
def test_compressed_files_are_unsupported(csv_file: Csv, content: bytes) -> None:
    error = csv_file.refusal(content)
    assert isinstance(error, Unsupported)
    assert error.code == "compressed_upload"


def _parquet() -> bytes:
    out = io.BytesIO()
    pa.parquet.write_table(pa.table({"a": [1]}), out)
    return out.getvalue()


class Canary:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (pytest.fail, ("the pickle was run",))


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n1 0 obj",
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"\n <!DOCTYPE html><html></html>",
        b"\xef\xbb\xbf<html lang='en'>",
        pickle.dumps(Canary(), 2),
        pickle.dumps(Canary(), 4),
        pickle.dumps([{"a": 1}], 5),
        _parquet(),
        b"SQLite format 3\x00\x10\x00",
    ],
    ids=[
        "pdf",
        "png",
        "jpeg",
        "html",
        "html2",
        "pickle2",
        "pickle4",
        "pickle5",
        "parquet",
        "sqlite",
    ],
)
def test_other_formats_are_no_csv(csv_file: Csv, content: bytes) -> None:
    assert csv_file.invalid(content).code == "not_csv"


def test_a_name_that_looks_like_markup_is_a_name(csv_file: Csv) -> None:
    assert names(csv_file.describe("<script>,b\nx,1\ny,2\n")) == ["<script>", "b"]


def test_a_byte_order_mark_is_no_part_of_the_first_name(csv_file: Csv) -> None:
    assert names(csv_file.describe(b"\xef\xbb\xbf" + TABLE.encode())) == ["name", "age"]


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
def test_utf16_is_refused_unless_it_is_asked_for(csv_file: Csv, codec: str) -> None:
    content = TABLE.encode(codec)
    assert csv_file.invalid(content).code == "encoding_not_utf8"
    assert csv_file.describe(content, encoding=codec).rows == 3


def test_bytes_that_are_not_utf8_are_refused_with_their_offset(csv_file: Csv) -> None:
    error = csv_file.invalid("name,age\nZoë,31\n".encode("latin-1"))
    assert error.code == "encoding_not_utf8"
    assert "0xeb at offset 11" in error.detail


def test_a_bad_byte_far_into_the_file_is_found_too(csv_file: Csv) -> None:
    start = b"name,age\n" + b"Anna,31\n" * 50_000
    error = csv_file.invalid(start + b"Zo\xeb,31\n" + b"Anna,31\n" * 1000)
    assert error.code == "encoding_not_utf8"
    assert f"offset {len(start) + 2}" in error.detail
    assert csv_file.invalid(start + b"caf\xc3").code == "encoding_not_utf8"


@pytest.mark.parametrize(
    "encoding", ["latin-1", "ISO-8859-1", "cp1252", "windows-1252", "iso-8859-15", "iso8859_15"]
)
def test_an_encoding_that_is_given_is_used(csv_file: Csv, encoding: str) -> None:
    content = ("name,age\n" + "Zoë,31\nAnna,32\n" * 20_000).encode(encoding)
    described = csv_file.describe(content, encoding=encoding)
    assert column(described, "name").levels == {"Anna": 20_000, "Zoë": 20_000}


def test_a_multibyte_encoding_is_decoded_across_blocks(csv_file: Csv) -> None:
    content = ("名,n\n" + "東京,1\n大阪,2\n" * 3000).encode("shift_jis")
    described = csv_file.describe(content, Limits(block_bytes=1001), encoding="shift_jis")
    assert column(described, "名").levels == {"大阪": 3000, "東京": 3000}


@pytest.mark.parametrize(
    "encoding", ["klingon", "", "rot13", "base64", "idna", "os.path", "x" * 999, "ü"]
)
def test_an_unknown_encoding_is_refused(csv_file: Csv, encoding: str) -> None:
    assert csv_file.invalid(TABLE, encoding=encoding).code == "unknown_encoding"


def test_bytes_foreign_to_the_encoding_given_are_refused(csv_file: Csv) -> None:
    error = csv_file.invalid(b"name,age\nAnn\x81,31\n", encoding="cp1252")
    assert error.code == "encoding_wrong"
    assert "offset 12" in error.detail


@pytest.mark.parametrize("content", ["a,b\n1,x\x00y\n", "a\x00,b\n1,2\n", "a,b\n1,2\n\x00"])
def test_a_nul_is_refused(csv_file: Csv, content: str) -> None:
    assert csv_file.invalid(content).code == "nul_byte"


def test_a_nul_far_into_the_file_is_found_with_its_line(csv_file: Csv) -> None:
    error = csv_file.invalid("a,b\r\n" + "1,2\r\n" * 100_000 + "1,\x00\n")
    assert (error.code, "Line 100002 " in error.detail) == ("nul_byte", True)


def test_too_many_columns_are_refused(csv_file: Csv) -> None:
    line = ",".join(f"c{at}" for at in range(11))
    error = csv_file.invalid(f"{line}\n" * 3, Limits(max_columns=10))
    assert error.code == "too_many_columns"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("\n" * 10**7, "csv_empty"),
        (" \n" * (5 * 10**6), "csv_empty"),
        ("a,b\n" + "\n" * 10**7, "csv_empty"),
        (
            ",".join(f"c{at}" for at in range(10_000)) + ("\n" + "inf," * 9_999 + "1") * 200,
            "non_finite",
        ),
    ],
    ids=["newlines", "blanks", "header", "infinities"],
)
def test_ten_megabytes_of_nonsense_fail_fast(csv_file: Csv, content: str, code: str) -> None:
    assert csv_file.invalid(content).code == code


def test_many_blank_lines_before_the_header(csv_file: Csv) -> None:
    content = "  \r\n" * 300_000 + "a,b\r\n1.5,x\r\ninf,y\r\n"
    assert "Line 300003," in csv_file.invalid(content).detail
    content = "\n" * 300_000 + "1.5,x\n2\n"
    assert "Line 300002 " in csv_file.invalid(content, header=False).detail
    content = "\n" * 70_000 + '1.5,x\n2,"y'
    assert "line 70002 " in csv_file.invalid(content).detail


def test_a_million_columns_fail_fast(csv_file: Csv) -> None:
    content = ",".join(f"column_{at}" for at in range(10**6)) + "\n"
    assert csv_file.invalid(content).code == "too_many_columns"


def test_a_million_columns_are_refused_by_the_beginning_of_the_file(csv_file: Csv) -> None:
    """Behind the line there are more zeros than could be read: they take no room on the disk."""
    path = csv_file.write(",".join(f"column_{at}" for at in range(10**6)) + "\n")
    os.truncate(path, 2**40)
    before = bytes_read()
    with pytest.raises(Invalid) as caught:
        describe(path, Reading(), None)
    assert caught.value.code == "too_many_columns"
    assert bytes_read() - before < 2**26


def bytes_read() -> int:
    """What this process has asked the kernel for, from the cache or the disk."""
    return int(Path("/proc/self/io").read_text().split()[1])


def test_a_million_columns_fail_as_such_though_the_line_is_too_long(csv_file: Csv) -> None:
    content = "some_long_name," * 10**6 + "\n"
    assert csv_file.invalid(content, Limits(max_line_bytes=2**20)).code == "too_many_columns"


def test_ten_thousand_columns_are_read(csv_file: Csv) -> None:
    width = 10_000
    header = ",".join(f"c{at}" for at in range(width))
    row = ",".join(f"{at}.25" for at in range(width))
    described = csv_file.describe(f"{header}\n{row}\n{row}\n{row}\n")
    assert len(described.columns) == width
    assert described.rows == 3
