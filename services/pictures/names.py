"""Which pictures there are; loads nothing that draws them."""

from __future__ import annotations

from models.experiment import Task

FORMATS = ("svg", "png")
FEATURE_IMPORTANCE = "feature-importance"
OF_TASK: dict[str, tuple[str, ...]] = {
    Task.CLASSIFICATION: (
        "confusion-matrix",
        "roc",
        "precision-recall",
        "calibration",
        FEATURE_IMPORTANCE,
    ),
    Task.REGRESSION: ("residuals", "predicted", FEATURE_IMPORTANCE),
}
NAMES = tuple(dict.fromkeys(name for names in OF_TASK.values() for name in names))
