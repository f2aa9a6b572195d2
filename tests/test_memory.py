"""How GROVE_MEMORY_LIMIT is shared out among all processes of the service."""

from __future__ import annotations

import pytest

from models import Kind
from services.memory import (
    LEAST,
    PROCESS,
    SHARED,
    WEB,
    WEB_PROCESS,
    WORKER,
    of_loaded,
    of_models,
    of_step,
)
from services.settings import Settings, read

pytestmark = pytest.mark.no_database

GIB = 2**30


def settings(**environ: str) -> Settings:
    return read({f"GROVE_{name.upper()}": value for name, value in environ.items()})


@pytest.mark.parametrize("web_workers", ["1", "2", "16"])
@pytest.mark.parametrize("limit", ["4G", "8G", "18G", "500G"])
def test_all_that_may_be_taken_at_a_time_is_the_limit(limit: str, web_workers: str) -> None:
    """Of web processes, their models, the worker, a training and two other jobs."""
    given = settings(memory_limit=limit, web_workers=web_workers)
    web = WEB + int(web_workers) * (WEB_PROCESS + of_models(given))
    steps = of_step(given, Kind.TRAIN) + 2 * of_step(given, Kind.SPLIT) - 3 * SHARED
    if of_step(given, Kind.TEST) > LEAST:
        assert 0.99 * given.memory_limit < web + WORKER + steps <= given.memory_limit


def test_four_gibibytes_leave_what_it_takes() -> None:
    given = settings(memory_limit="4G")
    assert of_models(given) > 0.29 * GIB
    assert of_step(given, Kind.TRAIN) > 1.5 * GIB
    assert of_step(given, Kind.SPLIT) == of_step(given, Kind.TEST) > LEAST


def test_what_is_set_is_taken() -> None:
    given = settings(memory_limit="4G", step_memory="700M", models_memory="300M")
    assert of_models(given) == 300 << 20
    assert {of_step(given, kind) for kind in Kind} == {700 << 20}


def test_a_step_gets_what_any_needs() -> None:
    assert of_step(settings(memory_limit="600M"), Kind.READ) == LEAST


@pytest.mark.parametrize("limit", ["600M", "4G", "64G"])
def test_a_version_leaves_a_step_room_for_its_own_work(limit: str) -> None:
    given = settings(memory_limit=limit)
    loaded, step = of_loaded(given, Kind.TEST), of_step(given, Kind.TEST)
    assert 0 < loaded < (step - PROCESS) / 2
