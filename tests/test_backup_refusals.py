"""`backup`: what it refuses, and what it leaves when it is killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from services import backup as backing_up
from services.backup import Refused, backup
from services.setup import prepare
from tests.homes import checked, flip, one
from tests.service import ROOT, environ_for
from tests.story import settings_for

pytestmark = pytest.mark.sqlite

# A backup that is killed while it copies its second file.
KILLED = """
import os, signal
from services import backup
kept, keep = [], backup.keep
def keep_or_die(blocks, path):
    kept.append(path)
    if len(kept) == 2:
        next(blocks)
        os.kill(os.getpid(), signal.SIGKILL)
    return keep(blocks, path)
backup.keep = keep_or_die
from commands.backup import main
main()
"""


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the samples in it, and nothing else."""
    made = tmp_path_factory.mktemp("home")
    prepare(settings_for(made))
    return made


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=ROOT, env=environ_for(home), capture_output=True, text=True)


def test_a_home_that_is_not_whole_is_not_kept(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backing_up, "SNAPSHOTS", 2)
    file = one(home, "datasets/*.csv")
    flip(file)
    with pytest.raises(Refused, match=f"PROBLEM changed: datasets/{file.name}"):
        backup(settings_for(home), tmp_path / "kept")
    file.unlink()
    with pytest.raises(Refused, match=f"datasets/{file.name} for one"):
        backup(settings_for(home), tmp_path / "kept")
    assert list(tmp_path.iterdir()) == []


def test_a_killed_backup_leaves_what_the_next_one_removes(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "kept"
    killed = run(home, "-c", KILLED, str(target))
    assert killed.returncode == -9
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".kept.unfinished-")
    assert len(list(left.glob("copy/datasets/*"))) == 1
    assert run(home, "-m", "commands.backup", str(target)).returncode == 0
    assert list(tmp_path.iterdir()) == [target]


def test_a_backup_under_way_is_left_alone(home: Path, tmp_path: Path) -> None:
    with backing_up._unfinished(tmp_path / "kept") as other:
        backup(settings_for(home), tmp_path / "kept")
        assert other.is_dir()


def test_refusals(home: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "file").touch()
    for target, words in (
        (tmp_path / "full", "not empty"),
        (tmp_path / "file", "not empty"),
        (home / "kept", "within GROVE_HOME"),
        (home, "within GROVE_HOME"),
        (tmp_path / "none" / "kept", "there is no folder"),
        (Path("/proc"), "not empty"),
    ):
        with pytest.raises(Refused, match=words):
            backup(settings_for(home), target)
    assert not (tmp_path / "none").exists()


def test_the_command_refuses_by_its_status(home: Path, tmp_path: Path) -> None:
    refused = run(home, "-m", "commands.backup", str(home / "kept"))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "lies within GROVE_HOME" in refused.stderr


def test_postgresql_is_dumped_by_its_own_means(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, GROVE_DATABASE_URL="postgresql+psycopg://localhost/none")
    with pytest.raises(Refused, match="pg_dump"):
        backup(settings, tmp_path / "kept")


def test_a_home_without_a_database(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="unable to open"):
        backup(settings_for(tmp_path / "none"), tmp_path / "kept")
    assert list(tmp_path.iterdir()) == []


# A process that dies in the middle of a transaction, with a part of it written to the file.
CUT_SHORT = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in (
    "PRAGMA journal_mode = TRUNCATE",
    "PRAGMA cache_size = 1",
    "BEGIN IMMEDIATE",
    "DELETE FROM datasets",
    "CREATE TABLE big AS SELECT randomblob(1000000)",
):
    connection.execute(statement)
os._exit(9)
"""


def test_a_write_that_a_crash_cut_short_is_taken_back(home: Path, tmp_path: Path) -> None:
    assert run(home, "-c", CUT_SHORT, str(home / "grove.sqlite")).returncode == 9
    (problem,) = checked(home).problems  # a check may not write
    assert "start the service" in problem.what
    assert backup(settings_for(home), tmp_path / "kept").rows == 2
    assert checked(home).problems == []
