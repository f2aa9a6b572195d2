"""The web and a worker, as run.sh starts them, with the hook that kills them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from services.settings import Settings
from services.setup import prepare
from tests.crash.client import Client
from tests.service import ROOT, environ_for, free_port
from tests.story import settings_for

HOOK = Path(__file__).parent / "hook"
LONG_AGO = 1_000_000_000


@dataclass(frozen=True)
class Event:
    """What a process was about to do."""

    group: int
    process: int
    what: str


class Stage:
    """One home with its processes; they are killed and started again many times."""

    def __init__(self, home: Path, counter: Path) -> None:
        self.home, self.counter = home, counter
        self.settings = settings_for(home)
        address = f"127.0.0.1:{free_port()}"
        self.client = Client(address)
        self.environ = environ_for(
            home,
            GROVE_BIND=address,
            GROVE_WEB_WORKERS="1",
            GROVE_LOG_LEVEL="error",
            OMP_NUM_THREADS="1",
            PYTHONPATH=f"{HOOK}:{ROOT}",
            CRASH_HOME=str(home),
            CRASH_COUNTER=str(counter),
        )
        self.web: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        """Start what does not run."""
        self.worker = self.worker or self._started("services.worker")
        self.open_web()

    def open_web(self) -> None:
        """Start the web, unless it runs."""
        if self.web is None:
            self.web = self._started("controllers.server")
            self.wait_for_web()

    def wait_for_web(self, seconds: float = 60) -> None:
        """Wait until the web answers."""
        deadline = time.monotonic() + seconds
        while self.client.ask("GET", "/jobs") is None:
            assert time.monotonic() < deadline, "the web does not answer"
            time.sleep(0.05)

    def kill_web(self) -> None:
        """Kill gunicorn and all its processes."""
        if self.web is not None:
            os.killpg(self.web.pid, signal.SIGKILL)
            self.web.wait()
            self.web = None

    def kill_worker(self) -> None:
        """Kill the worker; its children end by themselves."""
        if self.worker is not None:
            self.worker.kill()
            self.worker.wait()
            self.worker = None

    def prepare(self) -> None:
        """As run.sh does before it starts them."""
        prepared_later(self.settings)

    def arm(self, number: int) -> None:
        """From here on count events; the process that comes to this one dies."""
        self.counter.write_text(f"{number}\n")

    def disarm(self) -> list[Event]:
        """Count no more; returns what was counted."""
        events = self.events()
        self.counter.unlink()
        return events

    def events(self) -> list[Event]:
        """What was counted so far."""
        lines = self.counter.read_text().splitlines()[1:]
        return [Event(int(a), int(b), what) for a, b, what in (x.split(" ", 2) for x in lines)]

    def _started(self, module: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", module]
        return subprocess.Popen(command, cwd=ROOT, env=self.environ, start_new_session=True)


def prepared_later(settings: Settings) -> None:
    """Prepare as an hour later, when nothing that is left can be on its way still."""
    for folder in ("uploads", "work"):
        for path in (settings.home / folder).iterdir():
            with suppress(FileNotFoundError):
                os.utime(path, (LONG_AGO, LONG_AGO))
    prepare(settings)


@contextmanager
def standing(folder: Path) -> Iterator[Stage]:
    """A stage on a new home; its processes are ended at the end."""
    stage = Stage(folder / "home", folder / "counter")
    prepare(stage.settings)
    stage.open()
    try:
        yield stage
    finally:
        stage.kill_web()
        if stage.worker is not None:
            stage.worker.terminate()
            stage.worker.wait(timeout=30)
