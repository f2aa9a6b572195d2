"""Which version a training goes on from, and whether it can."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version as version_of
from typing import Any

from sqlalchemy.orm import Session

from models import Experiment, Version
from models.errors import Conflict, Fault, Invalid
from models.hyper_parameters import PARAMETERS
from services import versions
from services.evaluating import require_trained

LIBRARY = "scikit-learn"
FIXED = "is fixed by the version that is extended; leave it out, or train anew"


def base_of(
    session: Session, experiment: Experiment, number: int | None, extend: int, others: Iterable[str]
) -> Version:
    """The version that `extend` trees are added to, the active one unless `number` says another.

    Raises Invalid for hyper-parameters beside it and for more trees than a forest may have,
    NotFound, and Conflict where there is no version, or its pickle is of another library.
    """
    version = versions.of(session, experiment, number or require_trained(experiment))
    faults = [Fault(f"/{name}", "fixed_by_version", f"{name} {FIXED}") for name in others]
    faults += _too_many(version.hyper_parameters["n_estimators"], extend)
    if faults:
        raise Invalid(faults[0].message, code=faults[0].code, faults=faults)
    require_same_library(version.number, version.manifest)
    return version


def require_same_library(number: int, manifest: Mapping[str, Any]) -> None:
    """Raise Conflict, model_version_mismatch, where another scikit-learn has pickled a version."""
    theirs, ours = manifest["libraries"][LIBRARY], version_of(LIBRARY)
    if theirs != ours:
        message = (
            f"version {number} was made with {LIBRARY} {theirs}, and {ours} is installed; "
            "it predicts all the same, but to extend it train anew"
        )
        raise Conflict(message, code="model_version_mismatch")


def _too_many(trees: int, extend: int) -> list[Fault]:
    _, most = PARAMETERS["n_estimators"].integers or (0, 0)
    if trees + extend <= most:
        return []
    message = f"a forest has {most:,} trees at most; this version has {trees:,} already"
    return [Fault("/extend", "out_of_range", message)]
