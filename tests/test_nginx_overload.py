"""nginx as shipped, when there is too much for gunicorn, or no gunicorn."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks import stage
from benchmarks.processes import free_port
from benchmarks.proxy import proxying
from tests.front import (
    BOUND,
    PREDICT,
    ROW,
    Front,
    assert_nginx_problem,
    raw,
    standing,
)

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    with standing() as made:
        yield made


def test_too_much_is_refused_at_once(front: Front) -> None:
    """All threads of gunicorn stand still; what is over the bound does not wait for them."""
    answers: list[tuple[int, Any, bytes]] = []

    def ask() -> None:
        answers.append(front.client.ask("POST", PREDICT, ROW))

    askers = [threading.Thread(target=ask) for _ in range(BOUND + 20)]
    with stopped(front.web):
        for asker in askers:
            asker.start()
        deadline = time.monotonic() + 30
        while len(answers) < 20:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        refused = list(answers)
    for asker in askers:
        asker.join()
    for status, headers, body in refused:
        assert_nginx_problem((status, headers, body.decode()), 503, "busy")
    assert sorted(status for status, *_ in answers) == [200] * BOUND + [503] * 20
    assert front.client.ask("POST", PREDICT, ROW)[0] == 200


def test_predicts_do_not_shut_out_the_rest(front: Front) -> None:
    askers = [
        threading.Thread(target=front.client.ask, args=("POST", PREDICT, ROW)) for _ in range(BOUND)
    ]
    with stopped(front.web):
        for asker in askers:
            asker.start()
        rest: list[int] = []
        other = threading.Thread(target=lambda: rest.append(front.client.ask("GET", "/v1/jobs")[0]))
        time.sleep(0.5)
        other.start()
        other.join(0.5)
        assert rest == []  # it has a place, and waits for its turn
    for asker in [*askers, other]:
        asker.join()
    assert rest == [200]


@contextlib.contextmanager
def stopped(processes: list[int]) -> Iterator[None]:
    """These processes stand still within it."""
    for each in processes:
        os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in processes:
            os.kill(each, signal.SIGCONT)


def test_without_gunicorn_it_is_busy() -> None:
    with stage.temporary() as folder, proxying(folder, free_port()) as nginx:
        for path in ("/v1/jobs", "/", PREDICT):
            answer = raw(nginx.address, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert_nginx_problem(answer, 503, "busy")
