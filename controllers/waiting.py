"""How long an answer waits for its job (RFC 7240), and how many may wait at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response, jsonify, request, url_for
from sqlalchemy.orm import Session

from controllers.parts import parts
from controllers.problems import problem_from_error, problem_from_record
from models import Job, State, db
from models.errors import Busy, Conflict, Invalid, invalid
from schemas.job import JobSchema
from services import jobs
from services.setting_table import LONGEST_WAIT

ASYNC = "respond-async"
WAIT = re.compile(r"""wait\s*=\s*("?)([0-9]{1,9})\1""")


def preferred_wait() -> int:
    """The seconds that the client wants to wait, from its Prefer headers. Raises Invalid.

    Of a preference given twice the first holds; with `respond-async` beside it, `wait` says how
    long to wait before that.
    """
    given = _preferences()
    waits = [_seconds(each) for each in given if each.startswith("wait")]
    if waits:
        return min(waits[0], LONGEST_WAIT)
    return 0 if ASYNC in given else parts().settings.wait


def _preferences() -> list[str]:
    headers = ",".join(request.headers.getlist("Prefer"))
    return [preference.strip().lower() for preference in re.split("[,;]", headers)]


def _seconds(preference: str) -> int:
    match = WAIT.fullmatch(preference)
    if match is None:
        raise _bad_wait(preference)
    return int(match[2])


def _bad_wait(preference: str) -> Invalid:
    return invalid("bad_prefer", f"expected Prefer: wait=SECONDS, got {preference[:60]!r}")


def waited(session: Session, job: Job, seconds: int) -> Job:
    """The job after the wait; at once where too many wait already."""
    if not seconds or not parts().slow.acquire(blocking=False):
        return job
    try:
        return jobs.wait(session, job.id, seconds)
    finally:
        parts().slow.release()


@contextmanager
def long_body() -> Iterator[None]:
    """Hold one of the few places for bodies that take long. Raises Busy where all are taken."""
    if not parts().slow.acquire(blocking=False):
        raise Busy("too many uploads and waits are under way", retry_after=1)
    try:
        yield
    finally:
        parts().slow.release()


def unfinished(job: Job) -> Response | None:
    """The answer where a job is not done: 202 while it is open, its own problem if it failed."""
    if job.state == State.SUCCEEDED:
        return None
    if job.error is not None:
        return problem_from_record({**job.error, "job": job.id})
    if job.state == State.CANCELLED:
        error = Conflict("the job was cancelled", code="job_cancelled", job=job.id)
        return problem_from_error(error)
    return accepted(job)


def foreseen(job: Job) -> Response:
    """The answer to a dry run that is done."""
    return jsonify((job.result or {})["estimate"])


def accepted(job: Job) -> Response:
    """202: where the job is, and when to look again."""
    response = jsonify(JobSchema().dump(job))
    response.status_code = 202
    response.headers["Location"] = url_for("jobs.get_job", job_id=job.id)
    response.headers["Retry-After"] = "1"
    if ASYNC in _preferences():
        response.headers["Preference-Applied"] = ASYNC
    return response


def session() -> Session:
    """The database session of this request."""
    return db.session()
