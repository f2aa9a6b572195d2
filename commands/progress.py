"""A bar that shows how far the work is, where somebody looks at a terminal."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from typing import Any, TextIO, TypeVar

T = TypeVar("T")
WIDTH = 30
LOOK_EVERY = 0.1
CLEAR = "\r\x1b[K"  # to the beginning of the line, and all of it away (ECMA-48)


def bar(share: float, message: str) -> str:
    """The bar, of a share between 0 and 1, and what is being done."""
    full = round(WIDTH * min(max(share, 0.0), 1.0))
    return f"  [{'#' * full}{'.' * (WIDTH - full)}] {share:4.0%}  {message}"


def watched(work: Callable[[], T], job: Callable[[], dict[str, Any] | None], out: TextIO) -> T:
    """Do the work, and show meanwhile how far its `job` is, if `out` is a terminal.

    `job` gives its state, or None where there is none yet. Raises what the work does.
    """
    if not out.isatty():
        return work()
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        try:
            while not wait_for([working], LOOK_EVERY).done:
                if told := job():
                    out.write(CLEAR + bar(told["progress"], told["message"]))
                    out.flush()
        finally:
            out.write(CLEAR)
            out.flush()
        return working.result()
