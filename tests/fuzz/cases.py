"""Files that look like tables, more or less, and the ways in which a client has them read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from services.reading import Limits, Reading
from tests.fuzz.reference import DELIMITERS

NAMES = ("a", "b", "x y", "é", "1", "2019", "2020", "1.5", "A", " a ", "", "", "c1", "C2", "=1+1")
WHOLE = ("0", "1", "2", "-3", "+4", "007", "9007199254740993", "-9007199254740992", " 5 ", "\t6")
NUMBERS = (*WHOLE, "1.5", ".5", "5.", "-1e3", "1E-400", "3.4028235e38", "1e-3", "\u00a01", "\x0b2")
BEYOND = ("1e39", "3.4028236e38", "-1e999", "inf", "-Infinity", "NAN", "1e400", "9" * 40)
BITS = ("true", "FALSE", "True", "1", "0", "+1", "00", "-0", "1.0")
DAYS = (
    *("2024-02-29", "2023-02-29", "0001-01-01", "0000-01-01", "9999-12-31", "2024-01-01Z"),
    *("2024-01-01T07:08", "2024-01-01 07:08:09.5Z", "2024-01-01T24:00", "2024-1-1", "2024-13-01"),
)
TEXTS = (
    *("red", "blue", "a,b", "a;b", "a|b", "a\tb", 'say "x"', '"', '""', "two\nlines", "c\r\nd"),
    *("e\rf", "äöü", "\ufeff", "=1", "'", "\u2028", "\x85", "\x1c", "\x1f", "\x0c", "\U0001f600"),
)
LIKE = ("1,234", "1.234,5", "0x1F", "1_000", "5%", "\u0663", "$5", "1 000", "1e", "1e+", "--1", ".")
GAPS = ("", " ", "\t", "?", "NA", "n/a", "NULL", "None", " NA ", "#N/A", "nan", "-999")
POOLS = (WHOLE, NUMBERS, BITS, DAYS, TEXTS, LIKE, GAPS, (*NUMBERS, *GAPS), (*DAYS, *GAPS))
ODD = (*NUMBERS, *BEYOND, *BITS, *DAYS, *TEXTS, *LIKE, *GAPS)
BITES = (
    *(b",", b";", b"\t", b"|", b'"', b'""', b"\n", b"\r", b"\r\n", b" ", b"\n\n", b"\n \n"),
    *(b"1", b"a", b"-", b"e", b".", b"=", b",,", b'","', b'\n"', b'"\n', b"'", b"#", b"\\", b"0,"),
    *(
        b"\xef\xbb\xbf",
        b"\xc2\xa0",
        b"\xc2\x85",
        b"\x1a",
        b"\x0b",
        b"\xe2\x80\xa8",
        b"a,b\n",
        b"1,2\n",
    ),
)
BAD_BITES = (b"\x00", b"\xff", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xa0", b"\x85", b"\x00\x00")
STARTS = (
    *(
        b"PK\x03\x04",
        b"\x1f\x8b",
        b"BZh9",
        b"%PDF-",
        b"<html>",
        b"<?xml ",
        b"<a>",
        b"PAR1",
        b"Rar!",
    ),
    *(b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff", b"\xef\xbb\xbf", b"\x80\x04", b"GIF89a"),
)
CODECS = (
    *("utf-8", "latin-1", "cp1252", "ascii", "utf-16", "utf-16-le", "utf-16-be", "utf-32"),
    *("shift_jis", "euc-jp", "euc-kr", "gb18030", "big5", "gb2312", "cp949", "cp437", "koi8-r"),
)
MARKERS = ((), ("-999",), ("x", "red"), (" NA ", "?"), ("5", "1.5"), ("true",), ("",))
BLOCKS = (1, 16, 64, *(2**20,) * 5)
FEW, MANY = 7, 90


@dataclass(frozen=True)
class Case:
    """A file, how it is to be read, and within which limits."""

    content: bytes
    reading: Reading
    limits: Limits

    @property
    def is_judged(self) -> bool:
        """Whether the reader must do as docs/csv.md says, not only refuse in its own words."""
        return replace(self.limits, block_bytes=1) == Limits(block_bytes=1)


def case(pick: Random) -> Case:
    """Any case, the same for the same state of `pick`."""
    codec = pick.choice(CODECS) if pick.random() < 0.2 else None
    delimiter = pick.choice((*DELIMITERS, " ", ":", "#")) if pick.random() < 0.6 else None
    reading = Reading(
        delimiter=delimiter,
        encoding=codec,
        header=pick.choice((None, None, True, False)),
        missing_values=pick.choice(MARKERS) if pick.random() < 0.2 else None,
    )
    content = _content(pick, delimiter or pick.choice(DELIMITERS), codec or "utf-8")
    return Case(content, reading, _limits(pick))


def _limits(pick: Random) -> Limits:
    limits = Limits(block_bytes=pick.choice(BLOCKS))
    if pick.random() < 0.95:
        return limits
    return replace(
        limits,
        max_columns=pick.randint(1, 6),
        max_line_bytes=pick.randint(1, 60),
        max_cell_chars=pick.randint(1, 20),
        max_faults=pick.randint(1, 3),
        levels=pick.randint(1, 5),
        sample_bytes=pick.randint(1, 100),
    )


def _content(pick: Random, delimiter: str, codec: str) -> bytes:
    kind = pick.random()
    if kind < 0.05:
        return bytes(pick.choices(range(256), k=pick.randint(0, 60)))
    if kind < 0.15:
        return b"".join(pick.choices(BITES, k=pick.randint(0, 25)))
    content = _table(pick, delimiter).encode(codec, "ignore")
    if kind < 0.2:
        content = pick.choice(STARTS) + content
    if kind < 0.6:
        return content
    for _ in range(pick.choice((1, 1, 2, 5))):
        content = _bitten(pick, content)
    return content


def _table(pick: Random, delimiter: str) -> str:
    width = pick.choice((1, 2, 2, 3, 3, 5))
    many = pick.random() < 0.04
    height = pick.randint(FEW, MANY) if many else pick.randint(0, FEW)
    names = [pick.choice(NAMES) if pick.random() < 0.3 else f"n{at}" for at in range(width)]
    columns = [_column(pick, height) for _ in range(width)]
    rows = [names, *map(list, zip(*columns, strict=True))]
    for row in rows if pick.random() < 0.1 else []:
        row.extend([""] * pick.randint(1, 2))
    quote_all, end = pick.random() < 0.2, pick.choice(("\n", "\n", "\r\n", "\r"))
    lines = [delimiter.join(_cell(c, delimiter, quote_all=quote_all) for c in row) for row in rows]
    text = end.join(lines) + end * pick.randint(0, 2)
    return "\ufeff" + text if pick.random() < 0.05 else text


def _column(pick: Random, height: int) -> list[str]:
    pool: Sequence[str] = pick.choice(POOLS)
    cells = pick.choices(pool, k=height)
    if cells and pick.random() < 0.2:
        cells[pick.randrange(height)] = pick.choice(ODD)
    if pick.random() < 0.3:
        return [f"{cell}{at}" for at, cell in enumerate(cells)]
    return cells


def _cell(text: str, delimiter: str, *, quote_all: bool) -> str:
    if quote_all or any(each in text for each in (delimiter, "\n", "\r")) or text[:1] == '"':
        return '"' + text.replace('"', '""') + '"'
    return text


def _bitten(pick: Random, content: bytes) -> bytes:
    """The content with a piece taken out, put in, moved or doubled."""
    at, size = pick.randint(0, len(content)), pick.choice((0, 0, 1, 1, 2, 8))
    bites = BITES if pick.random() < 0.9 else BAD_BITES
    piece = pick.choice((b"", pick.choice(bites), content[at : at + size] * 2))
    return content[:at] + piece + content[at + size :]
