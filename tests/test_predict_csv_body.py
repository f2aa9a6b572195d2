"""The body of a CSV that is scored: a file while it is, bounded, and gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from controllers.uploads import passing_body, sent_file
from models.errors import TooLarge, Unsupported
from tests.orphans import assert_no_orphans
from tests.story import app_on

pytestmark = pytest.mark.no_database


@pytest.fixture(name="small")
def _small(home: Path) -> Iterator[Flask]:
    with app_on(home, GROVE_MAX_UPLOAD="1K") as app:
        yield app


def test_the_body_is_a_file_for_a_while(small: Flask, home: Path) -> None:
    with small.test_request_context(method="POST", data=b"a\n1\n", content_type="text/csv"):
        with passing_body() as source:
            assert source.read_bytes() == b"a\n1\n"
            assert source.is_relative_to(home / "uploads")
        assert not source.exists()


def test_a_file_that_cannot_be_scored_is_gone_too(small: Flask, home: Path) -> None:
    with (
        small.test_request_context(method="POST", data=b"a\n1\n", content_type="text/csv"),
        pytest.raises(ArithmeticError),
        passing_body(),
    ):
        raise ArithmeticError
    assert_no_orphans(home)


def test_what_is_refused_leaves_nothing(small: Flask, home: Path) -> None:
    for data, kind, error in (
        (b"x" * 2_000, "text/csv", TooLarge),
        (b"a\n", "text/html", Unsupported),
    ):
        with (
            small.test_request_context(method="POST", data=data, content_type=kind),
            pytest.raises(error),
            passing_body(),
        ):
            pass
    assert_no_orphans(home)


def test_the_answer_has_no_name_when_it_is_sent(small: Flask, home: Path) -> None:
    path = home / "uploads" / "answer.csv"
    path.write_bytes(b"a,prediction\n1,2\n")
    with small.test_request_context():
        response = sent_file(path, [])
        assert_no_orphans(home)
        assert response.content_length == 17
        assert b"".join(response.iter_encoded()) == b"a,prediction\n1,2\n"
        response.close()
