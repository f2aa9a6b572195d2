"""What a search of hyper-parameters may be: the one table of it."""

from __future__ import annotations

from models.experiment import Task

MOST_TRIALS = 200
MOST_VALUES = 50  # of one hyper-parameter
CV = 5
# By scikit-learn's names of scorers, the first one unless another is asked for.
SCORINGS: dict[str, tuple[str, ...]] = {
    Task.CLASSIFICATION: ("accuracy", "f1_macro", "f1_weighted", "roc_auc_ovr", "neg_log_loss"),
    Task.REGRESSION: ("r2", "neg_root_mean_squared_error", "neg_mean_absolute_error"),
}
