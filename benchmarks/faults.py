"""Why a benchmark gives no figure."""

from __future__ import annotations


class BenchError(Exception):
    """A benchmark cannot go on; the message says what to do, or what was wrong."""


class TooSlow(BenchError):
    """What is measured took longer than there is patience for."""
