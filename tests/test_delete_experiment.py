"""DELETE /v1/experiments/{id}: the rows and the files are gone, running work is stopped."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event, Thread

from flask import Flask

from tests.problems import assert_problem
from tests.story import FLOWER, Story, flowers
from tests.traces import settled, unchanged

ASYNC = {"Prefer": "respond-async"}


def test_rows_and_files_are_gone(story: Story, home: Path) -> None:
    name = story.make_dataset()
    before = settled(home)
    experiment = story.make_trained(dataset=name)
    story.test(experiment)
    answer = story.delete(experiment)
    assert (answer.status_code, answer.data) == (204, b"")
    assert settled(home) == before
    assert_problem(story.get(experiment), 404, "experiment_not_found")
    assert_problem(story.get(experiment, "/versions"), 404, "experiment_not_found")
    assert_problem(story.get(experiment, "/versions/1"), 404, "experiment_not_found")
    assert_problem(story.get(experiment, "/splits/train"), 404, "experiment_not_found")
    assert_problem(story.train(experiment), 404, "experiment_not_found")
    assert story.predict(experiment, FLOWER).status_code == 404
    assert story.client.get(f"/v1/datasets/{name}").status_code == 200


def test_twice(story: Story, home: Path) -> None:
    """U9."""
    experiment = story.make_experiment()
    assert story.delete(experiment).status_code == 204
    with unchanged(story, home):
        assert_problem(story.delete(experiment), 404, "experiment_not_found")


def test_an_id_may_be_used_again(story: Story) -> None:
    experiment = story.make_trained()
    etag = story.get(experiment).headers["ETag"]
    assert story.delete(experiment).status_code == 204
    story.make_experiment(id=experiment)
    told = story.get(experiment)
    assert (told.json["status"], told.json["active_version"]) == ("ready", None)
    assert told.headers["ETag"] != etag
    assert_problem(story.predict(experiment, FLOWER), 409, "not_trained")


def test_if_match(story: Story, home: Path) -> None:
    """U4."""
    experiment = story.make_experiment()
    path, stale = f"/v1/experiments/{experiment}", story.get(experiment).headers["ETag"]
    story.patch(experiment, {"description": "newer"})
    with unchanged(story, home):
        answer = story.client.delete(path, headers={"If-Match": stale})
        assert_problem(answer, 412, "precondition_failed")
    fresh = story.get(experiment).headers["ETag"]
    assert story.client.delete(path, headers={"If-Match": fresh}).status_code == 204


def test_during_training(story: Story, home: Path) -> None:
    """U10: the child is ended, and nothing comes back later."""
    experiment = story.make_experiment(flowers(5_000))
    before = {path for path in settled(home) if not path.startswith("experiments/")}
    job = story.client.post(
        f"/v1/experiments/{experiment}/train", json={"n_estimators": 5_000}, headers=ASYNC
    ).json["id"]
    story.wait_for(job, "running")
    deadline = time.monotonic() + 30
    while not (home / "work" / job).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert story.delete(experiment).status_code == 204
    assert story.job(job).json["state"] == "cancelled"
    assert {path for path in settled(home) if not path.startswith("experiments/")} == before
    assert not [uid for uid in (home / "experiments").iterdir() if not list(uid.iterdir())]
    assert_problem(story.get(experiment), 404, "experiment_not_found")
    assert story.make_experiment(id=experiment) == experiment


def test_while_predicting(app: Flask, story: Story) -> None:
    """U11: the answer is a prediction, or that there is none; never a fault."""
    experiment = story.make_trained()
    seen: list[int] = []
    ready, over = Event(), Event()

    def ask() -> None:
        mine = Story(app.test_client())
        while not over.is_set():
            seen.append(mine.predict(experiment, FLOWER).status_code)
            ready.set()

    thread = Thread(target=ask)
    thread.start()
    ready.wait(10)
    assert story.delete(experiment).status_code == 204
    deadline = time.monotonic() + 10
    while seen[-1] != 404 and time.monotonic() < deadline:
        time.sleep(0.01)
    over.set()
    thread.join()
    assert set(seen) == {200, 404}
    assert seen[-1] == 404
