"""predict: one row as JSON, over gunicorn alone and through nginx as shipped."""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from pathlib import Path

from benchmarks import data, grove, rivals, stage
from benchmarks.faults import BenchError
from benchmarks.figures import ratio_of_rounds
from benchmarks.load import Answers, Question, as_fast_as_answered, at_rate
from benchmarks.processes import free_port
from benchmarks.report import Report, Row, Target, at_least, at_most
from benchmarks.sizes import Sizes
from benchmarks.sustained import DEFINITION, connections_for, highest

NEEDS = ("h2load", "nginx", "wrk")
BARE_SHARE, MLFLOW_TIMES = 0.70, 15
MOST_P99_MS = 10


def run(sizes: Sizes) -> Report:
    """Measure all of it."""
    report = Report("predict", sizes.form)
    with stage.temporary() as folder:
        _over_gunicorn(report, sizes, folder)
        _through_nginx(report, sizes, folder)
    return report


def _over_gunicorn(report: Report, sizes: Sizes, folder: Path) -> None:
    """Grove, bare Flask, the session alone and MLflow: all stand, and are asked in turn."""
    with ExitStack() as stack:
        bind = f"127.0.0.1:{free_port()}"
        client = stack.enter_context(grove.serving(folder / "home", bind)).client
        grove.make_cancer(client)
        asked = {
            "grove": stage.question(client),
            "bare": stack.enter_context(rivals.bare(folder)),
            "session": stack.enter_context(rivals.session_alone(folder)),
        }
        if sizes.yardstick_mlflow:
            try:
                asked["mlflow"] = stack.enter_context(rivals.mlflow(folder, client))
                ours = stage.probabilities(client, asked["grove"])
                stage.require_same_forest(ours, rivals.answer(asked["mlflow"]))
            except BenchError as error:
                asked.pop("mlflow", None)
                report.notes.append(f"no row for MLflow: {error}")
        _compare(report, in_turn(asked, sizes))


def in_turn(asked: dict[str, Question], sizes: Sizes) -> dict[str, list[float]]:
    """Answers a second of each, in every round one after the other; a first round warms up."""
    rates: dict[str, list[float]] = {name: [] for name in asked}
    for seconds in [1, *[sizes.load_seconds] * sizes.rounds]:
        for name, question in asked.items():
            rates[name].append(as_fast_as_answered(question, seconds))
    return {name: each[1:] for name, each in rates.items()}


def _compare(report: Report, rates: dict[str, list[float]]) -> None:
    report.raw["requests_per_second"] = rates
    against = "wrk, 32 connections, against"
    mlflow = f"{against} MLflow, {rivals.MLFLOW_WORKERS} workers"
    most = "the most there is to have: a bare route that runs the session, against a bare one"
    report.rows.append(
        _compared(rates, "grove", "bare", f"{against} a bare Flask route", at_least(BARE_SHARE))
    )
    report.rows.append(_compared(rates, "session", "bare", most))
    if "mlflow" in rates:
        report.rows.append(_compared(rates, "grove", "mlflow", mlflow, at_least(MLFLOW_TIMES)))


def _compared(
    rates: dict[str, list[float]], ours: str, other: str, what: str, target: Target | None = None
) -> Row:
    subject, yardstick = rates[ours], rates[other]
    middles = statistics.median(subject), statistics.median(yardstick)
    return Row(what, "answers/s", *middles, ratio_of_rounds(subject, yardstick), target)


def _through_nginx(report: Report, sizes: Sizes, folder: Path) -> None:
    with stage.behind_nginx(folder) as (service, _):
        client = service.client
        question = stage.question(client)
        _steady(report, sizes, question)
        trials: list[Answers] = []
        best = highest(question, sizes, trials)
        report.raw["search"] = [trial.as_record() for trial in trials]
        report.rows.append(Row("nginx: highest rate sustained", "requests/s", best))
        report.notes.append(DEFINITION)
        _beside_training(report, sizes, client, question, best // 2)


def _steady(report: Report, sizes: Sizes, question: Question) -> None:
    rate, seconds = sizes.steady_rate, sizes.steady_seconds
    steady = at_rate(question, rate, seconds, connections_for(rate))
    report.raw["steady"] = steady.as_record()
    name = f"nginx, {rate:,}/s for {seconds} s"
    report.rows += [
        Row(f"{name}: really offered", "requests/s", steady.offered),
        Row(f"{name}: not a 200", "answers", steady.failed, target=at_most(0)),
        Row(f"{name}: p99", "ms", steady.p(0.99), target=at_most(MOST_P99_MS)),
    ]


def _beside_training(
    report: Report, sizes: Sizes, client: grove.Client, question: Question, rate: int
) -> None:
    """Half of the highest rate, in turn without and with a training that runs beside."""
    grove.make_experiment(client, "beside", data.classes(sizes.train_rows))
    alone, beside = [], []
    for _ in range(sizes.rounds):
        alone.append(at_rate(question, rate, sizes.load_seconds, connections_for(rate)))
        with grove.training_beside(client, "beside") as jobs:
            beside.append(at_rate(question, rate, sizes.load_seconds, connections_for(rate)))
            report.raw.setdefault("trainings_beside", []).append(len(jobs))
    report.raw["half"] = {
        "alone": [each.as_record() for each in alone],
        "beside": [each.as_record() for each in beside],
    }
    for share in (0.5, 0.99):
        ours, yardstick = [each.p(share) for each in beside], [each.p(share) for each in alone]
        what = f"nginx, {rate:,}/s, a training beside, against none: p{share * 100:.0f}"
        ratio = ratio_of_rounds(ours, yardstick)
        report.rows.append(
            Row(what, "ms", statistics.median(ours), statistics.median(yardstick), ratio)
        )
    failed = sum(each.failed for each in [*alone, *beside])
    report.rows.append(
        Row("nginx, with and without a training: not a 200", "answers", failed, target=at_most(0))
    )
