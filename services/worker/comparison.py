"""The step of a comparison: two versions on the same test rows, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from models.experiment import Task
from services.forest.encoding import Floats
from services.forest.labels import winners
from services.forest.resampling import (
    CONFIDENCE,
    Counts,
    class_scores,
    grouped,
    intervals,
    kinds_of,
    moments,
    number_scores,
)
from services.forest.serving import Model
from services.splits.stored import part_rows
from services.worker.answers import Answers, answers_to, most_rows
from services.worker.outcomes import Report, Spec

LOWER_IS_BETTER = ("rmse", "mae")


def compare_versions(spec: Spec, report: Report) -> dict[str, Any]:
    """The scores of both, how they differ and how sure that is, and which test says so."""
    both = []
    for at, number in enumerate(spec["versions"]):
        report(at / 3, f"answering the test rows by version {number}")
        both.append(_answers(spec, at))
    report(2 / 3, "drawing rows again")
    told = _of_numbers(*both) if spec["task"] == Task.REGRESSION else _of_classes(*both)
    return {"versions": spec["versions"], "rows": len(both[0].truth), "confidence": CONFIDENCE,
            **told, "verdict": _verdict(told)}  # fmt: skip


def _answers(spec: Spec, at: int) -> Answers:
    folder, checksums = Path(spec["models"][at]), spec["models_checksums"][at]
    model = Model.load(folder, checksums, spec["models_memory"])
    batches, rows = part_rows(spec["test"])
    return answers_to(spec, model, batches, most_rows(spec, model), rows)


def _verdict(told: dict[str, Any]) -> str:
    """Of the second version, where the whole interval of the difference and the test say the same.

    Of few rows that only one version has right the interval alone says too much.
    """
    score, interval = told["score"], told["interval"]
    if told["test"]["p_value"] >= 1 - CONFIDENCE:
        return "undecided"
    low, high = interval if score not in LOWER_IS_BETTER else [-end for end in interval[::-1]]
    return "better" if low > 0 else "worse" if high < 0 else "undecided"


def _of_classes(one: Answers, other: Answers) -> dict[str, Any]:
    said = [winners(each.scores) for each in (one, other)]
    right = [each == one.truth for each in said]
    only = [int((right[at] & ~right[1 - at]).sum()) for at in (0, 1)]
    (truth, first, second), counts = kinds_of(one.truth, *said)

    def differences(drawn: Counts) -> dict[str, Floats]:
        scores = [class_scores(drawn, truth, each) for each in (first, second)]
        return {name: scores[1][name] - scores[0][name] for name in scores[0]}

    ends = intervals(counts, differences)
    exact = [class_scores(counts[None], truth, each) for each in (first, second)]
    return {
        "score": "accuracy",
        **_told("accuracy", exact, ends),
        "differences": _differences(exact, ends),
        "test": {
            "name": "McNemar's, exact",
            "right_only": only,
            "p_value": _mcnemar(*only),
        },
    }


def _mcnemar(first: int, second: int) -> float:
    """That rows which one version alone has right are as often those of the one as of the other.

    The exact form of McNemar's test (1947): a sign test of these rows.
    """
    together = first + second
    return float(stats.binomtest(first, together).pvalue) if together else 1.0


def _of_numbers(one: Answers, other: Answers) -> dict[str, Any]:
    parts = [moments(one.truth, each.scores) for each in (one, other)]
    sums, counts = grouped(*parts[0], *parts[1])
    half = len(parts[0])

    def differences(drawn: Counts) -> dict[str, Floats]:
        scores = [number_scores(drawn, some) for some in (sums[:half], sums[half:])]
        return {name: scores[1][name] - scores[0][name] for name in scores[0]}

    ends = intervals(counts, differences)
    exact = [number_scores(counts[None], some) for some in (sums[:half], sums[half:])]
    return {
        "score": "rmse",
        **_told("rmse", exact, ends),
        "differences": _differences(exact, ends),
        "test": {"name": "Wilcoxon's signed ranks", "p_value": _wilcoxon(one, other)},
    }


def _wilcoxon(one: Answers, other: Answers) -> float:
    """That one version's errors are as often larger than the other's as they are smaller (1945)."""
    differences = np.abs(one.truth - one.scores) - np.abs(one.truth - other.scores)
    if not differences.any():
        return 1.0
    return float(stats.wilcoxon(differences, method="approx").pvalue)


def _told(score: str, exact: list[dict[str, Floats]], ends: dict[str, Any]) -> dict[str, Any]:
    scores = [float(each[score][0]) for each in exact]
    return {"scores": scores, "difference": scores[1] - scores[0], "interval": ends[score]}


def _differences(exact: list[dict[str, Floats]], ends: dict[str, Any]) -> dict[str, Any]:
    """Of all scores, each with its interval."""
    return {
        name: {
            "scores": [float(each[name][0]) for each in exact],
            "difference": float(exact[1][name][0] - exact[0][name][0]),
            "interval": interval,
        }
        for name, interval in ends.items()
        if np.isfinite([each[name][0] for each in exact]).all()
    }
