"""How gunicorn runs: this is its configuration, and `python3 -m controllers.server` becomes it.

It imports little, for it is gone before the application is made; the numbers that people choose
come from the settings.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import psutil
from prometheus_client import multiprocess

from controllers.seats import pre_fork, seats
from services import settings

__all__ = ["pre_fork"]  # gunicorn finds its hooks here
COUNTS = "grove-counts-"
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
GARBAGE = 10_000  # new objects, not 700: a request leaves hardly a cycle behind

accesslog = None  # the application writes its own line for each request
logger_class = "controllers.server_log.JsonLogger"
loglevel = "warning"
graceful_timeout = 70  # longer than the longest wait for a job
keepalive = 75
timeout = 120
control_socket_disable = True


def post_worker_init(_: object) -> None:
    """Set aside what lives as long as the process: the collector need not look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)


def child_exit(_: object, worker: Any) -> None:
    """gunicorn's hook, called in its first process once a worker is no more."""
    seats.leave(worker.seat)
    if FOLDER in (known := settings.environment()):  # else who started gunicorn wants no figures
        multiprocess.mark_process_dead(worker.pid, known[FOLDER])  # type: ignore[no-untyped-call]


def on_exit(_: object) -> None:
    """gunicorn's hook, called in its first process at the end."""
    if FOLDER in (known := settings.environment()):
        shutil.rmtree(known[FOLDER], ignore_errors=True)


def chosen_settings() -> settings.Settings:
    """The settings, or the end of this process with what is wrong with them."""
    try:
        return settings.read(os.environ)
    except settings.SettingError as error:
        sys.exit(str(error))


def gunicorn_arguments(chosen: settings.Settings) -> list[str]:
    """How gunicorn is to serve; nothing is loaded before the fork: engines do not outlive it."""
    return [
        f"--bind={chosen.bind}",
        f"--workers={chosen.web_workers}",
        f"--threads={chosen.web_threads}",
        "--worker-class=controllers.balanced.BalancedWorker",
        "--config=python:controllers.server",
        "controllers.main:served()",
    ]


def _new_folder() -> str:
    """A folder that bears this process's id, which gunicorn will have; those of the dead go."""
    for folder in Path(tempfile.gettempdir()).glob(f"{COUNTS}*"):
        pid = folder.name.removeprefix(COUNTS).partition("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
    return tempfile.mkdtemp(prefix=f"{COUNTS}{os.getpid()}-")


def become(chosen: settings.Settings) -> None:
    """Go on as gunicorn."""
    os.chdir(Path(__file__).resolve().parents[1])
    command = [sys.executable, "-m", "gunicorn", *gunicorn_arguments(chosen)]
    # Where its processes write what they count, so that any of them can tell of all.
    counts = _new_folder()
    os.execve(sys.executable, command, settings.environment(**{FOLDER: counts}))  # noqa: S606


if __name__ == "__main__":
    become(chosen_settings())
