"""What gunicorn refuses by itself speaks as all other errors do."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from controllers import refusals
from controllers.problem_pages import KNOWN
from controllers.problems import code_of, title
from tests.problems import assert_problem_body


@pytest.mark.parametrize("status", refusals.WORDS)
def test_the_words_are_those_of_every_problem(status: int) -> None:
    head, _, body = refusals.answer(status, uuid4().hex).decode().partition("\r\n\r\n")
    told = json.loads(body)
    assert_problem_body(body, status, told["code"])
    assert KNOWN[told["code"]] == status
    assert told["title"] == title(told["code"])
    assert status == 400 or told["code"] == code_of(status)
    assert f"Content-Length: {len(body)}" in head


def test_every_status_has_words() -> None:
    assert {status for _, status in refusals.STATUSES} == set(refusals.WORDS)
