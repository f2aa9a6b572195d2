"""Any order of requests, cancels, kills and restarts: the service is as a plain model says."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.machine import Held, Model, Stage, standing

EXPERIMENTS, DATASETS = st.sampled_from("xy"), st.sampled_from("ab")
SEEDS, TREES, NUMBERS = st.integers(0, 2), st.integers(1, 3), st.integers(1, 4)
BOUNDED = settings(
    max_examples=8,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # each step is a real one: a failure is told as it was found
    suppress_health_check=list(HealthCheck),
)


class Machine(RuleBasedStateMachine):
    """The rules: what may happen, and what must come of it by the model."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage, self.model = stage, Model(stage)

    @initialize(seed=SEEDS)
    def begin(self, seed: int) -> None:
        self.model.put("a", seed)
        self.model.create("x", "a")

    @rule(name=DATASETS, seed=SEEDS)
    def put_a_dataset(self, name: str, seed: int) -> None:
        self.model.put(name, seed)

    @rule(name=DATASETS)
    def delete_a_dataset(self, name: str) -> None:
        self.model.drop(name)

    @rule(experiment=EXPERIMENTS, name=DATASETS)
    def create(self, experiment: str, name: str) -> None:
        self.model.create(experiment, name)

    @rule(experiment=EXPERIMENTS, name=DATASETS, seed=SEEDS)
    def create_with_a_file(self, experiment: str, name: str, seed: int) -> None:
        self.model.create_with_file(experiment, name, seed)

    @rule(experiment=EXPERIMENTS, trees=TREES)
    def train(self, experiment: str, trees: int) -> None:
        expected = 201 if self.has(experiment) else 404
        params = {"n_estimators": trees, "random_state": trees}
        body = self.model.ask(expected, "POST", self.model.of(experiment, "/train"), params)
        if expected == 201:
            self.model.trained(experiment, body["version"])

    @rule(experiment=EXPERIMENTS)
    def evaluate(self, experiment: str) -> None:
        held = self.held(experiment)
        body = self.model.ask(
            self.needs_version(experiment), "POST", self.model.of(experiment, "/test")
        )
        if held and held.active:
            assert body["version"] == held.active
            held.results[held.active] = body["result"]
            self.model.renew(experiment)

    @rule(experiment=EXPERIMENTS)
    def predict(self, experiment: str) -> None:
        held = self.held(experiment)
        if held and held.active:
            assert self.model.predictions(experiment) == held.answers[held.active]
        else:
            path = self.model.of(experiment, "/predict")
            self.model.ask(self.needs_version(experiment), "POST", path, {"rows": [{"size": 1}]})

    @rule(experiment=EXPERIMENTS, number=NUMBERS)
    def promote(self, experiment: str, number: int) -> None:
        held = self.held(experiment)
        expected = 404 if held is None else 200 if number in held.answers else 422
        path = self.model.of(experiment)
        self.model.ask(expected, "PATCH", path, {"active_version": number})
        if held and expected == 200:
            held.active = number
            self.model.renew(experiment)

    @precondition(lambda self: self.model.held)
    @rule(data=st.data(), text=st.text("ab", max_size=2), which=st.sampled_from("current stale no"))
    def describe(self, data: st.DataObject, text: str, which: str) -> None:
        experiment = data.draw(st.sampled_from(sorted(self.model.held)))
        held = self.model.held[experiment]
        expected, headers = match(held, which)
        path, change = self.model.of(experiment), {"description": text}
        self.model.ask(expected, "PATCH", path, change, headers=headers)
        if expected == 200:
            held.description = text
            self.model.renew(experiment)

    @rule(experiment=EXPERIMENTS, size=st.sampled_from([0.2, 0.5]))
    def split_anew(self, experiment: str, size: float) -> None:
        held = self.held(experiment)
        same = held is not None and size == held.test_size
        expected = 404 if held is None else 200 if same or not held.active else 409
        self.model.ask(expected, "PATCH", self.model.of(experiment), {"test_size": size})
        if held and expected == 200:
            held.test_size = size
            self.model.renew(experiment)

    @rule(experiment=EXPERIMENTS, number=NUMBERS)
    def delete_a_version(self, experiment: str, number: int) -> None:
        held = self.held(experiment)
        known = held is not None and number in held.answers
        expected = 404 if held is None or not known else 409 if number == held.active else 204
        self.model.ask(expected, "DELETE", self.model.of(experiment, f"/versions/{number}"))
        if held and expected == 204:
            del held.answers[number]
            held.results.pop(number, None)

    @rule(experiment=EXPERIMENTS, which=st.sampled_from("current stale no"))
    def delete_an_experiment(self, experiment: str, which: str) -> None:
        held = self.held(experiment)
        expected, headers = match(held, which) if held else (404, {})
        expected = 204 if expected == 200 else expected
        self.model.ask(expected, "DELETE", self.model.of(experiment), headers=headers)
        if expected == 204:
            del self.model.held[experiment]

    @precondition(lambda self: "x" in self.model.held)
    @rule(trees=TREES)
    def cancel_a_training(self, trees: int) -> None:
        job = self.model.begin_training("x", trees)
        answer = self.stage.client.post(f"/v1/jobs/{job}/cancel")
        assert answer.status_code in (200, 409), answer.text
        state = self.model.settle("x", job)
        assert state == ("cancelled" if answer.status_code == 200 else "succeeded")

    @precondition(lambda self: "x" in self.model.held)
    @rule(trees=TREES)
    def train_while_it_trains(self, trees: int) -> None:
        job = self.model.begin_training("x", trees)
        second = self.stage.client.post(
            f"/v1{self.model.of('x', '/train')}", headers={"Prefer": "respond-async"}
        )
        assert second.status_code in (202, 409), second.text
        assert self.model.settle("x", job) == "succeeded"
        if second.status_code == 202:  # the first was over already
            assert self.model.settle("x", second.json["id"]) == "succeeded"

    @precondition(lambda self: "x" in self.model.held)
    @rule(trees=TREES)
    def delete_while_it_trains(self, trees: int) -> None:
        job = self.model.begin_training("x", trees)
        self.model.ask(204, "DELETE", self.model.of("x"))
        del self.model.held["x"]
        assert self.model.ended(job) in ("cancelled", "succeeded")

    @precondition(lambda self: "x" in self.model.held)
    @rule(trees=TREES, tenths=st.integers(0, 4))
    def kill_the_worker(self, trees: int, tenths: int) -> None:
        job = self.model.begin_training("x", trees)
        time.sleep(tenths / 10)
        self.stage.kill_worker()
        assert self.model.settle("x", job) == "succeeded"

    @rule()
    def restart_the_app(self) -> None:
        self.stage.start_app()

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        self.model.compare()

    def teardown(self) -> None:
        self.model.clear()

    def has(self, experiment: str) -> bool:
        return experiment in self.model.held

    def held(self, experiment: str) -> Held | None:
        return self.model.held.get(experiment)

    def needs_version(self, experiment: str) -> int:
        """The status of what only a trained experiment can do."""
        held = self.held(experiment)
        return 404 if held is None else 200 if held.active else 409


def match(held: Held, which: str) -> tuple[int, dict[str, str]]:
    """The status that a change with this If-Match gets, and the header."""
    if which == "stale" and held.old_etags:
        return 412, {"If-Match": held.old_etags[-1]}
    return 200, {"If-Match": held.etag} if which == "current" else {}


def machine_on(stage: Stage) -> type[Machine]:
    """The machine, as hypothesis makes it: without being told anything."""

    class Bound(Machine):
        def __init__(self) -> None:
            super().__init__(stage)

    return Bound


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with standing(tmp_path_factory.mktemp("machine")) as made:
        yield made


def test_the_service_is_as_the_model_says(stage: Stage) -> None:
    run_state_machine_as_test(machine_on(stage), settings=BOUNDED)


@pytest.mark.real
def test_the_service_is_as_the_model_says_for_long(stage: Stage) -> None:
    longer = settings(BOUNDED, max_examples=60, stateful_step_count=40)
    run_state_machine_as_test(machine_on(stage), settings=longer)
