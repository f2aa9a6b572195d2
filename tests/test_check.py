"""`check`: a whole home passes, each kind of damage is found, and nothing is written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.homes import change, checked, copied, flip, one
from tests.service import ROOT, environ_for

pytestmark = pytest.mark.sqlite

VERSION = "experiments/*/versions/*"
SPLIT = "experiments/*/splits/*"
LONG_AGO = 1_000_000_000


@pytest.fixture
def home(whole: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return copied(whole, tmp_path)


def found(home: Path) -> list[tuple[str, str]]:
    return [(problem.kind, problem.place) for problem in checked(home).problems]


def command(home: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "commands.check"]
    return subprocess.run(words, cwd=ROOT, env=environ_for(home), capture_output=True, text=True)


def test_a_whole_home_passes_and_is_not_written_to(home: Path) -> None:
    def state() -> list[tuple[Path, int, bytes]]:
        files = (path for path in sorted(home.rglob("*")) if path.is_file())
        kept = (path for path in files if not path.name.endswith(("-wal", "-shm")))  # SQLite's own
        return [(path, path.stat().st_mtime_ns, path.read_bytes()) for path in kept]

    before = state()
    report = checked(home)
    assert report.problems == []
    named = [path for path, _, _ in before if path.parent.name not in ("workers", "active")]
    assert report.files == len(named) - len(list(home.glob("grove.sqlite*")))
    assert report.rows == 3 + 2 + 2 + 1  # datasets, experiments, versions, the worker
    assert state() == before


def test_the_command_says_it_by_its_status(home: Path) -> None:
    passed = command(home)
    assert (passed.returncode, passed.stderr) == (0, "")
    assert passed.stdout.startswith("checked 8 rows, ")
    assert passed.stdout.endswith("; problems: 0\n")
    file = one(home, "datasets/*.csv")
    flip(file)
    failed = command(home)
    assert failed.returncode == 1
    problem, summary = failed.stdout.splitlines()
    assert problem.startswith(f"PROBLEM changed: datasets/{file.name}: it is not the file that ")
    assert summary.endswith("; problems: 1")


@pytest.mark.parametrize(
    "pattern",
    [
        "datasets/*.csv",
        f"{SPLIT}/test.parquet",
        f"{SPLIT}/calibration.parquet",
        f"{VERSION}/model.onnx",
        f"{VERSION}/model.pickle",
        f"{VERSION}/serving.json",
        f"{VERSION}/trees.npz",
    ],
)
@pytest.mark.parametrize(("damage", "kind"), [(flip, "changed"), (Path.unlink, "missing")])
def test_a_file_that_is_not_as_it_was(
    pattern: str, damage: Callable[[Path], None], kind: str, home: Path
) -> None:
    file = one(home, pattern)
    damage(file)
    assert found(home) == [(kind, file.relative_to(home).as_posix())]


@pytest.mark.parametrize(
    "place",
    [
        "x.txt",
        "datasets/x.csv",
        "active/x.json",
        "workers/x.lock",
        "experiments/x/splits/x/train.parquet",
        f"{SPLIT}/x.parquet",
        f"{VERSION}/model.old",
    ],
)
def test_a_file_that_no_row_names(place: str, home: Path) -> None:
    folder, _, name = place.rpartition("/")
    parent = one(home, folder) if "*" in folder else home / folder
    parent.mkdir(parents=True, exist_ok=True)
    file = parent / name
    file.write_text("x")
    assert found(home) == [("orphan", file.relative_to(home).as_posix())]


def test_what_stands_beside_the_folders_of_the_service_is_no_orphan(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a disk's own folder nothing is told; nor of the samples, where they are the home."""
    (home / "lost+found").mkdir()
    (home / "lost+found" / "x").touch()
    assert found(home) == []
    for name in ("README.md", "glass.csv"):
        (home / name).touch()
    assert found(home) == [("orphan", "README.md"), ("orphan", "glass.csv")]
    monkeypatch.setattr("services.strays.SAMPLES", home)
    assert found(home) == []


@pytest.mark.parametrize("folder", ["uploads", "work"])
def test_what_is_being_received_is_no_orphan_until_it_is_old(folder: str, home: Path) -> None:
    file = home / folder / "x.csv"
    file.write_text("x")
    assert found(home) == []
    os.utime(file, (LONG_AGO, LONG_AGO))
    assert found(home) == [("orphan", f"{folder}/x.csv")]


def test_what_an_open_job_is_at_work_on_is_no_orphan(home: Path) -> None:
    change(home, "UPDATE jobs SET id = ?, state = 'running' WHERE kind = 'split' AND "
           "experiment = 'split'", "9" * 32)  # fmt: skip
    for place in ("uploads/{}.csv", "datasets/{}.csv", "work/{}/1/X.npy", "uploads/.{}.csv.7"):
        file = home / place.format("9" * 32)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
        os.utime(file, (LONG_AGO, LONG_AGO))
    assert found(home) == []


def test_an_active_file_that_says_something_else(home: Path) -> None:
    (file,) = (home / "active").iterdir()
    place = f"active/{file.name}"
    record = json.loads(file.read_bytes())
    file.write_text(json.dumps({**record, "version": 2}))
    assert found(home) == [("active", place)]
    file.write_text("{")
    assert found(home) == [("active", place)]
    file.unlink()
    assert found(home) == [("missing", place)]


def test_what_has_changed_when_it_is_looked_at_again_is_no_problem(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dataset is deleted: its row went before its file was missed, so to say."""
    change(home, "INSERT INTO datasets SELECT 'new', 'datasets/n.csv', sha256, size, rows, reading,"
           " description, created_at, updated_at FROM datasets LIMIT 1")  # fmt: skip
    assert found(home) == [("missing", "datasets/n.csv")]

    def pause(_: float) -> None:
        change(home, "DELETE FROM datasets WHERE name = 'new'")

    monkeypatch.setattr("services.checking.time.sleep", pause)
    assert found(home) == []
