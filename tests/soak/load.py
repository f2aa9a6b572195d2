"""A bounded load: clients that create, train, test, predict, delete, and note what was promised."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from typing import Any

from tests.crash.client import ASYNC, Answer, Client, form
from tests.story import FLOWER, flowers

TABLES = [flowers(60, seed=seed) for seed in range(4)]
NAMES = 3  # experiments of each client
PAUSE = 0.05
RETRY = 0.2
HALF = 0.5


# What our own killing accounts for, and what tells a client to come again.
EXCUSED = {"out_of_memory", "child_died", "worker_lost", "too_busy", "busy"}


@dataclass
class Promises:
    """What the service has said to one client.

    `there` says of datasets and experiments, by their path, whether they are there; of what is
    in doubt it says nothing more: a request without an answer may still be carried out.
    """

    jobs: list[str] = field(default_factory=list)
    there: dict[str, bool] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    answers: int = 0
    unanswered: int = 0
    errors: list[str] = field(default_factory=list)

    def believe(self, thing: str, answer: Answer | None) -> None:
        """What follows from an answer to a request that makes or deletes a thing."""
        if answer is None or answer.status in (202, 409) or answer.status >= 500:
            self.doubtful |= {thing} if answer is None or answer.status == 202 else set()
            return
        self.there[thing] = answer.status in (200, 201)

    def certain(self) -> dict[str, bool]:
        """What must be so."""
        return {thing: it for thing, it in self.there.items() if thing not in self.doubtful}


class Visitor(threading.Thread):
    """One client; it asks for one thing after the other until it is told to stop."""

    def __init__(self, number: int, seed: int, address: list[str], over: threading.Event) -> None:
        super().__init__(name=f"visitor-{number}")
        self.pick = random.Random(f"{seed}-{number}")  # noqa: S311
        self.number, self.address, self.over = number, address, over
        self.promises = Promises()

    def run(self) -> None:
        """Ask, with a breath between."""
        acts = [self.create, self.train, self.train, self.test, self.predict, self.delete]
        while not self.over.wait(PAUSE):
            self.pick.choice(acts)(f"v{self.number}-{self.pick.randrange(NAMES)}")

    def ask(self, method: str, path: str, *body: Any, **headers: str) -> Answer | None:
        """An answer, counted; a job that was accepted is noted, and an error without excuse."""
        answer = Client(self.address[0]).ask(method, path, *body, **headers)
        if answer is None:
            self.promises.unanswered += 1
            self.over.wait(RETRY)
            return None
        self.promises.answers += 1
        if answer.status >= 500 and answer.json["code"] not in EXCUSED:
            self.promises.errors.append(f"{method} {path}: {answer.content.decode()}")
        if answer.status == 202:
            self.promises.jobs.append(answer.json["id"])
        return answer

    def write(self, method: str, thing: str, path: str, *body: Any) -> None:
        """Make or delete a thing, and note what may be believed of it now."""
        self.promises.believe(thing, self.ask(method, path, *body))

    def create(self, name: str) -> None:
        """From a form, or on a dataset that is kept first."""
        table, thing = self.pick.choice(TABLES), f"/experiments/{name}"
        if self.pick.random() < HALF:
            fields = {"id": name, "dataset": f"{name}-sent", "target": "kind"}
            self.write("POST", thing, "/experiments", form(table, **fields))
        else:
            self.write("PUT", f"/datasets/{name}", f"/datasets/{name}", table)
            fields = {"id": name, "dataset": name, "target": "kind"}
            self.write("POST", thing, "/experiments", fields)

    def train(self, name: str) -> None:
        trees = {"n_estimators": self.pick.randint(1, 30)}
        self.ask("POST", f"/experiments/{name}/train", trees, **ASYNC)

    def test(self, name: str) -> None:
        self.ask("POST", f"/experiments/{name}/test", **ASYNC)

    def predict(self, name: str) -> None:
        self.ask("POST", f"/experiments/{name}/predict", {"rows": [FLOWER]})

    def delete(self, name: str) -> None:
        """A version, an experiment or a dataset."""
        if self.pick.random() < HALF:
            number = self.pick.randint(1, 3)
            self.ask("DELETE", f"/experiments/{name}/versions/{number}")
        else:
            thing = self.pick.choice([f"/experiments/{name}", f"/datasets/{name}"])
            self.write("DELETE", thing, thing)
