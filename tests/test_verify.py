"""POST …/verify: a version is grown again from its record, and compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models import Version
from services.forest.batches import INTELEX, SCIKIT_LEARN
from services.forest.engines import installed
from services.verifying import verdict
from tests.problems import assert_problem
from tests.story import PATIENT, ROOT, Story, flowers
from tests.test_durability import FORESTS, big_table
from tests.traces import unchanged

pytestmark = pytest.mark.no_database


def verify(story: Story, experiment: str, number: int) -> Any:
    path = f"/v1/experiments/{experiment}/versions/{number}/verify"
    return story.client.post(path, headers=PATIENT)


def assert_identical(told: dict[str, Any], *more: str) -> None:
    assert told["identical"] is True, told
    assert set(told["files"]) == {"model.onnx", "serving.json", "trees.npz", *more}
    assert told["different"] == []
    assert told["made_with"] == {}


def test_a_version_is_made_again(story: Story, home: Path) -> None:
    experiment = story.make_trained(flowers(200), calibration_size=0.2)
    with unchanged(story, home):
        assert_identical(story.done(verify(story, experiment, 1)), "calibration.json")
    assert len(story.get(experiment, "/versions").json["items"]) == 1


def test_the_version_of_the_demo(story: Story) -> None:
    """That of ./run.sh demo: every default, on the sample."""
    body = (ROOT / "data" / "glass.csv").read_bytes()
    experiment = story.make_experiment(body, target="Type")
    story.version(experiment)
    assert_identical(story.done(verify(story, experiment, 1)))


@pytest.mark.parametrize("engine", [SCIKIT_LEARN, INTELEX])
def test_of_several_batches_and_extended(story: Story, engine: str) -> None:
    if engine not in installed():
        pytest.skip(f"{engine} has no wheel here")
    experiment = story.make_experiment(big_table())
    trees = {SCIKIT_LEARN: 30, INTELEX: 60}[engine]
    first = story.version(experiment, **{**FORESTS[engine], "n_estimators": trees})
    assert first["manifest"]["engine"]["name"] == engine
    story.version(experiment, extend=trees // 2)
    for number in (1, 2):
        assert_identical(story.done(verify(story, experiment, number)))


def test_of_a_forest_that_stopped_early(story: Story) -> None:
    experiment = story.make_experiment(flowers(300))
    asked = {"n_estimators": 400, "early_stopping": True, "tol": 0.02}
    version = story.version(experiment, **asked)
    assert version["hyper_parameters"]["n_estimators"] < 400
    assert_identical(story.done(verify(story, experiment, 1)))


def test_what_is_not_there(story: Story) -> None:
    experiment = story.make_experiment()
    assert_problem(verify(story, experiment, 1), 404, "version_not_found")


def test_what_differs_is_said() -> None:
    manifest: dict[str, Any] = {
        "engine": {"name": SCIKIT_LEARN, "version": "1.9.1", "reason": "few rows"},
        "python": "3.11.2",
        "libraries": {"numpy": "2.0"},
    }
    kept = {"trees.npz": "a", "model.onnx": "b", "model.pickle": "c"}
    version = Version(number=3, checksums=kept, manifest=manifest)
    again = {
        "checksums": {"trees.npz": "a", "model.onnx": "x", "model.pickle": "y"},
        "manifest": {
            **manifest,
            "engine": {**manifest["engine"], "reason": "as before"},
            "python": "3.12.1",
        },
    }
    told = verdict(version, again)
    assert (told["identical"], told["different"]) == (False, ["model.onnx"])
    assert told["made_with"] == {"python": {"kept": "3.11.2", "again": "3.12.1"}}
    assert verdict(version, {**again, "checksums": kept})["identical"] is True
    newer = {**again, "checksums": {**kept, "calibration.json": "z"}}
    assert verdict(version, newer)["identical"] is True
