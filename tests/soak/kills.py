"""`python3 -m tests.soak.kills --rounds 200 --seed 0`: kill, kill, kill, and see what is lost.

The real service bears a bounded load while one of its processes after the other is killed. At the
end each job that was accepted must be over, each thing that was promised be there, and rows and
files agree; what must not happen is counted, and the command fails where a count is not zero.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Job
from models.database import connect, now
from models.job import OPEN
from tests.crash.agreement import differences
from tests.crash.client import Client
from tests.crash.stage import prepared_later
from tests.service import Service, running
from tests.soak.load import EXCUSED, Promises, Visitor
from tests.soak.victims import strike
from tests.story import settings_for

VISITORS = 3
SHORTEST, LONGEST = 0.2, 4.0  # seconds between two kills; a worker takes two to be up again
STUCK = 90
BAD = ("internal_error", "work_lost", "storage_failed", "split_missing", "split_changed")


@dataclass
class Counts:
    """What a run has come to; what is in `faults` must not be."""

    killed: Counter[str] = field(default_factory=Counter)
    told: dict[str, int] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Whether nothing went wrong."""
        return not any(self.faults.values())

    def table(self) -> str:
        """All counts, and below them what went wrong, in words."""
        lines = [(f"killed: {role}", number) for role, number in sorted(self.killed.items())]
        lines += list(self.told.items())
        lines += [(f"{what} (must be 0)", len(found)) for what, found in self.faults.items()]
        shown = [f"{what:<52}{number:>8}" for what, number in lines]
        return "\n".join([*shown, *(f"  {one}" for each in self.faults.values() for one in each)])


class Kept:
    """The service, started anew whenever it has ended; `address` is where it is now."""

    def __init__(self, home: Path) -> None:
        self.home, self.stack = home, ExitStack()
        self.address = [""]
        self.start()

    def start(self) -> None:
        """Start the service; what is left of one that has ended is cleared away first."""
        self.stack.close()
        self.service: Service = self.stack.enter_context(
            running(self.home, GROVE_LOG_LEVEL="error")
        )
        self.address[0] = self.service.address

    def strike(self, pick: random.Random) -> str | None:
        """Kill one of its processes."""
        role = strike(self.service.pid, pick)
        if role in (None, "first web"):
            self.start()
        return role


@contextmanager
def load(kept: Kept, seed: int) -> Iterator[list[Promises]]:
    """Clients at work while the block lasts; what they were promised."""
    over = threading.Event()
    visitors = [Visitor(number, seed, kept.address, over) for number in range(VISITORS)]
    for visitor in visitors:
        visitor.start()
    try:
        yield [visitor.promises for visitor in visitors]
    finally:
        over.set()
        for visitor in visitors:
            visitor.join()


def soak(home: Path, rounds: int, seed: int) -> Counts:
    """So many kills under load, then rest; what was found."""
    counts, pick = Counts(), random.Random(seed)  # noqa: S311
    kept = Kept(home)
    with kept.stack:
        with load(kept, seed) as promises:
            for _ in range(rounds):
                time.sleep(pick.uniform(SHORTEST, LONGEST))
                counts.killed[kept.strike(pick) or "nothing: it had ended"] += 1
        wait_for_rest(home)
        counts.faults["things promised and not so"] = broken(Client(kept.address[0]), promises)
    counts.faults |= found_at_rest(home, promises)
    counts.told |= told(home, promises)
    return counts


def wait_for_rest(home: Path) -> None:
    """Wait until no job is open and rows and files agree, but not longer than is good."""
    deadline = time.monotonic() + STUCK
    while real(differences(home)) and time.monotonic() < deadline:
        time.sleep(0.5)


def real(found: list[str]) -> list[str]:
    """Without what killed requests have left: the next start removes it."""
    return [one for one in found if not one.startswith("no row names")]


def broken(client: Client, promises: list[Promises]) -> list[str]:
    """What is there and was deleted, or is not there and was made."""
    certain = {thing: it for each in promises for thing, it in each.certain().items()}
    said = {thing: client.get(thing).status == 200 for thing in certain}
    return [f"{thing}: {said[thing]}" for thing, it in certain.items() if said[thing] != it]


def found_at_rest(home: Path, promises: list[Promises]) -> dict[str, list[str]]:
    """What the rows and the files of a service that was stopped have to say."""
    jobs = {job.id: job for job in all_jobs(home)}
    before = real(differences(home))
    prepared_later(settings_for(home))
    found = sorted({*before, *differences(home)})
    return {
        "accepted jobs lost": [id_ for p in promises for id_ in p.jobs if id_ not in jobs],
        "jobs run twice to a second version": [one for one in found if " made " in one],
        f"jobs stuck for more than {STUCK} s": [job.id for job in jobs.values() if stuck(job)],
        "rows and files that disagree": [one for one in found if " made " not in one],
        "errors without excuse": [
            *(error for each in promises for error in each.errors),
            *(f"job {job.id}: {job.error}" for job in jobs.values() if is_bad(job)),
        ],
    }


def told(home: Path, promises: list[Promises]) -> dict[str, int]:
    jobs = all_jobs(home)
    return {
        "requests answered": sum(each.answers for each in promises),
        "requests cut off": sum(each.unanswered for each in promises),
        "jobs whose id was answered": sum(len(each.jobs) for each in promises),
        **{f"jobs {state}": n for state, n in sorted(Counter(job.state for job in jobs).items())},
        "jobs that took more than one attempt": sum(job.attempt > 1 for job in jobs),
        "jobs failed by a kill": sum((job.error or {}).get("code") in EXCUSED for job in jobs),
    }


def all_jobs(home: Path) -> list[Job]:
    engine = connect(settings_for(home).database_url)
    try:
        with Session(engine) as session:
            return list(session.scalars(sa.select(Job)))
    finally:
        engine.dispose()


def stuck(job: Job) -> bool:
    """Whether it is open still, or took too long."""
    taken = (job.finished_at or now()) - job.created_at
    return job.state in OPEN or taken.total_seconds() > STUCK


def is_bad(job: Job) -> bool:
    return (job.error or {}).get("code") in BAD


def main() -> None:
    """Run, print the table, fail where a count that must be zero is not."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak.kills")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="grove-soak-") as folder:
        counts = soak(Path(folder), chosen.rounds, chosen.seed)
    print(counts.table())
    sys.exit(not counts.is_clean)


if __name__ == "__main__":
    main()
