"""GET drift: how far the rows that were predicted lie from those of the training."""

from __future__ import annotations

import sqlite3
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from controllers.parts import parts
from models import Experiment, Inputs, Version, db
from models.database import configure, now
from services import recording, watching
from services.recording import EVERY, Recorder
from services.records import store
from tests.problems import assert_problem
from tests.story import FLOWER, Story, flowers
from tests.test_metrics import samples
from tests.waits import wait_until

ODD = {**FLOWER, "size": 900, "colour": "never seen", "wild": None}


def drift(story: Story, experiment: str, **query: Any) -> Any:
    return story.client.get(f"/v1/experiments/{experiment}/drift", query_string=query)


def told(story: Story, experiment: str, **query: Any) -> tuple[int, dict[str, Any]]:
    answer = drift(story, experiment, **query).json
    return answer["rows"], {each["feature"]: each for each in answer["features"]}


def test_rows_that_were_predicted(story: Story, recorder: Recorder) -> None:
    experiment = story.make_trained(flowers(400, seed=71))
    nothing = drift(story, experiment).json
    assert nothing == {
        "experiment": experiment, "version": 1, "days": 7, "rows": 0, "features": []
    }  # fmt: skip
    assert story.predict(experiment, *[ODD] * 300).status_code == 200
    recorder.flush()
    rows, features = told(story, experiment)
    assert rows == 300
    assert set(features) == set(FLOWER)
    assert features["size"]["drift"] == features["colour"]["drift"] == "strong"
    assert features["colour"]["unseen"]["served"] == 1
    assert features["wild"]["missing"] == {"training": 0, "served": 1}
    psis = [each["psi"] for each in drift(story, experiment).json["features"]]
    assert psis == sorted(psis, reverse=True)
    metrics = samples(story.client.get("/metrics").text)
    name = ("grove_drift_psi", frozenset({("experiment", experiment)}))
    assert metrics[name] == pytest.approx(psis[0])


def test_rows_like_those_of_the_training(story: Story, recorder: Recorder) -> None:
    body = flowers(600, seed=72)
    experiment = story.make_trained(body)
    path = f"/v1/experiments/{experiment}/predict"
    with story.client.post(path, data=body, content_type="text/csv") as answer:
        assert answer.status_code == 200
    recorder.flush()
    rows, features = told(story, experiment)
    assert rows == 600
    assert {each["drift"] for each in features.values()} == {"none"}
    bad = story.client.post(path, data=body + "1,2,3\n", content_type="text/csv")
    assert_problem(bad, 422, "ragged_row")
    recorder.flush()
    assert told(story, experiment)[0] == 600


