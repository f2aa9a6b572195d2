"""Changes of one experiment by several clients: none is lost, none is made on a stale view."""

from __future__ import annotations

from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask

from tests.problems import assert_problem
from tests.story import FLOWER, Story
from tests.traces import unchanged


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("etag", ['"x"', None], ids=["other", "stale"])
def test_a_change_of_what_has_changed(
    story: Story, home: Path, method: str, etag: str | None
) -> None:
    """U4."""
    experiment = story.make_experiment()
    stale = story.get(experiment).headers["ETag"]
    told = story.patch(experiment, {"description": "newer"}).json
    body = {"dataset": told["dataset"], "target": "kind", "description": "x"}
    with unchanged(story, home):
        answer = story.client.open(
            f"/v1/experiments/{experiment}",
            method=method,
            json=None if method == "DELETE" else body,
            headers={"If-Match": etag or stale},
        )
        assert_problem(answer, 412, "precondition_failed")


def test_if_match(story: Story) -> None:
    experiment = story.make_experiment()
    etag = story.get(experiment).headers["ETag"]
    answer = story.patch(experiment, {"description": "a"}, **{"If-Match": f'"x", {etag}'})
    assert answer.status_code == 200, answer.text
    answer = story.patch(experiment, {"description": "b"}, **{"If-Match": "*"})
    assert answer.json["description"] == "b"
    # A weak tag is never the same in the strict comparison that If-Match asks for.
    weak = f"W/{answer.headers['ETag']}"
    answer = story.patch(experiment, {"description": "c"}, **{"If-Match": weak})
    assert_problem(answer, 412, "precondition_failed")


def at_once(app: Flask, experiment: str, *changes: tuple[Any, dict[str, str]]) -> list[int]:
    """The statuses of PATCHes that are sent at the same moment."""
    barrier, seen = Barrier(len(changes)), []

    def send(fields: Any, headers: dict[str, str]) -> None:
        mine = Story(app.test_client())
        barrier.wait()
        seen.append(mine.patch(experiment, fields, **headers).status_code)

    threads = [Thread(target=send, args=change) for change in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(seen)


def test_two_changes_at_once_of_one_revision(app: Flask, story: Story) -> None:
    """U5: one is made."""
    experiment = story.make_experiment()
    match = {"If-Match": story.get(experiment).headers["ETag"]}
    changes = [({"description": text}, match) for text in ("a", "b")]
    assert at_once(app, experiment, *changes) == [200, 412]
    assert story.get(experiment).json["description"] in {"a", "b"}


def test_changes_at_once_lose_nothing(app: Flask, story: Story) -> None:
    """U5: without If-Match all are made."""
    experiment = story.make_trained()
    assert story.train(experiment, n_estimators=5).status_code == 201
    changes: list[tuple[Any, dict[str, str]]] = [
        ({"description": "kept"}, {}),
        ({"active_version": 1}, {}),
    ]
    for _ in range(5):
        assert story.patch(experiment, {"description": "", "active_version": 2}).json
        assert at_once(app, experiment, *changes) == [200, 200]
        told = story.get(experiment).json
        assert (told["description"], told["active_version"]) == ("kept", 1)
        assert story.predict(experiment, FLOWER).json["version"] == 1
