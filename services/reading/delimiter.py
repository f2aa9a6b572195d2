"""Which character separates the cells, judged by how evenly it cuts a sample."""

from __future__ import annotations

from collections import Counter

from models.errors import Invalid
from services.reading.options import DELIMITERS
from services.reading.sample import Sample


def detect(sample: Sample) -> str:
    """The delimiter under which most records have one and the same number of cells, above one.

    Ties go to the one that gives more cells, then to the comma.
    """
    scores = [(_score(sample, candidate), candidate) for candidate in DELIMITERS]
    best = max(scores, key=lambda pair: pair[0])
    return best[1] if best[0] > (0.0, 0) else DELIMITERS[0]


def usual_width(found: list[tuple[int, list[str]]]) -> int:
    """The commonest number of cells, the larger of two that are equally common."""
    counts = Counter(len(cells) for _, cells in found)
    return max(counts, key=lambda width: (counts[width], width), default=0)


def _score(sample: Sample, candidate: str) -> tuple[float, int]:
    try:
        found = sample.records(candidate)
    except Invalid:
        return (0.0, 0)
    if not found:
        return (0.0, _cut_width(sample, candidate))
    header, width = len(found[0][1]), usual_width(found)
    # Commas in prose below a name without one must not pass for a table, so the first record
    # counts too; one cell more or less is a trailing delimiter.
    if header < 2 or width < 2 or abs(header - width) > 1:  # noqa: PLR2004
        return (0.0, 0)
    return (sum(len(cells) == width for _, cells in found) / len(found), width)


def _cut_width(sample: Sample, candidate: str) -> int:
    width = sample.first_width(candidate)
    return width if width > 1 else 0
