"""What the long runs found in the service, kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from schemathesis.openapi.checks import EnsureResourceAvailability

from tests.fuzz.asking import GONE, filter_failure
from tests.problems import assert_problem
from tests.story import FLOWER, Story

MOST = 101  # a hundred, and how many more there are


@pytest.mark.parametrize("sent", ['""', '"", ""', 'W/"x", ""'])
def test_an_etag_of_nothing_is_that_of_no_revision(story: Story, sent: str) -> None:
    experiment = story.make_experiment()
    answer = story.patch(experiment, {"description": "x"}, **{"If-Match": sent})
    assert_problem(answer, 412, "precondition_failed")


def test_an_etag_of_nothing_for_nothing(story: Story) -> None:
    answer = story.client.delete("/v1/experiments/nobody", headers={"If-Match": '""'})
    assert_problem(answer, 404, answer.json["code"])


def test_a_problem_lists_no_more_faults_than_it_says(story: Story) -> None:
    experiment = story.make_trained()
    rows = [{**FLOWER, "colour": f"colour {at}"} for at in range(300)]
    assert len(story.predict(experiment, *rows, strict=True).json["errors"]) <= MOST
    rows = [{**FLOWER, f"name {at}": 1, "size": "x"} for at in range(300)]
    assert len(story.predict(experiment, *rows, strict=True).json["errors"]) <= MOST


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/login"])
def test_a_method_that_an_open_address_lacks(story: Story, path: str) -> None:
    behind_a_proxy = {"X-Forwarded-For": "192.0.2.1"}
    answer = story.client.open(path, method="TRACE", headers=behind_a_proxy)
    assert_problem(answer, 405, "method_not_allowed")


@pytest.mark.parametrize(("name", "counts"), [(GONE, False), ("other", True)])
def test_what_was_to_stay_is_not_missed_under_another_name(name: str, counts: bool) -> None:
    """A key of a name that is kept was made, and its deletion is asked of another one."""
    failure = EnsureResourceAvailability(
        operation="POST /v1/keys",
        message="",
        created_with="POST /v1/keys",
        not_available_with="DELETE /v1/keys/{name}",
    )
    case = SimpleNamespace(method="DELETE", path="/v1/keys/{name}", path_parameters={"name": name})
    assert filter_failure(Any, failure, case, Any) is counts
