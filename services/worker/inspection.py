"""The step of an inspection: what the test split tells of a version, beyond its scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sklearn.metrics import accuracy_score, r2_score

from models.experiment import Task
from services.forest import dependence
from services.forest.encoding import Matrix
from services.forest.importance import Importance, by_impurity, by_permutation, listed, rows_for
from services.forest.labels import winners
from services.forest.serving import TREES, Model, mapped
from services.forest.slices import sliced, slices, thresholds
from services.pictures.draw import draw
from services.pictures.scene import Scene
from services.splits.stored import part_rows
from services.worker.answers import Answers, answers_to, most_rows, power_for
from services.worker.outcomes import Report, Spec
from services.worker.scores import model_of

MOST_DEPENDENCES = 50  # of the most important features


def inspect_version(spec: Spec, folder: Path, report: Report) -> dict[str, Any]:
    """Draw all pictures into `folder`, and return what else there is to know."""
    model = model_of(spec)
    report(0.0, "answering the test rows")
    answers = _answers(spec, model)
    report(0.2, "shuffling one column after the other")
    importances = _importances(spec, model, answers)
    report(0.6, "drawing")
    classes = [] if spec["task"] == Task.REGRESSION else model.texts
    scene = Scene(spec["task"], spec["target"], classes, answers.truth, answers.scores, importances)
    draw(scene, folder)
    report(0.8, "giving one column after the other other values")
    rows = answers.X[:: -(-len(answers.X) // dependence.MOST_ROWS)]
    return {
        "version": spec["version"],
        "rows": len(answers.truth),
        "rows_shuffled": len(answers.X),
        "rows_averaged": len(rows),
        "score": "r2" if spec["task"] == Task.REGRESSION else "accuracy",
        "classes": classes or None,
        "importances": [each.as_record() for each in importances],
        "slices": list(_slices(spec, model, answers)),
        "thresholds": _thresholds(model, answers),
        "dependence": list(_dependences(model, rows, importances)),
    }


def _answers(spec: Spec, model: Model) -> Answers:
    batches, rows = part_rows(spec["test"])
    columns = sliced(model.features)
    most = most_rows(spec, model, len(columns))
    left = rows >> power_for(rows, most)
    every = max(1, -(-left // rows_for(len(model.features))))
    return answers_to(spec, model, batches, most, rows, every, columns)


def _slices(spec: Spec, model: Model, answers: Answers) -> Iterator[dict[str, Any]]:
    for column, at in enumerate(sliced(model.features)):
        codes = answers.columns[:, column]
        yield slices(spec["task"], model.features[at], codes, answers.truth, answers.scores)


def _thresholds(model: Model, answers: Answers) -> list[dict[str, Any]] | None:
    """Of the last of two classes; None where there are not two."""
    if len(model.classes) != 2:  # noqa: PLR2004
        return None
    return list(thresholds(answers.truth == 1, answers.scores[:, 1]))


def _importances(spec: Spec, model: Model, answers: Answers) -> list[Importance]:
    means, stds = by_permutation(_score(spec["task"], model), answers.X, answers.y)
    trees = mapped(Path(spec["model"], TREES), spec["model_checksums"])
    names = [feature.name for feature in model.features]
    return listed(names, means, stds, by_impurity(trees, len(names)))


def _score(task: str, model: Model) -> Callable[[Matrix, Any], float]:
    if task == Task.REGRESSION:
        # Of one row there is no R2, and nothing to lose.
        return lambda X, y: float(r2_score(y, model.scores(X))) if len(y) > 1 else 0.0
    return lambda X, y: float(accuracy_score(y, winners(model.scores(X))))


def _dependences(
    model: Model, rows: Matrix, importances: list[Importance]
) -> Iterator[dict[str, Any]]:
    places = {feature.name: at for at, feature in enumerate(model.features)}
    for each in importances[:MOST_DEPENDENCES]:
        at = places[each.feature]
        yield dependence.dependence(model.scores, rows, at, model.features[at])
