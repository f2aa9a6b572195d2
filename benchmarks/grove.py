"""Grove as a user starts it, by ./run.sh with every default, and a client of it."""

from __future__ import annotations

import http.client
import json
import secrets
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks import data
from benchmarks.faults import BenchError
from benchmarks.processes import ROOT, clean_environ, command_of, family, started, wait_until

ANSWER_SECONDS = 120
CANCER = "cancer"
POLL_SECONDS = 0.1
ASK_SECONDS = 0.5  # whoever asks more often takes the processor from what is measured
SEED = 0
# Words in the commands of the processes: gunicorn's; the worker's, and those that it starts.
WEB = ("gunicorn",)
BLOCK = 2**20  # of a file that is sent
WORKER = ("services.worker", "multiprocessing")


@dataclass(frozen=True)
class Client:
    """Whoever knows the address (HOST:PORT) and the key."""

    address: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"Authorization": f"Bearer {self.key}"}

    def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """One request on a connection of its own; a Path is sent as a file, all else as JSON."""
        if isinstance(body, Path):
            with body.open("rb") as file:
                return self._sent(method, path, file, {"Content-Type": "text/csv", **headers})
        text = None if body is None else json.dumps(body).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        return self._sent(method, path, text, {**kind, **headers})

    def _sent(
        self, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection(
            self.address, timeout=ANSWER_SECONDS, blocksize=BLOCK
        )
        try:
            connection.request(method, path, body, {**self.headers, **headers})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def save(self, path: str, file: Path, lines: int) -> None:
        """The first lines of an answer, in a file. Raises BenchError where there is none."""
        connection = http.client.HTTPConnection(self.address, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", path, headers=self.headers)
            answer = connection.getresponse()
            if answer.status != HTTPStatus.OK:
                raise BenchError(f"GET {path}: {answer.status}")
            with file.open("wb") as out:
                out.writelines(islice(answer, lines))
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """The JSON at a path. Raises BenchError where there is none."""
        return _checked(*self.ask("GET", path))

    def do(self, method: str, path: str, body: Any = None) -> Any:
        """A piece of work, from the request until it is done; its answer, or its finished job."""
        return self.finished(_checked(*self.ask(method, path, body, Prefer="wait=60")))

    def finished(self, answer: Any) -> Any:
        """The answer to a piece of work, or, where that is its job, the job once it is over.

        Raises BenchError where it has come to nothing.
        """
        while answer.get("state") in ("queued", "running"):
            time.sleep(ASK_SECONDS)
            answer = self.get(f"/v1/jobs/{answer['id']}")
        if answer.get("state") in ("failed", "cancelled"):
            raise BenchError(f"a job to {answer['kind']} {answer['state']}: {answer['error']}")
        return answer


def _checked(status: int, _: http.client.HTTPMessage, body: bytes) -> Any:
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        raise BenchError(f"the service answered {status}: {body[:500].decode(errors='replace')}")
    return json.loads(body)


@dataclass(frozen=True)
class Grove:
    """A running service."""

    client: Client
    home: Path
    process: subprocess.Popen[bytes]

    def web(self) -> list[int]:
        """The processes that face the network: gunicorn and its own."""
        found = family(self.process.pid)
        return [pid for pid in found if "gunicorn" in command_of(pid)]


@contextmanager
def serving(
    home: Path, bind: str, address: str | None = None, before: Sequence[str] = (), **settings: str
) -> Iterator[Grove]:
    """Grove on a home, its log in a file beside it.

    `address` is where its clients ask, where that is not the place that it binds: through nginx.
    `before` is put before its command.
    """
    key = secrets.token_urlsafe(32)
    log = home.with_suffix(".log")
    log.unlink(missing_ok=True)
    chosen = {"GROVE_HOME": str(home), "GROVE_BIND": bind, "GROVE_KEY": key, **settings}
    with started([*before, ROOT / "run.sh"], log, clean_environ(**chosen)) as process:
        wait_until(lambda: is_ready(bind, log), process, log)
        yield Grove(Client(address or bind, key), home, process)


def is_ready(bind: str, log: Path) -> bool:
    """Whether it serves and has a worker; over a socket file its greeting says so."""
    if bind.startswith("unix:"):
        return log.exists() and "Grove is ready" in log.read_text(errors="replace")
    connection = http.client.HTTPConnection(bind, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def make_cancer(client: Client) -> None:
    """The experiment on Breast Cancer, with its forest of 100 trees."""
    fields = {"id": CANCER, "dataset": "breast_cancer", "target": data.CANCER_TARGET}
    client.do("POST", "/v1/experiments", {**fields, "random_state": SEED})
    client.do("POST", f"/v1/experiments/{CANCER}/train", {"random_state": SEED})


def make_experiment(client: Client, name: str, table: Path, **fields: Any) -> None:
    """An experiment on a table of ours."""
    client.do("PUT", f"/v1/datasets/{name}", table)
    given = {"id": name, "dataset": name, "target": data.TARGET, **fields}
    client.do("POST", "/v1/experiments", given)


@contextmanager
def training_beside(client: Client, experiment: str) -> Iterator[list[str]]:
    """Trainings of the experiment, one after the other, for as long as the block runs.

    Yields the ids of their jobs, once the first of them runs.
    """
    over = threading.Event()
    jobs = [begun(client, experiment)]

    def train_on() -> None:
        while not over.wait(POLL_SECONDS):
            if client.get(f"/v1/jobs/{jobs[-1]}")["state"] not in ("queued", "running"):
                jobs.append(begun(client, experiment))

    trainer = threading.Thread(target=train_on)
    trainer.start()
    try:
        yield jobs
    finally:
        over.set()
        trainer.join()
        client.ask("POST", f"/v1/jobs/{jobs[-1]}/cancel")


def begun(client: Client, experiment: str, body: dict[str, Any] | None = None) -> str:
    """A training that runs, not waited for: the id of its job."""
    path = f"/v1/experiments/{experiment}/train"
    job = _checked(*client.ask("POST", path, body or {}, Prefer="respond-async"))["id"]
    while client.get(f"/v1/jobs/{job}")["state"] == "queued":
        time.sleep(POLL_SECONDS)
    return str(job)
