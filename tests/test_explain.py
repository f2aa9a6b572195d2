"""explain=true: each prediction says what each column added to it."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import pytest

from services import explaining
from services.explaining import Explainer
from tests.problems import assert_problem
from tests.story import FLOWER, Story, flowers, table
from tests.traces import unchanged

pytestmark = pytest.mark.no_database

MISSING = {**FLOWER, "size": None, "colour": "never seen"}


def test_the_columns_add_up_to_the_probabilities(story: Story) -> None:
    experiment = story.make_trained()
    plain = story.predict(experiment, FLOWER, MISSING).json
    told = story.predict(experiment, FLOWER, MISSING, explain=True).json
    for row, wanted in zip(told["predictions"], plain["predictions"], strict=True):
        explanation = row.pop("explanation")
        assert row == wanted
        assert list(explanation["contributions"]) == list(FLOWER)
        for label, probability in row["probabilities"].items():
            added = sum(each[label] for each in explanation["contributions"].values())
            assert explanation["base"][label] + added == pytest.approx(probability, abs=1e-12)
            assert explanation["base"][label] == pytest.approx(0.5, abs=0.2)
    answer = story.client.post(
        f"/v1/experiments/{experiment}/predict?explain=true", json={"rows": [FLOWER]}
    )
    assert "explanation" in answer.json["predictions"][0]


def test_a_regression(story: Story) -> None:
    rows = [[n, n % 7, n * 2.5] for n in range(80)]
    experiment = story.make_trained(
        table(["a", "b", "price"], rows), target="price", type="regression"
    )
    (told,) = story.predict(experiment, {"a": 40, "b": 3}, explain=True).json["predictions"]
    added = told["explanation"]["contributions"]
    assert told["explanation"]["base"] + sum(added.values()) == pytest.approx(told["value"])
    assert set(added) == {"a", "b"}


def test_what_cannot_be_explained(
    story: Story, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = story.make_trained(flowers(seed=61))
    address = f"/v1/experiments/{experiment}/predict"
    with unchanged(story, home):
        many = story.predict(experiment, *[FLOWER] * 101, explain=True)
        assert_problem(many, 413, "too_many_rows")
        monkeypatch.setattr(explaining, "MOST_CELLS", 10)
        wide = story.predict(experiment, FLOWER, FLOWER, explain=True)
        assert_problem(wide, 413, "too_many_rows")
        csv = story.client.post(
            f"{address}?explain=true", data="size\n1\n", content_type="text/csv"
        )
        assert_problem(csv, 422, "not_for_csv")
        assert_problem(story.predict(experiment, FLOWER, explain="yes"), 422, "wrong_type")


def test_trees_that_have_no_room_explain_from_their_file(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = story.make_trained(flowers(seed=63))
    explainer = story.client.application.extensions["grove"].explainer
    with monkeypatch.context() as small:
        small.setattr(explainer, "most_bytes", 9)
        mapped = story.predict(experiment, FLOWER, explain=True).json
    monkeypatch.setattr(explainer, "_trees", OrderedDict())
    assert mapped == story.predict(experiment, FLOWER, explain=True).json


def test_trees_that_were_changed_explain_nothing(story: Story, home: Path) -> None:
    experiment = story.make_trained(flowers(seed=62))
    version = story.get(experiment, "/versions/1").json
    file = (home / version["model_path"]).with_name("trees.npz")
    file.write_bytes(file.read_bytes() + b"x")
    answer = story.predict(experiment, FLOWER, explain=True)
    assert_problem(answer, 409, "model_integrity_failed")
    assert story.predict(experiment, FLOWER).status_code == 200


def test_few_forests_are_kept(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "MOST_KEPT", 1)
    explainer: Explainer = story.client.application.extensions["grove"].explainer
    for experiment in (story.make_trained(), story.make_trained()):
        assert story.predict(experiment, FLOWER, explain=True).status_code == 200
        assert len(explainer._trees) == 1
