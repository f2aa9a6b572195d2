"""The sample tables that are there from the first start."""

from __future__ import annotations

from sqlalchemy.orm import Session

from models import Dataset, Job, Kind, Seed, writing
from models.database import prepare_alone
from services import datasets
from services.files import blocks_of, keep
from services.paths import SAMPLES, Home
from services.reading import Reading, describe

NAMES = ("glass", "breast_cancer")


def plant(session: Session, home: Home) -> None:
    """Keep each sample as a dataset, once: one that was deleted does not come back."""
    for name in NAMES:
        if session.get(Seed, name) is None:
            _plant(session, home, name)


def _plant(session: Session, home: Home, name: str) -> None:
    description = describe(SAMPLES / f"{name}.csv", Reading()).as_record()
    job = Job(kind=Kind.READ, dataset=name)
    sha256, size = keep(blocks_of(SAMPLES / f"{name}.csv"), home.upload(job.id))
    job.params = {"sha256": sha256, "size": size, "reading": Reading().as_record()}
    with writing(session):
        prepare_alone(session.connection())
        if session.get(Seed, name) is None and session.get(Dataset, name) is None:
            session.add(Seed(name=name))
            datasets.keep(session, home, job, description)
    home.upload(job.id).unlink(missing_ok=True)
