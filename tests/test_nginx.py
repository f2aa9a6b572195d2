"""nginx as shipped, in front of a real Grove: what passes, what is refused, and how."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks import data, grove, stage
from benchmarks.processes import free_port
from benchmarks.proxy import SHIPPED, proxying
from services.settings import SETTINGS
from tests.problems import assert_problem_body

pytestmark = pytest.mark.real

PREDICT = f"/v1/experiments/{grove.CANCER}/predict"
ROW = {"rows": [data.patient()]}
BOUND = int(re.findall(r"max_conns=(\d+)", SHIPPED.read_text())[0])
THREADS = 8


@dataclass(frozen=True)
class Front:
    """Grove behind nginx."""

    client: grove.Client
    folder: Path
    web: list[int]


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    with stage.temporary() as folder, stage.behind_nginx(folder) as (service, _):
        grove.make_cancer(service.client)
        yield Front(service.client, folder, service.web())


def connected(address: str) -> socket.socket:
    host, _, port = address.partition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def raw(address: str, request: bytes) -> tuple[int, http.client.HTTPMessage, str]:
    """The answer to these very bytes."""
    with connected(address) as sock:
        with contextlib.suppress(ConnectionError):  # it may refuse before it has read all
            sock.sendall(request)
        answer = http.client.HTTPResponse(sock, method="POST")
        answer.begin()
        return answer.status, answer.headers, answer.read().decode()


def head_of(front: Front, length: int) -> bytes:
    """The head of a predict, whose body is to follow."""
    lines = [
        f"POST {PREDICT} HTTP/1.1",
        "Host: grove",
        f"Authorization: Bearer {front.client.key}",
        "Content-Type: application/json",
        f"Content-Length: {length}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def assert_nginx_problem(
    answer: tuple[int, http.client.HTTPMessage, str], status: int, code: str
) -> None:
    """In the words of Grove's own problems, to the last header."""
    got, headers, body = answer
    assert got == status
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Retry-After"] == ("1" if status == 503 else None)
    told = assert_problem_body(body, status, code)
    assert told["instance"].replace("-", "").endswith(headers["X-Request-ID"])
    assert headers["Server"] == "nginx"


def test_predict_works_with_a_key(front: Front) -> None:
    status, headers, body = front.client.ask("POST", PREDICT, ROW)
    assert status == 200
    assert json.loads(body)["predictions"][0]["label"] == "malignant"
    assert re.fullmatch("[0-9a-f]{32}", headers["X-Request-ID"])


def test_nobody_gets_in_without(front: Front) -> None:
    status, headers, body = grove.Client(front.client.address, "wrong").ask("POST", PREDICT, ROW)
    assert status == 401
    assert headers["WWW-Authenticate"].startswith("Bearer")
    assert_problem_body(body.decode(), 401, "unauthorized")


def test_the_requests_id_is_grove_s(front: Front) -> None:
    _, headers, body = front.client.ask("GET", "/v1/experiments/none")
    told = assert_problem_body(body.decode(), 404, "experiment_not_found")
    assert told["instance"].replace("-", "").endswith(headers["X-Request-ID"])


def test_a_table_goes_in_and_comes_back(front: Front) -> None:
    answer = front.client.do("PUT", "/v1/datasets/through", data.CANCER)
    assert answer["rows"] == 569
    _, _, kept = front.client.ask("GET", "/v1/datasets/through/file")
    assert kept == data.CANCER.read_bytes()
    status, _, scored = front.client.ask("POST", PREDICT, data.CANCER)
    assert status == 200
    assert len(scored.splitlines()) == 570


def test_the_largest_upload_is_grove_s_own(front: Front) -> None:
    """What Grove takes by default passes nginx, and not much more."""
    default = next(each for each in SETTINGS if each.name == "GROVE_MAX_UPLOAD")
    found = re.search(r"client_max_body_size (\d+)m;", SHIPPED.read_text())
    assert found
    assert 0 < (int(found[1]) << 20) - default.parse(default.default) <= 4 << 20
    assert_nginx_problem(raw(front.client.address, head_of(front, 11 << 30)), 413, "too_large")


BAD = [
    (b"nonsense\r\n\r\n", 400, "malformed"),
    (b"GET / HTTP/1.1\r\n\r\n", 400, "malformed"),
    (b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed"),
    (b"GET /../.. HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed"),
    (b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed"),
    (b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "request_uri_too_long"),
    (
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 9000 + b"\r\n\r\n",
        431,
        "request_header_fields_too_large",
    ),
    (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: odd\r\n\r\n",
        501,
        "not_implemented",
    ),
]


@pytest.mark.parametrize(("request_bytes", "status", "code"), BAD)
def test_nginx_s_own_errors_are_problems(
    front: Front, request_bytes: bytes, status: int, code: str
) -> None:
    assert_nginx_problem(raw(front.client.address, request_bytes), status, code)


def test_the_page_of_problems_is_not_an_address(front: Front) -> None:
    assert_nginx_problem(
        raw(front.client.address, b"GET /nginx-problem HTTP/1.1\r\nHost: x\r\n\r\n"),
        404,
        "not_found",
    )


def test_slow_clients_hold_no_thread_and_no_place(front: Front) -> None:
    """More of them than there are threads and places; they too are answered in the end."""
    body = json.dumps(ROW).encode()
    with contextlib.ExitStack() as stack:
        slow = [
            stack.enter_context(connected(front.client.address)) for _ in range(BOUND + THREADS)
        ]
        for sock in slow:
            sock.sendall(head_of(front, len(body)) + body[:1])
        for number in range(1, 4):
            for sock in slow:
                sock.sendall(body[number : number + 1])
            assert front.client.ask("POST", PREDICT, ROW)[0] == 200
        for sock in slow[:4]:
            sock.sendall(body[4:])
            answer = http.client.HTTPResponse(sock, method="POST")
            answer.begin()
            assert answer.status == 200
            answer.close()


def test_connections_to_gunicorn_are_kept(front: Front) -> None:
    """One after the other, all go over the same few."""
    for _ in range(3):
        front.client.ask("POST", PREDICT, ROW)
    before = inodes(front)
    for _ in range(20):
        assert front.client.ask("POST", PREDICT, ROW)[0] == 200
    assert before
    assert inodes(front) & before


def inodes(front: Front) -> set[str]:
    """gunicorn's ends of the connections that are open."""
    lines = Path("/proc/net/unix").read_text().splitlines()
    ours = [line.split() for line in lines if line.endswith(f"{front.folder}/web.sock")]
    return {words[6] for words in ours if words[5] == "03"}


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
