"""/v1/jobs: long work, watched, cancelled, paused."""

from __future__ import annotations

from typing import Any

from controllers.api import Blueprint
from controllers.conditional import conditional
from controllers.parts import parts
from controllers.waiting import session
from models import Job
from schemas.job import JobPageSchema, JobQuery, JobSchema
from services import jobs
from services.listing import Page

blp = Blueprint("jobs", __name__, url_prefix="/v1/jobs", description="Long work")


@blp.route("")
@blp.arguments(JobQuery, location="query")
@conditional
@blp.response(200, JobPageSchema)
def list_jobs(query: dict[str, Any]) -> Page[Job]:
    """List jobs, the newest first."""
    page, page_size = query.pop("page"), query.pop("page_size")
    return jobs.listed(session(), jobs.JobFilter(**query), page, page_size)


@blp.route("/<job_id>")
@conditional
@blp.response(200, JobSchema)
@blp.problems(404)
def get_job(job_id: str) -> Job:
    """Look at a job."""
    return jobs.get(session(), job_id)


@blp.route("/<job_id>/cancel", methods=["POST"])
@blp.response(200, JobSchema)
@blp.problems(404, 409)
def cancel_job(job_id: str) -> Job:
    """Cancel a job; its work ends within a second."""
    return jobs.cancel(session(), parts().queue, job_id)


@blp.route("/<job_id>/pause", methods=["POST"])
@blp.response(200, JobSchema)
@blp.problems(404, 409)
def pause_job(job_id: str) -> Job:
    """Pause a job within a second; the steps that it has finished stay finished."""
    return jobs.pause(session(), parts().queue, job_id)


@blp.route("/<job_id>/resume", methods=["POST"])
@blp.response(200, JobSchema)
@blp.problems(404, 409)
def resume_job(job_id: str) -> Job:
    """Go on with a job that was paused."""
    return jobs.resume(session(), parts().queue, job_id)
