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
ETAGS, PICKS = st.sampled_from(["current", "stale", "none"]), st.integers(0, 1)
SEEDS, TREES, NUMBERS = st.integers(0, 2), st.integers(1, 3), st.integers(1, 3)
BOUNDED = settings(
    max_examples=10,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # each step is a real one: a failure is told as it was found
    suppress_health_check=list(HealthCheck),
)


class Machine(RuleBasedStateMachine):
    """The rules: what may happen, and what must come of it by the model.

    There is always an experiment: most of what can go wrong needs one that was trained.
    """

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage, self.model = stage, Model(stage)

    @initialize(seed=SEEDS)
    def begin(self, seed: int) -> None:
        self.model.put("a", seed)
        self.model.create("x", "a")
        self.train(0, 1)
        self.train(0, 2)

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

    @rule(pick=PICKS, trees=TREES)
    def train(self, pick: int, trees: int) -> None:
        experiment, held = self.one(pick)
        params = {"n_estimators": trees, "random_state": trees}
        body = self.model.ask(201, "POST", self.model.of(experiment, "/train"), params)
        assert body["version"] == held.newest + 1
        self.model.trained(experiment)

    @rule(pick=PICKS)
    def evaluate(self, pick: int) -> None:
        experiment, held = self.one(pick)
        expected = 200 if held.active else 409
        body = self.model.ask(expected, "POST", self.model.of(experiment, "/test"))
        if held.active:
            assert body["version"] == held.active
            held.results[held.active] = body["result"]
            self.model.renew(experiment)

    @rule(pick=PICKS)
    def predict(self, pick: int) -> None:
        experiment, held = self.one(pick)
        if held.active:
            assert self.model.predictions(experiment) == held.answers[held.active]
        else:
            rows = {"rows": [{"size": 1}]}
            self.model.ask(409, "POST", self.model.of(experiment, "/predict"), rows)

    @rule(pick=PICKS, number=NUMBERS)
    def promote(self, pick: int, number: int) -> None:
        experiment, held = self.one(pick)
        expected = 200 if number in held.answers else 422
        path = self.model.of(experiment)
        self.model.ask(expected, "PATCH", path, {"active_version": number})
        if expected == 200:
            held.active = number
            self.model.renew(experiment)
            assert self.model.predictions(experiment) == held.answers[number]

    @rule(pick=PICKS, text=st.text("ab", max_size=2), which=ETAGS)
    def describe(self, pick: int, text: str, which: str) -> None:
        experiment, held = self.one(pick)
        expected, headers = match(held, which)
        path, change = self.model.of(experiment), {"description": text}
        self.model.ask(expected, "PATCH", path, change, headers=headers)
        if expected == 200:
            held.description = text
            self.model.renew(experiment)

    @rule(pick=PICKS, size=st.sampled_from([0.2, 0.5]))
    def split_anew(self, pick: int, size: float) -> None:
        experiment, held = self.one(pick)
        expected = 200 if size == held.test_size or not held.active else 409
        self.model.ask(expected, "PATCH", self.model.of(experiment), {"test_size": size})
        if expected == 200:
            held.test_size = size
            self.model.renew(experiment)

    @rule(pick=PICKS, number=NUMBERS)
    def delete_a_version(self, pick: int, number: int) -> None:
        experiment, held = self.one(pick)
        expected = 404 if number not in held.answers else 409 if number == held.active else 204
        self.model.ask(expected, "DELETE", self.model.of(experiment, f"/versions/{number}"))
        if expected == 204:
            del held.answers[number]
            held.results.pop(number, None)

    @precondition(lambda self: len(self.model.held) > 1)
    @rule(pick=PICKS, which=ETAGS)
    def delete_an_experiment(self, pick: int, which: str) -> None:
        experiment, held = self.one(pick)
        expected, headers = match(held, which)
        expected = 204 if expected == 200 else expected
        self.model.ask(expected, "DELETE", self.model.of(experiment), headers=headers)
        if expected == 204:
            del self.model.held[experiment]

    @rule(pick=PICKS, trees=TREES)
    def cancel_a_training(self, pick: int, trees: int) -> None:
        experiment, _ = self.one(pick)
        job = self.model.begin_training(experiment, trees)
        answer = self.stage.client.post(f"/v1/jobs/{job}/cancel")
        assert answer.status_code in (200, 409), answer.text
        state = self.model.settle(experiment, job)
        assert state == ("cancelled" if answer.status_code == 200 else "succeeded")

    @rule(pick=PICKS, trees=TREES)
    def train_while_it_trains(self, pick: int, trees: int) -> None:
        experiment, _ = self.one(pick)
        job = self.model.begin_training(experiment, trees)
        second = self.stage.client.post(
            f"/v1{self.model.of(experiment, '/train')}", headers={"Prefer": "respond-async"}
        )
        assert second.status_code in (202, 409), second.text
        over_already = [second.json["id"]] if second.status_code == 202 else []
        assert all(self.model.ended(each) == "succeeded" for each in [job, *over_already])
        self.model.trained(experiment, 1 + len(over_already))

    @precondition(lambda self: len(self.model.held) > 1)
    @rule(pick=PICKS, trees=TREES)
    def delete_while_it_trains(self, pick: int, trees: int) -> None:
        experiment, _ = self.one(pick)
        job = self.model.begin_training(experiment, trees)
        self.model.ask(204, "DELETE", self.model.of(experiment))
        del self.model.held[experiment]
        assert self.model.ended(job) in ("cancelled", "succeeded")

    @rule(pick=PICKS, trees=TREES, tenths=st.integers(0, 4))
    def kill_the_worker(self, pick: int, trees: int, tenths: int) -> None:
        experiment, _ = self.one(pick)
        job = self.model.begin_training(experiment, trees)
        time.sleep(tenths / 10)
        self.stage.kill_worker()
        assert self.model.settle(experiment, job) == "succeeded"

    @rule()
    def restart_the_app(self) -> None:
        self.stage.start_app()

    @precondition(lambda self: len(self.model.held) == 1)
    @rule(method=st.sampled_from(["GET", "PATCH", "DELETE", "/train", "/test", "/predict"]))
    def ask_for_what_is_not_there(self, method: str) -> None:
        (missing,) = set("xy") - set(self.model.held)
        path, body = self.model.of(missing), {"description": "a"} if method == "PATCH" else None
        if method.startswith("/"):
            self.model.ask(404, "POST", path + method)
        else:
            self.model.ask(404, method, path, body)

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        self.model.compare()

    def teardown(self) -> None:
        self.model.clear()

    def one(self, pick: int) -> tuple[str, Held]:
        """One of the experiments that are there."""
        ids = sorted(self.model.held)
        experiment = ids[pick % len(ids)]
        return experiment, self.model.held[experiment]


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


@pytest.mark.long
def test_the_service_is_as_the_model_says_for_long(stage: Stage) -> None:
    longer = settings(BOUNDED, max_examples=60, stateful_step_count=40)
    run_state_machine_as_test(machine_on(stage), settings=longer)
