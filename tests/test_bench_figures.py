"""The arithmetic of the benchmarks, and how they read what wrk and h2load say."""

from __future__ import annotations

import json
import math

import pytest

from benchmarks.faults import BenchError
from benchmarks.figures import exponent, percentile, ratio_of_rounds
from benchmarks.load import answers_of, spacing, wrk_rate
from benchmarks.sustained import is_sustained, search

pytestmark = pytest.mark.no_database

WRK = {"requests": 600, "microseconds": 2_000_000}
FINE = {"status": 0, "connect": 0, "read": 0, "write": 0, "timeout": 0}


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100), (0.0, 1)]
)
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: int) -> None:
    assert percentile(range(100, 0, -1), share) == expected


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_a_ratio_is_taken_round_by_round() -> None:
    """The machine was three times as slow in the second round, for both."""
    assert ratio_of_rounds([10, 30, 11], [20, 60, 20]) == 0.5


def test_rounds_come_in_pairs() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio_of_rounds([1, 2], [1])


@pytest.mark.parametrize("power", [0.5, 1.0, 1.15, 2.0])
def test_the_exponent_is_found(power: float) -> None:
    sizes = [100, 400, 1600]
    assert math.isclose(exponent(sizes, [3 * size**power for size in sizes]), power)


def test_wrk_counts() -> None:
    assert wrk_rate("Running 2s test\n" + json.dumps(WRK | FINE) + "\n") == 300


@pytest.mark.parametrize("kind", FINE)
def test_no_figure_is_made_of_errors(kind: str) -> None:
    with pytest.raises(BenchError, match="1 of 600 answers"):
        wrk_rate(json.dumps(WRK | FINE | {kind: 1}))


def test_no_figure_is_made_of_nothing() -> None:
    with pytest.raises(BenchError, match="nothing that can be read"):
        wrk_rate("unable to connect")
    with pytest.raises(BenchError, match="0 of 0"):
        wrk_rate(json.dumps(WRK | FINE | {"requests": 0}))


def test_the_log_of_h2load_is_read() -> None:
    lines = ["1000000\t200\t1500", "1500000\t503\t900", "2000000\t200\t2500", "2000000\t-1\t0"]
    found = answers_of(lines, 2)
    assert found.milliseconds == {200: [1.5, 2.5], 503: [0.9], -1: [0.0]}
    assert (found.total, found.failed, found.offered) == (4, 2, 3.0)
    assert found.p(0.99) == 2.5
    assert found.of(429, 503) == [0.9]


def test_an_empty_log_is_no_answer() -> None:
    with pytest.raises(BenchError, match="no answers"):
        answers_of([""], 2)


@pytest.mark.parametrize("rate", [50, 300, 999, 1000, 3000, 16000])
def test_connections_open_about_as_often_as_requests_are_due(rate: int) -> None:
    together, apart = (int("".join(filter(str.isdigit, word))) for word in spacing(rate))
    assert math.isclose(together * 1000 / apart, rate, rel_tol=0.34)


def steady(milliseconds: dict[int, list[float]], offered: float = 100) -> bool:
    lines = [
        f"{number * 1_000_000 / offered:.0f}\t{status}\t{each * 1000:.0f}"
        for number, (status, each) in enumerate(
            (status, each) for status, those in milliseconds.items() for each in those
        )
    ]
    return is_sustained(answers_of(lines, 100))


def test_what_sustained_means() -> None:
    assert steady({200: [5.0] * 200})
    assert not steady({200: [5.0] * 199, 503: [1.0]})
    assert not steady({200: [5.0] * 199, -1: [0.0]})
    assert not steady({200: [5.0] * 197 + [51.0] * 3})
    assert not steady({200: [5.0] * 200}, offered=98)


@pytest.mark.parametrize("limit", [250, 251, 1777, 3999, 20_000])
def test_the_search_ends_just_below_the_limit(limit: int) -> None:
    found = search(lambda rate: rate <= limit, 250, 16_000, 1.05)
    assert found <= limit
    assert found * 1.05 >= min(limit, 16_000)


def test_one_hiccup_is_not_the_limit() -> None:
    tried: list[int] = []

    def holds(rate: int) -> bool:
        tried.append(rate)
        return rate <= 2000 and tried.count(rate) > 1

    assert search(holds, 250, 16_000, 1.05) >= 1900


def test_a_service_that_sustains_nothing_is_said() -> None:
    with pytest.raises(BenchError, match="not even 250"):
        search(lambda _: False, 250, 16_000, 1.05)
