"""The two generators: wrk asks as fast as it is answered, h2load as often as it is told."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.faults import BenchError
from benchmarks.figures import percentile
from benchmarks.tools import path_of

WRK_CONNECTIONS = 32
SLACK_SECONDS = 60
OK = 200
# A client has a machine of its own: h2load must not wait for the cores that it keeps busy here.
# Only root may ask for that; for others `nice` says so and goes on without.
FIRST = ("nice", "-n", "-10")
SCRIPT = Path(__file__).with_name("wrk.lua")
MICROSECONDS = 1e6


@dataclass(frozen=True)
class Question:
    """One request, asked again and again: its URL, its JSON body, its headers."""

    url: str
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)

    def all_headers(self) -> list[str]:
        """The headers as wrk and h2load take them."""
        given = {"Content-Type": "application/json", **self.headers}
        return [word for name, value in given.items() for word in ("-H", f"{name}: {value}")]


def as_fast_as_answered(question: Question, seconds: int) -> float:
    """Answers a second to wrk's 32 connections.

    Raises BenchError where one answer was not a 200, or a connection broke.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".json") as body:
        body.write(json.dumps(question.body))
        body.flush()
        sizes = ["-t1", f"-c{WRK_CONNECTIONS}", f"-d{seconds}s"]
        script = ["-s", str(SCRIPT), *question.all_headers(), question.url, "--", body.name]
        return wrk_rate(_said([path_of("wrk"), *sizes, *script], seconds))


def wrk_rate(text: str) -> float:
    """Requests a second out of what wrk.lua prints. Raises BenchError on any failure."""
    line = next((line for line in text.splitlines() if line.startswith("{")), None)
    if line is None:
        raise BenchError(f"wrk said nothing that can be read:\n{text}")
    told = json.loads(line)
    failed = sum(told[name] for name in ("status", "connect", "read", "write", "timeout"))
    if failed or not told["requests"]:
        raise BenchError(f"{failed} of {told['requests']} answers to wrk were failures: {line}")
    return float(told["requests"] / (told["microseconds"] / MICROSECONDS))


@dataclass(frozen=True)
class Answers:
    """What came back at a constant rate: asked for, really offered (a second), ms by status."""

    asked: float
    offered: float
    milliseconds: dict[int, list[float]]

    @property
    def total(self) -> int:
        """All answers."""
        return sum(map(len, self.milliseconds.values()))

    @property
    def accepted(self) -> list[float]:
        """The milliseconds of the 200s."""
        return self.milliseconds.get(OK, [])

    @property
    def failed(self) -> int:
        """The answers that were not a 200; a broken connection has the status -1."""
        return self.total - len(self.accepted)

    def of(self, *statuses: int) -> list[float]:
        """The milliseconds of these statuses."""
        return [each for status in statuses for each in self.milliseconds.get(status, [])]

    def p(self, share: float) -> float:
        """A percentile of the accepted, in milliseconds."""
        return percentile(self.accepted, share)

    def as_record(self) -> dict[str, Any]:
        """The answers in short, as plain values."""
        by_status = {
            str(status): {
                "count": len(each),
                "p50_ms": percentile(each, 0.5),
                "p99_ms": percentile(each, 0.99),
                "max_ms": max(each),
            }
            for status, each in self.milliseconds.items()
        }
        return {"asked": self.asked, "offered": self.offered, "answers": by_status}


def at_rate(question: Question, rate: int, seconds: int, connections: int) -> Answers:
    """Ask `rate` times a second, whatever the answers do: an open loop, evenly spaced.

    Each connection asks at its own fixed times. They are opened one after the other, over just
    the time between two requests of one of them; opened at once, as h2load would by itself, they
    would all ask at once, again and again.
    """
    each = max(1, round(rate * seconds / connections))
    with tempfile.TemporaryDirectory() as folder:
        body, log = Path(folder, "body"), Path(folder, "log")
        body.write_text(json.dumps(question.body))
        command = [
            *(
                *FIRST,
                path_of("h2load"),
                "--h1",
                "-t1",
                f"-c{connections}",
                f"-n{each * connections}",
            ),
            *(f"--rps={rate / connections:.6f}", *spacing(rate)),
            *("-d", str(body), f"--log-file={log}", *question.all_headers(), question.url),
        ]
        _said(command, seconds)
        return answers_of(log.read_text().splitlines(), rate)


def spacing(rate: int) -> list[str]:
    """h2load's options to open as many connections a second as it is to ask requests."""
    together, apart = max(1, round(rate / 1000)), max(1, round(1000 / rate))
    return [f"-r{together}", f"--rate-period={apart}ms"]


def answers_of(lines: Iterable[str], asked: float) -> Answers:
    """The answers in h2load's log: start (microseconds), status, duration (microseconds).

    Raises BenchError where it holds fewer than two.
    """
    rows = [tuple(map(int, line.split("\t")[:3])) for line in lines if line.strip()]
    if len(rows) < 2:  # noqa: PLR2004
        raise BenchError("h2load got no answers")
    starts = [row[0] for row in rows]
    by_status: dict[int, list[float]] = defaultdict(list)
    for _, status, took in rows:
        by_status[status].append(took / 1000)
    span = (max(starts) - min(starts)) / MICROSECONDS
    return Answers(asked, (len(rows) - 1) / max(span, 1e-6), dict(by_status))


def _said(command: list[str], seconds: int) -> str:
    """What the generator printed. Raises BenchError where it fails or does not end."""
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=seconds + SLACK_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{command[0]} did not end within {error.timeout:.0f} s") from error
    if done.returncode:
        raise BenchError(f"{command[0]} failed: {done.stdout[-500:]} {done.stderr[-500:]}")
    return done.stdout
