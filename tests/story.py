"""The words that tests tell their stories in."""

from __future__ import annotations

import csv
import io
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from controllers.main import create_app
from controllers.parts import parts
from models import db
from services import settings
from tests.databases import database_of

ROOT = Path(__file__).parents[1]
_numbers = count(1)
_opened: list[Flask] = []


def fresh(word: str = "x") -> str:
    """A name that no other test has."""
    return f"{word}-{os.getpid()}-{next(_numbers)}"


def settings_for(home: Path, **chosen: str) -> settings.Settings:
    own = {"GROVE_HOME": str(home), "GROVE_WAIT": "60"}  # a machine may have much else to do
    return settings.read({**own, **database_of(home), **chosen})


def table(names: Sequence[str], rows: Iterable[Sequence[Any]], delimiter: str = ",") -> str:
    """A CSV of these rows."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return out.getvalue()


def flowers(rows: int = 60, seed: int = 0) -> str:
    """A small table with numbers, a category, a boolean, a date, missing values, two classes."""
    pick = random.Random(seed)  # noqa: S311
    made = []
    for number in range(rows):
        kind = ("rose", "tulip")[number % 2]
        size = round(pick.gauss(5 if kind == "rose" else 7, 1.2), 2)
        colour = pick.choice(["red", "white"] if kind == "rose" else ["white", "yellow"])
        day = f"2024-0{pick.randint(1, 6)}-{pick.randint(10, 28)}"
        missing = number % 11 == 5
        made.append(
            [
                "" if missing else size,
                "?" if number % 13 == 7 else colour,
                pick.choice(["true", "false"]),
                day,
                pick.randint(1, 9),
                kind,
            ]
        )
    return table(["size", "colour", "wild", "picked", "petals", "kind"], made)


FLOWER = {"size": 5.1, "colour": "red", "wild": True, "picked": "2024-03-12", "petals": 4}


PATIENT = {"Prefer": "wait=60"}  # a machine may have much else to do


class Story:
    """A client that speaks of datasets and experiments."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def put(self, name: str, body: str | bytes, **query: Any) -> TestResponse:
        return self.client.put(
            f"/v1/datasets/{name}",
            data=body,
            query_string=query,
            content_type="text/csv",
            headers=PATIENT,
        )

    def make_dataset(self, body: str | bytes | None = None, **query: Any) -> str:
        name = fresh("data")
        answer = self.put(name, flowers() if body is None else body, **query)
        assert answer.status_code == 201, answer.text
        return name

    def create(self, **fields: Any) -> TestResponse:
        return self.client.post("/v1/experiments", json=fields, headers=PATIENT)

    def make_experiment(self, body: str | bytes | None = None, **fields: Any) -> str:
        if "dataset" not in fields:
            fields["dataset"] = self.make_dataset(body)
        given = {"id": fresh("exp"), "target": "kind", **fields}
        answer = self.client.post("/v1/experiments", json=given, headers=PATIENT)
        assert answer.status_code == 201, answer.text
        return str(given["id"])

    def train(self, experiment: str, **params: Any) -> TestResponse:
        address = f"/v1/experiments/{experiment}/train"
        return self.client.post(address, json=params, headers=PATIENT)

    def version(self, experiment: str, **params: Any) -> dict[str, Any]:
        """The version that a training makes, however long it takes."""
        done = self.done(self.train(experiment, **params))
        version: dict[str, Any] = self.get(experiment, f"/versions/{done['version']}").get_json()
        return version

    def done(self, answer: TestResponse) -> dict[str, Any]:
        """What came of work: the answer itself, or the result of the job that it leads to."""
        assert answer.status_code in (200, 201, 202), answer.text
        told: dict[str, Any] = answer.get_json()
        if answer.status_code == 202:
            told = self.wait_for(told["id"], "succeeded")["result"]
        return told

    def make_trained(self, body: str | bytes | None = None, **fields: Any) -> str:
        experiment = self.make_experiment(body, **fields)
        answer = self.train(experiment, n_estimators=10)
        assert answer.status_code == 201, answer.text
        return experiment

    def test(self, experiment: str, **fields: Any) -> TestResponse:
        address = f"/v1/experiments/{experiment}/test"
        return self.client.post(address, json=fields, headers=PATIENT)

    def predict(self, experiment: str, *rows: Any, **fields: Any) -> TestResponse:
        return self.client.post(
            f"/v1/experiments/{experiment}/predict", json={"rows": list(rows), **fields}
        )

    def get(self, experiment: str, rest: str = "") -> TestResponse:
        return self.client.get(f"/v1/experiments/{experiment}{rest}")

    def patch(self, experiment: str, fields: Any, **headers: str) -> TestResponse:
        return self.client.patch(f"/v1/experiments/{experiment}", json=fields, headers=headers)

    def delete(self, experiment: str) -> TestResponse:
        return self.client.delete(f"/v1/experiments/{experiment}")

    def job(self, job_id: str) -> TestResponse:
        return self.client.get(f"/v1/jobs/{job_id}")

    def wait_for(self, job_id: str, *states: str, seconds: float = 240) -> dict[str, Any]:
        """The job, once it is in one of these states."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            job: dict[str, Any] = self.job(job_id).get_json()
            if job["state"] in states:
                return job
            time.sleep(0.05)
        raise AssertionError(f"job is {job}")


def opened(chosen: settings.Settings) -> Flask:
    """An app that lets go of its database when all tests are over."""
    app = create_app(chosen)
    _opened.append(app)
    return app


def close_opened() -> None:
    """Have every app that is open let go of its database."""
    while _opened:
        _close(_opened.pop())


def _close(app: Flask) -> None:
    with app.app_context():
        parts().recorder.end()
        parts().queue.close()
        db.engine.dispose()


@contextmanager
def app_on(home: Path, **chosen: str) -> Iterator[Flask]:
    """An app on a home of its own; its connections are closed at the end."""
    app = create_app(settings_for(home, **chosen))
    try:
        yield app
    finally:
        _close(app)


@contextmanager
def worker(home: Path, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """A real worker process on a home of its own."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GROVE_")}
    own = {"GROVE_HOME": str(home), "GROVE_LOG_LEVEL": "warning", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "services.worker"]
    environ = {**clean, **own, **database_of(home), **environ}
    process = subprocess.Popen(command, cwd=ROOT, env=environ)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)
