"""Search: hyper-parameters are tried by cross-validation on the training part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from tests.downloads import pipeline_of, rows_of_split
from tests.problems import assert_problem
from tests.story import PATIENT, Story, flowers, table
from tests.test_durability import big_table
from tests.traces import unchanged

GRID = {"max_depth": [1, None], "min_samples_leaf": [1, 20]}


def test_a_grid_is_searched_as_scikit_learn_does(story: Story) -> None:
    experiment = story.make_experiment(flowers(300), exclude=["colour", "picked"])
    version = story.version(experiment, n_estimators=8, search={"params": GRID, "cv": 4})
    found = version["manifest"]["search"]
    pipeline = pipeline_of(story, experiment)
    rows = rows_of_split(story, experiment, "train")
    X = pipeline[:-1].transform(rows.drop(columns="kind"))
    forest = pipeline[-1]
    grid = GridSearchCV(
        type(forest)(n_estimators=8, random_state=0),
        GRID,
        cv=StratifiedKFold(4, shuffle=True, random_state=0),
    )
    grid.fit(np.asarray(X, np.float32), rows["kind"])
    assert [trial["params"] for trial in found["trials"]] == grid.cv_results_["params"]
    means = [trial["mean"] for trial in found["trials"]]
    assert means == pytest.approx(grid.cv_results_["mean_test_score"])
    assert found["best"] == grid.best_index_
    assert (found["cv"], found["scoring"]) == (4, "accuracy")
    best = found["trials"][found["best"]]["params"]
    chosen = version["hyper_parameters"]
    assert {name: chosen[name] for name in best} == best == grid.best_params_
    assert (version["version"], version["active"]) == (1, True)


def test_some_of_a_grid_at_random(story: Story) -> None:
    experiment = story.make_experiment(flowers(120))
    grid = {"max_depth": list(range(1, 40)), "min_samples_leaf": list(range(1, 40))}
    asked = {"n_estimators": 3, "search": {"params": grid, "n_iter": 4, "cv": 2}}
    tried = [
        [
            each["params"]
            for each in story.version(experiment, **asked)["manifest"]["search"]["trials"]
        ]
        for _ in range(2)
    ]
    assert tried[0] == tried[1]
    assert len({str(each) for each in tried[0]}) == 4


@pytest.mark.parametrize(
    "scoring", ["r2", "neg_root_mean_squared_error", "neg_mean_absolute_error"]
)
def test_of_numbers(story: Story, scoring: str) -> None:
    rows = [[n, n % 7, n * 2.5 + n % 7] for n in range(120)]
    made = table(["a", "b", "price"], rows)
    experiment = story.make_experiment(made, target="price", type="regression")
    search = {"params": {"max_depth": [1, 8]}, "scoring": scoring, "cv": 3}
    version = story.version(experiment, n_estimators=5, search=search)
    found = version["manifest"]["search"]
    assert (found["scoring"], found["best"]) == (scoring, 1)
    assert version["hyper_parameters"]["max_depth"] == 8


@pytest.mark.parametrize("scoring", ["f1_macro", "f1_weighted", "roc_auc_ovr", "neg_log_loss"])
def test_of_classes(story: Story, scoring: str) -> None:
    experiment = story.make_experiment(flowers(200))
    search = {"params": {"max_depth": [1, 6]}, "scoring": scoring, "cv": 3}
    found = story.version(experiment, n_estimators=20, search=search)["manifest"]["search"]
    assert len(found["trials"]) == 2
    assert all(len(trial["scores"]) == 3 for trial in found["trials"])


def test_each_candidate_is_grown_by_what_can_grow_it(story: Story) -> None:
    """scikit-learn-intelex knows gini alone, and takes forests of many rows where it is there."""
    experiment = story.make_experiment(big_table())
    search = {"params": {"criterion": ["gini", "entropy"]}, "cv": 2}
    found = story.version(experiment, n_estimators=4, search=search)["manifest"]["search"]
    assert [each["params"]["criterion"] for each in found["trials"]] == ["gini", "entropy"]


def test_numbers_of_too_few_rows(story: Story) -> None:
    made = table(["a", "price"], [[n, n * 2.5] for n in range(10)])
    experiment = story.make_experiment(made, target="price", type="regression")
    answer = story.train(experiment, search={"params": {"max_depth": [1]}})
    assert answer.json["code"] == "too_few_rows"
    assert story.get(experiment, "/versions").json["items"] == []


def test_nothing_of_the_test_part_is_touched(story: Story, home: Path) -> None:
    experiment = story.make_experiment(flowers(200))
    file = home / story.get(experiment).json["test_path"]
    file.rename(file.with_suffix(".away"))
    search = {"params": {"max_depth": [1, 2]}, "cv": 2}
    try:
        story.version(experiment, n_estimators=3, search=search)
    finally:
        file.with_suffix(".away").rename(file)


def test_it_is_seen_and_can_be_cancelled(story: Story) -> None:
    experiment = story.make_experiment(flowers(400))
    search = {"params": {"max_depth": list(range(1, 40))}, "cv": 10}
    path = f"/v1/experiments/{experiment}/train"
    asked = {"n_estimators": 400, "search": search}
    job = story.client.post(path, json=asked, headers={"Prefer": "respond-async"}).json["id"]
    story.wait_for(job, "running")
    assert story.client.post(f"/v1/jobs/{job}/cancel").status_code == 200
    assert story.get(experiment, "/versions").json["items"] == []


def searched(**params: Any) -> dict[str, Any]:
    return {"params": params}


ONE = searched(max_depth=[1])
WIDE = searched(max_depth=list(range(1, 21)), min_samples_leaf=list(range(1, 21)))
NAMES = ("max_depth", "min_samples_leaf", "min_samples_split", "max_leaf_nodes", "n_estimators")
VAST = searched(**{name: [2] * 50 for name in NAMES}, random_state=[1] * 50, max_samples=[2] * 50,
                max_features=[1] * 50)  # fmt: skip
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"search": {}}, "required", "/search/params"),
    ({"search": searched(max_depht=[1])}, "unknown_field", "/search/params/max_depht"),
    ({"search": searched(max_depth=[])}, "bad_length", "/search/params/max_depth"),
    ({"search": searched(max_depth=[0])}, "out_of_range", "/search/params/max_depth/0"),
    ({"search": searched(max_depth=3)}, "wrong_type", "/search/params/max_depth"),
    ({"search": {**ONE, "cv": 1}}, "out_of_range", "/search/cv"),
    ({"search": {**ONE, "scoring": "auc"}}, "unknown_choice", "/search/scoring"),
    ({"search": {**ONE, "scoring": "r2"}}, "unknown_choice", "/search/scoring"),
    ({"max_depth": 2, "search": ONE}, "not_with_search", "/max_depth"),
    ({"dry_run": True, "search": ONE}, "not_with_search", "/dry_run"),
    ({"search": searched(max_features=[3, 99])}, "out_of_range", "/search/params/max_features"),
    ({"search": WIDE}, "too_many_candidates", "/search/params"),
    ({"search": {**VAST, "n_iter": 2}}, "too_many_candidates", "/search/params"),
]


@pytest.mark.parametrize(("asked", "code", "pointer"), REFUSED)
def test_what_is_refused(
    story: Story, home: Path, asked: dict[str, Any], code: str, pointer: str
) -> None:
    experiment = story.make_experiment()
    with unchanged(story, home):
        assert_problem(story.train(experiment, **asked), 422, code, pointer)


def test_more_folds_than_rows_of_a_class(story: Story) -> None:
    experiment = story.make_experiment(flowers(20))
    path = f"/v1/experiments/{experiment}/train"
    asked = {"search": {"params": {"max_depth": [1]}, "cv": 20}}
    answer = story.client.post(path, json=asked, headers=PATIENT)
    assert answer.json["code"] == "too_few_rows"
