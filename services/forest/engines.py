"""Which library grows the trees of a forest, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from models.errors import Failed
from models.experiment import Task
from services.forest import growing, intelex

SKLEARN, INTELEX = "scikit-learn", "scikit-learn-intelex"
HIDDEN = "its trees do not tell which rows they were grown from"
LARGEST_ALONE = "its leaves tell the largest class alone, and it counts a row each time it is drawn"

Unfit = Callable[[Any], bool]
# What scikit-learn-intelex does not do at all, or not as scikit-learn does, with the reason.
REASONS: Mapping[str, tuple[Unfit, str]] = {
    "criterion": (
        lambda value: value not in ("gini", "squared_error"),
        "it knows gini and squared_error alone",
    ),
    "oob_score": (bool, HIDDEN),
    "bootstrap": (lambda value: value is False, "without bootstrap it was not found as accurate"),
    "class_weight": (lambda value: value is not None, "it draws rows before it weighs them"),
    "monotonic_cst": (lambda value: value is not None, "it knows no constraints"),
    "ccp_alpha": (bool, "it does not prune"),
    "max_depth": (lambda value: value is not None, LARGEST_ALONE),
    "max_leaf_nodes": (lambda value: value is not None, LARGEST_ALONE),
    "min_samples_leaf": (lambda value: value != 1, LARGEST_ALONE),
    "min_samples_split": (lambda value: value != 2, LARGEST_ALONE),  # noqa: PLR2004
    "min_weight_fraction_leaf": (bool, LARGEST_ALONE),
    "min_impurity_decrease": (bool, LARGEST_ALONE),
}


@dataclass(frozen=True)
class Engine:
    """The library's name and version, and why it was not the faster one."""

    name: str
    version: str
    reason: str | None = None

    def as_record(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def choose(params: Mapping[str, Any], *, installed: bool = intelex.ensemble is not None) -> Engine:
    """The engine for these hyper-parameters: scikit-learn-intelex where it grows as well.

    `installed` says whether its wheel is here.
    """
    reason = _reason(params) if installed else "scikit-learn-intelex is not installed"
    name = SKLEARN if reason else INTELEX
    return Engine(name, version(name), reason)


def _reason(params: Mapping[str, Any]) -> str | None:
    unfit = (
        f"{name}: {why}"
        for name, (is_unfit, why) in REASONS.items()
        if name in params and is_unfit(params[name])
    )
    return next(unfit, None)


def grow(
    name: str, task: Task | str, *given: Any, installed: bool = intelex.ensemble is not None
) -> list[Any]:
    """A batch of trees by the engine of this name; the rest is as `growing.grow` takes it.

    Raises Failed where the engine is not here: a forest is grown by one engine from its first tree
    to its last.
    """
    if name == SKLEARN:
        return growing.grow(task, *given)
    if not installed:
        message = f"this forest was begun with {name}, which this worker does not have"
        raise Failed(message, code="engine_missing")
    return intelex.grow(task, *given)
