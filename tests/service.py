"""The whole service as a user starts it: ./run.sh, with gunicorn and a worker."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.databases import database_of

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Service:
    """A running service: its address, its home, what it printed, its environment."""

    address: str
    home: Path
    greeting: str
    environ: dict[str, str]
    pid: int


def environ_for(home: Path, **chosen: str) -> dict[str, str]:
    """An environment in which run.sh uses the interpreter that runs the tests."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GROVE_")}
    path = f"{Path(sys.executable).parent}:{clean['PATH']}"
    own = {"PATH": path, "PARTS_INSTALLED": "1", "GROVE_HOME": str(home)}
    own |= {"GROVE_LOG_LEVEL": "warning", "GROVE_WAIT": "60", **database_of(home)}
    return {**clean, **own, **chosen}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(home: Path, *command: str, host: str = "127.0.0.1", **chosen: str) -> Iterator[Service]:
    """Start the service, wait for its greeting, and end it."""
    port = free_port()
    environ = environ_for(home, GROVE_BIND=f"{host}:{port}", **chosen)
    process = subprocess.Popen(
        [str(ROOT / "run.sh"), *command], env=environ, stdout=subprocess.PIPE, text=True
    )
    try:
        greeting = _greeting(process)
        yield Service(f"127.0.0.1:{port}", home, greeting, environ, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def _greeting(process: subprocess.Popen[str]) -> str:
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if "Ctrl-C ends" in line:
            return "".join(lines)
    raise AssertionError("".join(lines))
