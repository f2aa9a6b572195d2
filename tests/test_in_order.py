"""Pieces worked on in threads: their order, how many at a time, and what happens when one fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from services.in_order import in_order

pytestmark = pytest.mark.no_database

PIECES = [bytes([at]) * 10 for at in range(50)]
WAIT = 20  # seconds after which a test that hangs fails


class Broken(Exception):
    pass


def running() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("ThreadPoolExecutor")]


def pieces_then(error: Exception, count: int) -> Iterator[bytes]:
    yield from PIECES[:count]
    raise error


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("room", [1, 10, 25, 10_000])
def test_the_order_is_that_of_the_pieces(threads: int, room: int) -> None:
    assert list(in_order(bytes.hex, PIECES, len, room, threads)) == [p.hex() for p in PIECES]
    assert list(in_order(bytes.hex, [], len, room, threads)) == []
    assert not running()


def test_a_slow_piece_is_waited_for() -> None:
    second = threading.Event()

    def work(piece: bytes) -> bytes:
        if piece == PIECES[0]:
            assert second.wait(WAIT)  # which the other thread sets
        if piece == PIECES[1]:
            second.set()
        return piece

    assert list(in_order(work, PIECES, len, 100, 2)) == PIECES


@pytest.mark.parametrize(("room", "most"), [(1, 1), (10, 1), (11, 2), (40, 4), (45, 5)])
def test_no_more_is_taken_than_there_is_room_for(room: int, most: int) -> None:
    taken, given = 0, 0
    held = []

    def counted() -> Iterator[bytes]:
        nonlocal taken
        for piece in PIECES:
            taken += 1
            held.append(taken - given)
            yield piece

    for _ in in_order(bytes.hex, counted(), len, room, 2):
        given += 1
    assert given == len(PIECES)
    # The one that was given out last is not held here any more, but is counted still.
    assert max(held) == most


def test_a_failure_takes_its_turn_and_ends_the_rest() -> None:
    begun = []

    def work(piece: bytes) -> bytes:
        begun.append(piece)
        if piece in (PIECES[3], PIECES[5]):
            raise Broken(piece.hex())
        return piece

    done: list[bytes] = []
    with pytest.raises(Broken, match=PIECES[3].hex()):
        done.extend(in_order(work, PIECES, len, 60, 2))  # takes in each as it comes
    assert done == PIECES[:3]
    assert len(begun) < 15
    assert not running()


def test_what_is_wrong_with_an_earlier_piece_comes_before_a_break_of_the_stream() -> None:
    def work(piece: bytes) -> bytes:
        if piece == PIECES[2]:
            raise Broken("a piece")
        return piece

    with pytest.raises(Broken, match="a piece"):
        list(in_order(work, pieces_then(Broken("the stream"), 4), len, 1000, 2))
    with pytest.raises(Broken, match="the stream"):
        list(in_order(bytes.hex, pieces_then(Broken("the stream"), 4), len, 1000, 2))
    assert not running()


def test_who_stops_early_leaves_nothing_running() -> None:
    begun = []

    def work(piece: bytes) -> bytes:
        begun.append(piece)
        return piece

    results = in_order(work, PIECES, len, 60, 1)
    assert next(results) == PIECES[0]
    results.close()
    assert not running()
    assert len(begun) <= 7
