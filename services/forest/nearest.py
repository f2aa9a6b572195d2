"""Which known name somebody may have meant, at a bounded cost."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

SHOWN = 60
MOST_COMPARISONS = 10_000


def shown(value: object) -> str:
    """A value received, short enough for a sentence, with nothing unprintable in it."""
    words = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return words[value]
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return repr(shortened(value)) if isinstance(value, str) else shortened(_digits(value))


def _digits(value: object) -> str:
    try:
        return str(value)
    except ValueError:  # Python writes no integer of more than 4,300 digits
        return "a number of thousands of digits"


def shortened(text: str) -> str:
    """The text in at most 60 characters."""
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


class Hints:
    """Finds near names until it has compared `most` of them; after that it has no more to say."""

    def __init__(self, most: int = MOST_COMPARISONS) -> None:
        """Begin with the whole allowance."""
        self.left = most

    def hint(self, word: str, known: Sequence[str]) -> str:
        """'; did you mean …?' with the nearest known name, or nothing when none is near."""
        if len(word) > 2 * SHOWN or len(known) > self.left:
            return ""
        self.left -= len(known)
        near = difflib.get_close_matches(word, known, n=1)
        return f"; did you mean {near[0]!r}?" if near else ""
