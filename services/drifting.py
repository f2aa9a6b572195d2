"""Drift: how far the rows that a version predicts lie from those it was trained on."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from models import Experiment, Inputs, Version
from models.database import now
from models.errors import Conflict
from services import versions
from services.evaluating import require_trained
from services.experiments import get
from services.forest.baseline import Baseline, Counts, added
from services.forest.serving import BASELINE, checked
from services.paths import Home

log = structlog.get_logger()
MOST_TOLD = 100  # experiments, to whoever watches the service


def drift(
    session: Session, home: Home, experiment_id: str, number: int | None, days: int
) -> dict[str, Any]:
    """How far what a version, or the active one, served in so many days lies from its training.

    Raises NotFound, and Conflict: not_trained; no_baseline of a version older than there is drift.
    """
    experiment = get(session, experiment_id)
    version = versions.of(session, experiment, number or require_trained(experiment))
    found = _baseline(home, version)
    if found is None:
        message = (
            f"version {version.number} does not say how its training rows lie: it is older than "
            "that; train a new one"
        )
        raise Conflict(message, code="no_baseline")
    rows, counts = _served(session, version, days)
    return {
        "experiment": experiment.id,
        "version": version.number,
        "days": days,
        "rows": rows,
        "features": [] if counts is None else found.drifts(counts),
    }


def worst(session: Session, home: Home, days: int) -> dict[str, float]:
    """By experiment the largest index of a feature that is more than chance, else 0.

    Of those whose active version predicted on these days, the hundred that predicted most.
    """
    told = {}
    for experiment, version in session.execute(_most_asked(days)):
        try:
            found = _baseline(home, version)
        except Conflict as error:  # its files are damaged, or it was deleted meanwhile
            log.warning("no drift", experiment=experiment.id, error=str(error))
            continue
        _, counts = _served(session, version, days)
        if found is not None and counts is not None:
            drifts = found.drifts(counts)
            told[experiment.id] = max(each["psi"] * (each["drift"] != "none") for each in drifts)
    return told


def _most_asked(days: int) -> sa.Select[Experiment, Version]:
    """Experiments with their active versions, those that predicted most first."""
    asked = (
        sa.select(Inputs.experiment_uid, Inputs.version, sa.func.sum(Inputs.rows).label("rows"))
        .where(Inputs.day > _since(days))
        .group_by(Inputs.experiment_uid, Inputs.version)
        .subquery()
    )
    return (
        sa.select(Experiment, Version)
        .join(Version, Version.experiment_uid == Experiment.uid)
        .join(
            asked,
            (asked.c.experiment_uid == Version.experiment_uid)
            & (asked.c.version == Version.number),
        )
        .where(Version.number == Experiment.active_version)
        .order_by(asked.c.rows.desc(), Experiment.id)
        .limit(MOST_TOLD)
    )


def _served(session: Session, version: Version, days: int) -> tuple[int, Counts | None]:
    query = sa.select(Inputs.rows, Inputs.counts).where(
        Inputs.experiment_uid == version.experiment_uid,
        Inputs.version == version.number,
        Inputs.day > _since(days),
    )
    rows, counts = 0, None
    for some, of_some in session.execute(query):
        rows, counts = rows + some, of_some if counts is None else added(counts, of_some)
    return rows, counts


def _since(days: int) -> Any:
    return now().date() - timedelta(days=days)


def _baseline(home: Home, version: Version) -> Baseline | None:
    if BASELINE not in version.checksums:
        return None
    folder = home.absolute(version.model_path).parent
    return Baseline(**json.loads(checked(folder / BASELINE, version.checksums)))
