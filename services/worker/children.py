"""Heavy steps run in children: a step that eats the memory or must end takes nobody with it."""

from __future__ import annotations

import fcntl
import gc
import importlib
import logging
import math
import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from models.errors import Failed
from services.worker.outcomes import Outcome, Report, attempted, out_of_memory

LOOK_EVERY = 0.25
TRIES = 5
# Killed from outside, by the kernel; ended by the C library, which had no room for a thread's data.
NO_MEMORY = (-signal.SIGKILL, 127)
NICER = 10  # a step takes the processor that is left over by who answers requests
# A fork server imports the libraries once, in a process that has no thread and no connection;
# each child is a fork of it, ready within milliseconds.
TASKS = "services.worker.tasks"

log = logging.getLogger(__name__)


def context() -> ForkServerContext:
    """The way children are made."""
    forkserver = multiprocessing.get_context("forkserver")
    forkserver.set_forkserver_preload([TASKS])
    return forkserver


def run_in_child(
    task: str, args: tuple[Any, ...], memory_limit: int, look: Callable[[], None], report: Report
) -> Outcome:
    """What a task of services.worker.tasks returns, run in a child with so many bytes of memory.

    `look` is called a few times a second; what it raises ends the child. `report` is told the
    progress. An error that the task raises comes back as {"error": its record}; a child that
    dies is `out_of_memory` or `child_died`. The task goes by its name: the worker itself need
    not load what a task needs.
    """
    ours, theirs = context().Pipe(duplex=False)
    child = _started((theirs, task, args, memory_limit))
    theirs.close()
    try:
        return _listen(child, ours, look, report)
    finally:
        child.kill()
        child.join()
        ours.close()


def _started(args: tuple[Any, ...]) -> ForkServerProcess:
    """A child at work, started anew where the fork server was killed: then it is a new one.

    One that was just killed refuses connections for a moment before it is seen to be gone.
    """
    for tries_left in reversed(range(TRIES)):
        child = context().Process(target=_main, args=args, daemon=True)
        try:
            child.start()
        except (EOFError, ConnectionError):
            if not tries_left:
                raise
            time.sleep(LOOK_EVERY)
        else:
            break
    return child


def _listen(
    child: ForkServerProcess, pipe: Connection, look: Callable[[], None], report: Report
) -> Outcome:
    looked = -math.inf
    while True:
        if time.monotonic() - looked >= LOOK_EVERY:  # a child may report after every few rows
            look()
            looked = time.monotonic()
        if not pipe.poll(LOOK_EVERY):
            continue
        try:
            kind, content = pipe.recv()
        except EOFError:
            return _died(child)
        if kind == "outcome":
            return dict(content)
        report(*content)


def _died(child: ForkServerProcess) -> Outcome:
    child.join()
    log.error("a child ended with exit code %s", child.exitcode)
    if child.exitcode in NO_MEMORY:
        return {"error": out_of_memory().as_record()}
    message = "the process that did this step ended unexpectedly"
    return {"error": Failed(message, code="child_died").as_record()}


def _main(pipe: Connection, task: str, args: tuple[Any, ...], memory_limit: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # these are the worker's to answer
        signal.signal(number, signal.SIG_IGN)
    end_with_parent()
    os.nice(NICER)
    gc.freeze()  # what the fork server loaded is there for good: to look at it costs, and copies it
    limit = _data_limit(memory_limit)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    pipe.send(("outcome", _outcome(pipe, task, args)))


def _data_limit(memory_limit: int) -> int:
    """What RLIMIT_DATA is to be for this process to use so many bytes.

    It counts what is reserved, used or not; the allocator of pyarrow alone reserves a gigabyte.
    """
    lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    kilobytes = {line[0]: int(line[1]) for line in lines if line[0] in ("VmData:", "RssAnon:")}
    return kilobytes["VmData:"] * 1024 + max(0, memory_limit - kilobytes["RssAnon:"] * 1024)


def _outcome(pipe: Connection, task: str, args: tuple[Any, ...]) -> Outcome:
    work: Callable[..., Outcome] = getattr(importlib.import_module(TASKS), task)
    return attempted(
        lambda: work(*args, lambda share, message: pipe.send(("report", (share, message))))
    )


def end_with_parent() -> None:
    """Have this process end when the worker does, however that goes.

    The kernel tells of the end of the pipe that the worker holds, by a signal whose default is to
    end: what grows trees may hold the interpreter for a minute, and no thread of it runs then.
    The thread is for a worker that is gone already.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    pipe = parent.sentinel
    fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
