"""What a split is asked to do, and whether the table at hand can be split so."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from dataclasses import fields as dataclass_fields
from typing import Any

from models.errors import Fault, Invalid, invalid
from models.experiment import Task
from services.columns import Column, Notice
from services.splits.target import target_faults


@dataclass(frozen=True)
class Plan:
    """How to split: scikit-learn's words where it has them. Shares are of the rows, 0 to 1."""

    type: Task
    target: str
    test_size: float = 0.2
    calibration_size: float = 0.0
    split_column: str | None = None
    random_state: int = 0
    stratify: bool = True
    features: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Plan:
        """The plan that `as_record` wrote down."""
        features = record["features"]
        return cls(
            **{
                **record,
                "type": Task(record["type"]),
                "features": None if features is None else tuple(features),
                "exclude": tuple(record["exclude"]),
            }
        )

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Plan:
        """The plan that a client asks for by these fields; the others take their defaults.

        Raises Invalid for a stratified split by a number.
        """
        task = Task(fields.get("type", Task.CLASSIFICATION))
        stratify = fields.get("stratify", task == Task.CLASSIFICATION)
        if stratify and task == Task.REGRESSION:
            message = "a split can be stratified by classes only, not for regression"
            raise invalid("not_for_regression", message, "/stratify")
        given = {name: value for name, value in fields.items() if name in PLAN_FIELDS}
        record = {"features": None, "exclude": (), **given, "type": task, "stratify": stratify}
        return cls.from_record(record)


PLAN_FIELDS = frozenset(field.name for field in dataclass_fields(Plan))


def choose(columns: list[Column], rows: int, plan: Plan) -> tuple[list[Column], list[Notice]]:
    """The columns to learn from, in the table's order, and what was left out of itself.

    Raises Invalid with every fault of the plan against this table.
    """
    by_name = {column.name: column for column in columns}
    faults = _name_faults(plan, by_name)
    if plan.target in by_name:
        faults += target_faults(by_name[plan.target], rows, plan.type, stratified=_stratified(plan))
    chosen = [column for column in columns if _is_chosen(column.name, plan)]
    empty = [column for column in chosen if column.missing == rows]
    used = [column for column in chosen if column.missing < rows]
    if not faults and not used:
        faults = [Fault("/features", "no_features", "no column is left to learn from")]
    if faults:
        raise Invalid(faults[0].message, code=faults[0].code, faults=faults)
    return used, [_left_out(column) for column in empty]


def _stratified(plan: Plan) -> bool:
    return plan.stratify and plan.type == Task.CLASSIFICATION and plan.split_column is None


def _is_chosen(name: str, plan: Plan) -> bool:
    if name in (plan.target, plan.split_column) or name in plan.exclude:
        return False
    return plan.features is None or name in plan.features


def _left_out(column: Column) -> Notice:
    message = f"column {column.name!r} has no value at all and is left out of the features"
    return Notice("all_missing_column", message, column.name)


def _name_faults(plan: Plan, known: Mapping[str, Column]) -> list[Fault]:
    faults = _unknown("/target", "target_not_found", [plan.target], known)
    if plan.split_column is not None:
        faults += _unknown("/split_column", "unknown_column", [plan.split_column], known)
        faults += _split_column_faults(plan, known.get(plan.split_column))
    faults += _unknown("/exclude", "unknown_column", plan.exclude, known)
    faults += _unknown("/features", "unknown_column", plan.features or (), known)
    if plan.target in (plan.features or ()):
        faults.append(Fault("/features", "is_target", f"the target {plan.target!r} is no feature"))
    return faults


def _split_column_faults(plan: Plan, column: Column | None) -> list[Fault]:
    if plan.split_column == plan.target:
        return [Fault("/split_column", "is_target", "the target cannot fix the split")]
    if column is None or (not column.missing and set(column.levels or ()) == {"train", "test"}):
        return []
    message = (
        f"column {column.name!r} fixes the split: each row must hold train or test, and both must "
        f"be there; it holds {', '.join(map(repr, column.examples)) or 'nothing'}"
    )
    return [Fault("/split_column", "split_value", message)]


def _unknown(
    pointer: str, code: str, names: Iterable[str], known: Mapping[str, Column]
) -> list[Fault]:
    return [
        Fault(pointer, code, f"there is no column {name[:100]!r}{nearest(name, known)}")
        for name in names
        if name not in known
    ]


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at the nearest known name, or nothing."""
    near = difflib.get_close_matches(name, list(known)[:1000], n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
