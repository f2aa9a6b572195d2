"""overload: three times the rate that is sustained, through nginx as shipped."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks import grove, proxy, stage
from benchmarks.figures import percentile, ratio_of_rounds
from benchmarks.load import OK, Answers, Question, at_rate
from benchmarks.processes import shared_memory
from benchmarks.report import Report, Row, at_least, at_most
from benchmarks.sizes import Sizes
from benchmarks.sustained import DEFINITION, connections_for, highest

NEEDS = ("h2load", "nginx")
TIMES = 3
REFUSED = (429, 503)
MOST_TIMES_P99, MOST_GROWTH = 2.0, 1.10
PROBE_SECONDS = 0.1
ALL_OF_IT = 0.90


@dataclass(frozen=True)
class Measured:
    """The two loads, a pair of them for each round; memory in MiB before and after all."""

    steady: list[Answers]
    overload: list[Answers]
    before: float
    after: float


def run(sizes: Sizes) -> Report:
    """Find the rate that is sustained, then offer three times as much."""
    report = Report("overload", sizes.form)
    with stage.temporary() as folder, stage.behind_nginx(folder) as (service, nginx):
        grove.make_cancer(service.client)
        question = stage.question(service.client)
        trials: list[Answers] = []
        rate = highest(question, sizes, trials)
        report.raw["search"] = [trial.as_record() for trial in trials]
        refusals: list[str] = []
        with probing(service.client, question, refusals):
            measured = _measure(question, sizes, rate, (service, nginx))
        _tell(report, measured, rate, refusals)
    return report


def _measure(
    question: Question, sizes: Sizes, rate: int, parts: tuple[grove.Grove, proxy.Proxy]
) -> Measured:
    def memory() -> float:
        return shared_memory([*parts[0].web(), *parts[1].processes()])

    steady, overload, before = [], [], memory()
    for _ in range(sizes.rounds):
        steady.append(at_rate(question, rate, sizes.load_seconds, connections_for(rate)))
        overload.append(at_rate(question, rate * TIMES, sizes.load_seconds, sizes.crowd))
    return Measured(steady, overload, before, memory())


def _tell(report: Report, measured: Measured, rate: int, refusals: list[str]) -> None:
    report.rows += [*_accepted(measured, rate), *_refused(measured, refusals), _memory(measured)]
    report.notes += [
        DEFINITION,
        f"{len(refusals)} refusals were looked at one by one, by a probe beside the load",
    ]
    report.raw |= {
        "rate": rate,
        "steady": [each.as_record() for each in measured.steady],
        "overload": [each.as_record() for each in measured.overload],
        "refusals": sorted({each for each in refusals if each}),
    }


def _accepted(measured: Measured, rate: int) -> list[Row]:
    """What was offered and what was answered, against the load that is sustained."""
    offered = [each.offered for each in measured.overload]
    answered = [each.offered * len(each.accepted) / each.total for each in measured.overload]
    ours = [each.p(0.99) for each in measured.overload]
    steady = [each.p(0.99) for each in measured.steady]
    times = statistics.median(offered) / rate
    p99 = statistics.median(ours), statistics.median(steady)
    return [
        Row("really offered, against the rate sustained", "requests/s",
            statistics.median(offered), rate, times, at_least(TIMES * ALL_OF_IT)),
        Row("accepted, against the rate sustained", "answers/s",
            statistics.median(answered), rate, statistics.median(answered) / rate),
        Row("accepted: p99, against that at the rate sustained", "ms", *p99,
            ratio_of_rounds(ours, steady), at_most(MOST_TIMES_P99)),
    ]  # fmt: skip


def _refused(measured: Measured, refusals: list[str]) -> list[Row]:
    """How the rest was refused; where all was accepted, there is no time of refusals."""
    refused = [ms for each in measured.overload for ms in each.of(*REFUSED)]
    failed = sum(each.failed for each in measured.overload)
    wrong = sum(map(bool, refusals))
    rows = [
        Row("neither 200 nor 429 nor 503", "answers", failed - len(refused), target=at_most(0)),
        Row("refusals without Retry-After or problem", "of those probed", wrong, target=at_most(0)),
    ]
    if refused:
        rows.append(Row("refused: p99", "ms", percentile(refused, 0.99)))
    return rows


def _memory(measured: Measured) -> Row:
    what, growth = "memory of web and nginx, after against before", measured.after / measured.before
    target = at_most(MOST_GROWTH)
    return Row(what, "MiB PSS", measured.after, measured.before, growth, target)


@contextmanager
def probing(client: grove.Client, question: Question, refusals: list[str]) -> Iterator[None]:
    """Ask ten times a second beside the load: what is wrong with each refusal, "" for nothing."""
    over = threading.Event()

    def probe() -> None:
        path = question.url.partition(client.address)[2]
        while not over.wait(PROBE_SECONDS):
            started = time.monotonic()
            try:
                status, headers, body = client.ask("POST", path, question.body)
            except OSError as error:
                refusals.append(f"no answer after {time.monotonic() - started:.1f} s: {error}")
                continue
            if status != OK:
                refusals.append(wrong_with(status, headers.get("Retry-After"), body))

    prober = threading.Thread(target=probe)
    prober.start()
    try:
        yield
    finally:
        over.set()
        prober.join()


def wrong_with(status: int, retry_after: str | None, body: bytes) -> str:
    """What a refusal lacks; nothing where it is as it should be."""
    if status not in REFUSED:
        return f"status {status}"
    if not (retry_after or "").isdigit():
        return f"Retry-After {retry_after!r}"
    try:
        told = json.loads(body)["status"]
    except (ValueError, KeyError, TypeError):
        return "no problem in the body"
    return "" if told == status else f"the problem says {told}, the answer {status}"
