"""Requests as no library sends them, byte by byte, to ./run.sh: gunicorn alone."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.grove import Client
from tests.front import connected
from tests.problems import assert_problem_body
from tests.service import Service, running

pytestmark = pytest.mark.no_database

KEY = "k" * 40
AUTH = b"Authorization: Bearer @KEY@\r\n"  # whoever sends it puts the key in
GET = b"GET /v1/jobs HTTP/1.1\r\nHost: grove\r\n" + AUTH
POST = b"POST /v1/experiments HTTP/1.1\r\nHost: grove\r\nContent-Type: application/json\r\n" + AUTH
END = b"\r\n"
BODY = b'{"id": "smuggled", "dataset": "glass", "target": "Type"}'
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
MANY = b"".join(b"X-%d: 1\r\n" % number for number in range(150))
TLS = bytes.fromhex("16030100a5010000a10303") + b"\x11" * 160
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
SECOND = b"PUT /v1/datasets/smuggled HTTP/1.1\r\nHost: grove\r\n" + AUTH
SECOND += b"Content-Length: 8\r\n\r\na,b\n1,2\n"
CODES = {
    400: "malformed",
    405: "method_not_allowed",
    414: "request_uri_too_long",
    417: "expectation_failed",
    431: "request_header_fields_too_large",
    501: "not_implemented",
}


def value(piece: bytes) -> bytes:
    """A request with this inside the value of a header."""
    return GET + b"X-Odd: a" + piece + b"b\r\n" + END


# What cannot be read: the bytes, and the status. After it nothing more is taken.
UNREADABLE: dict[str, tuple[bytes, int]] = {
    "H8-length-and-coding": (POST + LENGTH + CHUNKED + END + CHUNKS, 400),
    "H8-coding-and-length": (POST + CHUNKED + LENGTH + END + CHUNKS, 400),
    "H8-two-lengths": (POST + LENGTH + b"Content-Length: 1\r\n" + END + BODY, 400),
    "H8-the-same-length-twice": (POST + LENGTH * 2 + END + BODY, 400),
    "H8-list-of-lengths": (POST + b"Content-Length: 56, 56\r\n" + END + BODY, 400),
    "H8-length-with-sign": (POST + b"Content-Length: +56\r\n" + END + BODY, 400),
    "H8-negative-length": (POST + b"Content-Length: -1\r\n" + END + BODY, 400),
    "H8-hexadecimal-length": (POST + b"Content-Length: 0x38\r\n" + END + BODY, 400),
    "H8-empty-length": (POST + b"Content-Length:\r\n" + END + BODY, 400),
    "H8-two-codings": (POST + CHUNKED * 2 + END + CHUNKS, 400),
    "H8-underscore": (POST + b"Transfer_Encoding: chunked\r\n" + END + CHUNKS, 400),
    "H8-space-before-colon": (POST + b"Transfer-Encoding : chunked\r\n" + END + CHUNKS, 400),
    "H8-http-1.0": (POST.replace(b"/1.1", b"/1.0") + CHUNKED + END + CHUNKS, 400),
    "H9-unknown": (POST + b"Transfer-Encoding: odd\r\n" + END + CHUNKS, 501),
    "H9-not-undone": (POST + b"Transfer-Encoding: gzip, chunked\r\n" + END + CHUNKS, 501),
    "H10-host": (GET + b"Host: other\r\n" + END, 400),
    "H10-type": (POST + b"Content-Type: text/csv\r\n" + LENGTH + END + BODY, 400),
    "H11": (b"GET /v1/jobs HTTP/1.1\r\n" + AUTH + END, 400),
    "H11-empty": (b"GET /v1/jobs HTTP/1.1\r\nHost:\r\n" + AUTH + END, 400),
    "H11-no-host-s-name": (b"GET /v1/jobs HTTP/1.1\r\nHost: a b/c\r\n" + AUTH + END, 400),
    "H14-lower-case": (GET.replace(b"GET", b"get") + END, 400),
    "H14-mixed-case": (GET.replace(b"GET", b"Get") + END, 400),
    "H14-no-word": (GET.replace(b"GET", b"G\x01T") + END, 400),
    "H15-address": (GET.replace(b"/v1/jobs", b"/" + b"x" * 5000) + END, 414),
    "H15-header": (GET + b"X-Long: " + b"x" * 9000 + b"\r\n" + END, 431),
    "H16-nul": (value(b"\0"), 400),
    "H16-return": (value(b"\r"), 400),
    "H16-delete": (value(b"\x7f"), 400),
    "H16-control": (value(b"\x01"), 400),
    "H16-folded": (value(b"\r\n "), 400),
    "H16-name": (GET + b"X odd: a\r\n" + END, 400),
    "H22": (POST + b"Expect: 200-ok\r\n" + LENGTH + END + BODY, 417),
    "H25-http2": (HTTP2, 400),
    "H25-version": (GET.replace(b"/1.1", b"/2.0") + END, 400),
    "H25-tls": (TLS, 400),
    "nul-in-address": (GET.replace(b"jobs", b"jo\0bs") + END, 400),
}
# What nginx can read, and gunicorn alone cannot.
UNREADABLE_BARE: dict[str, tuple[bytes, int]] = {
    "H8-chunked-twice": (POST + b"Transfer-Encoding: chunked, chunked\r\n" + END + CHUNKS, 400),
    "H8-tab": (POST + b"Transfer-Encoding: \x0bchunked\r\n" + END + CHUNKS, 400),
    "H8-underscore-length": (POST + b"Content_Length: 5\r\n" + LENGTH + END + BODY, 400),
    "H14-connect": (b"CONNECT grove:80 HTTP/1.1\r\nHost: grove\r\n" + AUTH + END, 400),
    "H15-number": (GET + MANY + END, 431),
    "H16-line-feed": (value(b"\n"), 400),
    "no-version": (b"GET /livez\r\n" + END, 400),
}
WRONG_METHODS = ("TRACE", "PROPFIND", "DELETE", "PATCH")


class _Bytes(io.BytesIO):
    """What HTTPResponse takes for a socket, and leaves open for the next answer."""

    def makefile(self, *_: object) -> _Bytes:
        return self

    def close(self) -> None:
        pass


def exchanged(
    address: str, key: str, sent: bytes, shut: bool = False
) -> list[tuple[int, Any, str]]:
    """All answers to these bytes, until the connection is closed."""
    with connected(address) as sock:
        with contextlib.suppress(ConnectionError):  # it may refuse before it has read all
            sock.sendall(sent.replace(b"@KEY@", key.encode()))
        if shut:
            sock.shutdown(1)
        return answers_in(b"".join(iter(lambda: sock.recv(65536), b"")))


def answers_in(received: bytes) -> list[tuple[int, Any, str]]:
    stream, found = _Bytes(received), []
    while stream.tell() < len(received):
        answer = http.client.HTTPResponse(stream)  # type: ignore[arg-type]
        answer.begin()
        found.append((answer.status, answer.headers, answer.read().decode()))
    return found


def kept(client: Client, home: Path) -> Any:
    """All that the service has: its rows, as it tells them, and its files.

    Without those of jobs that have just ended: they go a moment later.
    """
    rows = [client.get(f"/v1/{each}") for each in ("datasets", "experiments", "jobs")]
    files = [each.relative_to(home) for each in home.rglob("*") if each.is_file()]
    fleeting = ("grove.sqlite", "work")
    return rows, sorted(each for each in files if not each.parts[0].startswith(fleeting))


def assert_refused(answer: tuple[int, Any, str], status: int) -> None:
    got, headers, body = answer
    assert got == status, body
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    told = assert_problem_body(body, status, CODES[status])
    assert told["instance"].replace("-", "").endswith(headers["X-Request-ID"])


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("http"), GROVE_KEY=KEY) as made:
        yield made


@pytest.mark.parametrize("row", [*UNREADABLE, *UNREADABLE_BARE])
def test_what_cannot_be_read_is_a_problem_and_the_last_word(service: Service, row: str) -> None:
    """Nothing is taken for a request that may have been the rest of this one."""
    client = Client(service.address, KEY)
    before = kept(client, service.home)
    sent, status = {**UNREADABLE, **UNREADABLE_BARE}[row]
    (answer,) = exchanged(service.address, KEY, sent + SECOND)
    assert_refused(answer, status)
    assert answer[1]["Connection"] == "close"
    assert kept(client, service.home) == before


@pytest.mark.parametrize("method", WRONG_METHODS)
def test_methods_that_no_route_has(service: Service, method: str) -> None:
    sent = GET.replace(b"GET", method.encode()) + b"Connection: close\r\n" + END
    (answer,) = exchanged(service.address, KEY, sent)
    assert_refused(answer, 405)
    assert "GET" in answer[1]["Allow"]


def test_http_1_0_needs_no_host(service: Service) -> None:
    (answer,) = exchanged(service.address, KEY, b"GET /livez HTTP/1.0\r\n\r\n")
    assert answer[0] == 200


def pipelined(number: int) -> bytes:
    """As many requests as one message, each for another page."""
    pages = [GET.replace(b"jobs", b"jobs?page=%d" % page) for page in range(1, number + 1)]
    pages[-1] += b"Connection: close\r\n"
    return b"".join(each + END for each in pages)


def assert_in_order(answers: list[tuple[int, Any, str]], number: int) -> None:
    assert [status for status, *_ in answers] == [200] * number
    assert [json.loads(body)["page"] for *_, body in answers] == list(range(1, number + 1))


def test_pipelined_requests_are_answered_in_order(service: Service) -> None:
    assert_in_order(exchanged(service.address, KEY, pipelined(100)), 100)


def test_a_request_after_one_that_failed(service: Service) -> None:
    """A fault in what was well framed ends nothing."""
    missing = GET.replace(b"/v1/jobs", b"/v1/nowhere") + END
    broken = POST + b"Content-Length: 1\r\n" + END + b"{"
    answers = exchanged(service.address, KEY, missing + broken + pipelined(2))
    assert [status for status, *_ in answers[:2]] == [404, 400]
    assert_in_order(answers[2:], 2)
