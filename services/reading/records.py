"""Records with their physical line numbers, by Python's csv: for samples, and to explain faults.

The bulk of a file goes through Arrow; this slower reader sees a bounded beginning of it, or goes
over it once more when there is a fault whose line must be told.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import chain

from models.errors import Invalid, invalid

# A last line that no file can hold, for none may hold a NUL. Where it does not come back as a
# record of its own, a quote is still open and has swallowed it.
_SEAL = "\x00"


def records(
    lines: Iterable[str], delimiter: str, lines_before: int = 0
) -> Iterator[tuple[int, list[str]]]:
    """The records in `lines` (each with its line end), each with the number of its first line.

    Empty lines are left out. `lines_before` is the number of lines before the first. Raises
    Invalid unclosed_quote, or cell_too_long past csv's own limit of 131,072 characters.
    """
    reader = csv.reader(chain(lines, [_SEAL]), delimiter=delimiter)
    begin = 1
    try:
        for cells in reader:
            if cells and _SEAL in cells[-1]:
                if reader.line_num > begin:
                    raise _unclosed(lines_before + _line_of_last(begin, cells))
                return
            if cells:
                yield lines_before + begin, cells
            begin = reader.line_num + 1
    except csv.Error:
        raise _too_long(lines_before + begin, reader.line_num - begin) from None


def is_blank(cells: list[str]) -> bool:
    """Whether a record is a line of nothing but blanks."""
    return len(cells) == 1 and not cells[0].strip(" \t")


def is_blank_line(text: str) -> bool:
    """Whether a line, as it stands in the file, is such a record; quotes do not count."""
    return not text.strip(' \t"') and is_blank(next(csv.reader([text]), [""]))


def _line_of_last(begin: int, cells: list[str]) -> int:
    text = "".join(cells[:-1])
    return begin + text.count("\n") + text.count("\r") - text.count("\r\n")


def _unclosed(line: int) -> Invalid:
    message = f'A quote (") opens a cell on line {line} and is never closed.'
    return invalid("unclosed_quote", message)


def _too_long(line: int, more_lines: int) -> Invalid:
    if more_lines:
        message = (
            f'A quote (") opens a cell in the record that begins on line {line} and is not closed '
            "within 131,072 characters."
        )
        return invalid("unclosed_quote", message)
    return too_long_a_cell(line, 131_072)


def too_long_a_cell(line: int, limit: int, pointer: str = "") -> Invalid:
    """The refusal of a cell that is over the limit of characters."""
    message = f"Line {line} has a cell longer than {limit:,} characters."
    return invalid("cell_too_long", message, pointer)
