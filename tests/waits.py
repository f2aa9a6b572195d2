"""Waiting until something is so; several clients that wait for their jobs at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask

from tests.story import Story


def wait_until(holds: Callable[[], object], seconds: float = 120) -> None:
    """Fail where this does not come to hold in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def create(app: Flask, experiment: str, **headers: str) -> Any:
    fields = {"id": experiment, "dataset": "glass", "target": "Type"}
    return app.test_client().post("/v1/experiments", json=fields, headers=headers)


def queued(app: Flask, experiment: str) -> str:
    answer = create(app, experiment, Prefer="respond-async")
    assert answer.status_code == 202, answer.text
    return str(answer.json["id"])


def cancel(story: Story, job: str) -> Any:
    return story.client.post(f"/v1/jobs/{job}/cancel")


def jobs_of(story: Story, experiment: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = story.client.get(f"/v1/jobs?experiment={experiment}").json[
        "items"
    ]
    return items


@contextmanager
def waiting(app: Flask, experiments: list[str], prefer: str) -> Iterator[list[Any]]:
    """Creates that wait during the block; at its end their answers have come."""
    answers: list[Any] = []

    def ask(experiment: str) -> None:
        answers.append(create(app, experiment, Prefer=prefer))

    threads = [threading.Thread(target=ask, args=(each,)) for each in experiments]
    for thread in threads:
        thread.start()
    story = Story(app.test_client())
    deadline = time.monotonic() + 10
    while not all(jobs_of(story, each) for each in experiments) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.1)  # from the job's row to the wait for it
    try:
        yield answers
    finally:
        for thread in threads:
            thread.join()
