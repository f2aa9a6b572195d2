"""Trees in batches that are, tree by tree, those of scikit-learn's own single fit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from models.errors import invalid
from models.experiment import Task
from services.columns import Feature
from services.forest.drawing import distinct, draws_for
from services.forest.encoding import Matrix
from services.forest.labels import text_of

Targets = npt.NDArray[np.float64]
LARGEST = np.iinfo(np.int32).max
FORESTS = {
    Task.CLASSIFICATION: RandomForestClassifier,
    Task.REGRESSION: RandomForestRegressor,
}


def resolve(
    params: Mapping[str, Any], features: Sequence[Feature], classes: Sequence[Any], n_rows: int
) -> dict[str, Any]:
    """The hyper-parameters of a request as scikit-learn's keyword arguments.

    Names of columns become places, texts of classes become their codes, and a share of the rows
    becomes their number: scikit-learn reads it as a share of the weights' sum.
    """
    kwargs = dict(params)
    if isinstance(kwargs.get("max_samples"), float):
        kwargs["max_samples"] = int(max(1, round(kwargs["max_samples"] * n_rows)))
    if isinstance(signs := kwargs.get("monotonic_cst"), dict):
        kwargs["monotonic_cst"] = [signs.get(feature.name, 0) for feature in features]
    if isinstance(weights := kwargs.get("class_weight"), dict):
        codes = {text_of(label): code for code, label in enumerate(classes)}
        kwargs["class_weight"] = {codes[text]: weight for text, weight in weights.items()}
    return kwargs


def grow(
    task: str,
    kwargs: Mapping[str, Any],
    X: Matrix,
    y: Targets,
    start: int,
    stop: int,
    n_jobs: int = 1,
) -> list[Any]:
    """The trees from `start` up to `stop` of the forest that the random_state makes.

    `kwargs` come from `resolve`, with an integer random_state; `X` is float32 (rows, features),
    `y` (rows,) the codes of the classes or the numbers. Raises Invalid where criterion poisson
    is asked for a target that is nowhere above zero.
    """
    if kwargs.get("criterion") == "poisson" and not y.sum() > 0:
        message = "criterion poisson needs a target above 0 in some training row"
        raise invalid("target_not_positive", message, "/criterion")
    seeds = _draws(kwargs["random_state"], start)
    batch = {"n_estimators": stop - start, "random_state": seeds, "oob_score": False}
    forest = FORESTS[Task(task)](**{**kwargs, **batch, "n_jobs": n_jobs})
    with np.errstate(over="ignore", invalid="ignore"):  # sums with MISSING in them
        return list(forest.fit(X, y).estimators_)


def in_part(kwargs: Mapping[str, Any], n_rows: int, part: int) -> dict[str, Any]:
    """The same for trees that grow on a `part` of so many training rows.

    They have as many different rows as they would have of all, and leaves as large: shares of the
    rows are those of all of them. (With weighed classes, of which the rare ones are drawn more
    often, it is fewer.) Raises ValueError where the part has not so many (`room` gives
    half as many again).
    """
    names = ("min_samples_leaf", "min_samples_split")
    shares = {name: kwargs[name] for name in names if isinstance(kwargs.get(name), float)}
    leaves = {name: math.ceil(share * n_rows) for name, share in shares.items()}
    return {**kwargs, **leaves, "max_samples": draws_for(part, distinct(n_rows, kwargs))}


def seeds_of(random_state: int, start: int, stop: int) -> list[int]:
    """The seeds that scikit-learn's forest of this random_state gives its trees from `start` on."""
    seeds: list[int] = _draws(random_state, start).randint(LARGEST, size=stop - start).tolist()
    return seeds


def _draws(random_state: int, start: int) -> np.random.RandomState:
    """A forest draws one seed a tree, in their order: those of the trees before are skipped."""
    draws = np.random.RandomState(random_state)
    draws.randint(LARGEST, size=start)
    return draws
