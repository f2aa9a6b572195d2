"""The worker's own parts, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy.exc
from sqlalchemy.orm import Session, sessionmaker

from models import Experiment, Version, Worker, writing
from models.database import connect, now
from services import active, keys
from services.paths import Home
from services.setup import migrate, prepare
from services.worker import patience
from services.worker.leases import LONG_AGO, Lease
from tests.story import settings_for


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[sessionmaker[Session]]:
    Home(tmp_path).make()
    engine = connect(f"sqlite:///{tmp_path}/a.sqlite")
    migrate(engine)
    yield sessionmaker(engine)
    engine.dispose()


@pytest.fixture
def lease(sessions: sessionmaker[Session], tmp_path: Path) -> Iterator[Callable[[], Lease]]:
    """Makes leases; their locks are let go of at the end."""
    made: list[Lease] = []

    def make() -> Lease:
        made.append(Lease(sessions, Home(tmp_path)))
        made[-1].begin()
        return made[-1]

    yield make
    for each in made:
        assert each.lock
        each.lock.close()


def test_a_database_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE", 0.0)
    errors = [
        sqlalchemy.exc.OperationalError("x", {}, Exception("database is locked")),
        sqlalchemy.exc.InterfaceError("x", {}, Exception("connection refused")),
        sqlalchemy.exc.TimeoutError("pool"),
    ]

    def work() -> str:
        if errors:
            raise errors.pop()
        return "done"

    assert patience.patient(work) == "done"


def test_other_errors_are_not(sessions: sessionmaker[Session]) -> None:
    with pytest.raises(KeyError):
        patience.patient(lambda: {}["missing"])


def test_a_lease_is_kept_by_beating(
    lease: Callable[[], Lease], sessions: sessionmaker[Session]
) -> None:
    one = lease()
    assert one.beat()
    with sessions() as session, writing(session):
        session.delete(session.get_one(Worker, one.executor))
    assert not one.beat()


def test_a_living_worker_is_not_taken_over(lease: Callable[[], Lease]) -> None:
    _, other = lease(), lease()
    buried: list[str] = []
    other.take_over(buried.append)
    assert buried == []


@pytest.mark.parametrize("how", ["lock gone", "silent", "said good-bye"])
def test_a_dead_worker_is_taken_over_once(
    how: str, lease: Callable[[], Lease], sessions: sessionmaker[Session]
) -> None:
    one, other = lease(), lease()
    copies = [each.home.copies(each.executor) for each in (one, other)]
    for folder in copies:
        folder.mkdir()
    if how == "lock gone":
        assert one.lock
        one.lock.close()
    elif how == "silent":
        with sessions() as session, writing(session):
            session.get_one(Worker, one.executor).beat_at = LONG_AGO
    else:
        one.end()
        assert one.lock
        one.lock.close()
    buried: list[str] = []
    other.take_over(buried.append)
    other.take_over(buried.append)
    assert buried == [one.executor]
    assert [folder.exists() for folder in copies] == [False, True]


def test_a_taker_that_dies_leaves_the_dead_to_the_next(
    lease: Callable[[], Lease], sessions: sessionmaker[Session]
) -> None:
    one, other = lease(), lease()
    one.end()
    assert one.lock
    one.lock.close()

    def die(_executor: str) -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        other.take_over(die)
    with sessions() as session:
        left = session.get(Worker, one.executor)
        assert left is not None
        assert (now() - left.beat_at).total_seconds() < 60


def test_the_active_file_follows_the_row(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    home = Home(tmp_path)
    with sessions() as session:
        with writing(session):
            experiment = Experiment(id="e", type="classification", target="t", plan={})
            session.add(experiment)
            session.flush()
            for number in (1, 2):
                session.add(version(experiment, number))
            session.flush()
            experiment.activate(session.get_one(Version, (experiment.uid, 1)))
        active.mend(session, home)
        assert served(home) == 1
        with writing(session):
            active.write(home, experiment, session.get_one(Version, (experiment.uid, 2)))
        active.mend_one(session, home, "e")  # the row never said so
        assert served(home) == 1
        with writing(session):
            session.delete(session.get_one(Version, (experiment.uid, 2)))
            session.delete(session.get_one(Version, (experiment.uid, 1)))
            session.flush()
            session.delete(experiment)
        active.mend(session, home)
        assert active.read(home, "e") is None


def version(experiment: Experiment, number: int) -> Version:
    return Version(
        experiment_uid=experiment.uid,
        number=number,
        job=f"job{number}",
        hyper_parameters={},
        model_path=f"m{number}",
        size=1,
        fit_seconds=1.0,
        checksums={},
        manifest={"reading": {}},
    )


def served(home: Home) -> int:
    record = active.read(home, "e")
    assert record is not None
    return record.version


def test_the_key_of_the_environment_may_be_one_that_is_known(tmp_path: Path) -> None:
    prepare(settings_for(tmp_path))
    engine = connect(settings_for(tmp_path).database_url)
    with Session(engine) as session:
        secret = keys.add(session, "first")
        keys.first_key(session, settings_for(tmp_path, GROVE_KEY=secret))
        keys.first_key(session, settings_for(tmp_path, GROVE_KEY="y" * 40))
        keys.first_key(session, settings_for(tmp_path, GROVE_KEY="z" * 40))
        living = [digest for digest, grant in keys.grants(session).items() if grant.holds()]
    engine.dispose()
    assert len(living) == 2
