"""Run by MLflow's own interpreter: fit a forest, and keep it as MLflow does.

Its arguments: a CSV, the target column, the seed, the folder for the model.
"""

from __future__ import annotations

import sys

import mlflow.sklearn
import pandas as pd
from sklearn.ensemble import RandomForestClassifier


def main() -> None:
    """Fit 100 trees, and have the server answer with probabilities, as Grove does."""
    path, target, seed, folder = sys.argv[1:]
    table = pd.read_csv(path)
    forest = RandomForestClassifier(n_estimators=100, random_state=int(seed))
    forest.fit(table.drop(columns=target), table[target])
    mlflow.sklearn.save_model(
        forest, folder, pyfunc_predict_fn="predict_proba", serialization_format="cloudpickle"
    )


if __name__ == "__main__":
    main()
