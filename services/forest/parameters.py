"""Whether hyper-parameters, each right by itself, fit the experiment and one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from models.errors import Fault
from models.experiment import Task
from models.hyper_parameters import PARAMETERS, Parameter, defaults, table
from services.forest.nearest import Hints, shown
from services.forest.reports import Report

__all__ = ["PARAMETERS", "Parameter", "check", "defaults", "table"]

LARGEST_WEIGHT = 1e9


@dataclass(frozen=True)
class Facts:
    """What is known of the experiment; `n_rows` are those of its training part."""

    task: str
    feature_names: Sequence[str]
    n_rows: int
    class_texts: Sequence[str] = ()
    target_negative: bool = False


def check(
    task: str,
    params: Mapping[str, Any],
    *,
    feature_names: Sequence[str],
    n_rows: int,
    class_texts: Sequence[str] = (),
    target_negative: bool = False,
) -> list[Fault]:
    """All that is wrong with `params` for this experiment; each is of its kind and in its range.

    `class_texts` are the classes as `labels.text_of` writes them.
    """
    facts = Facts(task, feature_names, n_rows, class_texts, target_negative)
    report = Report("faults")
    for look in (_task_faults, _size_faults, _bootstrap_faults, _monotonic_faults, _weight_faults):
        for fault in look(params, facts):
            report.add(fault.pointer, fault.code, fault.message)
    return report.as_faults()


def _task_faults(params: Mapping[str, Any], facts: Facts) -> Iterator[Fault]:
    known = table(facts.task)
    for name in params:
        if name not in known:
            message = f"{name} is no hyper-parameter of {facts.task}"
            yield Fault(f"/{name}", "wrong_task", message)
    criterion = params.get("criterion")
    if criterion is not None and criterion not in known["criterion"].choices:
        choices = ", ".join(known["criterion"].choices)
        message = f"{facts.task} has the criteria {choices}; got {shown(criterion)}"
        yield Fault("/criterion", "wrong_task", message)
    if criterion == "poisson" and facts.target_negative:
        message = "criterion poisson needs a target without negative numbers"
        yield Fault("/criterion", "target_negative", message)


def _size_faults(params: Mapping[str, Any], facts: Facts) -> Iterator[Fault]:
    limits = {
        "max_features": (len(facts.feature_names), "features"),
        "max_samples": (facts.n_rows, "training rows"),
    }
    for name, (most, noun) in limits.items():
        value = params.get(name)
        if isinstance(value, int) and value > most:
            message = f"there are {most:,} {noun}; got {value}"
            yield Fault(f"/{name}", "out_of_range", message)


def _bootstrap_faults(params: Mapping[str, Any], _: Facts) -> Iterator[Fault]:
    if params.get("bootstrap", True):
        return
    if params.get("max_samples") is not None:
        yield Fault("/max_samples", "needs_bootstrap", "max_samples needs bootstrap true")
    if params.get("oob_score"):
        yield Fault("/oob_score", "needs_bootstrap", "oob_score needs bootstrap true")


def _monotonic_faults(params: Mapping[str, Any], facts: Facts) -> Iterator[Fault]:
    signs, hints = params.get("monotonic_cst"), Hints()
    if not isinstance(signs, dict):
        return
    if len(facts.class_texts) > 2:  # noqa: PLR2004
        message = f"monotonic_cst is for two classes at most; there are {len(facts.class_texts)}"
        yield Fault("/monotonic_cst", "too_many_classes", message)
    names = frozenset(facts.feature_names)
    for name, sign in signs.items():
        if name not in names:
            message = f"no feature is called {shown(name)}{hints.hint(name, facts.feature_names)}"
            yield Fault(_pointer("monotonic_cst", name), "unknown_column", message)
        elif isinstance(sign, bool) or not isinstance(sign, int) or sign not in {-1, 0, 1}:
            message = f"expected -1, 0 or 1, got {shown(sign)}"
            yield Fault(_pointer("monotonic_cst", name), "out_of_range", message)


def _weight_faults(params: Mapping[str, Any], facts: Facts) -> Iterator[Fault]:
    weights, hints = params.get("class_weight"), Hints()
    if not isinstance(weights, dict) or facts.task != Task.CLASSIFICATION:
        return
    for text, weight in weights.items():
        if text not in facts.class_texts:
            message = f"no class is called {shown(text)}{hints.hint(text, facts.class_texts)}"
            yield Fault(_pointer("class_weight", text), "unknown_label", message)
        elif not _is_weight(weight):
            message = f"expected a number above 0 and up to 1e9, got {shown(weight)}"
            yield Fault(_pointer("class_weight", text), "out_of_range", message)
    for text in facts.class_texts:
        if text not in weights:
            message = f"class {shown(text)} has no weight; give every class one"
            yield Fault("/class_weight", "missing_label", message)


def _is_weight(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 < value <= LARGEST_WEIGHT and isfinite(value)


def _pointer(parameter: str, name: str) -> str:
    return f"/{parameter}/{name.replace('~', '~0').replace('/', '~1')}"
