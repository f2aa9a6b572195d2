"""The hyper-parameters of a random forest, by their scikit-learn names, as plain data."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import Any, Literal

from models.experiment import Task

Kind = Literal["integer", "number", "string", "boolean", "null", "object"]

BOTH = (Task.CLASSIFICATION, Task.REGRESSION)
LARGEST = sys.float_info.max
MOST_ROWS = 2**31 - 1


@dataclass(frozen=True)
class NumberRange:
    """The numbers from `low` to `high`; an open end does not belong to them."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False


@dataclass(frozen=True)
class Parameter:
    """One hyper-parameter: the JSON kinds that it may have, and of each the range.

    Where only numbers are allowed an integer is one of them. `choices` are the strings.
    """

    name: str
    kinds: tuple[Kind, ...]
    default: Any
    text: str
    integers: tuple[int, int] | None = None
    numbers: NumberRange | None = None
    choices: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = BOTH


_SHARE = NumberRange(0.0, 1.0, low_open=True)
_NOT_NEGATIVE = NumberRange(0.0, LARGEST)

_COMMON = (
    Parameter("n_estimators", ("integer",), 100, "trees in the forest", (1, 10_000)),
    Parameter("max_depth", ("integer", "null"), None, "levels of a tree at most", (1, 10_000)),
    Parameter(
        "min_samples_split",
        ("integer", "number"),
        2,
        "rows that a node needs to be split: a count, or a share of the training rows",
        (2, MOST_ROWS),
        _SHARE,
    ),
    Parameter(
        "min_samples_leaf",
        ("integer", "number"),
        1,
        "rows that a leaf needs: a count, or a share of the training rows",
        (1, MOST_ROWS),
        replace(_SHARE, high_open=True),
    ),
    Parameter(
        "min_weight_fraction_leaf",
        ("number",),
        0.0,
        "share of all weights that a leaf needs",
        numbers=NumberRange(0.0, 0.5),
    ),
    Parameter(
        "max_leaf_nodes", ("integer", "null"), None, "leaves of a tree at most", (2, 1_000_000)
    ),
    Parameter(
        "min_impurity_decrease",
        ("number",),
        0.0,
        "what a split must gain",
        numbers=_NOT_NEGATIVE,
    ),
    Parameter("bootstrap", ("boolean",), True, "whether each tree draws its rows anew"),
    Parameter("oob_score", ("boolean",), False, "whether to score on the rows not drawn"),
    Parameter("random_state", ("integer",), 0, "the seed of all that is random", (0, 2**32 - 1)),
    Parameter("ccp_alpha", ("number",), 0.0, "how much to prune the trees", numbers=_NOT_NEGATIVE),
    Parameter(
        "max_samples",
        ("integer", "number", "null"),
        None,
        "rows that a tree draws: a count, or a share of the training rows",
        (1, MOST_ROWS),
        _SHARE,
    ),
    Parameter(
        "monotonic_cst",
        ("object", "null"),
        None,
        "column to 1 (rising), -1 (falling) or 0; for two classes or numbers",
    ),
)

_MAX_FEATURES = Parameter(
    "max_features",
    ("integer", "number", "string", "null"),
    "sqrt",
    "columns looked at for a split: a count, a share, sqrt, log2, or null for all",
    (1, 1_000_000),
    _SHARE,
    ("sqrt", "log2"),
)
_CRITERION = Parameter(
    "criterion",
    ("string",),
    "gini",
    "how the quality of a split is measured",
    choices=("gini", "entropy", "log_loss"),
    tasks=(Task.CLASSIFICATION,),
)
_CLASS_WEIGHT = Parameter(
    "class_weight",
    ("string", "object", "null"),
    None,
    "class to weight, or balanced, or balanced_subsample",
    choices=("balanced", "balanced_subsample"),
    tasks=(Task.CLASSIFICATION,),
)


def _table(*parameters: Parameter) -> dict[str, Parameter]:
    return {parameter.name: parameter for parameter in (*_COMMON, *parameters)}


CLASSIFIER = _table(_MAX_FEATURES, _CRITERION, _CLASS_WEIGHT)
REGRESSOR = _table(
    replace(_MAX_FEATURES, default=1.0),
    replace(
        _CRITERION,
        default="squared_error",
        choices=("squared_error", "absolute_error", "poisson"),
        tasks=(Task.REGRESSION,),
    ),
)

# What a request may hold before it is known which of the two it is for. Defaults that differ
# are left out there.
PARAMETERS = {
    **CLASSIFIER,
    "max_features": replace(_MAX_FEATURES, default=None),
    "criterion": replace(
        _CRITERION,
        default=None,
        choices=_CRITERION.choices + REGRESSOR["criterion"].choices,
        tasks=BOTH,
    ),
}


def table(task: str) -> dict[str, Parameter]:
    """The hyper-parameters of a task's forest."""
    return CLASSIFIER if task == Task.CLASSIFICATION else REGRESSOR


def defaults(task: str) -> dict[str, Any]:
    """The values of the hyper-parameters that nobody has asked otherwise for."""
    return {name: parameter.default for name, parameter in table(task).items()}