def test_of_many_rows_at_once_some_are_counted(
    story: Story, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = story.make_trained(flowers(seed=73))
    monkeypatch.setattr(watching, "MOST_OF_BLOCK", 50)
    assert story.predict(experiment, *[FLOWER] * 100).status_code == 200
    for _ in range(3):
        assert story.predict(experiment, FLOWER).status_code == 200
    recorder.flush()
    assert told(story, experiment)[0] == 53


def test_what_was_refused_in_the_end_does_not_count(story: Story, recorder: Recorder) -> None:
    experiment = story.make_trained(flowers(seed=93))
    assert_problem(story.predict(experiment, FLOWER, coverage=0.9), 409, "not_calibrated")
    assert_problem(story.predict(experiment, *[FLOWER] * 101, explain=True), 413, "too_many_rows")
    recorder.flush()
    assert told(story, experiment)[0] == 0


def test_each_version_and_each_day_has_its_own(
    story: Story, recorder: Recorder, app: Flask
) -> None:
    experiment = story.make_trained(flowers(seed=74))
    story.predict(experiment, *[FLOWER] * 4)
    assert story.train(experiment, n_estimators=3).status_code == 201
    story.predict(experiment, *[FLOWER] * 2)
    recorder.flush()
    assert [told(story, experiment, version=n)[0] for n in (1, 2)] == [4, 2]
    with app.app_context():
        uid = db.session.scalar(sa.select(Experiment.uid).where(Experiment.id == experiment))
        earlier = sa.update(Inputs).where(Inputs.experiment_uid == uid, Inputs.version == 1)
        db.session.execute(earlier.values(day=now().date() - timedelta(days=3)))
        db.session.commit()
    assert [told(story, experiment, version=1, days=n)[0] for n in (3, 4)] == [0, 4]
    assert story.client.delete(f"/v1/experiments/{experiment}/versions/1").status_code == 204
    assert_problem(drift(story, experiment, version=1), 404, "version_not_found")


def test_several_processes_add_up(story: Story, app: Flask, recorder: Recorder) -> None:
    experiment = story.make_trained(flowers(seed=75))
    other = Recorder(lambda: Session(db.engine))
    served = parts().models.of(db.session(), experiment)
    matrix = served.model.rows.encode([FLOWER] * 5).matrix
    for one in (recorder, other):
        one.watch.see(served, matrix)
        one.flush()
    other.watch.see(served, matrix)
    other.flush()
    assert told(story, experiment)[0] == 15


@pytest.mark.sqlite
def test_a_database_that_is_busy_for_too_long_is_waited_for(
    story: Story, recorder: Recorder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = story.make_trained(flowers(seed=90))
    hurried = sa.create_engine(db.engine.url, connect_args={"timeout": 0})
    configure(hurried, 0)
    monkeypatch.setattr(recorder, "_sessions", lambda: Session(hurried))
    busy = sqlite3.connect(home / "grove.sqlite", isolation_level=None, timeout=60)
    busy.execute("BEGIN IMMEDIATE")
    story.predict(experiment, FLOWER, record=True)
    recorder.flush()
    time.sleep(3 * EVERY)  # its own thread tries, too, and lives on
    busy.execute("ROLLBACK")
    busy.close()
    path = f"/v1/experiments/{experiment}/outcomes"
    wait_until(lambda: story.client.get(path).json["items"])
    recorder.flush()
    assert told(story, experiment)[0] == 1
    hurried.dispose()


def test_what_is_written_twice_counts_once(
    story: Story, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to a commit may be lost, and all is written again."""
    experiment = story.make_trained(flowers(seed=92))
    story.predict(experiment, FLOWER, record=True)

    def lost(*what: Any) -> None:
        store(*what)
        what[0].commit()
        raise OperationalError("", {}, Exception("the connection is lost"))

    with monkeypatch.context() as broken:
        broken.setattr(recording, "store", lost)
        recorder.flush()
    recorder.flush()
    assert told(story, experiment)[0] == 1
    items = story.client.get(f"/v1/experiments/{experiment}/outcomes").json["items"]
    assert [each["predictions"] for each in items] == [1]


def test_what_cannot_be_written_waits(
    story: Story, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = story.make_trained(flowers(seed=76))
    story.predict(experiment, FLOWER)

    def away() -> Session:
        raise OperationalError("", {}, Exception("the database is away"))

    with monkeypatch.context() as broken:
        broken.setattr(recorder, "_sessions", away)
        recorder.flush()
        story.predict(experiment, FLOWER)
        recorder.flush()
    recorder.flush()
    assert told(story, experiment)[0] == 2


def test_what_is_deleted_meanwhile_is_forgotten(
    story: Story, recorder: Recorder, app: Flask
) -> None:
    gone, stays = (story.make_trained(flowers(seed=seed)) for seed in (77, 78))
    story.predict(gone, FLOWER, record=True)
    story.predict(stays, FLOWER, record=True)
    assert story.delete(gone).status_code == 204
    recorder.flush()
    assert told(story, stays)[0] == 1


def test_what_there_is_no_drift_of(
    story: Story, home: Path, app: Flask, recorder: Recorder
) -> None:
    assert_problem(drift(story, "nothing"), 404, "experiment_not_found")
    experiment = story.make_experiment(flowers(seed=79))
    assert_problem(drift(story, experiment), 409, "not_trained")
    for name, value, code in (
        ("days", 0, "out_of_range"),
        ("days", 91, "out_of_range"),
        ("days", "x", "wrong_type"),
        ("version", 0, "out_of_range"),
        ("day", 1, "unknown_parameter"),
    ):
        assert_problem(drift(story, experiment, **{name: value}), 422, code, f"/{name}")
    assert story.train(experiment, n_estimators=3).status_code == 201
    with app.app_context():
        uid = db.session.scalar(sa.select(Experiment.uid).where(Experiment.id == experiment))
        version = db.session.get_one(Version, (uid, 1))
        kept = dict(version.checksums)
        version.checksums = {n: s for n, s in kept.items() if n != "baseline.json"}
        db.session.commit()
        assert_problem(drift(story, experiment), 409, "no_baseline")
        version.checksums = kept
        db.session.commit()
    file = home / story.get(experiment, "/versions/1").json["model_path"]
    story.predict(experiment, FLOWER)
    recorder.flush()
    file.with_name("baseline.json").write_text("{}")
    assert_problem(drift(story, experiment), 409, "model_integrity_failed")
    assert story.client.get("/metrics").status_code == 200
    assert story.client.get(f"/experiments/{experiment}").status_code == 200
