"""Requests that are sent again: the same work is not done twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Job
from models.errors import Conflict, invalid


@dataclass(frozen=True)
class Repeat:
    """What makes a request the same one: its key, and what it asks for."""

    key: str
    fingerprint: str

    @classmethod
    def of(cls, key: str, asked: Mapping[str, Any]) -> Repeat:
        """A request with this key that asks for these JSON values."""
        text = json.dumps(asked, sort_keys=True)
        return cls(key, hashlib.sha256(text.encode()).hexdigest())

    def mark(self, job: Job) -> None:
        """Have the job be known again by this request."""
        job.idempotency_key, job.fingerprint = self.key, self.fingerprint


def earlier(session: Session, repeat: Repeat | None) -> Job | None:
    """The job that the same request has begun before, for as long as jobs are kept.

    Raises Invalid, idempotency_key_reused, where the key came with another request.
    """
    if repeat is None:
        return None
    job = session.scalar(sa.select(Job).where(Job.idempotency_key == repeat.key))
    if job is not None and job.fingerprint != repeat.fingerprint:
        message = "this Idempotency-Key came with another request before"
        raise invalid("idempotency_key_reused", message)
    return job


def refuse_in_flight(job: Job) -> None:
    """Raise Conflict, request_in_flight, while the work of the first request is under way."""
    if job.is_open:
        message = f"the same request is under way: job {job.id} is {job.state}"
        raise Conflict(message, code="request_in_flight", job=job.id)
