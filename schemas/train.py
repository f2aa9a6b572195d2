"""Hyper-parameters, by their scikit-learn names: fields made from the one table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import marshmallow as ma

from models.hyper_parameters import PARAMETERS, Parameter, table
from models.search import MOST_TRIALS, MOST_VALUES, SCORINGS
from schemas.base import Schema
from schemas.containers import AnyObject, ListOf
from schemas.fields import StrictBoolean, StrictInteger, StrictNumber, StrictString

MOST_MINUTES = 100_000
N_ITER = {"description": "so many points of the grid, drawn at random; all of it unless said"}
SCORING = {"description": "by scikit-learn's names; accuracy or r2 unless said"}
FieldType = ma.fields.Field[Any]
# Which kind of JSON value goes to which field: a whole number to the integer, where there is one.
KINDS: dict[type, tuple[str, ...]] = {
    bool: ("boolean",),
    int: ("integer", "number"),
    float: ("number",),
    str: ("string",),
    dict: ("object",),
}


class AnyOf(ma.fields.Field[Any]):
    """A value of one of several kinds, each with a range of its own."""

    def __init__(self, kinds: Mapping[str, FieldType], **kwargs: Any) -> None:
        """Take a field for each kind, and the library's own options."""
        self.kinds = dict(kinds)
        super().__init__(**kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        wanted = [kind for kind in KINDS.get(type(value), ()) if kind in self.kinds]
        field = self.kinds[wanted[0]] if wanted else next(iter(self.kinds.values()))
        return field.deserialize(value, attr, data, **kwargs)


def field_of(parameter: Parameter) -> FieldType:
    """The field that takes a hyper-parameter."""
    kinds: dict[str, FieldType] = {
        kind: _of_kind(kind, parameter) for kind in parameter.kinds if kind != "null"
    }
    told = _told(parameter)
    nullable = "null" in parameter.kinds
    if len(kinds) == 1:
        (field,) = kinds.values()
        field.allow_none = nullable
        field.metadata = {**field.metadata, **told}
        return field
    return AnyOf(
        kinds, allow_none=nullable, metadata={**told, "anyOf": _documented(kinds, nullable)}
    )


def _told(parameter: Parameter) -> dict[str, Any]:
    """The words on a hyper-parameter, with its default where all its tasks have the same."""
    told = {"description": parameter.text}
    first, *others = (table(task)[parameter.name].default for task in parameter.tasks)
    return told if any(other != first for other in others) else {**told, "default": first}


def _of_kind(kind: str, parameter: Parameter) -> FieldType:
    if kind == "integer":
        low, high = parameter.integers or (None, None)
        return StrictInteger(minimum=low, maximum=high)
    if kind == "number":
        return _number(parameter)
    if kind == "string":
        return StrictString(choices=parameter.choices)
    return StrictBoolean() if kind == "boolean" else AnyObject()


def _number(parameter: Parameter) -> StrictNumber:
    ends = parameter.numbers
    if ends is None:
        return StrictNumber()
    low = "above" if ends.low_open else "minimum"
    high = "below" if ends.high_open else "maximum"
    return StrictNumber(**{low: ends.low, high: ends.high})


def _documented(kinds: Mapping[str, FieldType], nullable: bool) -> list[dict[str, Any]]:
    each = [{"type": kind, **field.metadata} for kind, field in kinds.items()]
    return [*each, {"type": "null"}] if nullable else each


def _schema(parameters: Mapping[str, Parameter], name: str) -> type[ma.Schema]:
    fields = {each: field_of(parameter) for each, parameter in parameters.items()}
    growth: dict[str, FieldType] = {each: make(parameters) for each, make in GROWTH.items()}
    made = Schema.from_dict({**fields, **growth}, name=name)
    made.__doc__ = "Hyper-parameters of a random forest, and how it is to grow; none is needed."
    return made


def search_field(parameters: Mapping[str, Parameter]) -> FieldType:
    """What a search tries: values of some of these hyper-parameters."""
    lists: dict[str, FieldType] = {
        name: ListOf(field_of(parameter), min_items=1, max_items=MOST_VALUES)
        for name, parameter in parameters.items()
    }
    of = next(iter(parameters.values())).name + str(len(lists))
    params = Schema.from_dict(dict(lists), name=f"SearchedParams{of}")
    made = Schema.from_dict(
        {
            "params": ma.fields.Nested(params, required=True),
            "n_iter": StrictInteger(minimum=1, maximum=MOST_TRIALS, metadata=N_ITER),
            "cv": StrictInteger(minimum=2, maximum=20, metadata={"description": "folds, 5"}),
            "scoring": StrictString(choices=sum(SCORINGS.values(), ()), metadata=SCORING),
        },
        name=f"Search{of}",
    )
    told = (
        "values to try, each scored by cross-validation on the training part; the best is trained"
    )
    return ma.fields.Nested(made, metadata={"description": told})


def _minutes() -> StrictNumber:
    told = "minutes of growing, after which the trees that there are make the forest"
    return StrictNumber(above=0, maximum=MOST_MINUTES, metadata={"description": told})


def _early_stopping() -> StrictBoolean:
    told = "stop once more trees no longer change the out-of-bag score; scikit-learn grows them"
    return StrictBoolean(metadata={"description": told})


def _tol() -> StrictNumber:
    told = "by how much early_stopping's last scores may differ, 0.001 unless said"
    return StrictNumber(above=0, maximum=1, metadata={"description": told})


def _extend() -> StrictInteger:
    told = "trees to add to those of a version, in the place of all hyper-parameters"
    _, most = PARAMETERS["n_estimators"].integers or (0, 0)
    return StrictInteger(minimum=1, maximum=most, metadata={"description": told})


def _version() -> StrictInteger:
    told = "the version to extend, the active one unless said"
    return StrictInteger(minimum=1, metadata={"description": told})


def _dry_run() -> StrictBoolean:
    told = "train nothing; tell what the training would take"
    return StrictBoolean(metadata={"description": told})


# What else a training is asked for, by the names that services.training.Growth has for it.
GROWTH: dict[str, Callable[[Mapping[str, Parameter]], FieldType]] = {
    "max_minutes": lambda _: _minutes(),
    "early_stopping": lambda _: _early_stopping(),
    "tol": lambda _: _tol(),
    "extend": lambda _: _extend(),
    "version": lambda _: _version(),
    "dry_run": lambda _: _dry_run(),
    "search": search_field,
}


TrainSchema = _schema(PARAMETERS, "TrainSchema")
BY_TASK = {
    task: _schema(table(task), f"Train{task.title()}Schema")
    for task in ("classification", "regression")
}


def train_schema(task: str) -> type[ma.Schema]:
    """The schema of a task's hyper-parameters."""
    return BY_TASK[task]
