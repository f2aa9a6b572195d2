"""Grove on PostgreSQL, and how many may write at once there and on SQLite."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.orm import Session

from benchmarks.grove import Client
from models import Base, Dataset, Seed
from services import checking
from services.paths import Home
from services.setup import migrate
from tests import test_journey
from tests.orphans import assert_no_orphans
from tests.postgres import (
    COUNTED,
    Postgres,
    begin_count,
    engine_of,
    postgres,
    written_at_once,
)
from tests.service import running
from tests.test_disk import PREDICT, WRITES, assert_later, assert_well_again, trained
from tests.waits import wait_until

pytestmark = pytest.mark.real

PROCESSES = 4
AWAY_SECONDS = 3
TRAIN = ("/v1/experiments/glass/train", {"n_estimators": 10})
STOPPED_BY_LOCK = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")


@pytest.fixture
def cluster() -> Iterator[Postgres]:
    with postgres() as made:
        yield made


def test_the_main_job(cluster: Postgres, tmp_path: Path) -> None:
    with running(tmp_path, GROVE_DATABASE_URL=cluster.url) as service:
        test_journey.test_from_a_csv_to_a_model(service)
    assert not list(tmp_path.glob("*.sqlite*"))


def test_the_migrations_make_what_the_models_say(cluster: Postgres) -> None:
    engine = engine_of(cluster.url)
    migrate(engine)
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_a_database_that_is_away_stops_writes_alone(
    cluster: Postgres, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with trained(tmp_path, GROVE_DATABASE_URL=cluster.url) as (_, client):
        cluster.stop()
        try:
            assert_away(client)
        finally:
            cluster.start()
        assert_well_again(client)
    logged = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert any("reloading queue" in line["event"] for line in logged)  # the job engine's own words


def test_a_database_that_goes_at_the_commit_of_a_job(cluster: Postgres, tmp_path: Path) -> None:
    """The job waits, and writes down once there is a place what it had been about to."""
    with trained(tmp_path, GROVE_DATABASE_URL=cluster.url) as (_, client):
        engine = engine_of(cluster.url)
        with engine.connect() as other:
            other.execute(sa.text("LOCK TABLE versions IN EXCLUSIVE MODE"))
            job = client.ask("POST", *TRAIN, Prefer="respond-async")[1]["Location"]
            with engine.connect() as looking:
                wait_until(lambda: looking.scalar(STOPPED_BY_LOCK))
            cluster.stop()
            other.invalidate()
        engine.dispose()
        time.sleep(AWAY_SECONDS)
        cluster.start()
        wait_until(lambda: client.ask("GET", job)[0] == 200)
        wait_until(lambda: client.get(job)["state"] == "succeeded", 90)
        versions = client.get("/v1/experiments/glass/versions")["items"]
        assert sorted(each["version"] for each in versions) == [1, 2]
        assert json.loads(client.ask(*PREDICT)[2])["version"] == 2
        assert_well_again(client)
        assert_no_orphans(tmp_path)
        assert checking.check(cluster.url, Home(tmp_path)).problems == []


def assert_away(client: Client) -> None:
    for each in WRITES[:3]:
        assert_later(client.ask(*each), (503, "busy"))
    assert_later(client.ask("GET", "/readyz"), (503, "not_ready"))
    assert client.ask("GET", "/livez")[0] == 200
    assert [client.ask(*PREDICT)[0] for _ in range(20)] == [200] * 20


def test_many_write_to_postgresql_at_once(cluster: Postgres) -> None:
    assert_all_counted(cluster.url, 250)


def test_many_write_to_sqlite_at_once(tmp_path: Path) -> None:
    assert_all_counted(f"sqlite:///{tmp_path}/a.sqlite", 1000)


def assert_all_counted(url: str, times: int) -> None:
    """None is told that the database is locked, and no count is lost."""
    engine = engine_of(url)
    migrate(engine)
    begin_count(engine)
    assert written_at_once(url, PROCESSES, times) == [0] * PROCESSES
    with Session(engine) as session:
        assert session.get_one(Dataset, COUNTED).rows == PROCESSES * times
        seeds = sa.select(sa.func.count()).select_from(Seed)
        assert session.scalar(seeds) == PROCESSES * times
    engine.dispose()
