"""Connections are shared out to gunicorn's processes evenly, under its real arguments."""

from __future__ import annotations

import errno
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from controllers.balanced import BalancedWorker
from controllers.seats import AWAY, FREE, Seats
from controllers.server import gunicorn_arguments
from services.settings import read
from tests.http.demo import ROOT
from tests.waits import wait_until


def who(_: object, start: Callable[..., object]) -> Iterable[bytes]:
    """A WSGI application that tells its process."""
    start("200 OK", [("Content-Length", str(len(str(os.getpid()))))])
    return [str(os.getpid()).encode()]


@contextmanager
def serving(place: Path) -> Iterator[subprocess.Popen[bytes]]:
    bound = gunicorn_arguments(read({"GROVE_BIND": f"unix:{place}"}))[:-1]
    command = [sys.executable, "-m", "gunicorn", *bound, f"{__name__}:who"]
    with subprocess.Popen(command, cwd=ROOT) as server:
        try:
            yield server
        finally:
            server.terminate()


class Kept(http.client.HTTPConnection):
    """A kept connection over a unix socket."""

    def __init__(self, place: Path) -> None:
        super().__init__("localhost")
        self.place = place

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.place))

    def who(self) -> int:
        self.request("GET", "/")
        return int(self.getresponse().read())


def processes(place: Path) -> set[int]:
    """Who answers now, over connections of their own."""
    found = set()
    with suppress(OSError), ExitStack() as stack:
        for _ in range(8):
            found.add(stack.enter_context(closing(Kept(place))).who())
    return found


def shares(stack: ExitStack, place: Path) -> list[int]:
    """How many of 16 kept connections each process has, when they come one by one."""
    held = Counter[int]()
    for _ in range(16):
        held[stack.enter_context(closing(Kept(place))).who()] += 1
        time.sleep(0.02)
    return sorted(held.values())


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "web.sock"
    with serving(path):
        wait_until(lambda: len(processes(path)) == 2)
        yield path


def test_kept_connections_are_shared_out(place: Path) -> None:
    with ExitStack() as stack:
        least, most = shares(stack, place)
        assert most - least <= 4


def test_a_process_that_was_killed_counts_no_more(place: Path) -> None:
    with ExitStack() as stack:
        shares(stack, place)
        first, second = processes(place)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: len(processes(place) - {first}) == 2)
    with ExitStack() as stack:
        least, most = shares(stack, place)
        assert most - least <= 4
    assert second in processes(place)


def test_seats() -> None:
    seats = Seats()
    assert (seats.fewest(), seats.take(), seats.take()) == (0, 0, 1)
    assert (seats.counts[1], seats.counts[2]) == (AWAY, FREE)
    seats.counts[0] = 5
    assert seats.fewest() == 5  # one that still starts has none to be compared with
    seats.counts[1] = 3
    assert seats.fewest() == 3
    seats.leave(1)
    assert (seats.fewest(), seats.take()) == (5, 1)


class Listener:
    """gunicorn's socket, at which nobody waits."""

    sock: object | None = object()

    def setblocking(self, _: bool) -> None:
        assert self.sock is not None

    def accept(self) -> None:
        assert self.sock is not None
        raise BlockingIOError(errno.EAGAIN, "nobody waits")

    def close(self) -> None:
        self.sock = None


def test_a_process_may_be_told_to_stop_before_it_began() -> None:
    """The signal may come between any two lines of gunicorn's loop."""
    worker = BalancedWorker.__new__(BalancedWorker)
    worker.alive, worker.nr_conns, worker._accepting = False, 0, False
    worker.sockets, worker.poller = [Listener()], MagicMock()
    for enabled in (True, False, False):
        worker.set_accept_enabled(enabled)
        assert (worker.sockets[0].sock is None) is not enabled
