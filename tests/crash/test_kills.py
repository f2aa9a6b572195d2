"""Each operation is cut off by `kill -9` at some of its events, and comes out whole."""

from __future__ import annotations

import random

import pytest

from tests.crash.operations import JOBS, OPERATIONS
from tests.crash.stage import Stage
from tests.crash.trial import run, whole_of
from tests.story import fresh

# An event of some operations, of two of them with the job cancelled then; the same in every run.
PICK = random.Random(11)  # noqa: S311
SAMPLE = [(name, round(PICK.random(), 2), False) for name in PICK.sample(sorted(OPERATIONS), 5)]
SAMPLE += [(name, round(PICK.random(), 2), True) for name in PICK.sample(JOBS, 2)]
COUNTS_DIFFER_BY = 4  # a report of progress more or less


@pytest.mark.parametrize(("operation", "share", "cancel"), SAMPLE)
def test_killed_at_one_event(shared: Stage, operation: str, share: float, cancel: bool) -> None:
    spare = COUNTS_DIFFER_BY if operation in JOBS else 0
    number = 1 + int(share * (len(whole_of(shared, operation)) - spare))
    assert run(shared, operation, fresh("cut"), number, cancel=cancel).killed is not None
