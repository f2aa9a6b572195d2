"""All pictures of a version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay, PredictionErrorDisplay, confusion_matrix

from services.forest.labels import winners
from services.pictures.curves import calibration, precision_recall, roc
from services.pictures.names import FEATURE_IMPORTANCE, OF_TASK
from services.pictures.scene import Scene
from services.pictures.sheet import explain, sheet, short

MOST_CLASSES = 40  # in a confusion matrix that can be read
MOST_NUMBERED = 20  # up to which its cells bear their numbers
MOST_FEATURES = 30
MOST_POINTS = 5_000


def confusion(scene: Scene, folder: Path) -> None:
    """What is true against what was predicted, the rows counted."""
    size = len(scene.classes)
    codes = scene.most_frequent(MOST_CLASSES) if scene.counts.any() else []
    side = max(5.0, 0.32 * len(codes) + 2.5)
    with sheet(folder, "confusion-matrix", side + 1, side) as axes:
        if not len(codes):
            explain(axes, "No test row is of a class that training knew.")
            return
        counts = confusion_matrix(scene.truth, winners(scene.scores), labels=codes)
        names = [short(scene.classes[code]) for code in codes]
        shown = ConfusionMatrixDisplay(counts, display_labels=names)
        few = len(codes) <= MOST_NUMBERED
        turned = "vertical" if max(map(len, names)) > 3 else "horizontal"  # noqa: PLR2004
        shown.plot(
            ax=axes, cmap="cividis", include_values=few, xticks_rotation=turned, values_format="d"
        )
        more = f", the {len(codes)} most frequent of {size} classes" if len(codes) < size else ""
        axes.set_title(f"{short(scene.target)}{more}")


def residuals(scene: Scene, folder: Path) -> None:
    """By how much the version errs, against what it says."""
    _errors(scene, folder, "residuals", "residual_vs_predicted")


def predicted(scene: Scene, folder: Path) -> None:
    """What is true against what the version says."""
    _errors(scene, folder, "predicted", "actual_vs_predicted")


def _errors(scene: Scene, folder: Path, name: str, kind: str) -> None:
    with sheet(folder, name) as axes:
        PredictionErrorDisplay.from_predictions(
            scene.truth,
            scene.scores,
            kind=kind,
            subsample=min(MOST_POINTS, len(scene.truth)),
            random_state=0,
            ax=axes,
            scatter_kwargs={"alpha": 0.4, "s": 12, "color": "#0072b2"},
            line_kwargs={"color": "#d55e00"},
        )
        axes.set_title(short(scene.target))


def feature_importance(scene: Scene, folder: Path) -> None:
    """What the score loses once a column is shuffled, with its spread; the impurity's beside it."""
    shown = scene.importances[:MOST_FEATURES][::-1]
    height = max(3.0, 0.3 * len(shown) + 1.5)
    with sheet(folder, FEATURE_IMPORTANCE, 8, height) as axes:
        at = np.arange(len(shown))
        means, stds = [each.mean for each in shown], [each.std for each in shown]
        axes.barh(at + 0.2, means, 0.4, xerr=stds, label="permutation, on the test rows")
        impurity = [each.impurity for each in shown]
        axes.barh(at - 0.2, impurity, 0.4, label="impurity, on the training rows", hatch="//")
        axes.set_yticks(at, [short(each.feature) for each in shown])
        loses = "accuracy" if scene.classes else "R²"
        axes.set_xlabel(f"Loss of {loses} once the column is shuffled; share of the impurity")
        more = len(scene.importances) - len(shown)
        axes.set_title(short(scene.target) + (f", {more:,} more features" if more else ""))
        axes.legend(loc="lower right")


DRAWERS: dict[str, Callable[[Scene, Path], None]] = {
    "confusion-matrix": confusion,
    "roc": roc,
    "precision-recall": precision_recall,
    "calibration": calibration,
    "residuals": residuals,
    "predicted": predicted,
    FEATURE_IMPORTANCE: feature_importance,
}


def draw(scene: Scene, folder: Path) -> None:
    """Draw all pictures of the version's task into a folder that is there."""
    for name in OF_TASK[scene.task]:
        DRAWERS[name](scene, folder)
