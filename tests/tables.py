"""Small tables with something about them, named by the rows of the list of bad inputs."""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 12


def with_column(name: str, *values: str, rows: int = ROWS, delimiter: str = ",") -> str:
    """A table of two classes with one column of these values, over and over; cells go as given."""
    lines = [[name, "size", "kind"]]
    for at, value in enumerate(islice(cycle(values), rows)):
        lines.append([value, f"{at % 7}.5", "xy"[at % 2]])
    return "".join(delimiter.join(line) + "\n" for line in lines)


PLAIN = with_column("a", "1", "2", "3")
NAMELESS = PLAIN.partition("\n")[2]
WIDE = ",".join(f"n{at}" for at in range(10_001)) + "\n" + ",".join("1" * 10_001) + "\n"
MANY = ",".join(["x"] * 1_000_000) + "\n1\n"


class Canary:
    """Whoever unpickles it leaves a mark."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("import builtins; builtins.canary = True",)


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"a": [1, 2]}), out)
    return out.getvalue()


def encoded(text: str, encoding: str) -> bytes:
    return text.encode(encoding)


# What cannot be read: the body, and the code of the answer.
UNREADABLE: dict[str, tuple[str | bytes, str]] = {
    "C1": ("", "csv_empty"),
    "C1-bom": (b"\xef\xbb\xbf", "csv_empty"),
    "C2": (" \n\n\t \r\n", "csv_empty"),
    "C2-header": ("a,b,kind\n\n", "csv_empty"),
    "C5": ("5.1,3.5,1\n4.9,3,0\n5,3,1\n4.7,3.2,0\n", "header_suspect"),
    "C6": ("a,b\n1,2\n3,4,5\n", "ragged_row"),
    "C8": ("a,b\n1,2\n3\n", "ragged_row"),
    "C11-le": (b"\xff\xfe" + PLAIN.encode("utf-16-le"), "encoding_not_utf8"),
    "C11-be": (b"\xfe\xff" + PLAIN.encode("utf-16-be"), "encoding_not_utf8"),
    "C12": (encoded(with_column("a", "Köln", "Bonn"), "latin-1"), "encoding_not_utf8"),
    "C12-cp1252": (encoded(with_column("a", "5 €", "6 €"), "cp1252"), "encoding_not_utf8"),
    "C14": (with_column("a", "1", "\0"), "nul_byte"),
    "C15": (with_column("a\0b", "1", "2"), "nul_byte"),
    "C16": (with_column("size", "1", "2"), "duplicate_column"),
    "C18-case": (with_column("Size", "1", "2"), "ambiguous_column"),
    "C18-trim": (with_column(" size", "1", "2"), "ambiguous_column"),
    "C18-nfc": ("café,cafe\u0301,kind\n1,2,x\n", "ambiguous_column"),
    "C19-long": (with_column("a" * 10_240, "1", "2"), "bad_column_name"),
    "C19-control": (with_column("a\x07b", "1", "2"), "bad_column_name"),
    "C19-bidi": (with_column("a\u202eb", "1", "2"), "bad_column_name"),
    "C40": (WIDE, "too_many_columns"),
    "C41": (MANY, "too_many_columns"),
    "C44-inf": (with_column("a", "1.5", "inf"), "non_finite"),
    "C44-infinity": (with_column("a", "1", "-Infinity"), "non_finite"),
    "C44-1e999": (with_column("a", "1", "1e999"), "non_finite"),
    "C45": (with_column("a", "1", "1e39"), "number_out_of_range"),
    "C55-pdf": (b"%PDF-1.7\n1 0 obj\n", "not_csv"),
    "C55-png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not_csv"),
    "C55-html": ("<!DOCTYPE html>\n<html><body>a,b</body></html>\n", "not_csv"),
    "C55-pickle": (pickle.dumps(Canary()), "not_csv"),
    "C55-old-pickle": (pickle.dumps([Canary()], protocol=2), "not_csv"),
    "C55-parquet": (parquet(), "not_csv"),
}
# XLSX is a zip: as every archive it is of a format that is not read at all.
XLSX = b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0[Content_Types].xml"


@dataclass(frozen=True)
class Read:
    """A table that is read unmended: how, and what is found in it."""

    body: str | bytes
    first: str = "a"
    type: str = "category"
    warnings: list[tuple[str, str | None]] = field(default_factory=list)
    query: dict[str, Any] = field(default_factory=dict)
    rows: int = ROWS
    missing: int = 0
    delimiter: str = ","


def mixed(*values: str, code: str = "number_like_text") -> Read:
    return Read(with_column("a", *values), warnings=[(code, "a")])


READABLE: dict[str, Read] = {
    "C5": Read(NAMELESS, first="c1", type="integer", query={"header": "false"}),
    "C9-each": Read(
        PLAIN.replace("\n", ",\n"), type="integer", warnings=[("empty_column_dropped", None)]
    ),
    "C9-header": Read(
        PLAIN.replace("\n", ",\n", 1), type="integer", warnings=[("empty_column_dropped", None)]
    ),
    "C10": Read(b"\xef\xbb\xbf" + PLAIN.encode(), type="integer"),
    "C10-quoted": Read(b"\xef\xbb\xbf" + PLAIN.replace("a,", '"a",').encode(), type="integer"),
    "C12": Read(
        encoded(with_column("a", "Köln", "Bonn"), "latin-1"), query={"encoding": "latin-1"}
    ),
    "C12-cp1252": Read(
        encoded(with_column("a", "€ or £", "ab"), "cp1252"), query={"encoding": "windows-1252"}
    ),
    "C20": Read(with_column("=cmd|' /C calc'!A0", "1", "2"), "=cmd|' /C calc'!A0", "integer"),
    "C21-script": Read(with_column("<script>", "1", "2"), "<script>", "integer"),
    "C21-braces": Read(with_column("{{7*7}}", "1", "2"), "{{7*7}}", "integer"),
    "C21-proto": Read(with_column("__proto__", "1", "2"), "__proto__", "integer"),
    "C21-where": Read(with_column("$where", "1", "2"), "$where", "integer"),
    "C29": Read(with_column("a", ""), missing=ROWS, warnings=[("all_missing_column", "a")]),
    "C30": Read(with_column("a", "7"), type="integer", warnings=[("constant_column", "a")]),
    "C31": Read(
        with_column("a", *(f"user {at}" for at in range(ROWS))), warnings=[("id_like_column", "a")]
    ),
    "C34": Read(with_column("a", "1", "2", delimiter=";"), type="integer", delimiter=";"),
    "C34-quoted": Read(
        with_column('"a"', '"1,5"', '"2,5"', delimiter=";"),
        warnings=[("number_like_text", "a")],
        delimiter=";",
    ),
    "C34-given": Read(
        with_column("a", "1", "2", delimiter=":"),
        type="integer",
        delimiter=":",
        query={"delimiter": ":"},
    ),
    "C35-tab": Read(with_column("a", "1", "2", delimiter="\t"), type="integer", delimiter="\t"),
    "C35-pipe": Read(with_column("a", "1", "2", delimiter="|"), type="integer", delimiter="|"),
    "C36": Read(with_column("a", '"up\nand down"', "flat")),
    "C38-crlf": Read(PLAIN.replace("\n", "\r\n"), type="integer"),
    "C38-cr": Read(PLAIN.replace("\n", "\r"), type="integer"),
    "C38-mixed": Read(PLAIN.replace("\n", "\r\n", 3).replace("x\n", "x\r", 2), type="integer"),
    "C39": Read(with_column("a", '5" pipe', 'a "b" c')),
    "C46-default": Read(
        with_column("a", "1", "NA", "NaN", "null", "?", ""), type="integer", missing=10
    ),
    "C46-given": Read(
        with_column("a", "1", "-999"),
        type="integer",
        missing=6,
        query={"missing_values": "-999"},
    ),
    "C46-country": Read(
        with_column("a", "NA", "DE", "FR", "IT"),
        missing=3,
        warnings=[("missing_marker_may_be_level", "a")],
    ),
    "C46-country-kept": Read(
        with_column("a", "NA", "DE", "FR", "IT"), query={"missing_values": "none"}
    ),
    "C48": mixed("1", "2", "3", "old", code="mixed_column"),
    "C48-blank": Read(with_column("a", "1", " ", "2", ""), type="integer", missing=6),
    "C49-thousands": mixed('"1,234"', '"5,678"', "1"),
    "C49-german": mixed('"1.234,5"', '"5.678,5"'),
    "C49-hex": mixed("0x1F", "0x2A"),
    "C49-underscore": mixed("1_000", "2_000"),
    "C49-arabic": mixed("٣", "٤"),
    "C50": Read(with_column("a", "True", "true", "1", "0", "FALSE"), type="boolean"),
    "C51": Read(with_column("  a ", " red", "blue ", "  red  ")),
    "C56": Read(with_column("a", "<script>alert(1)</script>", "<b>")),
    "quoted": Read(with_column('"a, or ""b"""', '"say ""no"", twice"', "yes"), first='a, or "b"'),
    "semicolon-quoted": Read(
        '"a";"size";"kind"\n' + with_column("a", '"1"', '"2"', delimiter=";").partition("\n")[2],
        type="integer",
        delimiter=";",
    ),
    "last-name-empty": Read(
        "a,kind,\n" + "".join(f"{at % 3},{'xy'[at % 2]},{at % 5}.5\n" for at in range(ROWS)),
        type="integer",
        warnings=[("unnamed_column", "c3")],
    ),
    "leading-spaces": Read(with_column("a", "1", "2").replace(",", ", "), type="integer"),
    "all-categories": Read("a,kind\n" + "red,x\nblue,y\ngreen,x\nred,y\n" * 3),
    "no-last-newline": Read(PLAIN.rstrip("\n"), type="integer"),
    "blank-lines": Read(PLAIN.replace("\n", "\n\n"), type="integer"),
}
