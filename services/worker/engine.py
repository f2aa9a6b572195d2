"""The job engine: each kind of job is a durable workflow that it runs, step by step."""

from __future__ import annotations

import logging

import structlog
from dbos import DBOS, DBOSPortableJSONSerializer, WorkflowStatus

from models import Job, Kind
from models.database import connect_for_jobs
from models.errors import GroveError
from services.queue import APPLICATION, APPLICATION_VERSION, QUEUE_OF, SHORT, TRAIN
from services.worker.bench import Bench, Unwanted
from services.worker.outcomes import meaning_of
from services.worker.recipes import RECIPES

POLL_SECONDS = 0.1
# A training may last for hours: two queues, so that it holds up nobody's create or test.
AT_ONCE = {SHORT: 2, TRAIN: 1}

log = structlog.get_logger()


def launch(bench: Bench) -> None:
    """Start to take jobs."""
    # Else it writes lines of its own, which are no JSON.
    logging.getLogger("dbos").addHandler(logging.NullHandler())
    DBOS(
        config={
            "name": APPLICATION,
            "system_database_url": bench.settings.database_url,
            "system_database_engine": connect_for_jobs(bench.settings.database_url),
            "application_version": APPLICATION_VERSION,
            "executor_id": bench.executor,
            "serializer": DBOSPortableJSONSerializer(),
            "run_migrations": False,
            "log_level": "WARNING",
        }
    )
    for kind in RECIPES:
        _register(bench, kind)
    DBOS.launch()
    for name, at_once in AT_ONCE.items():
        DBOS.register_queue(name, worker_concurrency=at_once, polling_interval_sec=POLL_SECONDS)


def requeue(executor: str) -> None:
    """Put the unfinished jobs of an executor that is no more back into their queues."""
    for workflow in _workflows("PENDING", executor):
        log.info("job taken over", job=workflow.workflow_id, executor=executor)
        DBOS.resume_workflow(workflow.workflow_id, queue_name=QUEUE_OF[Kind(workflow.name)])


def follow_rows(bench: Bench) -> None:
    """See that workflows are parked whose jobs are paused, and no others.

    Requests see to it themselves, in a transaction of its own, which a crash may have come before.
    """
    parked = {each.workflow_id: each for each in _workflows("CANCELLED")}
    paused = set(bench.paused())
    if waiting := paused - parked.keys():
        DBOS.cancel_workflows(list(waiting))
    for job_id in parked.keys() - paused:
        DBOS.resume_workflow(job_id, queue_name=QUEUE_OF[Kind(parked[job_id].name)])


def _workflows(status: str, executor: str | None = None) -> list[WorkflowStatus]:
    return DBOS.list_workflows(
        status=status, executor_id=executor, load_input=False, load_output=False
    )


def do(bench: Bench, kind: Kind, job_id: str) -> None:
    """Do one job, from where it stands, to its end."""
    with bench.traces.job(kind, job_id):
        job = bench.take(job_id)
        if job is not None:
            _follow(bench, kind, job)
        bench.clear(job_id)


def _follow(bench: Bench, kind: Kind, job: Job) -> None:
    try:
        RECIPES[kind](bench, job)
    except Unwanted:
        log.info("job ended by request", job=job.id)
    except GroveError as error:
        bench.fail(job, error)
    except Exception as error:
        log.exception("job failed", job=job.id)
        bench.fail(job, meaning_of(error))


def _register(bench: Bench, kind: Kind) -> None:
    def workflow(job_id: str) -> None:
        do(bench, kind, job_id)

    DBOS.workflow(name=kind.value, max_recovery_attempts=None)(workflow)
