"""Processes that a benchmark starts, and ends with all that they have started; their memory."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from benchmarks.faults import BenchError

ROOT = Path(__file__).resolve().parents[1]
GRACE_SECONDS = 30
PATIENCE_SECONDS = 90
KIB_PER_MIB = 1024
LOOK_SECONDS = 0.2
# What run.sh sets for Grove's own good, a yardstick runs without; and nobody compiles his own
# modules anew at every start, as a machine may have been told that builds images.
NOT_INHERITED = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "PYTHONPATH",
    "PYTHONDONTWRITEBYTECODE",
)


def clean_environ(**chosen: str) -> dict[str, str]:
    """This process's environment without Grove's settings and others', and what is chosen."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("GROVE_")}
    own = {k: v for k, v in inherited.items() if k not in NOT_INHERITED}
    return {**own, **chosen}


@contextmanager
def started(
    command: Sequence[str | Path], log: Path, environ: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a group of its own, its words in a file; end the whole group after."""
    with log.open("ab") as words:
        process = subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, env=environ, stdout=words, stderr=words, start_new_session=True
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    try:
        os.killpg(process.pid, signal.SIGKILL)  # its group outlives it where a child is stuck
    except ProcessLookupError:
        return  # as it should be: nothing is left


def wait_until(is_ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait; BenchError with the end of the log where the process ends or takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            end = log.read_text(errors="replace")[-2000:]
            raise BenchError(f"{process.args!r} did not become ready:\n{end}")
        time.sleep(0.01)


def free_port() -> int:
    """A port of loopback that nothing listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def family(pid: int) -> list[int]:
    """A process and all that it has started, and so on."""
    with suppress(psutil.NoSuchProcess):
        return [pid, *(each.pid for each in psutil.Process(pid).children(recursive=True))]
    return [pid]


def command_of(pid: int) -> str:
    """The command line, or nothing once the process is gone."""
    with suppress(psutil.NoSuchProcess):
        return " ".join(psutil.Process(pid).cmdline())
    return ""


def shared_memory(pids: Sequence[int]) -> float:
    """MiB that these processes hold together (PSS: a page that n share counts 1/n for each)."""
    return sum(_number(f"/proc/{pid}/smaps_rollup", "Pss") or 0 for pid in pids) / KIB_PER_MIB


def memory_of(pid: int, figure: str) -> float:
    """MiB of a process by the name of a figure in /proc/PID/status; 0 once it is gone."""
    return (_number(f"/proc/{pid}/status", figure) or 0) / KIB_PER_MIB


def _number(path: str, name: str) -> int | None:
    try:
        match = re.search(rf"^{name}:\s*(\d+)", Path(path).read_text(), re.MULTILINE)
    except OSError:
        return None  # it has just ended
    return int(match[1]) if match else None


@contextmanager
def peaks(pid: int, *words: str, figure: str = "VmHWM") -> Iterator[dict[int, float]]:
    """The highest MiB of each process under `pid` whose command has one of the words.

    `figure` is one of /proc/PID/status: by default the most that it ever held. RssAnon is what it
    holds of its own, no pages of files, whenever it is looked at.
    """
    highest: dict[int, float] = {}
    over = threading.Event()

    def look() -> None:
        for each in family(pid):
            if any(word in command_of(each) for word in words):
                highest[each] = max(highest.get(each, 0.0), memory_of(each, figure))

    def watch() -> None:
        while not over.wait(LOOK_SECONDS):
            look()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield highest
    finally:
        look()
        over.set()
        watcher.join()
