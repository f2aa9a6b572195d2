"""`python3 -m services.worker`: the worker process."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
from multiprocessing import forkserver

import structlog
from sqlalchemy.orm import sessionmaker

from models.database import connect
from services import copies, logs, memory
from services.paths import Home
from services.settings import SettingError, Settings, read
from services.worker import engine
from services.worker.bench import Bench
from services.worker.children import context
from services.worker.leases import BEAT_EVERY, Lease
from services.worker.patience import AWAY
from services.worker.retention import forget_old_jobs, forget_old_predictions

log = structlog.get_logger()
BEATS_OF_PREDICTIONS = 30  # between two looks at those that are too old


def main() -> None:
    """Take jobs until SIGTERM or SIGINT."""
    try:
        settings = read(os.environ)
    except SettingError as error:
        sys.exit(str(error))
    logs.configure(settings.log_level)
    tell_of_memory(settings)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    run(settings, stopping)


def tell_of_memory(settings: Settings) -> None:
    """Say so where all that runs at a time may take more than GROVE_MEMORY_LIMIT."""
    if (least := memory.least(settings)) > settings.memory_limit:
        mib = {"memory_limit_mib": settings.memory_limit >> 20, "least_mib": -(-least >> 20)}
        log.warning("GROVE_MEMORY_LIMIT is too little for all that may run at a time", **mib)


def run(settings: Settings, stopping: threading.Event) -> None:
    """Take jobs until `stopping` is set; then put back what is under way and end the process.

    The engine itself is not stopped, nor its jobs queued again: it would take them up once more.
    Another worker does so as soon as the lease says that this one is no more.
    """
    context()
    forkserver.ensure_running()
    sessions = sessionmaker(connect(settings.database_url))
    lease = Lease(sessions, Home(settings.home))
    lease.begin()
    bench = Bench(settings, sessions, lease.executor)
    code = 1
    try:
        engine.launch(bench)
        log.info("worker ready", executor=lease.executor)
        keep_beating(bench, lease, stopping)
        bench.put_back()
        lease.end()
        copies.drop(bench.home.copies(bench.executor))
        bench.traces.end()
        code = 0
    except Exception:
        log.exception("worker failed", executor=lease.executor)
    finally:
        os._exit(code)  # threads that wait for a child must not note its end as a failure


def keep_beating(bench: Bench, lease: Lease, stopping: threading.Event) -> None:
    """Beat, and take over from the dead, every BEAT_EVERY seconds until `stopping` is set."""
    for beat in itertools.count():
        try:
            if not lease.beat():
                bench.surrender()
            lease.take_over(engine.requeue)
            engine.follow_rows(bench)
            forget_old_jobs(bench.sessions, bench.settings.keep_jobs)
            if beat % BEATS_OF_PREDICTIONS == 0:
                forget_old_predictions(bench.sessions, bench.settings.keep_predictions)
        except AWAY as error:
            log.warning("the database is away", error=str(error)[:200])
        if stopping.wait(BEAT_EVERY):
            return


if __name__ == "__main__":
    main()
