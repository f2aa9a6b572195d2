"""Whether the service can do its work: database, disk, a living worker."""

from __future__ import annotations

import os

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import Worker
from models.database import now
from models.job import SILENT
from services.paths import Home


def ready(session: Session, home: Home) -> dict[str, bool]:
    """What works and what does not."""
    try:
        beats = list(session.scalars(sa.select(Worker.beat_at)))
    except SQLAlchemyError:
        return {"database": False, "disk": _can_write(home), "worker": False}
    living = any(now() - beat < SILENT for beat in beats)
    return {"database": True, "disk": _can_write(home), "worker": living}


def _can_write(home: Home) -> bool:
    return all(os.access(home.root / name, os.W_OK) for name in ("uploads", "datasets"))
