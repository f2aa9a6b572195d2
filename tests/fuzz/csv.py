"""Reads tables made by chance for as long as wanted: python -m tests.fuzz.csv --minutes 10.

A case is its seed and its number, so that the same command makes the same cases again. What is
found is printed at once, one JSON object a line; tests/fuzz/test_found.py keeps it.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.cases import Case, case
from tests.fuzz.judge import ACCEPTED, judge

# Of findings that are alike, the first are shown and the rest counted.
SHOWN = 3


@dataclass
class Found:
    """How many cases ended in which way."""

    outcomes: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)

    def take(self, name: str, each: Case, path: Path) -> None:
        """Judge one case, and print what is wrong."""
        try:
            self.outcomes[judge(each, path)] += 1
        except Exception as error:  # noqa: BLE001 (whatever comes out is what is looked for)
            kind = _kind(error)
            self.findings[kind] += 1
            if self.findings[kind] <= SHOWN:
                print(json.dumps(_record(name, each, error)), flush=True)

    def add(self, other: Found) -> None:
        """Take in what another process found."""
        self.outcomes += other.outcomes
        self.findings += other.findings

    @property
    def runs(self) -> int:
        """How many cases were judged."""
        return self.outcomes.total() + self.findings.total()

    def summary(self) -> str:
        """The figures, for people."""
        refused = {code: n for code, n in self.outcomes.most_common() if code != ACCEPTED}
        return "\n".join(
            [
                f"{self.runs:,} runs",
                f"{self.outcomes[ACCEPTED]:,} accepted",
                f"{sum(refused.values()):,} refused: {refused}",
                f"{self.findings.total():,} findings: {dict(self.findings)}",
            ]
        )


def _kind(error: Exception) -> str:
    at, last = "", error.__traceback__
    while last is not None:
        code = last.tb_frame.f_code
        at = f"{Path(code.co_filename).name}:{code.co_name}"
        last = last.tb_next
    return f"{type(error).__name__} in {at}"


def _record(name: str, each: Case, error: Exception) -> dict[str, Any]:
    return {
        "case": name,
        "error": f"{type(error).__name__}: {error}"[:500],
        "content": each.content.hex(),
        "reading": each.reading.as_record(),
        "limits": asdict(each.limits) if not each.is_judged else each.limits.block_bytes,
    }


def run(seed: int, numbers: range, seconds: float) -> Found:
    """Judge the cases of these numbers, one after the other, until the time is over."""
    found, end = Found(), time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.csv"
        for number in _until(end, numbers):
            name = f"{seed}:{number}"
            found.take(name, case(Random(name)), path)  # noqa: S311 (chance that can be repeated)
    return found


def _until(end: float, numbers: range) -> Iterator[int]:
    for number in numbers:
        if time.monotonic() > end:
            return
        yield number


def main(arguments: list[str]) -> int:
    """The command; 1 where anything was found."""
    asked = _parser().parse_args(arguments)
    shares = [range(first, asked.runs, asked.processes) for first in range(asked.processes)]
    seconds = 60 * asked.minutes
    total = Found()
    with get_context("spawn").Pool(asked.processes) as pool:
        for found in pool.starmap(run, [(asked.seed, share, seconds) for share in shares]):
            total.add(found)
    print(total.summary())
    return 1 if total.findings else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.csv", description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000_000, help="how many cases")
    parser.add_argument("--minutes", type=float, default=math.inf, help="for how long at most")
    parser.add_argument("--seed", type=int, default=0, help="which cases")
    parser.add_argument("--processes", type=int, default=2, help="how many at a time")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
