"""A test of more rows than a step has room for: of some of them, and it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.setup import prepare
from services.worker.answers import FEWEST
from tests.story import Story, app_on, flowers, settings_for, worker

pytestmark = pytest.mark.no_database

LIMIT = 342 << 20  # bytes: hardly more than a step takes before it has a row


def test_it_is_said_that_rows_were_left_out(tmp_path: Path) -> None:
    prepare(settings_for(tmp_path))
    with app_on(tmp_path) as app, worker(tmp_path, GROVE_STEP_MEMORY=str(LIMIT)):
        story = Story(app.test_client())
        experiment = story.make_experiment(flowers(3 * FEWEST), test_size=0.5)
        assert story.train(experiment, n_estimators=3, max_depth=3).status_code == 201
        result = story.test(experiment).json["result"]
    assert 0.9 <= result["rows"] / (1.5 * FEWEST / 2) <= 1.1
    (warning,) = [each for each in result["warnings"] if each["code"] == "rows_left_out"]
    assert warning["message"] == (
        "one row of 2 was scored, evenly over the table: for more of them a step has no room "
        "(GROVE_STEP_MEMORY)"
    )
