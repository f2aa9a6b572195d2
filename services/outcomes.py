"""What really happened, told later of predictions that are on record: the live scores."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Base, Prediction, Task, Version, writing
from models.database import now
from models.errors import Fault, Invalid
from services.experiments import get
from services.forest.labels import text_of

MOST_FAULTS, MOST_NEW = 100, 20
Confusion = Mapping[tuple[str, str], int]  # (true, predicted) to how many rows


@dataclass(frozen=True)
class Noted:
    """Of how many predictions the outcome is known now, and what of it is odd.

    `not_on_record` are ids that are not there (any more), `new_labels` some of the labels that are
    no class of the experiment: they count as wrong.
    """

    outcomes: int
    not_on_record: list[str]
    new_labels: list[str]


def note(session: Session, experiment_id: str, outcomes: Sequence[Mapping[str, Any]]) -> Noted:
    """Keep what really happened; told again, it replaces what was told before.

    A prediction that is not on record is passed over: the service itself forgets the oldest.
    Raises NotFound, and Invalid with every fault, and then nothing is kept.
    """
    with writing(session):
        experiment = get(session, experiment_id)
        faults = _faults(experiment.type, outcomes)
        if faults:
            raise Invalid(faults[0].message, code=faults[0].code, faults=faults[:MOST_FAULTS])
        asked = [each["prediction_id"] for each in outcomes]
        query = sa.select(Prediction.id).where(
            Prediction.experiment_uid == experiment.uid, Prediction.id.in_(asked)
        )
        known = set(session.scalars(query))
        names = _Names(experiment.classes)
        _keep(session, [each for each in outcomes if each["prediction_id"] in known], names)
    lost = [each for each in asked if each not in known]
    return Noted(len(known), lost, sorted(names.new)[:MOST_NEW])


def _keep(session: Session, outcomes: Sequence[Mapping[str, Any]], names: _Names) -> None:
    moment = now()
    told = [
        {
            "told_of": each["prediction_id"],
            "true_label": names.of(each["label"]) if "label" in each else None,
            "true_value": each.get("value"),
            "outcome_at": moment,
        }
        for each in outcomes
    ]
    if told:  # by the table, not the rows: one that is forgotten meanwhile is no fault
        table = Base.metadata.tables[Prediction.__tablename__]
        update = sa.update(table).where(table.c.id == sa.bindparam("told_of"))
        session.connection().execute(update, told)


class _Names:
    """The names under which answers have the classes, for labels as clients write them."""

    def __init__(self, classes: Sequence[Any]) -> None:
        self._texts = {text_of(label): text_of(label) for label in classes}
        self._numbers = {
            float(label): text_of(label)
            for label in classes
            if isinstance(label, int | float) and not isinstance(label, bool)
        }
        self.new: set[str] = set()

    def of(self, label: Any) -> str:
        """The name of the class that a label is, by its text or its number; else its own text."""
        text = text_of(label)
        found = self._texts.get(text)
        if found is None and not isinstance(label, bool):
            found = self._numbers.get(_number(text))
        if found is None:
            self.new.add(text)
        return found or text


def _number(text: str) -> float:
    """The number that a text is, NaN where it is none: 1.0 and 1 are one class."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _faults(task: str, outcomes: Sequence[Mapping[str, Any]]) -> list[Fault]:
    wanted, other = ("value", "label") if task == Task.REGRESSION else ("label", "value")
    faults, seen = [], set()
    for at, each in enumerate(outcomes):
        pointer = f"/outcomes/{at}"
        if wanted not in each:
            faults.append(Fault(f"{pointer}/{wanted}", "required", "is required"))
        if other in each:
            message = f"of a {task} a {wanted} is told"
            faults.append(Fault(f"{pointer}/{other}", "unknown_field", message))
        if each["prediction_id"] in seen:
            message = f"prediction {each['prediction_id']} is told of twice"
            faults.append(Fault(f"{pointer}/prediction_id", "duplicate", message))
        seen.add(each["prediction_id"])
    return faults


def live(
    session: Session, experiment_id: str, days: int, number: int | None = None
) -> list[dict[str, Any]]:
    """By version, the newest first: predictions of so many days on record, and their scores.

    With `number` of that version alone. They have the names of those of a test, `tested` being
    that; null where no outcome is told, or where a score is not defined. Raises NotFound.
    """
    experiment = get(session, experiment_id)
    query = (
        sa.select(Version, sa.func.count(), sa.func.count(Prediction.outcome_at))
        .join(Prediction, _same_version())
        .where(Version.experiment_uid == experiment.uid, Prediction.created_at >= _since(days))
        .group_by(Version.experiment_uid, Version.number)
        .order_by(Version.number.desc())
    )
    if number is not None:
        query = query.where(Version.number == number)
    scores = of_numbers if experiment.type == Task.REGRESSION else of_classes
    return [
        {"version": version.number, "predictions": predictions, "outcomes": outcomes,
         **_beside_tested(scores(session, version, days), version)}
        for version, predictions, outcomes in session.execute(query).all()
    ]  # fmt: skip


def _beside_tested(scores: dict[str, float | None], version: Version) -> dict[str, Any]:
    result = version.result or {}
    return {"scores": scores, "tested": {name: result.get(name) for name in scores}}


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
    right, true, said = Counter[str](), Counter[str](), Counter[str]()
    for (is_so, was_said), count in confusion.items():
        true[is_so] += count
        said[was_said] += count
        right[is_so] += count if is_so == was_said else 0
    labels = sorted(true.keys() | said.keys())
    f1 = {each: 2 * right[each] / (true[each] + said[each]) for each in labels}
    return {
        "accuracy": sum(right.values()) / rows,
        "f1": math.fsum(f1.values()) / len(labels),
        "f1_weighted": math.fsum(f1[each] * true[each] for each in labels) / rows,
    }


def of_numbers(session: Session, version: Version, days: int) -> dict[str, float | None]:
    """r2, rmse and mae; r2 is null where fewer than two values differ."""
    where = _of(version, days)
    off, told = Prediction.value - Prediction.true_value, Prediction.true_value
    low, high, mean = session.execute(
        sa.select(sa.func.min(told), sa.func.max(told), sa.func.avg(told)).where(*where)
    ).one()
    if mean is None:
        return {"r2": None, "rmse": None, "mae": None}
    from_mean = told - float(mean)
    squares, total, distances = session.execute(
        sa.select(
            sa.func.avg(off * off),
            sa.func.avg(from_mean * from_mean),
            sa.func.avg(sa.func.abs(off)),
        ).where(*where)
    ).one()
    return {
        "r2": 1 - squares / total if low < high else None,
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
