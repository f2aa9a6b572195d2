"""/livez and /readyz."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.setup import prepare
from tests.problems import assert_problem
from tests.story import Story, opened, settings_for


def test_alive(story: Story) -> None:
    answer = story.client.get("/livez")
    assert (answer.status_code, answer.json) == (200, {"alive": True})


def test_ready(story: Story) -> None:
    answer = story.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"ready": True, "database": True, "disk": True, "worker": True}


@pytest.fixture
def alone(tmp_path: Path) -> Any:
    """A client of a service without a worker."""
    prepare(settings_for(tmp_path))
    return opened(settings_for(tmp_path)).test_client()


def test_no_worker(alone: Any) -> None:
    problem = assert_problem(alone.get("/readyz"), 503, "not_ready", "/worker")
    assert problem["detail"] == "no worker lives"
    assert alone.get("/livez").status_code == 200


def test_no_folder_to_write_to(alone: Any, tmp_path: Path) -> None:
    (tmp_path / "uploads").rmdir()
    assert_problem(alone.get("/readyz"), 503, "not_ready", "/disk")
    assert alone.get("/livez").status_code == 200


def test_no_database(alone: Any, tmp_path: Path) -> None:
    engine = sa.create_engine(settings_for(tmp_path).database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE workers")
    engine.dispose()
    problem = assert_problem(alone.get("/readyz"), 503, "not_ready", "/database")
    assert [each["pointer"] for each in problem["errors"]] == ["/database", "/worker"]
    assert alone.get("/livez").status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_no_other_method(story: Story, path: str) -> None:
    assert_problem(story.client.post(path), 405, "method_not_allowed")
    assert story.client.head(path).status_code == 200
