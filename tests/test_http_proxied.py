"""The same requests as no library sends them, through nginx as shipped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.front import Front, raw, standing
from tests.problems import assert_problem_body
from tests.test_http_bodies import CSV, FORM, REFUSED, TABLE
from tests.test_http_level import (
    CODES,
    END,
    GET,
    UNREADABLE,
    WRONG_METHODS,
    assert_in_order,
    assert_refused,
    exchanged,
    kept,
    pipelined,
    value,
)

pytestmark = pytest.mark.real

# What nginx takes for granted: the header is none, and the rest no request.
IGNORED = "H8-underscore"
SHORT = "H6"  # whoever ends before the body does is not answered at all
LIMITS = "H2"  # Grove's own, here as large as they are


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    with standing() as made:
        yield made


def sent_by(front: Front, request_bytes: bytes) -> bytes:
    return request_bytes.replace(b"@KEY@", front.client.key.encode())


@pytest.mark.parametrize("row", [each for each in UNREADABLE if each != IGNORED])
def test_what_cannot_be_read_is_a_problem(front: Front, row: str) -> None:
    before = kept(front.client, front.folder / "home")
    sent, status = UNREADABLE[row]
    assert_refused(raw(front.client.address, sent_by(front, sent)), status)
    assert kept(front.client, front.folder / "home") == before


def test_a_header_with_an_underscore_is_none(front: Front) -> None:
    """So the body begins where the head ends, for nginx and for Grove alike."""
    before = kept(front.client, front.folder / "home")
    first, second = exchanged(front.client.address, front.client.key, UNREADABLE[IGNORED][0])
    assert_problem_body(first[2], 400, "invalid_json")
    assert_problem_body(second[2], 400, "malformed")
    assert kept(front.client, front.folder / "home") == before


def test_a_line_feed_is_the_end_of_a_line(front: Front) -> None:
    """As RFC 9112 lets it be; to Grove it goes on as the two headers that nginx has read."""
    assert raw(front.client.address, sent_by(front, value(b"\n")))[0] == 200


@pytest.mark.parametrize("method", [*WRONG_METHODS, "CONNECT"])
def test_methods_that_no_route_has(front: Front, method: str) -> None:
    sent = sent_by(front, GET.replace(b"GET", method.encode()) + END)
    got, _, body = raw(front.client.address, sent)
    assert got == 405
    assert_problem_body(body, 405, CODES[405])


@pytest.mark.parametrize("row", [each for each in REFUSED if each[:2] not in (SHORT, LIMITS)])
def test_bodies_that_are_refused(front: Front, row: str) -> None:
    before = kept(front.client, front.folder / "home")
    sent, status, code = REFUSED[row]
    got, headers, body = raw(front.client.address, sent_by(front, sent))
    assert headers["Content-Type"] == "application/problem+json"
    assert got == status, body
    assert_problem_body(body, status, code)
    assert kept(front.client, front.folder / "home") == before


@pytest.mark.parametrize("head", [CSV, FORM])
def test_a_body_shorter_than_declared_leaves_nothing(front: Front, head: bytes) -> None:
    before = kept(front.client, front.folder / "home")
    sent = head + b"Content-Length: 5000\r\n" + END + TABLE[:100]
    assert exchanged(front.client.address, front.client.key, sent, shut=True) == []
    assert kept(front.client, front.folder / "home") == before


def test_pipelined_requests_are_answered_in_order(front: Front) -> None:
    assert_in_order(exchanged(front.client.address, front.client.key, pipelined(100)), 100)
