"""The highest constant rate that a service sustains."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.faults import BenchError
from benchmarks.load import Answers, Question, at_rate
from benchmarks.sizes import Sizes

MOST_P99_MS = 50.0
LEAST_SHARE = 0.99
MOST_CONNECTIONS = 1_000
DEFINITION = (
    "sustained: every answer is a 200, at least 99 % of the rate asked for is really offered, "
    f"p99 is under {MOST_P99_MS:.0f} ms"
)


def is_sustained(answers: Answers) -> bool:
    """Whether the service kept up: see DEFINITION."""
    if answers.failed or answers.offered < LEAST_SHARE * answers.asked:
        return False
    return answers.p(0.99) < MOST_P99_MS


def connections_for(rate: int) -> int:
    """So many that one of them asks five times a second: the next request waits for no answer."""
    return min(MOST_CONNECTIONS, max(10, rate // 5))


def highest(question: Question, sizes: Sizes, trials: list[Answers]) -> int:
    """The highest rate that is sustained, within `sizes.precision`; trials keeps what was tried."""

    def tried(rate: int) -> bool:
        answers = at_rate(question, rate, sizes.load_seconds, connections_for(rate))
        trials.append(answers)
        return is_sustained(answers)

    return search(tried, sizes.lowest_rate, sizes.highest_rate, sizes.precision)


def search(holds: Callable[[int], bool], lowest: int, most: int, precision: float) -> int:
    """The highest whole number that holds: by doubling, then by halving what is left.

    A rate fails only where it fails twice: one hiccup of the machine is not its limit.
    Raises BenchError where not even the lowest holds.
    """

    def holds_once(rate: int) -> bool:
        return holds(rate) or holds(rate)

    if not holds_once(lowest):
        raise BenchError(f"not even {lowest} requests a second are sustained")
    good, bad = lowest, lowest * 2
    while bad <= most and holds_once(bad):
        good, bad = bad, bad * 2
    while bad > good * precision:
        middle = (good + bad) // 2
        if middle == good:
            break
        if holds_once(middle):
            good = middle
        else:
            bad = middle
    return good
