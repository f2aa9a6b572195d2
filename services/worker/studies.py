"""What looks at versions and changes none: tests, inspections, comparisons."""

from __future__ import annotations

from sqlalchemy.orm import Session

from models import Job
from services import versions
from services.files import move_folder
from services.worker import specs
from services.worker.bench import Bench, experiment_of
from services.worker.records import outcome_of


def test(bench: Bench, job: Job) -> None:
    """Score a version on the test split, and keep the result; or on a CSV that was sent."""
    spec = specs.testing(bench, job)
    made = bench.step(job, "scored", "evaluate", (spec,), range(95))
    result, number = outcome_of(bench, job, made), job.params["version"]

    def finish(session: Session, row: Job) -> None:
        experiment = experiment_of(session, row)
        if spec["upload"] is None:
            versions.keep_result(session, experiment, number, result)
        row.succeed({"experiment": experiment.id, "version": number, "result": result})

    bench.hold(job, finish)


def inspect(bench: Bench, job: Job) -> None:
    """Draw a version's pictures and find out what its features are worth; kept beside its files."""
    spec = specs.testing(bench, job)
    made = bench.step(job, "inspected", "inspect", (spec,), range(95))
    number = job.params["version"]

    def finish(session: Session, row: Job) -> None:
        experiment = experiment_of(session, row)
        version = versions.of(session, experiment, number)
        source = bench.home.work(job.id).joinpath(str(made["path"])).parent
        if source.exists():  # else an earlier attempt has moved it
            move_folder(source, bench.home.inspection(experiment.uid, version.job))
        row.succeed({"experiment": experiment.id, "version": number})

    bench.hold(job, finish)


def compare(bench: Bench, job: Job) -> None:
    """Compare two versions on the same test rows."""
    made = bench.step(job, "compared", "compare", (specs.comparing(bench, job),), range(95))
    comparison = outcome_of(bench, job, made)
    result = {"experiment": job.experiment, "comparison": comparison}
    bench.hold(job, lambda _, row: row.succeed(result))
