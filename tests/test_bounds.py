"""What piles up is bounded: jobs that wait, jobs on record, versions."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from dbos import DBOSClient
from sqlalchemy.orm import Session

from models import Job
from models.database import connect, now
from services.setup import prepare
from tests.orphans import assert_no_orphans, orphans
from tests.problems import assert_problem
from tests.story import FLOWER, Story, app_on, flowers, settings_for, worker

ASYNC = {"Prefer": "respond-async"}


def test_a_full_queue_takes_no_more(tmp_path: Path) -> None:
    prepare(settings_for(tmp_path))
    with app_on(tmp_path, GROVE_MAX_JOBS="2") as app:
        client = app.test_client()
        fields = {"dataset": "glass", "target": "Type"}
        answers = [client.post("/v1/experiments", json=fields, headers=ASYNC) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [202, 202, 503]
        assert_problem(answers[2], 503, "queue_full")
        assert answers[2].headers["Retry-After"] == "10"
        refused = client.put("/v1/datasets/new", data=flowers(), content_type="text/csv")
        assert_problem(refused, 503, "queue_full")
        assert orphans(tmp_path) == []
        client.post(f"/v1/jobs/{answers[0].json['id']}/cancel")
        assert client.post("/v1/experiments", json=fields, headers=ASYNC).status_code == 202


def test_old_versions_make_room(tmp_path: Path) -> None:
    prepare(settings_for(tmp_path))
    with app_on(tmp_path) as app, worker(tmp_path, GROVE_KEEP_VERSIONS="2"):
        story = Story(app.test_client())
        experiment = story.make_experiment()
        for _ in range(3):
            assert story.train(experiment, n_estimators=2).status_code == 201
        assert numbers(story, experiment) == [3, 2]
        assert story.patch(experiment, {"active_version": 2}).status_code == 200
        for _ in range(2):
            assert story.train(experiment, n_estimators=2).status_code == 201
        assert numbers(story, experiment) == [5, 4]
        assert story.predict(experiment, FLOWER).json["version"] == 5
        assert_no_orphans(tmp_path)


def numbers(story: Story, experiment: str) -> list[int]:
    return [each["version"] for each in story.get(experiment, "/versions").json["items"]]


def test_old_jobs_are_forgotten(tmp_path: Path) -> None:
    """The engine's rows go with them; those that are open stay, however old."""
    keep = 1
    prepare(settings_for(tmp_path))
    url = settings_for(tmp_path).database_url
    with app_on(tmp_path) as app:
        with worker(tmp_path):
            story = Story(app.test_client())
            for _ in range(3):
                story.make_dataset()
        queued = story.client.post(
            "/v1/experiments", json={"dataset": "glass", "target": "Type"}, headers=ASYNC
        ).json["id"]
        engine = connect(url)
        with Session(engine) as session:
            before = sorted(session.scalars(sa.select(Job.id)))
            long_ago = now() - timedelta(days=9)
            session.execute(sa.update(Job).values(created_at=long_ago, finished_at=long_ago))
            session.commit()
        with worker(tmp_path, GROVE_KEEP_JOBS=str(keep), GROVE_MAX_JOBS="5"):
            story.wait_for(queued, "succeeded")
            gone = [job for job in before if job != queued]
            kept = waited(story, gone, keep)
        engine.dispose()
    client = DBOSClient(system_database_url=url)
    left = {each.workflow_id for each in client.list_workflows()}
    client.destroy()
    assert left >= {queued}
    assert len(left & set(gone)) == len(kept) == keep


def waited(story: Story, jobs: list[str], keep: int) -> list[str]:
    """The jobs that are still known, once there are so few."""
    for _ in range(600):
        kept = [job for job in jobs if story.job(job).status_code == 200]
        if len(kept) <= keep:
            return kept
        story.client.get("/livez")
    return kept
