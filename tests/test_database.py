"""SQLite as it must be: strict, durable, patient; and migrations that may meet each other."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from models import Base, Dataset, Experiment, Seed, writing
from models.database import connect, connect_for_jobs, journal_mode
from services.setup import migrate, prepare
from tests.service import ROOT, environ_for
from tests.story import settings_for


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/a.sqlite"


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    """An engine on migrated tables."""
    made = connect(url)
    migrate(made)
    yield made
    made.dispose()


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ((3, 40, 1), "TRUNCATE"),
        ((3, 44, 5), "TRUNCATE"),
        ((3, 44, 6), "WAL"),
        ((3, 50, 6), "TRUNCATE"),
        ((3, 50, 7), "WAL"),
        ((3, 51, 2), "TRUNCATE"),
        ((3, 51, 3), "WAL"),
        ((3, 52, 0), "WAL"),
        ((4, 0, 0), "WAL"),
    ],
)
def test_wal_only_where_it_is_safe(version: tuple[int, int, int], mode: str) -> None:
    assert journal_mode(version) == mode


@pytest.mark.parametrize("make", [connect, connect_for_jobs])
def test_every_connection_is_strict(make: object, url: str) -> None:
    engine = make(url)  # type: ignore[operator]
    with engine.connect() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("foreign_keys", "synchronous", "busy_timeout")
        }
    engine.dispose()
    assert values == {"foreign_keys": 1, "synchronous": 2, "busy_timeout": 30_000}


@pytest.mark.parametrize("make", [connect, connect_for_jobs])
def test_every_connection_knows_the_moment(make: object, url: str) -> None:
    """The job engine's tables fill their times in by this expression, on any SQLite."""
    engine = make(url)  # type: ignore[operator]
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT unixepoch('subsec') * 1000").scalar()
    engine.dispose()
    assert abs(found - time.time() * 1000) < 60_000


def test_a_transaction_that_writes_waits_for_its_turn(engine: sa.Engine) -> None:
    """Read, then write, from many threads: none fails, no count is lost."""
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE counts (n INTEGER)")
        connection.exec_driver_sql("INSERT INTO counts VALUES (0)")

    def count() -> None:
        for _ in range(20):
            with Session(engine) as session, writing(session):
                found = session.execute(sa.text("SELECT n FROM counts")).scalar_one()
                session.execute(sa.text("UPDATE counts SET n = :n"), {"n": found + 1})

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT n FROM counts").scalar() == 160


def test_a_failed_transaction_leaves_nothing(engine: sa.Engine) -> None:
    with Session(engine) as session:
        with pytest.raises(IntegrityError), writing(session):
            session.add_all([Seed(name="x"), Experiment(id="a", dataset="none")])
        assert session.get(Seed, "x") is None


def test_a_read_holds_no_lock(engine: sa.Engine) -> None:
    """A session that has read, and is still open, keeps nobody from writing."""
    with Session(engine) as reader, Session(engine) as writer:
        assert reader.get(Seed, "x") is None
        with writing(writer):
            writer.add(Seed(name="x"))
        reader.expire_all()
        assert reader.get(Seed, "x") is not None


def test_a_row_points_at_nothing_that_is_not_there(engine: sa.Engine) -> None:
    orphan = Experiment(id="a", type="classification", dataset="none", target="t", plan={})
    with Session(engine) as session, pytest.raises(IntegrityError), writing(session):
        session.add(orphan)


def test_a_change_based_on_an_old_revision_is_refused(engine: sa.Engine) -> None:
    with Session(engine) as session, writing(session):
        session.add(
            Dataset(name="d", file="", sha256="", size=0, rows=0, reading={}, description={})
        )
        session.flush()
        session.add(Experiment(id="a", type="classification", dataset="d", target="t", plan={}))
    with Session(engine) as one, Session(engine) as other:
        stale = one.get_one(Experiment, "a")
        with writing(other):
            other.get_one(Experiment, "a").description = "first"
        stale.description = "second"
        with pytest.raises(StaleDataError):
            one.flush()


def test_the_migrations_make_what_the_models_say(engine: sa.Engine) -> None:
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []


def test_all_migrations_are_one_transaction(url: str) -> None:
    """Of several, each committed by itself, another process would make the next one as well."""
    made, commits = connect(url), []
    sa.event.listen(made, "commit", lambda _connection: commits.append(tables_of(made)))
    migrate(made)
    with made.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == "0004"
    made.dispose()
    assert commits == [[]]  # nobody else saw a table before the only commit


def tables_of(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return sa.inspect(connection).get_table_names()


def test_web_and_worker_may_prepare_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "services.setup"]
    environ = {**environ_for(tmp_path), "PYTHONPATH": str(ROOT)}
    starts = [subprocess.Popen(command, cwd=ROOT, env=environ) for _ in range(4)]
    assert [start.wait(timeout=180) for start in starts] == [0] * 4


def test_a_sample_that_was_deleted_does_not_come_back(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    prepare(settings)
    engine = connect(settings.database_url)
    with Session(engine) as session:
        with writing(session):
            session.delete(session.get_one(Dataset, "glass"))
        prepare(settings)
        names = session.scalars(sa.select(Dataset.name)).all()
    engine.dispose()
    assert names == ["breast_cancer"]
