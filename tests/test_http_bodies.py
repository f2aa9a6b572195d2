"""Bodies that are too long, too short or no such thing, to ./run.sh: gunicorn alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.grove import Client
from tests.problems import assert_problem_body
from tests.service import Service, running
from tests.test_http_level import AUTH, BODY, CHUNKED, END, KEY, POST, exchanged, kept

pytestmark = pytest.mark.no_database

MOST_UPLOAD, MOST_JSON = 100_000, 20_000
CLOSE = b"Connection: close\r\n"
FORM = POST.replace(b"application/json", b"multipart/form-data; boundary=x")
CSV = b"PUT /v1/datasets/smuggled HTTP/1.1\r\nHost: grove\r\nContent-Type: text/csv\r\n" + AUTH
TABLE = b"a,kind\n" + b"1.5,x\n2.5,y\n" * 10_000
LONG_JSON = BODY.ljust(MOST_JSON + 1)
FIELD = b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
FILE = FIELD % (b"file", b'; filename="a.csv"', TABLE)
LONG_FILE = FIELD % (b"file", b'; filename="a.csv"', TABLE * 6)
TARGET = FIELD % (b"target", b"", b"kind")
LAST = b"--x--\r\n"


def lengthy(head: bytes, body: bytes) -> bytes:
    return head + CLOSE + b"Content-Length: %d\r\n" % len(body) + END + body


def chunked(head: bytes, body: bytes, last: bytes = b"0\r\n\r\n") -> bytes:
    parts = [body[at : at + 8000] for at in range(0, len(body), 8000)]
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return head + CLOSE + CHUNKED + END + pieces + last


def typed(kind: bytes, body: bytes = BODY) -> bytes:
    return lengthy(POST.replace(b"application/json", kind), body)


def form(body: bytes, boundary: bytes = b"x") -> bytes:
    return lengthy(FORM.replace(b"boundary=x", b"boundary=" + boundary), body)


REFUSED: dict[str, tuple[bytes, int, str]] = {
    "H1-json": (POST + CLOSE + b"Content-Length: 99999999999999\r\n" + END, 413, "too_large"),
    "H1-csv": (CSV + CLOSE + b"Content-Length: 99999999999999\r\n" + END, 413, "too_large"),
    "H1-form": (FORM + CLOSE + b"Content-Length: 99999999999999\r\n" + END, 413, "too_large"),
    "H2-csv": (chunked(CSV, TABLE), 413, "too_large"),
    "H2-json": (chunked(POST, LONG_JSON), 413, "too_large"),
    "H2-file": (chunked(FORM, TARGET + FILE + LAST), 413, "too_large"),
    "H2-form": (chunked(FORM, TARGET + LONG_FILE + LAST), 413, "too_large"),
    "H6-json": (POST + b"Content-Length: 500\r\n" + END + BODY, 400, "incomplete_body"),
    "H6-csv": (CSV + b"Content-Length: 500\r\n" + END + TABLE[:100], 400, "incomplete_body"),
    "H6-form": (FORM + b"Content-Length: 5000\r\n" + END + FILE[:100], 400, "broken_form"),
    "H6-chunks": (chunked(CSV, TABLE[:1000], b""), 400, "incomplete_body"),
    "H6-bad-chunk": (chunked(CSV, TABLE[:1000], b"zz\r\na"), 400, "incomplete_body"),
    "H18-text": (lengthy(POST, b"{id: smuggled}"), 400, "invalid_json"),
    "H18-trailing": (lengthy(POST, BODY + b"x"), 400, "invalid_json"),
    "H18-two": (lengthy(POST, BODY + BODY), 400, "invalid_json"),
    "H18-comment": (lengthy(POST, b"/* a */" + BODY), 400, "invalid_json"),
    "H18-single-quotes": (lengthy(POST, BODY.replace(b'"', b"'")), 400, "invalid_json"),
    "H18-comma": (lengthy(POST, BODY[:-1] + b",}"), 400, "invalid_json"),
    "H18-empty": (lengthy(POST, b""), 400, "invalid_json"),
    "H19-latin-1": (lengthy(POST, BODY.replace(b"Type", b"T\xfcp")), 400, "not_utf8"),
    "H19-utf-16": (lengthy(POST, BODY.decode().encode("utf-16")), 400, "not_utf8"),
    "H19-utf-16-no-mark": (lengthy(POST, BODY.decode().encode("utf-16le")), 400, "invalid_json"),
    "H19-utf-32": (lengthy(POST, BODY.decode().encode("utf-32")), 400, "not_utf8"),
    "H19-utf-7": (lengthy(POST, b"+AHs-" + BODY[1:]), 400, "invalid_json"),
    "H20-latin-1": (typed(b"application/json; charset=latin-1"), 415, "unsupported_media_type"),
    "H20-utf-16": (typed(b"application/json; charset=utf-16"), 415, "unsupported_media_type"),
    "H21-no-boundary": (typed(b"multipart/form-data", FILE + LAST), 400, "broken_form"),
    "H21-empty-boundary": (form(FILE[:500] + LAST, b""), 400, "broken_form"),
    "H21-long-boundary": (form(FILE[:500] + LAST, b"y" * 8000), 400, "broken_form"),
    "H21-not-closed": (form(FIELD % (b"id", b"", b"smuggled")), 400, "broken_form"),
    "H21-many-parts": (form(FIELD % (b"id", b"", b"a") * 1001 + LAST), 413, "too_large"),
    "H21-returns": (form(FIELD % (b"file", b'; filename="a"', b"\r" * 90_000)), 400, "broken_form"),
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    limits = {"GROVE_MAX_UPLOAD": str(MOST_UPLOAD), "GROVE_MAX_JSON": str(MOST_JSON)}
    with running(tmp_path_factory.mktemp("http"), GROVE_KEY=KEY, **limits) as made:
        yield made


@pytest.mark.parametrize("row", REFUSED)
def test_bodies_that_are_refused(service: Service, row: str) -> None:
    client = Client(service.address, KEY)
    before = kept(client, service.home)
    sent, status, code = REFUSED[row]
    ((got, headers, body),) = exchanged(service.address, KEY, sent, shut=row.startswith("H6"))
    assert headers["Content-Type"] == "application/problem+json"
    assert got == status, body
    assert_problem_body(body, status, code)
    assert kept(client, service.home) == before


def test_a_boundary_longer_than_a_header_may_be(service: Service) -> None:
    ((got, _, body),) = exchanged(service.address, KEY, form(FILE[:500] + LAST, b"y" * 100_000))
    assert got == 431
    assert_problem_body(body, 431, "request_header_fields_too_large")


def test_forms_that_hold_no_file_with_a_name(service: Service) -> None:
    """A part without one is a field; one part within another is its text."""
    client = Client(service.address, KEY)
    before = kept(client, service.home)
    nameless = FIELD % (b"file", b"", b"a,b\n1,2")
    nested = b'--x\r\nContent-Disposition: form-data; name="id"\r\n'
    nested += b"Content-Type: multipart/mixed; boundary=z\r\n\r\n--z\r\n\r\na\r\n--z--\r\n"
    for sent in (form(nameless + LAST), form(nested + LAST)):
        ((got, _, body),) = exchanged(service.address, KEY, sent)
        assert 400 <= got < 500, body
    assert kept(client, service.home) == before
