"""Why a benchmark gives no figure."""

from __future__ import annotations


class BenchError(Exception):
    """A benchmark cannot go on; the message says what to do, or what was wrong."""
