"""Rows and files, held against each other: what a home at rest must be like."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Dataset, Experiment, Job, Kind, State, Status, Version, Worker
from models.database import connect
from models.job import OPEN
from services import active
from services.files import sha256_of
from services.paths import Home
from tests.databases import engine_prefix
from tests.story import settings_for

PLACES = ("uploads/*", "work/*", "datasets/*", "experiments/*", "active/*", "workers/*")
WITHIN = ("experiments/*/splits/*", "experiments/*/versions/*")
ENGINE_OPEN = "SELECT workflow_uuid FROM {}workflow_status WHERE status IN ('PENDING', 'ENQUEUED')"


def assert_agreement(home: Path, seconds: float = 60) -> None:
    """Rows and files come to agree: a worker tidies up right after a job's end."""
    deadline = time.monotonic() + seconds
    while (found := differences(home)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not found, found


def differences(root: Path) -> list[str]:
    """Each thing that a row says and the files do not, or the other way round."""
    home, engine = Home(root), connect(settings_for(root).database_url)
    try:
        with Session(engine) as session:
            return [*_misplaced(session, home), *_contents(session, home), *_jobs(session)]
    except FileNotFoundError as error:  # it was removed while it was looked at
        return [str(error)]
    finally:
        engine.dispose()


def _misplaced(session: Session, home: Home) -> Iterator[str]:
    named = set(_named(session, home))
    found = {path for folder in (*PLACES, *WITHIN) for path in home.root.glob(folder)}
    yield from (f"no row names {home.relative(path)}" for path in sorted(found - named))
    locks = {path for path in named if path.parent.name == "workers"}
    missing = named - found - locks  # a worker on another machine has no lock here
    yield from (f"{home.relative(path)} is gone" for path in sorted(missing))


def _named(session: Session, home: Home) -> Iterator[Path]:
    """What the rows want to be there."""
    yield from map(home.absolute, session.scalars(sa.select(Dataset.file)))
    yield from map(home.lock, session.scalars(sa.select(Worker.executor)))
    for experiment in session.scalars(sa.select(Experiment)):
        yield home.experiment(experiment.uid)
        yield home.absolute(experiment.train_path or "none").parent
        if experiment.active_version is not None:
            yield home.active(experiment.id)
    for version in session.scalars(sa.select(Version)):
        yield home.absolute(version.model_path).parent


def _contents(session: Session, home: Home) -> Iterator[str]:
    sums: dict[Path, str] = {}
    for dataset in session.scalars(sa.select(Dataset)):
        sums[home.absolute(dataset.file)] = dataset.sha256
    for experiment in session.scalars(sa.select(Experiment)):
        folder = home.absolute(experiment.train_path or "none").parent
        sums |= {folder / f"{part}.parquet": one for part, one in experiment.checksums.items()}
        yield from _of_experiment(session, home, experiment)
    for version in session.scalars(sa.select(Version)):
        folder = home.absolute(version.model_path).parent
        sums |= {folder / name: one for name, one in version.checksums.items()}
        if version.size != sum(file.stat().st_size for file in folder.iterdir()):
            yield f"version {version.number} in {folder.name} is not of its size"
    yield from (f"{home.relative(p)} has changed" for p, one in sums.items() if sha256_of(p) != one)


def _of_experiment(session: Session, home: Home, experiment: Experiment) -> Iterator[str]:
    if experiment.status == Status.SPLITTING:
        yield f"{experiment.id} is still being split"
    number = experiment.active_version
    version = session.get(Version, (experiment.uid, number)) if number else None
    served = active.of_row(home, experiment, version) if version else None
    if active.read(home, experiment.id) != served:
        yield f"the active file of {experiment.id} does not say version {number}"
    trained = sa.select(sa.func.count()).where(
        Job.experiment_uid == experiment.uid, Job.kind == Kind.TRAIN, Job.state == State.SUCCEEDED
    )
    if experiment.next_version - 1 != (jobs := session.scalar(trained)):
        yield f"{experiment.id}: {jobs} trainings made {experiment.next_version - 1} versions"


def _jobs(session: Session) -> Iterator[str]:
    for job in session.scalars(sa.select(Job)):
        if job.state in OPEN:
            yield f"{job.kind} job {job.id} is {job.state}"
        if job.state == State.FAILED and not (job.error or {}).get("code"):
            yield f"{job.kind} job {job.id} failed without a reason"
    published = Counter(session.scalars(sa.select(Version.job)))
    yield from (f"job {job} made {count} versions" for job, count in published.items() if count > 1)
    still = sa.text(ENGINE_OPEN.format(engine_prefix(session.connection())))
    yield from (f"the engine is at work on {job}" for job in session.scalars(still))
