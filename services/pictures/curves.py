"""Curves of a classification: each class against all others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.calibration import CalibrationDisplay
from sklearn.metrics import PrecisionRecallDisplay, RocCurveDisplay

from services.pictures.scene import Scene
from services.pictures.sheet import MOST_LINES, explain, legend, sheet, short

BINS = 10
Line = tuple[str, Any, Any]  # the class, whether each row is of it, and how sure the version is


def roc(scene: Scene, folder: Path) -> None:
    """True positives against false ones."""

    def line(axes: Any, name: str, truth: Any, scores: Any, *, last: bool) -> None:
        RocCurveDisplay.from_predictions(
            truth, scores, name=name, ax=axes, plot_chance_level=last, curve_kwargs={}
        )

    _draw(scene, folder, "roc", line, ("False positive rate", "True positive rate"))


def precision_recall(scene: Scene, folder: Path) -> None:
    """Precision against recall."""

    def line(axes: Any, name: str, truth: Any, scores: Any, *, last: bool) -> None:
        PrecisionRecallDisplay.from_predictions(
            truth, scores, name=name, ax=axes, drop_intermediate=True
        )

    _draw(scene, folder, "precision-recall", line, ("Recall", "Precision"))


def calibration(scene: Scene, folder: Path) -> None:
    """How often a class is right against how sure the version is of it, in bins of equal width."""

    def line(axes: Any, name: str, truth: Any, scores: Any, *, last: bool) -> None:
        CalibrationDisplay.from_predictions(
            truth, np.clip(scores, 0, 1), n_bins=BINS, name=name, ax=axes, ref_line=last
        )

    _draw(scene, folder, "calibration", line, ("Mean predicted probability", "Share of the class"))


def _draw(
    scene: Scene, folder: Path, name: str, line: Callable[..., None], names: tuple[str, str]
) -> None:
    with sheet(folder, name, height=6) as axes:
        lines = list(_lines(scene))
        for at, (label, truth, scores) in enumerate(lines, 1):
            line(axes, label, truth, scores, last=at == len(lines))
        if not lines:
            explain(axes, "The test rows are all of one class: there is nothing to tell apart.")
            return
        axes.set_xlabel(names[0])
        axes.set_ylabel(names[1])
        axes.set_title(_title(scene, len(lines)))
        legend(axes)


def _lines(scene: Scene) -> Iterator[Line]:
    """The last of two classes, or the most frequent ones; but for those that no or all rows are."""
    wanted = [1] if len(scene.classes) == 2 else scene.most_frequent(MOST_LINES)  # noqa: PLR2004
    for code in wanted:
        if 0 < scene.counts[code] < len(scene.truth):
            yield short(scene.classes[code]), scene.truth == code, scene.scores[:, code]


def _title(scene: Scene, lines: int) -> str:
    if len(scene.classes) == 2:  # noqa: PLR2004
        return f"{short(scene.target)}: {short(scene.classes[1])}"
    which = "each class" if lines == len(scene.classes) else f"the {lines} most frequent classes"
    return f"{short(scene.target)}: {which} against all others"
