"""Work on the pieces of a stream in a few threads, what comes of it in the order of the pieces."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

# For one stream: more threads would take the processor from those who do something else.
THREADS = min(2, os.cpu_count() or 1)
ROOM = 8 * 2**20  # bytes under way at a time; each byte of a CSV takes about ten in memory

Piece = TypeVar("Piece")
Result = TypeVar("Result")
Submitted = tuple[int, Future[Result]]


def in_order(
    work: Callable[[Piece], Result],
    pieces: Iterable[Piece],
    size: Callable[[Piece], int],
    room: int = ROOM,
    threads: int = THREADS,
) -> Generator[Result, None, None]:
    """`work(piece)` for each piece, by `threads` threads, given out in the order of the pieces.

    Pieces are taken only while those whose result was not given out yet have fewer than `room`
    bytes together, by `size`, and one at least: so much is in memory, however long the stream. The
    first failure in that order is raised, be it of a piece or of `pieces` itself; then, and when
    the caller closes the iterator, what has not begun is not begun, and what has is waited for.
    """
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Submitted[Result]] = deque()
        submitted = _submitted(pool, work, pieces, size)
        try:
            while _fill(waiting, submitted, room):
                yield waiting.popleft()[1].result()
        finally:
            for _, future in waiting:
                future.cancel()


def _fill(waiting: deque[Submitted[Result]], more: Iterator[Submitted[Result]], room: int) -> bool:
    """Take what there is room for; whether there is anything to wait for."""
    while sum(size for size, _ in waiting) < room and (one := next(more, None)):
        waiting.append(one)
    return bool(waiting)


def _submitted(
    pool: ThreadPoolExecutor,
    work: Callable[[Piece], Result],
    pieces: Iterable[Piece],
    size: Callable[[Piece], int],
) -> Iterator[Submitted[Result]]:
    """A future for each piece. Where the pieces fail the last one is that failure.

    So it takes its turn: what is wrong with an earlier piece is told before it.
    """
    try:
        for piece in pieces:
            yield size(piece), pool.submit(work, piece)
    except Exception as error:  # noqa: BLE001 - handed on, in its place
        failed: Future[Result] = Future()
        failed.set_exception(error)
        yield 0, failed
