"""Wrong keys, counted in a real Redis by ./run.sh, whose processes share the count."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.grove import Client
from controllers.failures import MOST_A_MINUTE
from tests.redis_server import RedisServer, redis_server
from tests.service import Service, running

pytestmark = pytest.mark.real

KEY = "k" * 40
READ = ("GET", "/v1/experiments", None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as made:
        yield made


@pytest.fixture
def service(store: RedisServer, tmp_path: Path) -> Iterator[Service]:
    with running(tmp_path / "home", GROVE_KEY=KEY, GROVE_REDIS_URL=store.url) as made:
        yield made


def statuses(service: Service, key: str, times: int = 1) -> list[int]:
    """Each asked on a connection of its own, so that the processes take turns."""
    return [Client(service.address, key).ask(*READ)[0] for _ in range(times)]


def test_all_processes_count_together(service: Service, store: RedisServer) -> None:
    assert statuses(service, "wrong", MOST_A_MINUTE) == [401] * MOST_A_MINUTE
    status, headers, _ = Client(service.address, "wrong").ask(*READ)
    assert status == 429
    assert 1 <= int(headers["Retry-After"]) <= 60
    assert statuses(service, KEY, 4) == [200] * 4
    assert store.client().dbsize() == 1  # one address, and no word of a key
    assert "wrong" not in str(store.client().keys())


def test_a_count_outlives_the_service(store: RedisServer, tmp_path: Path) -> None:
    chosen = {"GROVE_KEY": KEY, "GROVE_REDIS_URL": store.url}
    with running(tmp_path / "home", **chosen) as service:
        assert statuses(service, "wrong", MOST_A_MINUTE + 1)[-1] == 429
    with running(tmp_path / "home", **chosen) as service:
        assert statuses(service, "wrong") == [429]


def test_a_store_that_goes_and_comes_back(service: Service, store: RedisServer) -> None:
    assert statuses(service, "wrong", MOST_A_MINUTE + 1)[-1] == 429
    store.stop()
    assert statuses(service, "wrong", 4) == [401] * 4
    assert statuses(service, KEY, 4) == [200] * 4
    store.start()
    assert statuses(service, "wrong", MOST_A_MINUTE + 1)[-1] == 429
    assert statuses(service, KEY, 4) == [200] * 4
