"""/v1/jobs, and how long an answer waits for its job."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from flask import Flask

from services.setup import prepare
from tests.problems import assert_problem
from tests.story import Story, app_on, flowers, opened, settings_for
from tests.traces import unchanged
from tests.waits import cancel, create, jobs_of, queued, waiting

KEYS = [
    "id",
    "kind",
    "state",
    "progress",
    "message",
    "attempt",
    "experiment",
    "dataset",
    "result",
    "error",
    "created_at",
    "started_at",
    "finished_at",
    "estimated_end_at",
    "links",
]
THREADS = 6
LONG = 25  # seconds, for a busy machine; who waited would take longer


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """A service without a worker, of six threads: every job stays queued."""
    home = tmp_path_factory.mktemp("idle")
    prepare(settings_for(home))
    return opened(settings_for(home, GROVE_WEB_THREADS=str(THREADS)))


@pytest.fixture(scope="module")
def trained(app: Flask, _worker: None) -> str:
    return Story(app.test_client()).make_trained()


def test_a_job_is_read(story: Story, trained: str) -> None:
    listed = story.client.get(f"/v1/jobs?experiment={trained}").get_json()
    assert list(listed) == ["page", "page_size", "total", "items"]
    assert [each["kind"] for each in listed["items"]] == ["train", "split"]
    for each in listed["items"]:
        assert list(each) == KEYS
        assert story.job(each["id"]).json == each
        assert each["links"] == {"self": f"/v1/jobs/{each['id']}"}
        assert (each["state"], each["progress"], each["attempt"]) == ("succeeded", 1.0, 1)
        assert each["created_at"] <= each["started_at"] <= each["finished_at"]
        assert each["error"] is None


def test_filters_and_pages(story: Story, trained: str) -> None:
    def total(query: str) -> int:
        return int(story.client.get(f"/v1/jobs?experiment={trained}&{query}").json["total"])

    assert total("kind=train") == 1
    assert total("kind=test") == 0
    assert total("state=succeeded") == 2
    assert total("state=failed") == 0
    assert total(f"dataset={story.get(trained).json['dataset']}") == 2
    pages = [
        story.client.get(f"/v1/jobs?experiment={trained}&page={n}&page_size=1").json["items"]
        for n in (1, 2, 3)
    ]
    assert [len(page) for page in pages] == [1, 1, 0]
    assert pages[0] != pages[1]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("kind=tarin", "unknown_choice"),
        ("state=done", "unknown_choice"),
        ("page=0", "out_of_range"),
        ("page=1000000000000000000", "out_of_range"),
        ("page=abc", "wrong_type"),
        ("page_size=0", "out_of_range"),
        ("page_size=1000000000", "out_of_range"),
        ("kind=train&kind=test", "repeated_parameter"),
        ("sort=id", "unknown_parameter"),
        ("experiment=../x", "bad_pattern"),
    ],
)
def test_bad_queries(story: Story, query: str, code: str) -> None:
    assert_problem(story.client.get(f"/v1/jobs?{query}"), 422, code)


@pytest.mark.parametrize("job", ["0", "-1", "abc", "%00", "1;drop", "f" * 32, "F" * 32, "9" * 30])
def test_no_such_job(story: Story, job: str) -> None:
    assert_problem(story.job(job), 404, "job_not_found")
    assert_problem(cancel(story, job), 404, "job_not_found")


@pytest.mark.parametrize("row", [pytest.param(None, id="T18")])
def test_a_finished_job_cannot_be_cancelled(story: Story, trained: str, row: None) -> None:
    job = story.get(trained, "/versions/1").json["job"]
    assert_problem(cancel(story, job), 409, "job_finished")
    assert story.job(job).json["state"] == "succeeded"


@pytest.mark.parametrize("row", [pytest.param(None, id="T18")])
def test_cancelled_twice_is_cancelled_once(story: Story, home: Path, row: None) -> None:
    experiment = story.make_experiment(flowers(2_000))
    with unchanged(story, home):
        answer = story.client.post(
            f"/v1/experiments/{experiment}/train",
            json={"n_estimators": 10_000},
            headers={"Prefer": "respond-async"},
        )
        job = answer.json["id"]
        story.wait_for(job, "running")
        first, second = cancel(story, job), cancel(story, job)
        assert (first.status_code, second.status_code) == (200, 200)
        assert first.json["state"] == "cancelled"
        assert list(first.get_json()) == KEYS
        assert first.json["finished_at"] == second.json["finished_at"]
    assert story.get(experiment).json["status"] == "ready"
    assert story.get(experiment, "/versions").json == {"items": []}
    assert story.train(experiment, n_estimators=2).status_code == 201


def test_a_cancelled_create_leaves_nothing(idle: Flask) -> None:
    story = Story(idle.test_client())
    job = queued(idle, "cancelled")
    assert cancel(story, job).json["state"] == "cancelled"
    assert_problem(story.get("cancelled"), 404, "experiment_not_found")
    assert queued(idle, "cancelled")  # the id is free again


def test_who_waits_for_a_cancelled_job_is_told(idle: Flask) -> None:
    story = Story(idle.test_client())
    with waiting(idle, ["told"], "wait=20") as answers:
        (job,) = jobs_of(story, "told")
        cancel(story, job["id"])
    (answer,) = answers
    assert_problem(answer, 409, "job_cancelled")
    assert answer.headers["Location"] == f"/v1/jobs/{job['id']}"


ASYNC = ["respond-async", "wait=0", "RESPOND-ASYNC", "handling=lenient, respond-async"]


@pytest.mark.parametrize("prefer", [*ASYNC, 'wait="0"', "respond-async, wait=0", "wait=0, wait=9"])
def test_nobody_has_to_wait(idle: Flask, prefer: str) -> None:
    began = time.monotonic()
    answer = create(idle, f"a{abs(hash(prefer))}", Prefer=prefer)
    assert time.monotonic() - began < LONG
    assert answer.status_code == 202
    assert list(answer.get_json()) == KEYS
    assert (answer.json["state"], answer.json["message"]) == ("queued", "waiting for a worker")
    assert answer.headers["Location"] == f"/v1/jobs/{answer.json['id']}"
    assert int(answer.headers["Retry-After"]) >= 1
    applied = "respond-async" if "respond-async" in prefer.lower() else None
    assert answer.headers.get("Preference-Applied") == applied


@pytest.mark.parametrize("prefer", ["wait=1", "respond-async, wait=1", "wait = 1"])
def test_a_wait_of_a_second(idle: Flask, prefer: str) -> None:
    began = time.monotonic()
    assert create(idle, f"b{abs(hash(prefer))}", Prefer=prefer).status_code == 202
    assert 0.9 < time.monotonic() - began < LONG


@pytest.mark.parametrize("wait", ["0", "1"])
def test_the_wait_of_who_does_not_say_is_a_setting(tmp_path: Path, wait: str) -> None:
    prepare(settings_for(tmp_path))
    with app_on(tmp_path, GROVE_WAIT=wait) as app:
        began = time.monotonic()
        assert create(app, "unsaid").status_code == 202
        assert int(wait) * 0.9 < time.monotonic() - began < LONG


@pytest.mark.parametrize("prefer", ["wait", "wait=", "wait=-1", "wait=1.5", "wait=ten", "wait=1s"])
def test_bad_preferences(idle: Flask, prefer: str) -> None:
    assert_problem(create(idle, "never", Prefer=prefer), 422, "bad_prefer")
    assert_problem(Story(idle.test_client()).get("never"), 404, "experiment_not_found")


def test_other_preferences_are_passed_over(story: Story, trained: str) -> None:
    answer = story.client.post(
        f"/v1/experiments/{trained}/test", headers={"Prefer": "return=minimal, depth-noroot"}
    )
    assert answer.status_code == 200


def test_half_of_the_threads_wait(idle: Flask) -> None:
    """The next one is answered at once, and a body that takes long is refused for now."""
    story = Story(idle.test_client())
    with waiting(idle, ["w1", "w2", "w3"], "wait=30") as answers:
        began = time.monotonic()
        assert create(idle, "w4", Prefer="wait=30").status_code == 202
        assert time.monotonic() - began < LONG
        refused = story.put("table", flowers())
        assert_problem(refused, 503, "busy")
        assert story.client.get("/livez").status_code == 200
        assert not answers
        for name in ("w1", "w2", "w3"):
            cancel(story, jobs_of(story, name)[0]["id"])
    assert [each.status_code for each in answers] == [409] * 3
    taken = story.client.put(
        "/v1/datasets/table",
        data=flowers(),
        content_type="text/csv",
        headers={"Prefer": "respond-async"},
    )
    assert taken.status_code == 202
