"""Each operation is cut off at every event that it has, one after the other: many minutes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from tests.crash.operations import JOBS, OPERATIONS
from tests.crash.stage import Stage
from tests.crash.trial import Trial, run, run_taken_over
from tests.story import fresh

pytestmark = pytest.mark.long


@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed_at_every_event(stage: Stage, operation: str) -> None:
    enumerate_kills(stage, operation, cancel=False)


@pytest.mark.parametrize("operation", JOBS)
def test_killed_at_every_event_and_cancelled(stage: Stage, operation: str) -> None:
    enumerate_kills(stage, operation, cancel=True)


def test_the_next_worker_is_killed_at_every_event(stage: Stage) -> None:
    enumerate_all(lambda number: run_taken_over(stage, fresh("cut"), number))


def enumerate_kills(stage: Stage, operation: str, *, cancel: bool) -> None:
    enumerate_all(lambda number: run(stage, operation, fresh("cut"), number, cancel=cancel))


def enumerate_all(attempt: Callable[[int], Trial]) -> None:
    """Kill at the first event, at the second, and so on, until all runs through."""
    for number in count(1):
        if attempt(number).killed is None:
            assert number > 1
            return
