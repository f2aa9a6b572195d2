"""Whether a column can be what is learned."""

from __future__ import annotations

from models.errors import Fault
from models.experiment import Task
from services.columns import MOST_CLASSES, NUMERIC, Column

# A number with fractions and more than this many distinct values is a quantity, not a class.
MOST_FRACTIONAL_CLASSES = 20


def target_faults(column: Column, rows: int, task: Task, *, stratified: bool) -> list[Fault]:
    """All that is wrong with `column` as the target of `task`, over `rows` rows."""
    if column.missing:
        message = (
            f"the target {column.name!r} has no value in {column.missing} of {rows} rows; "
            "every row needs one"
        )
        return [Fault("/target", "target_missing_values", message)]
    if rows < 2:  # noqa: PLR2004
        return [Fault("", "too_few_rows", f"{rows} row cannot be split into train and test")]
    if task == Task.REGRESSION:
        return _number_faults(column)
    return _class_faults(column, rows, stratified=stratified)


def _number_faults(column: Column) -> list[Fault]:
    if column.type not in NUMERIC:
        message = f"regression needs a target of numbers; {column.name!r} is of type {column.type}"
        return [Fault("/target", "target_not_numeric", message)]
    if column.distinct == 1:
        message = f"the target {column.name!r} has one value only: {column.examples[0]}"
        return [Fault("/target", "target_constant", message)]
    return []


def _class_faults(column: Column, rows: int, *, stratified: bool) -> list[Fault]:
    if column.distinct == 1:
        message = f"the target {column.name!r} has one class only: {column.examples[0]!r}"
        return [Fault("/target", "target_one_class", message)]
    if _is_continuous(column, rows):
        message = (
            f"the target {column.name!r} is a quantity ({_many(column)} distinct numbers in {rows} "
            "rows), not a class; use type regression"
        )
        return [Fault("/target", "target_continuous", message)]
    if column.distinct is None or column.distinct > MOST_CLASSES:
        message = f"{column.name!r} has {_many(column)} classes; at most {MOST_CLASSES:,} are taken"
        return [Fault("/target", "too_many_classes", message)]
    return _small_class_faults(column) if stratified else []


def _small_class_faults(column: Column) -> list[Fault]:
    return [
        Fault(
            "/target",
            "class_too_small",
            f"class {label!r} of {column.name!r} has one row only; a stratified split needs two "
            "(stratify=false splits without regard to the classes)",
        )
        for label, count in (column.levels or {}).items()
        if count == 1
    ][:20]


def _is_continuous(column: Column, rows: int) -> bool:
    if column.type not in NUMERIC:
        return False
    if column.distinct is None or column.distinct > MOST_CLASSES:
        return True
    fractional = column.type == "number"
    return column.distinct > rows / 2 or (fractional and column.distinct > MOST_FRACTIONAL_CLASSES)


def _many(column: Column) -> str:
    return "more than 10,000" if column.distinct is None else f"{column.distinct:,}"
