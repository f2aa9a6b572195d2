"""record=true: what is put on record behind the answers, and for how long."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from models import Inputs, Prediction, db
from models.database import connect, now
from services import recording
from services.recording import Recorder
from services.settings import read
from services.worker import retention
from services.worker.retention import INPUTS_KEPT, forget_old_predictions
from tests.live import away, live, recorded, rows_of
from tests.problems import assert_problem
from tests.service import running
from tests.story import FLOWER, PATIENT, Story, flowers
from tests.waits import wait_until


def test_what_is_not_recorded(
    story: Story, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = story.make_trained(flowers(seed=86))
    assert "prediction_id" not in story.predict(experiment, FLOWER).json["predictions"][0]
    path = f"/v1/experiments/{experiment}/predict?record=true"
    csv = story.client.post(path, data="size\n1\n", content_type="text/csv")
    assert_problem(csv, 422, "not_for_csv")
    by_query = story.client.post(path, json={"rows": [FLOWER]})
    assert len(by_query.json["predictions"][0]["prediction_id"]) == 32
    recorder.flush()
    monkeypatch.setattr(recording, "MOST_WAITING", 1)
    more = story.predict(experiment, FLOWER, FLOWER, record=True)
    assert_problem(more, 413, "too_many_rows")
    with monkeypatch.context() as broken:
        broken.setattr(recorder, "_sessions", away)
        assert story.predict(experiment, FLOWER, record=True).status_code == 200
        full = story.predict(experiment, FLOWER, record=True)
        assert_problem(full, 503, "records_full")
    recorder.flush()
    assert live(story, experiment)["items"][0]["predictions"] == 2


def test_many_are_written_in_turns(
    story: Story, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = story.make_trained(flowers(seed=87))
    monkeypatch.setattr(recording, "AT_ONCE", 7)
    recorded(story, experiment, *rows_of(20))
    recorder.flush()
    assert live(story, experiment)["items"][0]["predictions"] == 20


def test_the_oldest_are_forgotten(
    story: Story, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = story.make_trained(flowers(seed=88))
    predictions = recorded(story, experiment, *rows_of(5))
    recorder.flush()
    sessions = sessionmaker(db.engine)
    with sessions() as session:
        for at, each in enumerate(predictions):
            row = session.get_one(Prediction, each["prediction_id"])
            row.created_at = now() + timedelta(minutes=at)
        session.execute(sa.update(Inputs).values(day=now().date() - INPUTS_KEPT))
        session.commit()
    forget_old_predictions(sessions, None)
    assert live(story, experiment)["items"][0]["predictions"] == 5
    monkeypatch.setattr(retention, "MOST_AT_ONCE", 2)
    forget_old_predictions(sessions, 2)
    with sessions() as session:
        kept = set(session.scalars(sa.select(Prediction.id)))
        assert session.scalar(sa.select(sa.func.count()).select_from(Inputs)) == 0
    assert kept == {each["prediction_id"] for each in predictions[-2:]}


def test_a_service_that_ends_has_written_all(tmp_path: Path) -> None:
    with running(tmp_path / "home") as service:

        def ask(method: str, path: str, **sent: Any) -> Any:
            connection = http.client.HTTPConnection(service.address)
            headers = {"Content-Type": "application/json", **PATIENT}
            connection.request(method, path, json.dumps(sent), headers)
            with closing(connection):
                return json.load(connection.getresponse())

        made = {"id": "glass", "dataset": "glass", "target": "Type"}
        assert ask("POST", "/v1/experiments", **made)["status"] == "ready"
        assert ask("POST", "/v1/experiments/glass/train", n_estimators=3)["version"] == 1
        row = dict.fromkeys(["RI", "Na", "Mg", "Al", "Si", "K", "Ca", "Ba", "Fe"], 1)
        path = "/v1/experiments/glass/predict"
        answers = [ask("POST", path, rows=[row], record=True) for _ in range(9)]
    ids = {each["predictions"][0]["prediction_id"] for each in answers}
    engine = connect(read(service.environ).database_url)
    with Session(engine) as session:
        assert set(session.scalars(sa.select(Prediction.id))) == ids
        assert sum(session.scalars(sa.select(Inputs.rows))) == 9
    engine.dispose()


def test_they_are_on_record_by_themselves(story: Story) -> None:
    experiment = story.make_trained(flowers(seed=89))
    recorded(story, experiment, FLOWER)
    wait_until(lambda: bool(live(story, experiment)["items"]))
