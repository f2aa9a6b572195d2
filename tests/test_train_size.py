"""A training within GROVE_STEP_MEMORY: the forest is made to fit, and says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.setup import prepare
from tests.problems import assert_problem
from tests.story import Story, app_on, flowers, settings_for, worker

pytestmark = pytest.mark.no_database

LIMIT = 400 << 20  # bytes: some are taken before there is a tree


@pytest.fixture(name="home", scope="module")
def _home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("small")
    prepare(settings_for(home))
    return home


@pytest.fixture(name="experiment", scope="module")
def _experiment(home: Path) -> str:
    with app_on(home) as app, worker(home):
        return Story(app.test_client()).make_experiment(flowers(20_000))


@pytest.fixture(name="story", scope="module")
def _story(home: Path, experiment: str) -> Iterator[Story]:
    """With a worker that has little memory."""
    with app_on(home) as app, worker(home, GROVE_STEP_MEMORY=str(LIMIT)):
        assert experiment
        yield Story(app.test_client())


def test_it_is_made_to_fit(story: Story, experiment: str) -> None:
    answer = story.train(experiment)
    assert answer.status_code == 201, answer.text
    size, version = answer.json["manifest"]["size"], answer.json
    assert list(size) == ["memory_limit", "chosen"]
    assert size["memory_limit"] == LIMIT
    assert size["chosen"]["min_samples_leaf"] > 1
    assert version["hyper_parameters"].items() >= size["chosen"].items()
    assert version["hyper_parameters"]["n_estimators"] == 100


def test_what_is_asked_for_and_does_not_fit_is_refused(story: Story, experiment: str) -> None:
    asked: dict[str, Any] = {"min_samples_leaf": 1, "max_samples": 15_000}
    answer = story.train(experiment, n_estimators=100, **asked)
    assert_problem(answer, 500, "out_of_memory")
    assert "min_samples_leaf" in answer.json["detail"]
    assert "would fit" in answer.json["detail"]


def test_what_fits_is_left_as_it_is(story: Story, experiment: str) -> None:
    answer = story.train(experiment, n_estimators=3)
    assert answer.json["manifest"]["size"]["chosen"] == {}
    assert answer.json["hyper_parameters"]["min_samples_leaf"] == 1


def test_an_extension_that_does_not_fit_is_refused(story: Story, experiment: str) -> None:
    assert story.train(experiment, n_estimators=3).status_code == 201
    assert_problem(story.train(experiment, extend=1_000), 500, "out_of_memory")
