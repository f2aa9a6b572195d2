"""What the benchmarks of predict share: Grove behind nginx, and the question that is asked."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import data, grove, proxy
from benchmarks.faults import BenchError
from benchmarks.load import OK, Question
from benchmarks.processes import free_port

ROUNDING = 1e-6


@contextmanager
def temporary() -> Iterator[Path]:
    """A folder for one benchmark, gone when it is over."""
    with tempfile.TemporaryDirectory(prefix="grove-bench-") as name:
        yield Path(name)


@contextmanager
def alone() -> Iterator[tuple[Path, grove.Grove]]:
    """A folder for one benchmark, and Grove on a home in it, at a port of loopback."""
    bind = f"127.0.0.1:{free_port()}"
    with temporary() as folder, grove.serving(folder / "home", bind) as service:
        yield folder, service


@contextmanager
def behind_nginx(folder: Path) -> Iterator[tuple[grove.Grove, proxy.Proxy]]:
    """Grove on the home in the folder, and nginx as shipped before it."""
    port = free_port()
    bind, address = f"unix:{folder}/web.sock", f"127.0.0.1:{port}"
    with (
        grove.serving(folder / "home", bind, address) as service,
        proxy.proxying(folder, port) as before,
    ):
        yield service, before


def question(client: grove.Client) -> Question:
    """One row of Breast Cancer for its forest. Raises BenchError unless it is answered rightly."""
    path = f"/v1/experiments/{grove.CANCER}/predict"
    asked = Question(f"http://{client.address}{path}", {"rows": [data.patient()]}, client.headers)
    probabilities(client, asked)
    return asked


def probabilities(client: grove.Client, asked: Question) -> dict[str, float]:
    """The probabilities by class, out of one answer of Grove's."""
    path = asked.url.partition(client.address)[2]
    status, _, body = client.ask("POST", path, asked.body)
    if status != OK:
        raise BenchError(f"predict answered {status}: {body[:300].decode(errors='replace')}")
    found: dict[str, float] = json.loads(body)["predictions"][0]["probabilities"]
    if abs(sum(found.values()) - 1) > ROUNDING:
        raise BenchError(f"predict answered probabilities that do not add up: {found}")
    return found


def require_same_forest(ours: dict[str, float], theirs: Any) -> None:
    """Raise BenchError unless MLflow's answer holds the very probabilities of Grove's."""
    (row,) = theirs["predictions"]
    if any(abs(a - b) > ROUNDING for a, b in zip(ours.values(), row, strict=True)):
        raise BenchError(f"MLflow serves another forest: {row}, not {ours}")
