"""What docs/csv.md says of the form of a file, by Python's csv alone: the table, or its fault."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import dropwhile, pairwise

DELIMITERS = (",", ";", "\t", "|")
MAGIC = {
    "compressed_upload": (
        rb"PK(\x03\x04|\x05\x06|\x07\x08)|\x1f\x8b|\xfd7zXZ\x00|[\x22-\x28]\xb5\x2f\xfd"
        rb"|BZh[1-9](1AY&SY|\x17rE8P\x90)|7z\xbc\xaf\x27\x1c|\x04\x22\x4d\x18|Rar!\x1a\x07"
    ),
    "not_csv": (
        rb"%PDF-|\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|\x80[\x02-\x05]|PAR1|ARROW1|FEA1"
        rb"|SQLite format 3\x00|\x89HDF\r\n|\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1|\x93NUMPY|\x7fELF"
        rb"|(?i:\s*<(!doctype\s|html[\s>]|head[\s>]|body[\s>]|\?xml\s))"
    ),
}
MARKS = {
    "utf-16": (b"\xff\xfe", b"\xfe\xff"),
    "utf-32": (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff"),
}
# Behind all lines, a line that no file can hold: within quotes it does not come back by itself.
END = "\x00"
LEADING_BLANKS = re.compile(r"^([ \t]*[\r\n])+")
UNFIT = {"Cc", "Cf", "Cs", "Zl", "Zp"}
LONGEST_NAME = 256

Record = list[str]


class Refused(Exception):
    """The file is not to be read; one of `codes` is what the reader says.

    `place` is the pointer to the first fault, or how its sentence gives the place, or None; `row`
    the row of a cell.
    """

    def __init__(self, *codes: str, place: str | None = None, row: int = 0) -> None:
        super().__init__(*codes)
        self.codes, self.place, self.row = set(codes), place, row


@dataclass(frozen=True)
class Table:
    """The names, the rows of untrimmed cells, and the places of the columns without a name."""

    names: list[str]
    rows: list[Record]
    unnamed: set[int] = field(default_factory=set)


def text_of(content: bytes, codec: str | None) -> str:
    """The text of a file, without its mark of byte order. Raises Refused."""
    _refuse_magic(content)
    if codec is None and content.startswith(sum(MARKS.values(), ())):
        raise Refused("encoding_not_utf8")
    if codec in MARKS and content and not content.startswith(MARKS[codec]):
        raise Refused("encoding_wrong")
    try:
        text = content.decode(codec or "utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise _undecodable(error, content, codec) from None
    if "\0" in text:
        # Many of them are UTF-16, few are a fault of one place.
        raise Refused("nul_byte", *(["encoding_not_utf8"] if codec is None else []))
    if not text.strip(" \t\r\n"):
        raise Refused("csv_empty")
    return text


def _refuse_magic(content: bytes) -> None:
    for code, pattern in MAGIC.items():
        plain = content if code == "compressed_upload" else content.removeprefix(b"\xef\xbb\xbf")
        if re.match(pattern, plain, re.DOTALL):
            raise Refused(code)


def _undecodable(error: UnicodeDecodeError, content: bytes, codec: str | None) -> Refused:
    if 0 in content:
        # A file that breaks off within a character is read, and judged, up to there.
        return Refused("encoding_not_utf8", "encoding_wrong", "nul_byte")
    wrong = "encoding_not_utf8" if codec in {None, "utf-8"} else "encoding_wrong"
    return Refused(wrong, place=f" at offset {error.start} is ")


def _refuse_uneven(rows: Sequence[Record], width: int) -> None:
    for at, row in enumerate(rows):
        if len(row) != width:
            raise Refused("ragged_row", place=f"/rows/{at}")


def table_of(text: str, delimiter: str, header: bool | None) -> Table:
    """The table that a text is, cut by a delimiter. Raises Refused."""
    found = _records(LEADING_BLANKS.sub("", text), delimiter)
    values = list(dropwhile(_is_blank, found))
    if not values:
        raise Refused("csv_empty")
    if header is False:
        return _without_header(found)
    return _with_header(values[0], values[1:], judged=header is None)


def _records(text: str, delimiter: str) -> list[Record]:
    seal = END + delimiter
    *found, last = csv.reader([*io.StringIO(text, newline=""), seal], delimiter=delimiter)
    if last != [END, ""]:
        raise Refused("unclosed_quote")
    return [record for record in found if record]


def _is_blank(record: Record) -> bool:
    return len(record) == 1 and not record[0].strip(" \t")


def _lines(found: Sequence[Record], width: int) -> list[Record]:
    """The rows of a table of so many columns: blanks are a row only where there is one column."""
    return [record for record in found if width == 1 or not _is_blank(record)]


def _usual(rows: Sequence[Record]) -> int:
    counts = Counter(map(len, rows))
    return max(counts, key=lambda width: (counts[width], width), default=0)


def _sampled(found: Sequence[Record]) -> list[Record]:
    several = any(len(record) > 1 for record in found)
    return [record for record in found if not (several and _is_blank(record))]


def _without_header(found: list[Record]) -> Table:
    sample = _sampled(found)
    width = _usual(sample)
    rows = _lines(found, width)
    last = [row[-1] for row in sample if len(row) == width]
    unnamed = {width - 1} if width > 1 and not any(cell.strip() for cell in last) else set()
    _refuse_uneven(rows, width)
    return Table([f"c{at + 1}" for at in range(width)], rows, unnamed)


def _with_header(raw: Record, found: list[Record], *, judged: bool) -> Table:
    sample = _sampled([raw, *found])[1:]
    _check_names(raw, sample if judged else None)
    names, width = list(raw), _usual(sample)
    while sample and len(names) > max(width, 1) and not names[-1].strip():
        names.pop()
    if sample and all(_is_padded(row, len(names), width) for row in sample):
        rows = [row[: len(names)] for row in _lines(found, width)]
    else:
        rows = _lines(found, len(names))
    _refuse_uneven(rows, len(names))
    if not rows:
        raise Refused("csv_empty")
    return Table(_named(names), rows, {at for at, name in enumerate(names) if not name.strip()})


def _is_padded(row: Record, names: int, width: int) -> bool:
    return names < len(row) == width and not any(cell.strip() for cell in row[names:])


def _named(raw: Record) -> list[str]:
    names = [name.strip() for name in raw]
    taken = {_folded(name) for name in names}
    for at, name in enumerate(names):
        if not name:
            names[at] = f"c{at + 1}"
            while _folded(names[at]) in taken:
                names[at] += "_"
            taken.add(_folded(names[at]))
    return names


def _check_names(raw: Record, rows: Sequence[Record] | None) -> None:
    names = [name.strip() for name in raw]
    if rows is not None and _looks_like_data(names, rows):
        raise Refused("header_suspect")
    codes = set(_name_faults(raw, names))
    if codes:
        raise Refused(*codes)


def _looks_like_data(names: list[str], rows: Sequence[Record]) -> bool:
    whole = [int(name) for name in names if re.fullmatch("[0-9]+", name)]
    words = {at: name for at, name in enumerate(names) if name and not re.fullmatch("[0-9]+", name)}
    steps = {later - former for former, later in pairwise(whole)}
    return (
        any(
            re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", w)
            for w in words.values()
        )
        or len(steps) > 1
        or any(step <= 0 for step in steps)
        or any(
            row[at].strip() == name for row in rows for at, name in words.items() if at < len(row)
        )
    )


def _name_faults(raw: Record, names: list[str]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for at, name in enumerate(names):
        unfit = any(unicodedata.category(each) in UNFIT for each in name)
        if unfit or len(name) > LONGEST_NAME:
            yield "bad_column_name"
        if not name:
            continue
        first = seen.setdefault(_folded(name), at)
        if first != at:
            yield "duplicate_column" if raw[first] == raw[at] else "ambiguous_column"


def _folded(name: str) -> str:
    composed = unicodedata.normalize("NFC", name)
    return unicodedata.normalize("NFC", composed.casefold())
