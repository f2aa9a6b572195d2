"""A batch of trees that comes to the shared folder or storage after its job was over."""

from __future__ import annotations

import errno
import importlib
import shutil
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from models.errors import Failed
from services.shared import Shared
from services.worker import far
from services.worker.children import TASKS

pytestmark = pytest.mark.no_database

JOB = "0123456789abcdef0123456789abcdef"


def spec_in(work: Path, **more: Any) -> dict[str, Any]:
    folder = work / JOB / "1"
    folder.mkdir(parents=True)
    for name in far.ROWS:
        np.save(folder / name, np.zeros((2, 2), np.float32))
    spec = {"work": str(work / JOB), "attempt": "1", "X": "1/X.npy", "storage": None}
    return {**spec, "shared": None, **more}


def growing(monkeypatch: pytest.MonkeyPatch, meanwhile: Any) -> None:
    """Have a batch be grown, and something happen before it is done."""

    def grow_batch(spec: dict[str, Any], start: int, stop: int) -> dict[str, Any]:
        file = Path(spec["work"], spec["attempt"], f"trees-{start}.pickle")
        meanwhile()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"trees")
        return {"path": file.relative_to(spec["work"]).as_posix(), "sha256": "", "count": 2}

    real = importlib.import_module
    fakes = {TASKS: SimpleNamespace(grow_batch=grow_batch)}
    monkeypatch.setattr(importlib, "import_module", lambda name: fakes.get(name) or real(name))


def test_in_a_folder_of_all_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_in(tmp_path)
    growing(monkeypatch, lambda: shutil.rmtree(tmp_path / JOB))
    assert "error" not in far.grow_far(spec, 0, 2)
    assert not (tmp_path / JOB).exists()


def test_in_a_folder_while_the_job_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_in(tmp_path)
    growing(monkeypatch, lambda: None)
    assert far.grow_far(spec, 0, 2)["path"] == "1/trees-0.pickle"
    assert (tmp_path / JOB / "1" / "trees-0.pickle").is_file()


@pytest.mark.parametrize(
    ("errors", "tries"),
    [
        ([], 1),
        ([TimeoutError(), OSError(errno.EIO, "away")], 3),
        ([TimeoutError()] * 9, 5),
        ([OSError(errno.ENOSPC, "full")], 1),
        ([PermissionError(errno.EACCES, "no")], 1),
        ([Failed("gone", code="work_lost")], 1),
        ([TypeError()], 1),
    ],
)
def test_a_storage_that_is_away_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, errors: list[Exception], tries: int
) -> None:
    monkeypatch.setattr(far, "PAUSES", (0, 0, 0, 0))
    left, done = [*errors], []

    def work() -> None:
        done.append("try")
        if left:
            raise left.pop(0)

    with pytest.raises(type(errors[0])) if len(errors) >= tries else nullcontext():
        far._insist(work)
    assert len(done) == tries


def test_rows_wait_for_a_storage_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "storage"
    place.touch()  # something else stands there
    monkeypatch.setattr("time.sleep", lambda _: place.unlink(missing_ok=True))
    shared = far.share_rows(spec_in(tmp_path / "work", storage=str(place)))
    assert {path.name for path in (place / shared["at"]).iterdir()} == set(far.ROWS)


@pytest.mark.parametrize("over", [False, True])
def test_in_a_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, over: bool) -> None:
    place = f"file://{tmp_path}/storage"
    spec = spec_in(tmp_path / "work", storage=place)
    spec["shared"] = {"at": f"{JOB}/1", "files": far.share_rows(spec)["files"]}
    growing(monkeypatch, lambda: Shared(place).remove(JOB) if over else None)
    near = tmp_path / "near"
    near.mkdir()
    for name in far.ROWS:
        shutil.copy(tmp_path / "work" / JOB / "1" / name, near / name)
    monkeypatch.setitem(far._at_hand, f"{JOB}/1", SimpleNamespace(name=str(near)))
    made = far.grow_far(spec, 0, 2)
    assert "error" not in made
    left = {path.name for path in (tmp_path / "storage").rglob("*") if path.is_file()}
    assert left == (set() if over else {*far.ROWS, "trees-0.pickle"})
    assert {path.name for path in near.iterdir()} == set(far.ROWS)
