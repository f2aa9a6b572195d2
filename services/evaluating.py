"""Testing, asked for: a version's score on the test split, or on a CSV that was sent."""

from __future__ import annotations

from sqlalchemy.orm import Session

from models import Experiment, Job, Kind, writing
from models.errors import Conflict
from services import versions
from services.experiments import get
from services.files import remove
from services.paths import Home
from services.queue import JobQueue
from services.repeats import Repeat, earlier


def submit(
    session: Session,
    queue: JobQueue,
    home: Home,
    experiment_id: str,
    number: int | None,
    job: Job,
    repeat: Repeat | None = None,
) -> Job:
    """Queue the test of a version, the active one unless `number` says another.

    `job` may carry a CSV with the target, to be scored in the place of the test split. The job
    of the same request comes back once it is over. Raises NotFound, and Conflict before there is a
    version, or while the same request is under way.
    """
    try:
        with writing(session):
            experiment = get(session, experiment_id, lock=True)
            if same := earlier(session, repeat, job):
                remove(home.upload(job.id))
                return same
            chosen = number if number is not None else require_trained(experiment)
            version = versions.of(session, experiment, chosen)
            job.kind, job.dataset = Kind.TEST, experiment.dataset
            job.experiment, job.experiment_uid = experiment.id, experiment.uid
            job.params = {**job.params, "version": version.number}
            queue.put(session, job)
    except BaseException:
        remove(home.upload(job.id))
        raise
    return job


def require_trained(experiment: Experiment) -> int:
    """The number of the active version. Raises Conflict where there is none yet."""
    if experiment.active_version is None:
        message = f"experiment {experiment.id!r} has no trained version yet"
        raise Conflict(message, code="not_trained")
    return experiment.active_version
