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


def earlier(session: Session, repeat: Repeat | None, job: Job, *, join: bool = False) -> Job | None:
    """The job that the same request has begun before, for as long as jobs are kept.

    Where there is none `job` is marked as the one. Raises Invalid, idempotency_key_reused, where
    the key came with another request, and Conflict, request_in_flight, while that job is under
    way, unless the caller would `join` it.
    """
    if repeat is None:
        return None
    found = session.scalar(sa.select(Job).where(Job.idempotency_key == repeat.key))
    if found is None:
        job.idempotency_key, job.fingerprint = repeat.key, repeat.fingerprint
        return None
    if found.fingerprint != repeat.fingerprint:
        message = "this Idempotency-Key came with another request before"
        raise invalid("idempotency_key_reused", message)
    if found.is_open and not join:
        message = f"the same request is under way: job {found.id} is {found.state}"
        raise Conflict(message, code="request_in_flight", job=found.id)
    return found
