"""gunicorn reloaded, stopped and killed while it is asked: who notices."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil
import pytest

from benchmarks import grove, stage
from benchmarks.grove import Client
from benchmarks.processes import command_of, family
from tests.front import PREDICT, ROW, standing
from tests.waits import wait_until

pytestmark = pytest.mark.real

CLIENTS = 8
WORKERS = 2
PATIENCE = 60
RELOADS = 3
BODY = json.dumps(ROW).encode()


@dataclass
class Standing:
    """A service with a forest: who asks it, and gunicorn's first process."""

    client: Client
    master: int

    def workers(self) -> set[int]:
        """The processes that answer."""
        return {each for each in family(self.master)[1:] if "gunicorn" in command_of(each)}


@dataclass
class Asked:
    """What came of each request of some clients: a status, or the name of an exception."""

    seen: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def count(self) -> Counter[str]:
        return Counter(self.seen)

    def faults(self) -> int:
        return sum(each != "200" for each in self.seen)


@pytest.fixture(scope="module", params=["direct", "nginx"])
def service(request: pytest.FixtureRequest) -> Iterator[Standing]:
    with put_up(request.param) as made:
        yield made


@contextlib.contextmanager
def put_up(way: str) -> Iterator[Standing]:
    """Grove with a forest, asked directly or through nginx."""
    if way == "nginx":
        with standing() as front:
            yield Standing(front.client, first(front.web))
    else:
        with stage.alone() as (_, alone):
            grove.make_cancer(alone.client)
            yield Standing(alone.client, first(alone.web()))


def first(processes: list[int]) -> int:
    """The one that has started the others."""
    return max(processes, key=lambda each: len(family(each)))


def connections(process: int) -> int:
    """How many connections a process holds, or waits for."""
    return len(psutil.Process(process).net_connections("all"))


@contextlib.contextmanager
def asking(client: Client) -> Iterator[Asked]:
    """Clients that ask all the time, half of them over a connection that they keep."""
    asked = Asked()
    threads = [
        threading.Thread(target=ask_on, args=(client, asked, number % 2 == 0))
        for number in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: len(asked.seen) > 10 * CLIENTS)
        yield asked
    finally:
        asked.over.set()
        for thread in threads:
            thread.join()
        print(asked.count())


def ask_on(client: Client, asked: Asked, keeps: bool) -> None:
    connection = http.client.HTTPConnection(client.address, timeout=PATIENCE)
    headers = {**client.headers, "Content-Type": "application/json"}
    while not asked.over.is_set():
        try:
            connection.request("POST", PREDICT, BODY, headers)
            answer = connection.getresponse()
            told = json.loads(answer.read())  # it is whole
            asked.seen.append(str(told.get("status", answer.status)))
        except (OSError, http.client.HTTPException, ValueError) as error:
            asked.seen.append(type(error).__name__)
            connection.close()
            time.sleep(0.01)
        if not keeps:
            connection.close()
    connection.close()


def asked_more(asked: Asked) -> None:
    """Wait until every client has surely got its next answer."""
    before = len(asked.seen)
    wait_until(lambda: len(asked.seen) > before + 20 * CLIENTS)


def test_a_reload_fails_nobody(service: Standing) -> None:
    """Each process answers what it has taken, and those that replace it take the rest."""
    with asking(service.client) as asked:
        for _ in range(RELOADS):
            before = service.workers()
            assert len(before) == WORKERS
            os.kill(service.master, signal.SIGHUP)
            wait_until(lambda old=before: not service.workers() & old)  # type: ignore[misc]
            asked_more(asked)
    assert set(asked.seen) == {"200"}


def test_a_killed_process_fails_only_what_it_was_at(service: Standing) -> None:
    """At most one request of each connection that it held, under way or kept by nginx."""
    with asking(service.client) as asked:
        killed = max(service.workers(), key=connections)
        held = connections(killed)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: len(service.workers() - {killed}) == WORKERS)
        asked_more(asked)
        faults = asked.faults()
        asked_more(asked)
    assert faults == asked.faults()
    assert faults <= max(CLIENTS, held)


@pytest.mark.parametrize("way", ["direct", "nginx"])
def test_a_stop_cuts_no_answer_short(way: str) -> None:
    """What was taken is answered; afterwards nobody is there, and nginx says so."""
    away = {"direct": "ConnectionRefusedError", "nginx": "503"}[way]
    with put_up(way) as service, asking(service.client) as asked:
        workers = service.workers()
        os.kill(service.master, signal.SIGTERM)
        wait_until(lambda: not any(command_of(each) for each in workers))
        wait_until(lambda: asked.count()[away] > CLIENTS)
    seen = asked.count()
    # One that came just between the last that was taken and the end of the socket is reset by the
    # kernel: nobody has taken it. Were answers cut off, they would be those of many clients.
    assert seen.pop("ConnectionResetError", 0) <= (way == "direct")
    assert set(seen) == {"200", away}
