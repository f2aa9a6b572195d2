"""What a row to predict holds: the features, with what is known of their values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from models import Dataset, Experiment


@dataclass(frozen=True)
class Input:
    """A feature; `levels` are the categories of the training rows, the ends those of the dataset.

    The ends are None where the type has no order, or the dataset was described anew without the
    column.
    """

    name: str
    type: str
    levels: list[str]
    minimum: Any = None
    maximum: Any = None


def inputs(session: Session, experiment: Experiment) -> list[Input]:
    """The columns that an experiment's forests ask for, in their order."""
    dataset = session.get(Dataset, experiment.dataset) if experiment.dataset else None
    columns = dataset.description["columns"] if dataset else []
    ends = {column["name"]: (column["minimum"], column["maximum"]) for column in columns}
    return [
        Input(each["name"], each["type"], each["levels"], *ends.get(each["name"], ()))
        for each in experiment.features
    ]
