"""What really happened, told later of predictions that are on record: the live scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Prediction, Task, Version, writing
from models.database import now
from models.errors import Fault, Invalid
from services.experiments import get
from services.forest.labels import text_of

Confusion = Mapping[tuple[str, str], int]  # (true, predicted) to how many rows


def note(session: Session, experiment_id: str, outcomes: Sequence[Mapping[str, Any]]) -> int:
    """Keep what really happened, all of it or nothing; returns of how many predictions.

    Told again, an outcome replaces the one before. Raises NotFound, and Invalid with every fault.
    """
    with writing(session):
        experiment = get(session, experiment_id)
        asked = [each["prediction_id"] for each in outcomes]
        query = sa.select(Prediction.id).where(
            Prediction.experiment_uid == experiment.uid, Prediction.id.in_(asked)
        )
        faults = _faults(experiment.type, outcomes, set(session.scalars(query)))
        if faults:
            raise Invalid(faults[0].message, code=faults[0].code, faults=faults[:100])
        moment = now()
        told = [
            {
                "id": each["prediction_id"],
                "true_label": text_of(each["label"]) if "label" in each else None,
                "true_value": each.get("value"),
                "outcome_at": moment,
            }
            for each in outcomes
        ]
        session.execute(sa.update(Prediction), told)
    return len(told)


def _faults(task: str, outcomes: Sequence[Mapping[str, Any]], known: set[str]) -> list[Fault]:
    wanted, other = ("value", "label") if task == Task.REGRESSION else ("label", "value")
    faults, seen = [], set()
    for at, each in enumerate(outcomes):
        one = each["prediction_id"]
        pointer = f"/outcomes/{at}"
        if wanted not in each:
            faults.append(Fault(f"{pointer}/{wanted}", "required", "is required"))
        if other in each:
            message = f"of a {task} a {wanted} is told"
            faults.append(Fault(f"{pointer}/{other}", "unknown_field", message))
        if one in seen:
            message = f"prediction {one} is told of twice"
            faults.append(Fault(f"{pointer}/prediction_id", "duplicate", message))
        elif one not in known:
            message = f"no prediction {one} of this experiment is on record"
            faults.append(Fault(f"{pointer}/prediction_id", "unknown_prediction", message))
        seen.add(one)
    return faults


def live(session: Session, experiment_id: str, days: int) -> list[dict[str, Any]]:
    """By version, the newest first: predictions of so many days on record, and their scores.

    They have the names of those of a test, `tested` being that; null where no outcome is told, or
    where a score is not defined. Raises NotFound.
    """
    experiment = get(session, experiment_id)
    query = (
        sa.select(Version, sa.func.count(), sa.func.count(Prediction.outcome_at))
        .join(Prediction, _same_version())
        .where(Version.experiment_uid == experiment.uid, Prediction.created_at >= _since(days))
        .group_by(Version.experiment_uid, Version.number)
        .order_by(Version.number.desc())
    )
    scores = of_numbers if experiment.type == Task.REGRESSION else of_classes
    told = []
    for version, predictions, outcomes in session.execute(query):
        found = scores(session, version, days)
        result = version.result or {}
        told.append(
            {
                "version": version.number,
                "predictions": predictions,
                "outcomes": outcomes,
                "scores": found,
                "tested": {name: result.get(name) for name in found},
            }
        )
    return told


def of_classes(session: Session, version: Version, days: int) -> dict[str, float | None]:
    """Accuracy and f1, that of all classes and weighted by their rows, as scikit-learn counts."""
    query = (
        sa.select(Prediction.true_label, Prediction.label, sa.func.count())
        .where(*_of(version, days))
        .group_by(Prediction.true_label, Prediction.label)
    )
    return class_scores({(str(true), str(said)): n for true, said, n in session.execute(query)})


def class_scores(confusion: Confusion) -> dict[str, float | None]:
    """The scores of counted pairs; a class that is never right has an f1 of 0."""
    rows = sum(confusion.values())
    if not rows:
        return {"accuracy": None, "f1": None, "f1_weighted": None}
    labels = sorted({label for pair in confusion for label in pair})
    right = {label: confusion.get((label, label), 0) for label in labels}
    true = {each: sum(n for (t, _), n in confusion.items() if t == each) for each in labels}
    said = {each: sum(n for (_, s), n in confusion.items() if s == each) for each in labels}
    f1 = {each: 2 * right[each] / (true[each] + said[each]) for each in labels}
    return {
        "accuracy": sum(right.values()) / rows,
        "f1": math.fsum(f1.values()) / len(labels),
        "f1_weighted": math.fsum(f1[each] * true[each] for each in labels) / rows,
    }


def of_numbers(session: Session, version: Version, days: int) -> dict[str, float | None]:
    """r2, rmse and mae; r2 is null where fewer than two values differ."""
    where = _of(version, days)
    off = Prediction.value - Prediction.true_value
    mean = session.scalar(sa.select(sa.func.avg(Prediction.true_value)).where(*where))
    if mean is None:
        return {"r2": None, "rmse": None, "mae": None}
    from_mean = Prediction.true_value - float(mean)
    squares, total, distances = session.execute(
        sa.select(
            sa.func.avg(off * off),
            sa.func.avg(from_mean * from_mean),
            sa.func.avg(sa.func.abs(off)),
        ).where(*where)
    ).one()
    return {
        "r2": 1 - squares / total if total else None,
        "rmse": math.sqrt(squares),
        "mae": distances,
    }


def _of(version: Version, days: int) -> list[sa.ColumnElement[bool]]:
    """The predictions of a version that outcomes are told of."""
    return [
        Prediction.experiment_uid == version.experiment_uid,
        Prediction.version == version.number,
        Prediction.created_at >= _since(days),
        Prediction.outcome_at.is_not(None),
    ]


def _same_version() -> sa.ColumnElement[bool]:
    return (Prediction.experiment_uid == Version.experiment_uid) & (
        Prediction.version == Version.number
    )


def _since(days: int) -> Any:
    return now() - timedelta(days=days)
