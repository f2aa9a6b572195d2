"""Whether the first record is a header, and whether its names will do."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from models.errors import Fault
from services.reading.faults import shown

_MAX_NAME = 256

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"\d+", re.ASCII)

# Control and format characters (bidi marks and zero-width ones are such), line and paragraph
# separators: a name that holds one looks like another name, or like none.
_UNFIT = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def suspicion(names: Sequence[str], rows: Iterable[Sequence[str]]) -> Fault | None:
    """The fault header_suspect where the names look like a row of data, else None."""
    for at, name in enumerate(names):
        if _NUMBER.fullmatch(name) and not _WHOLE.fullmatch(name):
            return _suspect(at, f"{shown(name)} is a number")
    return _odd_numbers(names) or _recurring(names, rows)


def _odd_numbers(names: Sequence[str]) -> Fault | None:
    """Whole numbers may be names (years, 0 to 63), but only as one even ascending sequence."""
    whole = [(at, int(name[:40])) for at, name in enumerate(names) if _WHOLE.fullmatch(name)]
    steps = [later[1] - former[1] for former, later in pairwise(whole)]
    for step, (at, value) in zip(steps, whole[1:], strict=True):
        if step <= 0 or step != steps[0]:
            return _suspect(at, f"'{value}' does not continue the sequence of the numbers before")
    return None


def _recurring(names: Sequence[str], rows: Iterable[Sequence[str]]) -> Fault | None:
    texts = {at: name for at, name in enumerate(names) if name and not _WHOLE.fullmatch(name)}
    for row in rows:
        for at, name in texts.items():
            if at < len(row) and row[at].strip() == name:
                return _suspect(at, f"{shown(name)} is also a value in its column")
    return None


def _suspect(at: int, why: str) -> Fault:
    message = (
        f"The first line looks like data, not like names: in column {at + 1}, {why}. "
        "Read the file with header=false if it has no header, with header=true if it has."
    )
    return Fault(f"/columns/{at}", "header_suspect", message)


def name_faults(raw_names: Sequence[str]) -> list[Fault]:
    """Every fault of the names; blank ones, which are named by their position, have none."""
    seen: dict[str, int] = {}
    faults: list[Fault] = []
    for at, raw in enumerate(raw_names):
        name = raw.strip()
        faults += _unfit(at, name)
        first = seen.setdefault(_key(name), at) if name else at
        if first != at:
            faults.append(_alike(at, raw, first, raw_names[first]))
    return faults


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _unfit(at: int, name: str) -> Iterator[Fault]:
    if len(name) > _MAX_NAME:
        message = f"The name of column {at + 1} has {len(name):,} characters; {_MAX_NAME} may be."
        yield Fault(f"/columns/{at}", "bad_column_name", message)
        return
    unfit = next((c for c in name if unicodedata.category(c) in _UNFIT), None)
    if unfit:
        what = f"U+{ord(unfit):04X}, a control or invisible character"
        message = f"The name of column {at + 1}, {shown(name)}, holds {what}."
        yield Fault(f"/columns/{at}", "bad_column_name", message)


def _alike(at: int, raw: str, first: int, first_raw: str) -> Fault:
    if raw == first_raw:
        message = f"Columns {first + 1} and {at + 1} are both named {shown(raw)}."
        return Fault(f"/columns/{at}", "duplicate_column", message)
    message = (
        f"Columns {first + 1} and {at + 1}, {shown(first_raw)} and {shown(raw)}, are told apart "
        "only by case, surrounding spaces or the way an accent is written."
    )
    return Fault(f"/columns/{at}", "ambiguous_column", message)


def unique_names(raw_names: Sequence[str]) -> list[str]:
    """The trimmed names, the blank ones replaced by c1, c2, … after their position."""
    names = [raw.strip() for raw in raw_names]
    taken = {_key(name) for name in names}
    for at, name in enumerate(names):
        if not name:
            names[at] = _free(f"c{at + 1}", taken)
            taken.add(_key(names[at]))
    return names


def _free(name: str, taken: set[str]) -> str:
    while _key(name) in taken:
        name += "_"
    return name
