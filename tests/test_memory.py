"""How GROVE_MEMORY_LIMIT is shared out among all processes of the service."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from models import Kind
from services.memory import (
    LEAST,
    PROCESS,
    SHARED,
    WEB,
    WEB_PROCESS,
    WORKER,
    least,
    of_loaded,
    of_models,
    of_step,
)
from services.settings import Settings, read
from services.worker.__main__ import tell_of_memory

pytestmark = pytest.mark.no_database

GIB = 2**30


def settings(**environ: str) -> Settings:
    return read({f"GROVE_{name.upper()}": value for name, value in environ.items()})


@pytest.mark.parametrize("web_workers", ["1", "2", "16"])
@pytest.mark.parametrize("limit", ["2G", "2200M", "2500M", "4G", "8G", "18G", "500G"])
def test_all_that_may_be_taken_at_a_time_is_the_limit(limit: str, web_workers: str) -> None:
    """Of web processes, their models, the worker, a training and two other jobs."""
    given = settings(memory_limit=limit, web_workers=web_workers)
    web = WEB + int(web_workers) * (WEB_PROCESS + of_models(given))
    steps = of_step(given, Kind.TRAIN) + 2 * of_step(given, Kind.SPLIT) - 3 * SHARED
    if given.memory_limit >= least(given):
        assert 0.99 * given.memory_limit < web + WORKER + steps <= given.memory_limit
    else:
        assert web_workers == "16"
        assert web + WORKER + steps > given.memory_limit


@pytest.mark.parametrize("more", [{}, {"models_memory": "100M"}, {"step_memory": "700M"}])
def test_the_least_is_what_three_small_steps_take(more: dict[str, str]) -> None:
    bytes_ = least(settings(memory_limit="1G", **more))
    assert abs(least(settings(memory_limit=str(bytes_), **more)) - bytes_) <= 2
    given = settings(memory_limit=str(bytes_), **more)
    web = WEB + given.web_workers * (WEB_PROCESS + of_models(given))
    steps = of_step(given, Kind.TRAIN) + 2 * of_step(given, Kind.TEST) - 3 * SHARED
    assert abs(web + WORKER + steps - bytes_) < 10
    assert (of_step(given, Kind.TRAIN) == LEAST) is ("step_memory" not in more)


@pytest.mark.parametrize(("limit", "told"), [("600M", True), ("4G", False)])
def test_a_worker_tells_of_a_limit_that_is_too_little(limit: str, told: bool) -> None:
    with capture_logs() as logged:
        tell_of_memory(settings(memory_limit=limit))
    assert [each["log_level"] for each in logged] == ["warning"] * told


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
