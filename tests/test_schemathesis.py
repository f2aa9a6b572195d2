"""The service does what /openapi.json says, whatever it is asked: schemathesis, bounded."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
import schemathesis
from flask import Flask
from schemathesis import engine

from services.setup import prepare
from tests.fuzz.asking import KEY, KNOWN, Asked, configuration
from tests.story import Story, app_on, flowers, settings_for, worker

# schemathesis closes neither the answers that are files nor the long forms that it sends.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

EXAMPLES = 12
# schemathesis hands its options of redirects to an application that knows none, and breaks;
# other tests ask with wrong keys, and so does `python -m tests.fuzz.api`.
NO_NETWORK = {"ignored_auth": {"enabled": False}}


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A service of its own, which lets nobody in without the key."""
    home = tmp_path_factory.mktemp("asked")
    prepare(settings_for(home, GROVE_KEY=KEY))
    with worker(home, GROVE_KEY=KEY), app_on(home, GROVE_KEY=KEY, GROVE_WAIT="10") as app:
        yield app


@pytest.fixture(scope="module")
def job(closed: Flask) -> str:
    """A dataset, an experiment on it with a version, and the job that made that."""
    client = closed.test_client()
    client.environ_base |= {"HTTP_AUTHORIZATION": f"Bearer {KEY}", "HTTP_PREFER": "wait=60"}
    story = Story(client)
    assert story.put(KNOWN, flowers()).status_code == 201
    assert story.create(id=KNOWN, dataset=KNOWN, target="kind").status_code == 201
    answer = story.train(KNOWN, n_estimators=3)
    assert answer.status_code == 201, answer.text
    return str(answer.json["job"])


@pytest.fixture(scope="module")
def outcome(closed: Flask, job: str) -> tuple[Asked, list[str]]:
    told: list[str] = []
    generation = {"max-examples": EXAMPLES, "deterministic": True}
    config = configuration(job, NO_NETWORK, generation, seed=1)
    headers = {"Authorization": f"Bearer {KEY}"}
    schema = schemathesis.openapi.from_wsgi("/openapi.json", closed, config=config, headers=headers)
    found = Asked(told.append)
    found.take(engine.from_schema(schema).execute())
    gc.collect()  # here, where its files may be left open, and not in the midst of another test
    return found, told


def test_nothing_is_wrong(outcome: tuple[Asked, list[str]]) -> None:
    found, told = outcome
    assert not found.server_errors, found.summary()
    assert not found.failures + found.errors, "\n".join([*told, found.summary()])


def test_every_operation_was_asked(closed: Flask, outcome: tuple[Asked, list[str]]) -> None:
    client = closed.test_client()
    paths = client.get("/openapi.json", headers={"Authorization": f"Bearer {KEY}"}).json["paths"]
    methods = {"get", "put", "post", "patch", "delete"}
    wanted = {f"{m.upper()} {path}" for path, each in paths.items() for m in methods & set(each)}
    assert set(outcome[0].operations) >= wanted


def test_much_was_answered_with_success(outcome: tuple[Asked, list[str]]) -> None:
    found, _ = outcome
    assert sum(n for status, n in found.statuses.items() if status < 300) > 100, found.summary()
