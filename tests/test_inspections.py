"""Pictures of a version, what its features are worth, and how it goes with each."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from controllers.inspections import MEDIA_TYPES
from models import Kind
from services.pictures.names import OF_TASK
from tests.problems import assert_problem
from tests.story import PATIENT, Story, flowers, table

SVG = "{http://www.w3.org/2000/svg}"


def ask(story: Story, experiment: str, what: str, **query: str) -> Any:
    path = f"/v1/experiments/{experiment}/versions/1/{what}"
    return story.client.get(path, query_string=query, headers=PATIENT)


def assert_picture(answer: Any, form: str) -> None:
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == MEDIA_TYPES[form]
    if form == "svg":
        root = ET.fromstring(answer.data)  # noqa: S314 (it is our own)
        assert root.tag == f"{SVG}svg"
        assert len(list(root.iter(f"{SVG}path"))) > 10
    else:
        with Image.open(io.BytesIO(answer.data)) as image:
            assert image.format == "PNG"
            assert min(image.size) > 300
            colours = image.convert("RGB").getcolors(1 << 24)
            assert colours is not None
            assert len(colours) > 10


@pytest.mark.parametrize("form", MEDIA_TYPES)
def test_all_pictures_of_a_classification(story: Story, form: str) -> None:
    experiment = story.make_trained()
    for name in OF_TASK["classification"]:
        assert_picture(ask(story, experiment, f"plots/{name}.{form}"), form)
    jobs = story.client.get(f"/v1/jobs?kind=inspect&experiment={experiment}").json["items"]
    assert [job["state"] for job in jobs] == ["succeeded"]
    answer = ask(story, experiment, f"plots/residuals.{form}")
    assert_problem(answer, 404, "plot_not_found")


def prices(rows: int = 120) -> str:
    return table(["a", "b", "price"], [[n, n % 7, n * 2.5 + n % 7] for n in range(rows)])


def test_all_pictures_of_a_regression(story: Story) -> None:
    experiment = story.make_trained(prices(), target="price", type="regression")
    for name in OF_TASK["regression"]:
        assert_picture(ask(story, experiment, f"plots/{name}.svg"), "svg")
    found = ask(story, experiment, "importances").json
    assert (found["score"], found["rows_shuffled"]) == ("r2", 24)
    assert found["importances"][0]["feature"] == "a"
    told = ask(story, experiment, "dependence", feature="a").json
    assert told["classes"] is None
    assert np.corrcoef(told["values"], told["means"])[0, 1] > 0.9


@pytest.mark.parametrize("classes", [30, 60])
def test_many_classes_with_odd_names(story: Story, classes: int) -> None:
    rows = [[n % classes, n % 5, f"kind ${n % classes}_<&é {'x' * 30}"] for n in range(classes * 8)]
    experiment = story.make_trained(table(["a $b$", "c", "kind"], rows))
    for name in OF_TASK["classification"]:
        assert_picture(ask(story, experiment, f"plots/{name}.svg"), "svg")


def test_a_test_split_of_one_class(story: Story) -> None:
    """Nothing to tell apart: the pictures say so."""
    one = {True: ("test", "no"), False: ("train", "yes")}
    rows = [[n, one[n < 20][0], "no" if n % 2 else one[n < 20][1]] for n in range(80)]
    experiment = story.make_trained(table(["a", "part", "kind"], rows), split_column="part")
    for name in OF_TASK["classification"]:
        assert_picture(ask(story, experiment, f"plots/{name}.png"), "png")


def test_what_features_are_worth(story: Story) -> None:
    experiment = story.make_trained(flowers(400))
    found = ask(story, experiment, "importances").json
    assert list(found) == ["version", "score", "rows_shuffled", "importances"]
    names = [each["feature"] for each in found["importances"]]
    assert sorted(names) == sorted(["size", "colour", "wild", "picked", "petals"])
    assert set(names[:2]) == {"size", "colour"}
    means = [each["mean"] for each in found["importances"]]
    assert means == sorted(means, reverse=True)
    assert sum(each["impurity"] for each in found["importances"]) == pytest.approx(1)
    again = ask(story, experiment, "importances")
    assert again.headers["ETag"]


def test_how_it_goes_with_each_column(story: Story) -> None:
    experiment = story.make_trained(flowers(400))
    kinds = {"size": float, "colour": str, "wild": bool, "picked": str, "petals": int}
    for feature, kind in kinds.items():
        told = ask(story, experiment, "dependence", feature=feature).json
        assert told["classes"] == ["rose", "tulip"]
        assert {type(value) for value in told["values"]} == {kind}
        assert np.asarray(told["means"]).shape == (len(told["values"]), 2)
        assert np.allclose(np.sum(told["means"], axis=1), 1)
        row = {"size": 5.1, feature: told["values"][0]}
        assert story.predict(experiment, {**dict.fromkeys(kinds), **row}).status_code == 200
    roses = np.array(ask(story, experiment, "dependence", feature="size").json["means"])[:, 0]
    assert roses[0] > roses[-1] + 0.3
    assert_problem(ask(story, experiment, "dependence", feature="sze"), 404, "feature_not_found")
    assert_problem(ask(story, experiment, "dependence"), 422, "required")


def test_where_it_fails(story: Story) -> None:
    experiment = story.make_trained(flowers(400))
    told = ask(story, experiment, "slices").json
    assert told["rows"] == 80
    assert [each["feature"] for each in told["slices"]] == ["colour", "wild"]
    colours = {each["value"]: each for each in told["slices"][0]["values"]}
    assert set(colours) == {"red", "white", "yellow", None}
    assert colours[None]["of"] == "missing"
    assert sum(each["rows"] for each in colours.values()) == 80
    assert colours["red"]["accuracy"] > colours["white"]["accuracy"]
    every = ask(story, experiment, "thresholds").json
    assert (every["label"], len(every["thresholds"])) == ("tulip", 101)
    assert every["thresholds"][0]["recall"] == 1


def test_thresholds_are_of_two_classes(story: Story) -> None:
    rows = [[n % 3, n % 5, "abc"[n % 3]] for n in range(60)]
    experiment = story.make_trained(table(["a", "b", "kind"], rows))
    assert_problem(ask(story, experiment, "thresholds"), 404, "thresholds_not_found")
    assert ask(story, experiment, "slices").json["slices"] == []


def test_what_is_lost_is_made_again(story: Story, home: Path) -> None:
    experiment = story.make_trained()
    first = ask(story, experiment, "plots/roc.svg")
    version = story.get(experiment, "/versions/1").json
    shutil.rmtree((home / version["model_path"]).with_name("inspection"))
    again = ask(story, experiment, "plots/roc.svg")
    assert (again.status_code, again.data) == (200, first.data)
    held = {"If-None-Match": again.headers["ETag"]}
    path = f"/v1/experiments/{experiment}/versions/1/plots/roc.svg"
    assert story.client.get(path, headers=held).status_code == 304


def test_who_does_not_wait_gets_the_one_job(story: Story) -> None:
    experiment = story.make_trained()
    path = f"/v1/experiments/{experiment}/versions/1/plots/roc.svg"
    answers = [story.client.get(path, headers={"Prefer": "respond-async"}) for _ in range(2)]
    jobs = {answer.json["id"] for answer in answers if answer.status_code == 202}
    assert len(jobs) == 1
    assert story.wait_for(jobs.pop(), "succeeded")["kind"] == Kind.INSPECT
    assert story.client.get(path).status_code == 200


@pytest.mark.parametrize("what", ["plots/roc.svg", "importances", "dependence?feature=size"])
def test_what_there_is_not(story: Story, what: str) -> None:
    experiment = story.make_experiment()
    path = f"/v1/experiments/{experiment}/versions"
    assert_problem(story.client.get(f"{path}/1/{what}"), 404, "version_not_found")
    missing = story.client.get(f"/v1/experiments/none/versions/1/{what}")
    assert_problem(missing, 404, "experiment_not_found")
    assert story.client.get(f"{path}/1/plots/pie.svg").status_code == 404


def test_a_broken_test_split_is_said(story: Story, home: Path) -> None:
    experiment = story.make_trained()
    file = home / story.get(experiment).json["test_path"]
    file.write_bytes(file.read_bytes()[:-9])
    answer = ask(story, experiment, "plots/roc.svg")
    assert answer.status_code == 409, answer.text
    assert ask(story, experiment, "importances").json["code"] == answer.json["code"]
    jobs = story.client.get(f"/v1/jobs?kind=inspect&experiment={experiment}").json["items"]
    assert [job["state"] for job in jobs] == ["failed"]


def test_one_test_row_of_numbers(story: Story) -> None:
    made = table(["a", "price"], [[n, n * 2.5] for n in range(5)])
    experiment = story.make_trained(made, target="price", type="regression")
    assert story.get(experiment).json["test_rows"] == 1
    (found,) = ask(story, experiment, "importances").json["importances"]
    assert found["mean"] == 0


def test_they_go_with_their_version(story: Story, home: Path) -> None:
    experiment = story.make_trained()
    assert ask(story, experiment, "plots/roc.svg").status_code == 200
    folder = (home / story.get(experiment, "/versions/1").json["model_path"]).parent
    assert (folder / "inspection" / "roc.svg").is_file()
    assert story.train(experiment, n_estimators=5).status_code == 201
    assert story.client.delete(f"/v1/experiments/{experiment}/versions/1").status_code == 204
    assert not folder.exists()
