"""The words in which the reader reports what is wrong: pointers, values shown, errors built."""

from __future__ import annotations

from collections.abc import Sequence

from models.errors import Fault, Invalid

_SHOWN_CHARACTERS = 60


def shown(value: str) -> str:
    """A client's value in quotes, cut short, with every unprintable character escaped."""
    cut = value[:_SHOWN_CHARACTERS]
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
    return f"'{text}…'" if len(value) > len(cut) else f"'{text}'"


def row_pointer(row: int, column: str | None = None) -> str:
    """The JSON Pointer (RFC 6901) to a data row, counted from 0, or to a cell of it."""
    if column is None:
        return f"/rows/{row}"
    return f"/rows/{row}/{column.replace('~', '~0').replace('/', '~1')}"


def refusal(faults: Sequence[Fault], max_faults: int) -> Invalid:
    """An Invalid that reports the first faults, and bears the code of the very first."""
    kept = list(faults[:max_faults])
    more = len(faults) - len(kept)
    detail = kept[0].message + (f" And {len(faults) - 1} more." if len(faults) > 1 else "")
    return Invalid(
        detail, code=kept[0].code, faults=kept, **({"more_faults": more} if more else {})
    )
