"""Clients that are slow, or say nothing at all: the others are answered as if they were alone.

`python -m tests.test_slow_clients` prints how long predicts take with and without them.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from socket import socket

import pytest

from benchmarks import grove, stage
from benchmarks.grove import Client
from tests.front import PREDICT, ROW, Front, connected, head_of, standing

pytestmark = pytest.mark.real

SLOW, IDLE = 200, 500
ASKERS, QUESTIONS = 4, 100
BETWEEN = 0.5
HEAD_SECONDS = 8  # nginx takes ten seconds for a head: then they begin anew


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    with standing() as made:
        yield made


@contextlib.contextmanager
def dribbling(front: Front) -> Iterator[None]:
    """Many clients that send a byte now and then: half of them of a head, half of a body."""
    over = threading.Event()
    with contextlib.ExitStack() as stack:
        bodies = [stack.enter_context(connected(front.client.address)) for _ in range(SLOW // 2)]
        for sock in bodies:
            sock.sendall(head_of(front, 100_000))
        sender = threading.Thread(target=dribble, args=(front, bodies, over))
        sender.start()
        try:
            yield
        finally:
            over.set()
            sender.join()


def dribble(front: Front, bodies: list[socket], over: threading.Event) -> None:
    head = b"POST " + PREDICT.encode() + b" HTTP/1.1\r\nHost: grove\r\nX-Slow: " + b"x" * 100
    while not over.is_set():
        with contextlib.ExitStack() as stack:
            heads = [stack.enter_context(connected(front.client.address)) for _ in bodies]
            for at in range(int(HEAD_SECONDS / BETWEEN)):
                for sock in heads:
                    sock.sendall(head[at : at + 1])
                for sock in bodies:
                    sock.sendall(b" ")
                if over.wait(BETWEEN):
                    return


def ask_many(client: Client) -> list[tuple[int, float]]:
    """The statuses of many predicts, and how long each took."""
    answers: list[tuple[int, float]] = []

    def ask() -> None:
        for _ in range(QUESTIONS):
            begun = time.perf_counter()
            status, _, body = client.ask("POST", PREDICT, ROW)
            answers.append((status, time.perf_counter() - begun))
            assert b"predictions" in body or status != 200

    threads = [threading.Thread(target=ask) for _ in range(ASKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def percentile(answers: list[tuple[int, float]], share: float) -> str:
    """The milliseconds within which so large a share was answered."""
    times = sorted(seconds for _, seconds in answers)
    return f"{times[int(share * len(times))] * 1000:.1f} ms"


def report(front: Front) -> list[int]:
    """Print what slow clients cost the others; the statuses of all answers."""
    alone = ask_many(front.client)
    with dribbling(front):
        beside = ask_many(front.client)
    print(f"p99 alone {percentile(alone, 0.99)}, beside {SLOW} slow {percentile(beside, 0.99)};")
    print(f"p50 alone {percentile(alone, 0.5)}, beside {SLOW} slow {percentile(beside, 0.5)}")
    return [status for status, _ in alone + beside]


def test_slow_clients_hold_up_nobody(front: Front) -> None:
    assert report(front) == [200] * (2 * ASKERS * QUESTIONS)


def test_idle_connections_to_nginx_hold_up_nobody(front: Front) -> None:
    with idle(front.client.address):
        assert {status for status, _ in ask_many(front.client)} == {200}


def test_idle_connections_to_gunicorn_hold_up_nobody() -> None:
    """None of them has a thread of its own, not even at first."""
    with stage.alone() as (_, alone):
        grove.make_cancer(alone.client)
        with idle(alone.client.address):
            assert {status for status, _ in ask_many(alone.client)} == {200}


@contextlib.contextmanager
def idle(address: str) -> Iterator[None]:
    """Many connections that nothing comes over."""
    with contextlib.ExitStack() as stack:
        for _ in range(IDLE):
            stack.enter_context(connected(address))
        yield


if __name__ == "__main__":
    with standing() as made:
        report(made)
