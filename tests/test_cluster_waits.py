"""How long a batch that a cluster grows is waited for, and what is done of it."""

from __future__ import annotations

import errno
import time
from typing import Any

import pytest

from services.worker import cluster
from services.worker.cluster import LOOK_EVERY, Cluster

pytestmark = pytest.mark.no_database

MADE = {"path": "1/trees-0.pickle", "sha256": "", "count": 10}


class Never:
    """A future that has no result."""

    def result(self, timeout: float) -> Any:
        raise TimeoutError


class Client:
    """A connection to a cluster of two workers."""

    def nthreads(self) -> dict[str, int]:
        return {"one": 1, "two": 1}


@pytest.fixture(name="growing")
def _growing() -> Cluster:
    """The first of two batches is there."""
    spec = {"params": {"n_estimators": 20}, "shared": None, "storage": None}
    made = Cluster("tcp://nowhere:1", spec, [(0, 10), (10, 20)])
    made._client, made._futures = Client(), {0: Never(), 10: Never()}  # type: ignore[dict-item]
    made._done[0] = MADE
    return made


def grown(cluster: Cluster, start: int, most_seconds: float) -> tuple[dict[str, Any], list[str]]:
    """The outcome of a batch, and what was told meanwhile."""
    told: list[str] = []
    outcome = cluster.grow(
        start, most_seconds, ", 2 a second", lambda: None, lambda _, words: told.append(words)
    )
    assert outcome.pop("seconds") >= 0
    return outcome, told


def test_what_is_there_is_taken_whatever_the_time(growing: Cluster) -> None:
    assert grown(growing, 0, 0.0) == (MADE, [])


def test_what_is_not_is_late(growing: Cluster) -> None:
    told = ["tree 10 of 20, on 2 workers of the Dask cluster, 2 a second"]
    assert grown(growing, 10, 0.0) == ({"late": True}, told)


def test_what_comes_while_it_is_waited_for_is_taken(
    growing: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Never, "result", lambda *_, **__: MADE)
    assert grown(growing, 10, 10.0)[0] == MADE


def test_nothing_is_waited_for_once_the_time_is_up(
    growing: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even for a moment: batches that come one in each would all be taken."""
    monkeypatch.setattr(Never, "result", lambda *_, **__: MADE)
    assert grown(growing, 10, 0.0)[0] == {"late": True}
    looks: list[float] = []

    def look(_: Never, timeout: float) -> Any:
        looks.append(timeout)
        time.sleep(timeout)
        raise TimeoutError

    monkeypatch.setattr(Never, "result", look)
    assert grown(growing, 10, LOOK_EVERY / 2)[0] == {"late": True}
    assert max(looks) <= LOOK_EVERY / 2


def test_a_storage_that_is_away_is_waited_for(
    growing: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[Exception] = [TimeoutError("away"), OSError(errno.EIO, "away")]

    def fetch(*_: Any) -> Any:
        if errors:
            raise errors.pop()
        return MADE

    monkeypatch.setattr(cluster, "fetch_trees", fetch)
    monkeypatch.setattr(cluster, "AWAY_SECONDS", 0)
    assert grown(growing, 0, 10.0) == (MADE, ["waiting for the shared storage"] * 2)


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "disk_full"), (errno.EACCES, "storage_failed")]
)
def test_a_disk_that_is_full_is_no_storage_that_is_away(
    growing: Cluster, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    def fetch(*_: Any) -> Any:
        raise OSError(number, "no")

    monkeypatch.setattr(cluster, "fetch_trees", fetch)
    outcome, told = grown(growing, 0, 10.0)
    assert outcome["error"]["code"] == code
    assert told == []
