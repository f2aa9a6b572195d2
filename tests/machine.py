"""A model of datasets, experiments, versions and jobs, driven side by side with the real service.

The model is plain: what each name holds, and what each version answered when it was new. Every
rule says by the model which status must come, and asks the real app, whose worker is real too.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.setup import prepare
from tests import forms
from tests.crash.agreement import assert_agreement
from tests.story import FLOWER, Story, app_on, flowers, settings_for, worker

TABLES = {seed: flowers(60, seed=seed) for seed in range(3)}
ROWS = [FLOWER, {**FLOWER, "size": None, "colour": "green"}, {**FLOWER, "petals": 9}]
WAIT = {"Prefer": "wait=60"}
ASYNC = {"Prefer": "respond-async"}


class Stage:
    """The app and the worker of one home, which can be killed and restarted."""

    def __init__(self, home: Path) -> None:
        self.home, self.examples = home, count(1)
        self._app, self._workers = ExitStack(), ExitStack()
        self.start_app()
        self.start_worker()

    def start_app(self) -> None:
        """Start the app; one that runs is ended first. What is needed is prepared, as ever."""
        self._app.close()
        prepare(settings_for(self.home))
        self.client: FlaskClient = self._app.enter_context(app_on(self.home)).test_client()

    def start_worker(self) -> None:
        """Start a worker."""
        self.worker: subprocess.Popen[bytes] = self._workers.enter_context(worker(self.home))

    def kill_worker(self) -> None:
        """Kill the worker, and start another."""
        self.worker.kill()
        self.worker.wait()
        self.start_worker()

    def close(self) -> None:
        """End it all."""
        self._workers.close()
        self._app.close()


@contextmanager
def standing(home: Path) -> Iterator[Stage]:
    """A stage for the length of a block."""
    stage = Stage(home)
    try:
        yield stage
    finally:
        stage.close()


@dataclass
class Held:
    """What the model knows of one experiment."""

    dataset: str
    etag: str
    test_size: float = 0.2
    description: str = ""
    active: int | None = None
    newest: int = 0
    answers: dict[int, Any] = field(default_factory=dict)
    results: dict[int, Any] = field(default_factory=dict)
    old_etags: list[str] = field(default_factory=list)


class Model:
    """What must be there, by the names that one example uses."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.suffix = stage, f"-{next(stage.examples)}"
        self.tables: dict[str, str] = {}
        self.held: dict[str, Held] = {}

    def ask(self, expected: int, method: str, path: str, json: Any = None, **how: Any) -> Any:
        """The body of an answer, which has the status that the model expects."""
        headers = {**WAIT, **how.pop("headers", {})}
        answer = self.stage.client.open(
            f"/v1{path}", method=method, json=json, headers=headers, **how
        )
        return self.checked(expected, answer)

    def checked(self, expected: int, answer: TestResponse) -> Any:
        assert answer.status_code == expected, f"not {expected}: {answer.status} {answer.text}"
        return answer.json if answer.text else None

    def of(self, experiment: str, rest: str = "") -> str:
        return f"/experiments/{experiment}{self.suffix}{rest}"

    def data(self, name: str) -> str:
        return f"/datasets/{name}{self.suffix}"

    def users(self, name: str) -> list[str]:
        return [id_ for id_, held in self.held.items() if held.dataset == name]

    def put(self, name: str, seed: int) -> None:
        """Keep a table: refused where an experiment uses other bytes under this name."""
        had = self.tables.get(name)
        other = had is not None and had != TABLES[seed]
        expected = 409 if other and self.users(name) else 201 if had is None else 200
        self.ask(expected, "PUT", self.data(name), data=TABLES[seed], content_type="text/csv")
        if expected != 409:
            self.tables[name] = TABLES[seed]

    def drop(self, name: str) -> None:
        """Delete a dataset: refused while it is used."""
        expected = 404 if name not in self.tables else 409 if self.users(name) else 204
        self.ask(expected, "DELETE", self.data(name))
        if expected == 204:
            del self.tables[name]

    def create(self, experiment: str, name: str) -> None:
        """Create on a dataset: refused where the id is in use or there is no dataset."""
        expected = 409 if experiment in self.held else 201 if name in self.tables else 422
        fields = self._fields(experiment, name)
        self._created(
            expected, experiment, name, self.ask(expected, "POST", "/experiments", fields)
        )

    def create_with_file(self, experiment: str, name: str, seed: int) -> None:
        """Create with a CSV: refused where the id, or the name for other bytes, is in use."""
        other = self.tables.get(name, TABLES[seed]) != TABLES[seed]
        expected = 409 if experiment in self.held or other else 201
        fields = self._fields(experiment, name)
        answer = forms.post(Story(self.stage.client), TABLES[seed], **fields)
        self._created(expected, experiment, name, self.checked(expected, answer))
        if expected == 201:
            self.tables[name] = TABLES[seed]

    def _fields(self, experiment: str, name: str) -> dict[str, str]:
        ours = {"id": experiment + self.suffix, "dataset": name + self.suffix}
        return {**ours, "target": "kind"}

    def _created(self, expected: int, experiment: str, name: str, body: Any) -> None:
        if expected == 201:
            self.held[experiment] = Held(dataset=name, etag=self.etag(experiment))
            assert (body["status"], body["active_version"]) == ("ready", None)

    def etag(self, experiment: str) -> str:
        answer = self.stage.client.get(f"/v1{self.of(experiment)}")
        assert answer.status_code == 200, answer.text
        return str(answer.headers["ETag"])

    def renew(self, experiment: str) -> None:
        """Something may have changed: the ETag says whether."""
        held, now = self.held[experiment], self.etag(experiment)
        if now != held.etag:
            held.old_etags.append(held.etag)
            held.etag = now

    def trained(self, experiment: str, versions: int = 1) -> None:
        """So many versions were published, the last is active; we note what it answers.

        What one that was replaced at once would have answered is asked by making it active.
        """
        held = self.held[experiment]
        last = held.newest + versions
        assert self.ask(200, "GET", self.of(experiment))["active_version"] == last
        for number in range(held.newest + 1, last + 1):
            if versions > 1:
                self.ask(200, "PATCH", self.of(experiment), {"active_version": number})
            held.active = held.newest = number
            held.answers[number] = self.predictions(experiment)
        self.renew(experiment)

    def predictions(self, experiment: str) -> Any:
        body = self.ask(200, "POST", self.of(experiment, "/predict"), {"rows": ROWS})
        assert body["version"] == self.held[experiment].active
        return body["predictions"]

    def begin_training(self, experiment: str, trees: int) -> str:
        """Ask for a training, and do not wait for it."""
        params = {"n_estimators": trees, "random_state": trees}
        body = self.ask(202, "POST", self.of(experiment, "/train"), params, headers=ASYNC)
        return str(body["id"])

    def ended(self, job: str) -> str:
        """How a job ends, which it does soon."""
        deadline = time.monotonic() + 60
        while (row := self.ask(200, "GET", f"/jobs/{job}"))["state"] in ("queued", "running"):
            assert time.monotonic() < deadline, f"stuck: {row}"
            time.sleep(0.02)
        return str(row["state"])

    def settle(self, experiment: str, job: str) -> str:
        """Wait for a training, and take into the model what it made."""
        state = self.ended(job)
        if state == "succeeded":
            made = self.ask(200, "GET", f"/jobs/{job}")["result"]["version"]
            assert made == self.held[experiment].newest + 1
            self.trained(experiment)
        return state

    def compare(self) -> None:
        """All that can be read is as the model has it, and rows and files agree."""
        for experiment, held in self.held.items():
            self._compare(self.ask(200, "GET", self.of(experiment)), experiment, held)
        ours = [each["name"] for each in self.ask(200, "GET", "/datasets?page_size=100")["items"]]
        assert {name for name in ours if name.endswith(self.suffix)} == {
            name + self.suffix for name in self.tables
        }
        assert_agreement(self.stage.home)

    def _compare(self, row: Any, experiment: str, held: Held) -> None:
        assert row["status"] == ("trained" if held.active else "ready")
        assert (row["active_version"], row["description"]) == (held.active, held.description)
        assert row["dataset"] == held.dataset + self.suffix
        assert row["test_rows"] == round(60 * held.test_size)
        versions = self.ask(200, "GET", self.of(experiment, "/versions"))["items"]
        assert [each["version"] for each in versions] == sorted(held.answers, reverse=True)
        results = {each["version"]: each["result"] for each in versions if each["result"]}
        assert results == held.results
        assert row["result"] == held.results.get(held.active or 0)

    def clear(self) -> None:
        """Delete all that this example has made."""
        for experiment in list(self.held):
            self.ask(204, "DELETE", self.of(experiment))
        for name in list(self.tables):
            self.ask(204, "DELETE", self.data(name))
        assert_agreement(self.stage.home)
