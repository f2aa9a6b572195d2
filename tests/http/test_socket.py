"""Bodies over a real socket, as gunicorn hands them on."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.http.demo import JSON_LIMIT, ROOT
from tests.problems import assert_problem_body

SERVER = [sys.executable, "-m", "gunicorn", "--worker-class=gthread", "--threads=2"]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.set_inheritable(True)
        number = listener.fileno()
        server = subprocess.Popen(
            [*SERVER, f"--bind=fd://{number}", "tests.http.demo:create_demo()"],
            cwd=ROOT,
            pass_fds=(number,),
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        yield listener.getsockname()[1]
        server.terminate()
        server.wait(timeout=10)


def ask(port: int, head: str, body: bytes, *, shut: bool = False) -> tuple[int, str]:
    """Send the bytes as they stand; the status and the body of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        link.sendall(f"{head}\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            link.sendall(body)
        if shut:
            link.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: link.recv(65536), b""))
    top, _, rest = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in top or b" 2" in top[:13]
    return int(top.split()[1]), rest.decode()


POST = "POST /v1/things HTTP/1.1\r\nContent-Type: application/json"
CHUNKED = f"{POST}\r\nTransfer-Encoding: chunked"


def chunks(body: bytes, size: int = 8000) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)


def test_chunked_within_the_limit(port: int) -> None:
    body = b'{"id": "a"}'.ljust(JSON_LIMIT)
    status, text = ask(port, CHUNKED, chunks(body) + b"0\r\n\r\n")
    assert (status, '"a"' in text) == (201, True)


def test_chunked_over_the_limit(port: int) -> None:
    body = b'{"id": "a"}'.ljust(JSON_LIMIT + 1)
    status, text = ask(port, CHUNKED, chunks(body) + b"0\r\n\r\n")
    assert status == 413
    assert_problem_body(text, 413, "too_large")


@pytest.mark.parametrize("sent", [b"", b'{"id"', b'{"id": "a"}'])
def test_shorter_than_declared(port: int, sent: bytes) -> None:
    status, text = ask(port, f"{POST}\r\nContent-Length: 12", sent, shut=True)
    assert status == 400
    assert_problem_body(text, 400, "incomplete_body", "")


@pytest.mark.parametrize(
    "sent", [chunks(b'{"id": "a"}'), b"5\r\n{}", b"zz\r\n{}\r\n0\r\n\r\n", b"2\r\n{}xx0\r\n\r\n"]
)
def test_broken_chunks(port: int, sent: bytes) -> None:
    status, text = ask(port, CHUNKED, sent, shut=True)
    assert status == 400
    assert_problem_body(text, 400, "incomplete_body", "")


def test_declared_over_the_limit(port: int) -> None:
    status, text = ask(port, f"{POST}\r\nContent-Length: 1000000000000", b"")
    assert status == 413
    assert_problem_body(text, 413, "too_large")


def test_form_shorter_than_declared(port: int) -> None:
    head = "POST /v1/forms HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded"
    status, text = ask(port, f"{head}\r\nContent-Length: 40", b"target=a", shut=True)
    assert status == 400
    assert_problem_body(text, 400, "incomplete_body", "")
