"""`restore`: a home that serves as the old one did, or none that starts."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import DatabaseError

from services.backup import Refused, backup
from services.restoring import restore
from services.setup import prepare
from tests.homes import checked, flip, one
from tests.service import ROOT, environ_for
from tests.story import FLOWER, Story, app_on, flowers, settings_for, worker

pytestmark = pytest.mark.sqlite

# A restore that is killed while it copies its fourth file.
KILLED = """
import os, signal
from services import restoring
kept, keep = [], restoring.keep
def keep_or_die(blocks, path):
    kept.append(path)
    if len(kept) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return keep(blocks, path)
restoring.keep = keep_or_die
from commands.restore import main
main()
"""


@pytest.fixture(scope="module")
def kept(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("backups") / "kept"
    backup(settings_for(whole), target)
    return target


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=ROOT, env=environ_for(home), capture_output=True, text=True)


def test_the_command_restores_a_service_that_predicts_the_same(
    whole: Path, kept: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    done = run(home, "-m", "commands.restore", str(kept))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(f"; problems: 0\n{kept} was restored into {home}.\n")
    answers = []
    for each in (whole, home):
        prepare(settings_for(each))
        with app_on(each) as app:
            story = Story(app.test_client())
            predicted = story.predict("trained", FLOWER, {**FLOWER, "size": None}).json
            answers.append((predicted, story.get("trained").json, story.get("split").json))
    assert answers[0] == answers[1]
    assert checked(home).problems == []


def test_a_job_that_was_waiting_is_done_in_the_restored_home(tmp_path: Path) -> None:
    old, new = settings_for(tmp_path / "old"), settings_for(tmp_path / "new")
    prepare(old)
    with app_on(old.home) as app:  # no worker is there
        put = app.test_client().put(
            "/v1/datasets/late",
            data=flowers(),
            content_type="text/csv",
            headers={"Prefer": "respond-async"},
        )
    assert put.status_code == 202
    backup(old, tmp_path / "kept")
    shutil.rmtree(old.home)
    restore(new, tmp_path / "kept")
    with app_on(new.home) as app, worker(new.home):
        story = Story(app.test_client())
        assert story.wait_for(put.json["id"], "succeeded", "failed")["state"] == "succeeded"
        assert story.client.get("/v1/datasets/late").json["rows"] == 60
    assert checked(new.home).problems == []


def test_a_home_that_has_a_database_is_left_alone(whole: Path, kept: Path, tmp_path: Path) -> None:
    refused = run(whole, "-m", "commands.restore", str(kept))
    assert refused.returncode == 1
    assert "there is a database already" in refused.stderr
    (tmp_path / "grove.sqlite-journal").touch()  # would be played into the one restored
    with pytest.raises(Refused, match="a database already"):
        restore(settings_for(tmp_path), kept)
    assert [path.name for path in tmp_path.iterdir()] == ["grove.sqlite-journal"]


def test_a_damaged_backup_is_refused(kept: Path, tmp_path: Path) -> None:
    damaged = shutil.copytree(kept, tmp_path / "damaged")
    flip(one(damaged, "experiments/*/versions/*/model.onnx"))
    with pytest.raises(Refused, match=r"PROBLEM changed: experiments/.*/model\.onnx"):
        restore(settings_for(tmp_path / "home"), damaged)
    with pytest.raises(Refused, match="there is no backup in"):
        restore(settings_for(tmp_path / "home"), tmp_path)
    assert list(tmp_path.iterdir()) == [damaged]


def test_a_killed_restore_leaves_nothing_that_starts(kept: Path, tmp_path: Path) -> None:
    assert run(tmp_path, "-c", KILLED, str(kept)).returncode == -9
    with pytest.raises(DatabaseError, match="not a database"):
        prepare(settings_for(tmp_path))
    assert restore(settings_for(tmp_path), kept).problems == []
    prepare(settings_for(tmp_path))
    assert checked(tmp_path).problems == []


def test_postgresql_is_restored_by_its_own_means(kept: Path, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, GROVE_DATABASE_URL="postgresql+psycopg://localhost/none")
    with pytest.raises(Refused, match="pg_dump"):
        restore(settings, kept)
