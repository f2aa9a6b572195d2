"""Grove behind nginx as shipped: how its tests start it, ask it, and look at its refusals."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import data, grove, stage
from benchmarks.proxy import SHIPPED
from tests.problems import assert_problem_body

PREDICT = f"/v1/experiments/{grove.CANCER}/predict"
ROW = {"rows": [data.patient()]}
BOUND = int(re.findall(r"max_conns=(\d+)", SHIPPED.read_text())[0])


@dataclass(frozen=True)
class Front:
    """Grove behind nginx."""

    client: grove.Client
    folder: Path
    web: list[int]


@contextlib.contextmanager
def standing() -> Iterator[Front]:
    """All of it on a home of its own, with Breast Cancer's forest."""
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
