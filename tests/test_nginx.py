"""nginx as shipped, in front of a real Grove: what passes, what is refused, and how."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import data, grove
from benchmarks.proxy import SHIPPED
from services.setting_table import SETTINGS
from tests.front import (
    BOUND,
    PREDICT,
    ROW,
    Front,
    assert_nginx_problem,
    connected,
    head_of,
    raw,
    standing,
)
from tests.problems import assert_problem_body

pytestmark = pytest.mark.real

THREADS = 8


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    with standing() as made:
        yield made


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
