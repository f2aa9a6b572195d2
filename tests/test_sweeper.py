"""What killed processes have left is removed at the next start, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from models import Dataset, Experiment, Job, State, Version, Worker, writing
from models.database import connect
from services import sweeper
from services.paths import Home
from services.setup import prepare
from tests.story import settings_for

LONG_AGO = 1_000_000_000


@pytest.fixture
def home(tmp_path: Path) -> Home:
    prepare(settings_for(tmp_path))
    return Home(tmp_path)


@pytest.fixture
def session(home: Home) -> Iterator[Session]:
    engine = connect(settings_for(home.root).database_url)
    with Session(engine) as made:
        yield made
    engine.dispose()


def left(path: Path, *, fresh: bool = False) -> Path:
    """A file, or a folder with one, that some process has left."""
    place = path if path.suffix else path / "x.bin"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("x")
    if not fresh:
        os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def test_a_clean_home_stays_as_it_is(session: Session, home: Home) -> None:
    before = sorted(home.root.rglob("*"))
    assert sweeper.sweep(session, home) == []
    assert sorted(home.root.rglob("*")) == before


def test_what_no_row_names_is_removed(session: Session, home: Home) -> None:
    uid = made_experiment(session, home)
    leavings = [
        left(home.upload("a" * 32)),
        left(home.root / "uploads" / f".{'b' * 32}.csv.{'c' * 32}"),
        left(home.scored("d" * 32)),
        left(home.work("e" * 32)),
        left(home.dataset("f" * 32), fresh=True),
        left(home.experiment("0" * 32), fresh=True),
        left(home.split(uid, "1" * 32), fresh=True),
        left(home.version(uid, "2" * 32), fresh=True),
        left(home.copies("3" * 32) / "x.arrow", fresh=True).parent,
    ]
    assert len(sweeper.sweep(session, home)) >= len(leavings)
    assert [path for path in leavings if path.exists()] == []


def test_what_rows_name_stays(session: Session, home: Home) -> None:
    uid = made_experiment(session, home)
    kept = [home.split(uid, "split"), home.version(uid, "train"), home.dataset("read")]
    for path in kept:
        left(path)
    assert sweeper.sweep(session, home) == []
    assert all(path.exists() for path in kept)


def test_what_unfinished_jobs_and_workers_use_stays(session: Session, home: Home) -> None:
    with writing(session):
        session.add(Job(id="9" * 32, kind="read", state=State.RUNNING))
        session.add(Worker(executor="3" * 32))
    kept = [left(home.upload("9" * 32)), left(home.work("9" * 32)), left(home.dataset("9" * 32))]
    kept.append(left(home.copies("3" * 32) / "x.arrow"))
    assert sweeper.sweep(session, home) == []
    assert all(path.exists() for path in kept)


def test_a_body_that_is_being_received_stays(session: Session, home: Home) -> None:
    coming = left(home.root / "uploads" / f".{'b' * 32}.csv.{'c' * 32}", fresh=True)
    assert sweeper.sweep(session, home) == []
    assert coming.exists()


def made_experiment(session: Session, home: Home) -> str:
    """An experiment with a split, a version and a dataset of its own; returns its uid."""
    with writing(session):
        file = home.relative(home.dataset("read"))
        data = Dataset(name="d", file=file, sha256="", size=0, rows=0, reading={}, description={})
        row = Experiment(id="e", type="classification", target="t", plan={}, dataset="d")
        session.add(data)
        session.flush()
        session.add(row)
        session.flush()
        row.train_path = home.relative(home.split(row.uid, "split") / "train.parquet")
        session.add(version_of(row, home))
    return row.uid


def version_of(row: Experiment, home: Home) -> Version:
    return Version(
        experiment_uid=row.uid,
        number=1,
        job="train",
        hyper_parameters={},
        model_path=home.relative(home.version(row.uid, "train") / "model.pickle"),
        size=1,
        fit_seconds=1.0,
        checksums={},
        manifest={},
    )
