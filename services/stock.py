"""What a home must hold: one consistent look at all rows that name files, which changes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path, PurePosixPath

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session, load_only

from models import Dataset, Experiment, Job, Kind, Version, Worker
from models.database import BUSY_SECONDS, ENGINE_OPTIONS
from models.job import OPEN
from services.active import Active, of_row
from services.paths import Home
from services.splits.assign import PARTS

DATASETS = sa.select(Dataset).options(load_only(Dataset.name, Dataset.file, Dataset.sha256))
EXPERIMENTS = sa.select(Experiment).options(
    load_only(
        Experiment.id,
        Experiment.uid,
        Experiment.status,
        *(getattr(Experiment, f"{part}_path") for part in PARTS),
        Experiment.checksums,
        Experiment.active_version,
        Experiment.next_version,
        Experiment.model_path,
    )
)
JOBS = sa.select(Job).options(load_only(Job.id, Job.kind, Job.experiment_uid))


@dataclass(frozen=True)
class Kept:
    """A file that a row names: its path below the home, its checksum, and the row."""

    path: str
    sha256: str
    row: str


@dataclass(frozen=True)
class Stock:
    """All rows that have to do with files, as they were at one moment; `jobs` are the open ones."""

    datasets: Sequence[Dataset]
    experiments: Sequence[Experiment]
    versions: Sequence[Version]
    jobs: Sequence[Job]
    workers: Sequence[str]

    @property
    def rows(self) -> int:
        """How many rows these are."""
        return sum(len(getattr(self, field.name)) for field in fields(self))

    def files(self) -> Iterator[Kept]:
        """Every file below the home that a row names with its checksum."""
        return (kept for kept in self._named() if is_below(kept.path))

    def _named(self) -> Iterator[Kept]:
        for dataset in self.datasets:
            yield Kept(dataset.file, dataset.sha256, f"dataset {dataset.name!r}")
        for experiment in self.experiments:
            for part, path in parts_of(experiment).items():
                sha256 = experiment.checksums.get(part, "")
                yield Kept(path, sha256, f"experiment {experiment.id!r}")
        for version in self.versions:
            folder = PurePosixPath(version.model_path).parent
            for name, sha256 in version.checksums.items():
                yield Kept(str(folder / name), sha256, self.name_of(version))

    def name_of(self, version: Version) -> str:
        """A version as people speak of it."""
        return f"version {version.number} of experiment {self._ids.get(version.experiment_uid)!r}"

    @cached_property
    def _ids(self) -> dict[str, str]:
        return {experiment.uid: experiment.id for experiment in self.experiments}

    def serving(self, home: Home) -> dict[str, Active]:
        """What each active file must say, by its path."""
        versions = {(version.experiment_uid, version.number): version for version in self.versions}
        wanted = ((e, versions.get((e.uid, e.active_version or 0))) for e in self.experiments)
        return {
            home.relative(home.active(experiment.id)): of_row(home, experiment, version)
            for experiment, version in wanted
            if version is not None
        }

    @cached_property
    def open_jobs(self) -> frozenset[str]:
        """The jobs that are not over."""
        return frozenset(job.id for job in self.jobs)

    def splitting(self) -> frozenset[str | None]:
        """The uids of the experiments that a job is splitting."""
        return frozenset(job.experiment_uid for job in self.jobs if job.kind == Kind.SPLIT)


def parts_of(experiment: Experiment) -> dict[str, str]:
    """The parts of an experiment's split, and where they lie."""
    paths = {part: getattr(experiment, f"{part}_path") for part in PARTS}
    return {part: path for part, path in paths.items() if path is not None}


def is_below(path: str) -> bool:
    """Whether a path that a row holds stays within the home."""
    return not PurePosixPath(path).is_absolute() and ".." not in PurePosixPath(path).parts


def take(engine: sa.Engine) -> Stock:
    """The rows as they are now."""
    with Session(engine) as session:
        stock = Stock(
            session.scalars(DATASETS).all(),
            session.scalars(EXPERIMENTS).all(),
            session.scalars(sa.select(Version)).all(),
            session.scalars(JOBS.where(Job.state.in_(OPEN))).all(),
            session.scalars(sa.select(Worker.executor)).all(),
        )
        session.expunge_all()
        return stock


def reader(url: str) -> sa.Engine:
    """An engine that only reads; whatever one session of it reads is of one moment."""
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite":
        return sa.create_engine(url, isolation_level="REPEATABLE READ", **ENGINE_OPTIONS)
    uri = f"{Path(str(address.database)).as_uri()}?mode=ro"

    def connected() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)

    engine = sa.create_engine("sqlite://", creator=connected, poolclass=sa.NullPool)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")
